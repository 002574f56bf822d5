"""`ecrm check`: policy in a pipeline. It changes nothing on AWS."""

import glob
from typing import TYPE_CHECKING, Any

import click

from ecrm.cli.help import command
from ecrm.cli.options import (
    command_options,
    external_commands_option,
    format_option,
    narrowing_options,
    output_option,
    repository_option,
    scanned_files_option,
)
from ecrm.cli.plan_options import snapshot_options
from ecrm.cli.request import request
from ecrm.cli.terminal import progress, show
from ecrm.cli.types import Report
from ecrm.errors import IncompleteError, UsageError, ViolationsError
from ecrm.model.repeated import once

if TYPE_CHECKING:
    from ecrm.check.values import Findings


RULES = (
    *("missing_image", "pending_deletion", "lifecycle", "overdue", "budget", "mutable_tag"),
    "unmanaged",
)
_FORMATS = ("text", "json", "markdown", "sarif", "junit", "github")


@command()
@click.argument("more", nargs=-1, metavar="[GLOB]...")
@click.option(
    "--files",
    "globs",
    multiple=True,
    metavar="GLOB...",
    help="Also check the images that these files name; ** matches any folders. May be repeated.",
)
@click.option(
    "--file-names",
    is_flag=True,
    help="Also check the images that the files given as arguments name; no globs.",
)
@click.option(
    "--files-only",
    is_flag=True,
    help="Check only the images that these files name, for a pull request.",
)
@format_option(_FORMATS, "Format of the result.")
@output_option()
@click.option(
    "--report",
    "reports",
    type=Report(_FORMATS),
    multiple=True,
    help="Also write the result to a file, for example sarif=ecrm.sarif. May be repeated.",
)
@click.option(
    "--only",
    type=click.Choice(RULES),
    multiple=True,
    help="Check only this rule. May be repeated.",
)
@click.option(
    "--skip",
    type=click.Choice(RULES),
    multiple=True,
    help="Do not check this rule. May be repeated.",
)
@click.option(
    "--fail-on",
    type=click.Choice(("error", "warning")),
    default="error",
    show_default=True,
    help="The lowest level of a violation that fails.",
)
@click.option("--baseline", metavar="FILE", help="Accept the violations listed in FILE.")
@click.option(
    "--write-baseline",
    metavar="FILE",
    help="Write the current violations to FILE, for --baseline.",
)
@repository_option
@narrowing_options
@click.option(
    "--lifecycle-policy",
    "policy",
    metavar="FILE",
    help="Check the repository of -r as if it had this ECR lifecycle policy.",
)
@scanned_files_option
@external_commands_option
@snapshot_options
@command_options
@click.pass_context
def check(
    ctx: click.Context,
    /,
    *,
    globs: tuple[str, ...],
    more: tuple[str, ...],
    file_names: bool,
    files_only: bool,
    format_name: str,
    output: str,
    reports: tuple[tuple[str, str], ...],
    write_baseline: str | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    fail_on: str,
    **options: Any,
) -> None:
    """Check the registry against the rules under `check` in ecrm.yaml; change nothing.

    Are the images in use, and those about to be deployed, in ECR? Would anything delete them? Does
    the cleanup run? The exit code is 0 (nothing found, or only warnings), 3 (errors, or with
    --fail-on warning any violation), or 1 if something could not be read.

    \b
      ecrm check
      ecrm check --files 'deploy/**/*.json' 'k8s/*.yaml'
      ecrm check --files-only --files 'deploy/**'    in a pull request
      ecrm check --only missing_image --files 'deploy/*.json' --fail-on warning
      ecrm check --format github --report sarif=ecrm.sarif --baseline accepted.json
      ecrm check -r app --lifecycle-policy policy.json    before deploying it
    """
    from ecrm.reports import CHECK_FORMATS
    from ecrm.workflow import commands as workflow

    if file_names:
        more = tuple(map(glob.escape, more))
    elif more and not globs:
        raise UsageError(f"{more[0]!r} is given without an option; globs follow --files")
    if write_baseline and (only or skip or files_only):
        raise UsageError(
            "--write-baseline is for all rules; leave out --only, --skip and --files-only"
        )
    if files_only and not (globs or more):
        raise UsageError("--files-only without --files would check nothing")
    asked = {name: options.pop(name) for name in ("policy", "baseline")}
    asked["files_only"] = files_only
    asked["rules"] = [rule for rule in only or RULES if rule not in skip]
    made = request(ctx, **options)
    if asked["policy"] and len(made.only.names) != 1:
        raise UsageError("--lifecycle-policy applies to one repository; name it with -r")
    with workflow.start(made, progress) as run:
        found = workflow.check(run, globs + more, **asked)
    for name, path in (*reports, (format_name, output)):
        show(CHECK_FORMATS[name](found), path, run.home)
    if write_baseline and not found.unread:
        show(workflow.baseline(found), write_baseline, run.home)
        return
    _end(found, fail_on)


def _end(found: "Findings", fail_on: str) -> None:
    """A violation is certain, whatever could not be read; without one, an incomplete check fails.
    Warnings are violations only by --fail-on."""
    failing = found.errors or (len(found.violations) if fail_on == "warning" else 0)
    if failing:
        others = "other " if found.accepted else ""
        kind = "error" if found.errors else "warning"
        noun, them = f"violation is {'an' if kind == 'error' else 'a'} {kind}", "it"
        if failing > 1:
            noun, them = f"violations are {kind}s", "them"
        raise ViolationsError(
            f"{failing} {others}{noun}; fix {them}, or accept {them} with --write-baseline"
        )
    if found.unread:
        raise IncompleteError("\n".join(once(("", unread.text) for unread in found.unread)))
