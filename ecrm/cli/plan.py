"""`ecrm plan`: shows what could be deleted."""

from typing import Any

import click

from ecrm.cli.options import CONTEXT, command_options, plan_options, snapshot_options
from ecrm.cli.request import request
from ecrm.cli.terminal import progress, say, show
from ecrm.errors import IncompleteError


@click.command(context_settings=CONTEXT)
@plan_options
@snapshot_options
@click.option("--out", metavar="FILE", help="Also write the whole plan, for `delete --plan`.")
@click.option("--all", "list_kept", is_flag=True, help="With --out, list what stays as well.")
@command_options
@click.pass_context
def plan(
    ctx: click.Context, /, format_name: str, output: str, out: str | None, **options: Any
) -> None:
    """Show what could be deleted, and delete nothing.

    Where something could not be read, the plan is shown all the same, what is missing is told on
    stderr, and the exit code is 1.

    \b
      ecrm plan
      ecrm plan --out plan.json          to look at, approve, and hand to `delete --plan`
      ecrm plan --from snapshot.json --now +30d    what would go in 30 days
    """
    from ecrm.reports import PLAN_FORMATS
    from ecrm.workflow import commands as workflow

    with workflow.start(request(ctx, **options), progress) as run:
        review = workflow.review(run)
    if out:
        show(workflow.plan_file(review.plan), out, run.home)
    show(PLAN_FORMATS[format_name](review.plan), output, run.home)
    for stop in review.stops:
        say(f"`delete` would stop here: {stop}", "warn")
    if review.plan.unread:
        raise IncompleteError("\n".join(review.plan.unread))
