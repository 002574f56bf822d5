"""`ecrm delete`: shows a plan, asks, and carries it out."""

import sys
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from ecrm.cli.help import command
from ecrm.cli.options import command_options, yes_option
from ecrm.cli.plan_options import plan_options
from ecrm.cli.plan_view import PlanView, width
from ecrm.cli.request import request
from ecrm.cli.signals import signals
from ecrm.cli.terminal import ask, is_stdout, progress, say, show
from ecrm.cli.types import DURATION
from ecrm.errors import UsageError

if TYPE_CHECKING:
    from ecrm.model.outcome import Outcome
    from ecrm.planning.plan import Plan

_NO_TERMINAL = "--yes deletes without asking"


def _refuse_dry_run(_: click.Context, __: click.Parameter, value: bool) -> None:
    if value:
        raise UsageError("use `ecrm plan`, which shows what would be deleted and deletes nothing")


@command()
@yes_option("Delete without asking.", "ECRM_FORCE")
@plan_options
@click.option(
    "--plan",
    "plan_file",
    metavar="FILE",
    help="Delete only images that this file of `plan --out` lists.",
)
@click.option(
    "--max-plan-age",
    type=DURATION,
    default="24h",
    show_default=True,
    help="Refuse an older plan file.",
)
@click.option(
    "--journal",
    metavar="FILE",
    envvar="ECRM_JOURNAL",
    show_envvar=True,
    help="Record every deletion in FILE or s3://bucket/key, for `restore`.  "
    "[default: a new file in ~/.local/state/ecrm/journals]",
)
@click.option("--dry-run", is_flag=True, hidden=True, expose_value=False, callback=_refuse_dry_run)
@command_options
@click.pass_context
def delete(
    ctx: click.Context,
    /,
    *,
    force: bool,
    output: str,
    plan_file: str | None,
    max_plan_age: timedelta,
    **options: Any,
) -> None:
    """Show the plan, ask once, delete, and report the result.

    Nothing is deleted if the plan is incomplete or a guard stops the run. Without a terminal,
    --yes is required.
    """
    from ecrm.reports.outcomes import outcomes_json
    from ecrm.workflow import commands as workflow

    if not force and not sys.stdin.isatty():
        raise UsageError(f"no terminal for the prompt; {_NO_TERMINAL}")
    view = PlanView.taken(options, output)
    to_stdout = view.format_name in ("text", "table") or not is_stdout(output)
    approved = workflow.ApprovedPlan(plan_file, max_plan_age) if plan_file else None
    is_json = view.format_name == "json"
    reviewed: list[Plan] = []
    confirmed: list[tuple[Plan, str]] = []
    outcomes: list[Outcome] = []

    def show_review(review: workflow.Review) -> None:
        from ecrm.reports.outcomes import dropped_lines

        reviewed.append(review.plan)
        if is_json and is_stdout(output):  # that is for what became of it
            _say_plan(review.plan, asks=not force)
        else:
            show(view.text(review.plan, run.config), output, run.home)
        for line in dropped_lines(review.dropped, review.plan.targets):
            show(line) if to_stdout else say(line)

    def confirm(plan: "Plan", journal: str) -> None:
        if not force:
            from ecrm.reports.images import images_text, largest_line

            say(f"\n{largest_line(plan)}\nJournal: {journal}")
            listing = partial(images_text, plan, width())
            ask(_question(plan), _NO_TERMINAL, listing)
        confirmed.append((plan, journal))

    with workflow.start(request(ctx, in_hand=signals.in_hand, **options), progress) as run:
        try:
            applied = workflow.plan_and_delete(
                run,
                approved,
                show=show_review,
                confirm=confirm,
                on_outcome=partial(_note, outcomes),
            )
        finally:
            # Also after a signal or an error: what is deleted is deleted.
            if confirmed and (outcomes or signals.received):
                _show_outcomes(outcomes, *confirmed[0], to_stdout=to_stdout)
            if reviewed and is_json:
                show(outcomes_json(reviewed[0], outcomes), output, run.home)
    if not applied.deletable.images:
        say("Nothing to delete.")


def _say_plan(plan: "Plan", *, asks: bool) -> None:
    from ecrm.reports.plans import plan_table

    if asks:
        say(plan_table(plan))


def _question(plan: "Plan") -> str:
    from ecrm.model.rule import Action
    from ecrm.reports.text import human_totals

    planned = {decision.action for where in plan.repositories for decision in where.deletions}
    actions = " and ".join(action for action in Action if action in planned)
    targets = ", ".join(map(str, plan.targets))
    return f"{actions.capitalize()} {human_totals(plan.deletable)} images of {targets}?"


def _note(outcomes: "list[Outcome]", outcome: "Outcome") -> None:
    """Each image that is gone is a line of the log, as in fujiwara/ecrm."""
    import logging

    from ecrm.model.outcome import OutcomeStatus
    from ecrm.reports.outcomes import deleted_line
    from ecrm.workflow.logs import NOTICE

    outcomes.append(outcome)
    if outcome.status in (OutcomeStatus.DELETED, OutcomeStatus.ARCHIVED):
        logging.getLogger(__name__).log(NOTICE, "%s", deleted_line(outcome))


def _show_outcomes(
    outcomes: "list[Outcome]", plan: "Plan", journal: str, *, to_stdout: bool
) -> None:
    from ecrm.reports.outcomes import outcomes_table, undo_lines

    text = outcomes_table(outcomes, plan.targets, plan.deletable.images)
    text = "\n".join([text, *undo_lines(outcomes, journal)])
    if to_stdout:
        show(f"\n{text}")
    else:  # stdout carries the plan as JSON
        say(text)
