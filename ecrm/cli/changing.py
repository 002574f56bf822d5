"""The commands that change something: a file of yours, or ECR."""

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from ecrm.cli.options import command_options, plan_options
from ecrm.cli.showing import CONTEXT, ask, request, show_outcomes, show_plan
from ecrm.cli.terminal import is_stdout, progress, say, show
from ecrm.cli.types import DURATION
from ecrm.errors import GuardError, NotDeletedError, UsageError

if TYPE_CHECKING:
    from ecrm.model.outcome import Outcome
    from ecrm.planning.plan import Plan
    from ecrm.workflow.commands import Run


@click.command(context_settings=CONTEXT)
@click.option("--force", is_flag=True, help="Overwrite the file without asking.")
@command_options
@click.pass_context
def generate(ctx: click.Context, force: bool) -> None:
    """Write ecrm.yaml from what the account holds.

    Clusters, task definition families, Lambda functions and repositories whose names share a
    prefix become one pattern. The result is shown, and nothing is overwritten unasked.
    """
    from pathlib import Path

    from ecrm.aws.storage import is_remote
    from ecrm.workflow import commands as workflow
    from ecrm.workflow.generate import config_text

    wanted = request(ctx)
    if is_remote(wanted.config):
        raise UsageError(f"{wanted.config} is no file; name one to write with --config")
    text = config_text(workflow.names(wanted, progress))
    say(text)
    if Path(wanted.config).exists() and not force:
        ask(f"{wanted.config} is there already. Overwrite it?", "--force overwrites it")
    show(text.rstrip("\n"), wanted.config)
    say(f"wrote {wanted.config}; look it over, then try: ecrm plan")


@click.command(context_settings=CONTEXT)
@click.option(
    "--force",
    is_flag=True,
    envvar="ECRM_FORCE",
    show_envvar=True,
    help="Delete without asking.",
)
@plan_options
@click.option(
    "--plan",
    "plan_file",
    metavar="FILE",
    help="Delete at most what this file of `plan --out` says.",
)
@click.option(
    "--max-plan-age",
    type=DURATION,
    default="24h",
    show_default=True,
    help="Refuse a plan file that is older.",
)
@click.option(
    "--journal",
    metavar="FILE",
    envvar="ECRM_JOURNAL",
    show_envvar=True,
    help="Write what is deleted to FILE or s3://bucket/key, from which `restore` reads.  "
    "[default: a new file in ~/.local/state/ecrm/journals]",
)
@command_options
@click.pass_context
def delete(
    ctx: click.Context,
    /,
    *,
    force: bool,
    format_name: str,
    output: str,
    plan_file: str | None,
    max_plan_age: timedelta,
    **options: Any,
) -> int:
    """Show the plan, ask once, delete, and tell what AWS answered.

    Nothing is deleted from an incomplete plan, nor where a guard stops the run. Without a terminal
    to ask on, --force is needed.
    """
    from ecrm.workflow import commands as workflow

    if not force and not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on; --force deletes without asking")
    with workflow.start(request(ctx, **options), progress) as run:
        made = _plan(run, plan_file, max_plan_age)
        if show_plan(run, made, format_name, output):
            say("ecrm: nothing was deleted, since the plan is incomplete")
            return 1
        if stops := workflow.guard_stops(run, made):
            raise GuardError("\n".join((*map(str, stops), "nothing was deleted")))
        if not made.deletable.images:
            say("Nothing to delete.")
            return 0
        if not force:
            ask(_question(made), "--force deletes without asking")
        _carry_out(run, made, to_stdout=format_name == "table" or not is_stdout(output))
    return 0


@click.command(context_settings=CONTEXT)
@click.argument("journal")
@click.argument("images", nargs=-1, metavar="[IMAGE]...")
@command_options
@click.pass_context
def restore(ctx: click.Context, /, journal: str, images: tuple[str, ...]) -> int:
    """Put back what a run deleted or archived, while ECR still has the layers.

    JOURNAL is what `delete` wrote: a file, or s3://bucket/key. IMAGE is a URI, repo:tag,
    repo@sha256:..., a repository or the beginning of a digest; without any, all come back. Tags
    that belong to another image by now stay there.
    """
    from ecrm.execution.restore import Restored, Result
    from ecrm.reports.restored import restored_table
    from ecrm.workflow import commands as workflow

    back: list[Restored] = []
    try:
        for it in workflow.restore(request(ctx), journal, images):
            back.append(it)
            progress(f"ECR: {len(back)} images")
    finally:
        if back:
            show(restored_table(back))
    return 1 if any(it.result is Result.FAILED for it in back) else 0


def _plan(run: "Run", plan_file: str | None, max_plan_age: timedelta) -> "Plan":
    from ecrm.workflow import commands as workflow

    if plan_file is None:
        return workflow.plan(run)
    made, dropped = workflow.plan_from_file(run, plan_file, max_plan_age)
    for it in dropped:
        say(f"not deleted any more: {it.decision.image.digest}: {it.why}", "info")
    return made


def _question(made: "Plan") -> str:
    from ecrm.model.rule import Action
    from ecrm.reports.text import human_totals

    actions = {decision.action for it in made.repositories for decision in it.deletions}
    what = " and ".join(it for it in Action if it in actions)
    return f"{what.capitalize()} {human_totals(made.deletable)} images?"


def _carry_out(run: "Run", made: "Plan", *, to_stdout: bool) -> None:
    from ecrm.model.outcome import OutcomeStatus
    from ecrm.workflow import commands as workflow

    outcomes: list[Outcome] = []
    try:
        for outcome in workflow.delete(run, made):
            outcomes.append(outcome)
            progress(f"ECR: {len(outcomes)} of {made.deletable.images} images")
    finally:
        if outcomes:
            show_outcomes(outcomes, to_stdout=to_stdout)
    if failed := [it.detail for it in outcomes if it.status is OutcomeStatus.FAILED]:
        raise NotDeletedError(
            f"{len(failed)} of {len(outcomes)} images not done, the first because of {failed[0]}"
        )
