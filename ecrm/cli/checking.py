"""`ecrm check`: policy in a pipeline. It changes nothing on AWS."""

from typing import TYPE_CHECKING, Any

import click

from ecrm.cli.options import (
    command_options,
    output_option,
    repository_option,
    scanned_files_option,
    snapshot_options,
)
from ecrm.cli.showing import CONTEXT, request
from ecrm.cli.terminal import progress, show
from ecrm.cli.types import Report
from ecrm.errors import IncompleteError, UsageError, ViolationsError

if TYPE_CHECKING:
    from ecrm.check import Findings


_FORMATS = ("text", "json", "markdown", "sarif", "junit", "github")


@click.command(context_settings=CONTEXT)
@click.argument("more", nargs=-1, metavar="[GLOB]...")
@click.option(
    "--files",
    "globs",
    multiple=True,
    metavar="GLOB...",
    help="Also check the images that these files name; ** is any folder. May be repeated.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(_FORMATS),
    default="text",
    show_default=True,
    help="How to show the result.",
)
@output_option
@click.option(
    "--report",
    "reports",
    type=Report(_FORMATS),
    multiple=True,
    help="Also write the result to a file, such as sarif=ecrm.sarif. May be repeated.",
)
@click.option("--baseline", metavar="FILE", help="Accept the violations that FILE names.")
@click.option(
    "--write-baseline",
    metavar="FILE",
    help="Write the violations of now to FILE, so that they are accepted from now on.",
)
@repository_option
@click.option(
    "--lifecycle-policy",
    "policy",
    metavar="FILE",
    help="What if the repository of -r had this lifecycle policy of ECR?",
)
@scanned_files_option
@snapshot_options
@command_options
@click.pass_context
def check(
    ctx: click.Context,
    /,
    *,
    globs: tuple[str, ...],
    more: tuple[str, ...],
    format_name: str,
    output: str,
    reports: tuple[tuple[str, str], ...],
    write_baseline: str | None,
    **options: Any,
) -> None:
    """Check that the registry is as `check` in ecrm.yaml says, and change nothing.

    Is what is in use in ECR, and what is about to be deployed? Would anything delete it? Does the
    clean-up run? The exit code is 0 (nothing found, or warnings only), 3 (errors), or 1 where
    something could not be read.

    \b
      ecrm check
      ecrm check --files 'deploy/**/*.json' 'k8s/*.yaml'
      ecrm check --format github --report sarif=ecrm.sarif --baseline accepted.json
      ecrm check -r app --lifecycle-policy policy.json    before you deploy it
    """
    from ecrm.reports import CHECK_FORMATS
    from ecrm.workflow import commands as workflow

    if more and not globs:
        raise UsageError(f"{more[0]!r} is given without an option; globs follow --files")
    asked = {name: options.pop(name) for name in ("policy", "baseline")}
    made = request(ctx, **options)
    if asked["policy"] and not made.repository:
        raise UsageError("--lifecycle-policy is about one repository; name it with -r")
    with workflow.start(made, progress) as run:
        found = workflow.check(run, globs + more, **asked)
    for name, path in (*reports, (format_name, output)):
        show(CHECK_FORMATS[name](found), path, run.clients)
    if write_baseline and not found.unread:
        show(workflow.baseline(found), write_baseline, run.clients)
        return
    _end(found)


def _end(found: "Findings") -> None:
    """An error is certain, whatever else could not be told; without one, not knowing is no
    success."""
    if found.errors:
        others = "other " if found.accepted else ""
        one = found.errors == 1
        noun, them = ("violation is an error", "it") if one else ("violations are errors", "them")
        raise ViolationsError(
            f"{found.errors} {others}{noun}; mend {them}, or accept {them} with --write-baseline"
        )
    if found.unread:
        raise IncompleteError("\n".join(it.text for it in found.unread))
