"""One function per command: it parses, calls `workflow`, shows, and returns the exit code.

What takes long to import is imported by the command that needs it, so that help does not wait.
"""

import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ecrm.cli.options import command_options, output_option, plan_options
from ecrm.cli.terminal import progress, say, show
from ecrm.cli.version import version_text
from ecrm.errors import EcrmError, NotDeletedError, UsageError

if TYPE_CHECKING:
    from ecrm.model import Outcome
    from ecrm.plan import Plan
    from ecrm.workflow import Request

_CONTEXT = {"help_option_names": ["-h", "--help"]}


@click.command(context_settings=_CONTEXT)
@click.option("--force", is_flag=True, help="Overwrite the file without asking.")
@command_options
@click.pass_context
def generate(ctx: click.Context, force: bool) -> None:
    """Write ecrm.yaml from what the account holds.

    Clusters, task definition families, Lambda functions and repositories whose names share a
    prefix become one pattern. The result is shown, and nothing is overwritten unasked.
    """
    from ecrm import workflow
    from ecrm.generate import config_text

    wanted = _request(ctx)
    text = config_text(workflow.names(wanted, progress))
    say(text)
    if Path(wanted.config).exists() and not force:
        _ask(f"{wanted.config} is there already. Overwrite it?", "--force overwrites it")
    show(text.rstrip("\n"), wanted.config)
    say(f"wrote {wanted.config}; look it over, then try: ecrm plan")


@click.command(context_settings=_CONTEXT)
@output_option
@click.option(
    "--format",
    "format_name",
    type=click.Choice(("json", "table", "detail")),
    default="json",
    show_default=True,
    help="json: an array of image URIs; table: for people; detail: JSON with every use.",
)
@command_options
@click.pass_context
def scan(ctx: click.Context, output: str, format_name: str) -> None:
    """Write which images are in use.

    The JSON array is what --scanned-files of `plan` and `delete` read, here and in
    fujiwara/ecrm. Where a source cannot be read, nothing is written and the exit code is 1.
    """
    from ecrm import workflow
    from ecrm.formats import SCAN_FORMATS

    found = workflow.complete_scan(workflow.start(_request(ctx), progress))
    show(SCAN_FORMATS[format_name](found), output)


@click.command(context_settings=_CONTEXT)
@plan_options
@command_options
@click.pass_context
def plan(ctx: click.Context, /, **options: Any) -> int:
    """Show what could be deleted, and delete nothing.

    Where something could not be read, the plan is shown all the same, what is missing is told on
    stderr, and the exit code is 1.
    """
    from ecrm import workflow

    format_name, output = options.pop("format_name"), options.pop("output")
    made = workflow.plan(workflow.start(_request(ctx, **options), progress))
    return _show_plan(made, format_name, output)


@click.command(context_settings=_CONTEXT)
@click.option(
    "--force",
    is_flag=True,
    envvar="ECRM_FORCE",
    show_envvar=True,
    help="Delete without asking.",
)
@plan_options
@command_options
@click.pass_context
def delete(ctx: click.Context, /, force: bool, **options: Any) -> int:
    """Show the plan, ask once, delete, and tell what AWS answered.

    Nothing is deleted from an incomplete plan. Without a terminal to ask on, --force is needed.
    """
    from ecrm import workflow
    from ecrm.formats.text import human_tally

    if not force and not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on; --force deletes without asking")
    format_name, output = options.pop("format_name"), options.pop("output")
    run = workflow.start(_request(ctx, **options), progress)
    made = workflow.plan(run)
    if _show_plan(made, format_name, output):
        say("ecrm: nothing was deleted, since the plan is incomplete")
        return 1
    if not made.goes.images:
        say("Nothing to delete.")
        return 0
    if not force:
        _ask(f"Delete {human_tally(made.goes)} images?", "--force deletes without asking")
    outcomes: list[Outcome] = []
    try:
        for outcome in workflow.delete(run, made):
            outcomes.append(outcome)
            progress(f"ECR: {len(outcomes)} of {made.goes.images} images deleted")
    finally:
        _show_outcomes(outcomes, to_stdout=format_name == "table" or output != "-")
    return _exit_code(outcomes)


@click.command(context_settings=_CONTEXT)
def version() -> None:
    """Show version."""
    click.echo(version_text())


def _request(ctx: click.Context, **options: Any) -> "Request":
    from ecrm.workflow import Request

    settings = {key: ctx.obj[key] for key in ("config", "profile", "region") if key in ctx.obj}
    files = options.pop("scanned_files", ())
    return Request(**settings, **options, scanned_files=tuple(chain.from_iterable(files)))


def _show_plan(made: "Plan", format_name: str, output: str) -> int:
    """Show it, then what is missing from it; the exit code that this alone would give."""
    from ecrm.formats import PLAN_FORMATS

    show(PLAN_FORMATS[format_name](made), output)
    for line in made.missing:
        say(f"ecrm: error: {line}")
    return 0 if made.complete else 1


def _show_outcomes(outcomes: "list[Outcome]", *, to_stdout: bool) -> None:
    """Also after Ctrl-C or an error: what is deleted is deleted."""
    from ecrm.formats.outcomes import outcomes_table

    text = outcomes_table(outcomes)
    if to_stdout:
        show(f"\n{text}")
    else:  # stdout carries the plan as JSON
        say(text)


def _exit_code(outcomes: "list[Outcome]") -> int:
    from ecrm.model import Answer

    failed = sum(it.answer is Answer.FAILED for it in outcomes)
    return NotDeletedError.exit_code if failed else 0


def _ask(question: str, otherwise: str) -> None:
    progress.clear()
    if not sys.stdin.isatty():
        raise UsageError(f"there is no terminal to ask on; {otherwise}")
    if not click.confirm(question, err=True):
        raise EcrmError("stopped, as you wished; nothing was changed")
