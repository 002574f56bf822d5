"""`ecrm plan`: shows what could be deleted."""

from typing import Any

import click

from ecrm.cli.options import CONTEXT, command_options
from ecrm.cli.plan_options import plan_options, snapshot_options
from ecrm.cli.request import request
from ecrm.cli.terminal import progress, say, show
from ecrm.errors import IncompleteError


@click.command(context_settings=CONTEXT)
@plan_options
@snapshot_options
@click.option("--out", metavar="FILE", help="Also write the full plan, for `delete --plan`.")
@click.option("--all", "list_kept", is_flag=True, help="With --out, list kept images, too.")
@command_options
@click.pass_context
def plan(
    ctx: click.Context, /, format_name: str, output: str, out: str | None, **options: Any
) -> None:
    """Show which images can be deleted; delete nothing.

    If something could not be read, the plan is still shown, what is unread is listed on stderr,
    and the exit code is 1.

    \b
      ecrm plan
      ecrm plan --out plan.json          to review, approve, and pass to `delete --plan`
      ecrm plan --from snapshot.json --now +30d    what can be deleted in 30 days
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
