"""`ecrm journals`: what can be restored."""

import os

import click

from ecrm.cli.help import command
from ecrm.cli.options import command_options, format_option, output_option
from ecrm.cli.request import request
from ecrm.cli.terminal import show


@command()
@click.argument("folder", required=False)
@format_option(("table", "json"), "Format of the list.")
@output_option()
@command_options
@click.pass_context
def journals(ctx: click.Context, /, folder: str | None, format_name: str, output: str) -> int:
    """List the journals of `delete`, newest first, for `restore`.

    FOLDER is a folder, or s3://bucket/prefix; the default is where `delete` puts its journals.

    \b
      ecrm journals
      ecrm journals s3://my-journals/ecrm
    """
    from ecrm.reports import JOURNALS_FORMATS
    from ecrm.workflow import commands as workflow
    from ecrm.workflow.state import JOURNALS, state_folder

    connections = workflow.connections_for(request(ctx))
    place = folder or f"{state_folder(os.environ)}/{JOURNALS}"
    found = workflow.journals(place, lambda: connections.home().s3())
    show(JOURNALS_FORMATS[format_name](found), output, connections.home)
    return 1 if any(journal.unread for journal in found) else 0
