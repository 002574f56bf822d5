"""`ecrm top`: what is stored, the largest first."""

from typing import Any

import click

from ecrm.cli.help import command
from ecrm.cli.options import (
    command_options,
    external_commands_option,
    format_option,
    output_option,
    repository_option,
    scan_option,
    scanned_files_option,
)
from ecrm.cli.plan_options import snapshot_options
from ecrm.cli.plan_view import width
from ecrm.cli.request import request
from ecrm.cli.terminal import progress, show
from ecrm.errors import IncompleteError


@command()
@click.option(
    "--by",
    "groups",
    type=click.Choice(("repository", "owner", "rule", "age")),
    default="repository",
    show_default=True,
    help="What a line is; the owner is the part of the name before the first slash.",
)
@click.option(
    "-n",
    "--top",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    metavar="N",
    help="Show the N first lines.",
)
@click.option("--all", "show_all", is_flag=True, help="Show all lines.")
@click.option(
    "--sort",
    type=click.Choice(("stored", "reclaimable", "images", "cost", "name")),
    default="stored",
    show_default=True,
    help="Order of the lines; ages are always in their own.",
)
@format_option(("text", "json"), "Format of the result.")
@output_option()
@scan_option
@external_commands_option
@repository_option
@scanned_files_option
@snapshot_options
@command_options
@click.pass_context
def top(
    ctx: click.Context,
    /,
    *,
    groups: str,
    top: int,
    show_all: bool,
    sort: str,
    format_name: str,
    output: str,
    **options: Any,
) -> None:
    """Show what is stored and what of it is reclaimable, by repository, owner, rule or age.

    Only repositories that a rule matches are counted.

    \b
      ecrm top
      ecrm top --by owner --sort reclaimable
      ecrm top --by age -r 'shop/*'
    """
    from ecrm.reports.ranking import View
    from ecrm.reports.top import top_json, top_text
    from ecrm.workflow import commands as workflow

    asked = request(ctx, list_kept=groups == "age", **options)
    with workflow.start(asked, progress) as run:
        plan = workflow.plan(run)
    view = View(width(), run.config.prices, 0 if show_all else top, sort)
    text = (top_json if format_name == "json" else top_text)(plan, groups, view)
    show(text, output, run.home)
    if plan.unread:
        raise IncompleteError("\n".join(plan.unread))
