"""`ecrm plan`: shows what could be deleted."""

from typing import TYPE_CHECKING, Any

import click

from ecrm.cli.options import CONTEXT, command_options, plan_options, snapshot_options
from ecrm.cli.request import request
from ecrm.cli.terminal import progress, say, show

if TYPE_CHECKING:
    from ecrm.planning.plan import Plan
    from ecrm.workflow.commands import Run


@click.command(context_settings=CONTEXT)
@plan_options
@snapshot_options
@click.option("--out", metavar="FILE", help="Also write the whole plan, for `delete --plan`.")
@click.option("--all", "list_kept", is_flag=True, help="With --out, list what stays as well.")
@command_options
@click.pass_context
def plan(
    ctx: click.Context, /, format_name: str, output: str, out: str | None, **options: Any
) -> int:
    """Show what could be deleted, and delete nothing.

    Where something could not be read, the plan is shown all the same, what is missing is told on
    stderr, and the exit code is 1.

    \b
      ecrm plan
      ecrm plan --out plan.json          to look at, approve, and hand to `delete --plan`
      ecrm plan --from snapshot.json --now +30d    what would go in 30 days
    """
    from ecrm.workflow import commands as workflow

    with workflow.start(request(ctx, **options), progress) as run:
        made = workflow.plan(run)
        stops = workflow.guard_stops(run, made)
    if out:
        show(workflow.plan_file(made), out, run.clients)
    code = show_plan(run, made, format_name, output)
    for stop in stops:
        say(f"`delete` would stop here: {stop}", "warn")
    return code


def show_plan(run: "Run", made: "Plan", format_name: str, output: str) -> int:
    """Show it, then what is missing from it; the exit code that this alone would give."""
    from ecrm.reports import PLAN_FORMATS

    show(PLAN_FORMATS[format_name](made), output, run.clients)
    for line in made.unread:
        say(line, "error")
    return 0 if made.complete else 1
