"""`ecrm diff`: what has changed between two plan files."""

import click

from ecrm.cli.help import command
from ecrm.cli.options import command_options, format_option, output_option
from ecrm.cli.plan_view import width
from ecrm.cli.request import request
from ecrm.cli.terminal import show


@command()
@click.argument("old")
@click.argument("new")
@format_option(("text", "json"), "Format of the result.")
@output_option()
@command_options
@click.pass_context
def diff(ctx: click.Context, /, old: str, new: str, format_name: str, output: str) -> None:
    """Show what has changed between two plans; no AWS needed.

    OLD and NEW were written by `plan --out`. Write NEW with --all, too, to know what of the images
    that can no longer be deleted is kept, and why, and what is gone.

    \b
      ecrm plan --out monday.json
      ecrm plan --out friday.json --all
      ecrm diff monday.json friday.json
    """
    from ecrm.reports.differences import diff_json, diff_text
    from ecrm.workflow import commands as workflow

    found, clients = workflow.diff(request(ctx), old, new)
    text = diff_json(found) if format_name == "json" else diff_text(found, width())
    show(text, output, clients)
