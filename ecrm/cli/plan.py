"""`ecrm plan`: shows what could be deleted."""

from dataclasses import replace
from typing import Any

import click

from ecrm.cli.help import command
from ecrm.cli.options import command_options
from ecrm.cli.plan_options import plan_options, snapshot_options
from ecrm.cli.plan_view import PlanView
from ecrm.cli.request import request
from ecrm.cli.terminal import progress, say, show
from ecrm.cli.types import Report
from ecrm.errors import IncompleteError

_PAGE = "html"
_SOMETHING = 6  # not 2, which terraform has for this: here it is a mistake in the command line


@command()
@plan_options
@click.option("--images", is_flag=True, help="List each image that would be deleted.")
@snapshot_options
@click.option(
    "--out",
    metavar="FILE",
    help="Also write the full plan, for `delete --plan`; with --all, kept images, too.",
)
@click.option(
    "--report",
    "reports",
    type=Report((_PAGE, "text", "table", "json", "markdown")),
    multiple=True,
    help="Also write the plan in this format to this file; html is the page of `ecrm report`. May "
    "be repeated.",
)
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    help="Exit with 6 if something can be deleted, and with 0 if nothing can.",
)
@command_options
@click.pass_context
def plan(
    ctx: click.Context,
    /,
    *,
    output: str,
    out: str | None,
    reports: tuple[tuple[str, str], ...],
    detailed_exitcode: bool,
    **options: Any,
) -> int:
    """Show which images can be deleted; delete nothing.

    If something could not be read, the plan is still shown, what is unread is listed on stderr,
    and the exit code is 1.

    \b
      ecrm plan
      ecrm plan --images                 each image, with the reason
      ecrm plan --out plan.json          to review, approve, and pass to `delete --plan`
      ecrm plan --from snapshot.json --now +30d    what can be deleted in 30 days
    """
    from ecrm.workflow import commands as workflow

    list_kept = bool(out and options["show_all"])
    view = PlanView.taken(options, output)
    with workflow.start(request(ctx, list_kept=list_kept, **options), progress) as run:
        pages = [path for format_name, path in reports if format_name == _PAGE]
        made = workflow.report(run) if pages else None
        review = workflow.reviewed(run, made.plan) if made else workflow.review(run)
    if made:
        from ecrm.reports.html import report_html

        for path in pages:
            show(report_html(made), path, run.home, "text/html")
        if not list_kept:
            review = replace(review, plan=workflow.without_kept(made.plan))
    if out:
        show(workflow.plan_file(review.plan), out, run.home)
    show(view.text(review.plan, run.config), output, run.home)
    for format_name, path in reports:
        if format_name != _PAGE:
            report = replace(view, format_name=format_name)
            show(report.text(review.plan, run.config), path, run.home)
    for stop in review.stops:
        say(f"`delete` would stop here: {stop}", "warn")
    if review.plan.unread:
        raise IncompleteError("\n".join(review.plan.unread))
    return _SOMETHING if detailed_exitcode and review.plan.deletable.images else 0
