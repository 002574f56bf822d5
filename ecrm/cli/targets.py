"""`ecrm targets`: which accounts a run reaches."""

import click

from ecrm.cli.help import command
from ecrm.cli.options import command_options, format_option, output_option
from ecrm.cli.request import request
from ecrm.cli.terminal import progress, show


@command()
@output_option()
@format_option(("text", "json"), "Format of the list.")
@command_options
@click.pass_context
def targets(ctx: click.Context, output: str, format_name: str) -> int:
    """List the accounts and regions of a run, and test that ecrm can reach them.

    It follows `targets` in ecrm.yaml, if there is one: assumes every role that scans, compares the
    identity with the account, and asks which regions are enabled. What fails is listed with what
    would fix it, and the exit code is then 1. Nothing is scanned.
    """
    from ecrm.reports import TARGETS_FORMATS
    from ecrm.workflow import commands as workflow

    found = workflow.targets(request(ctx), progress)
    show(TARGETS_FORMATS[format_name](found), output)
    return 1 if any(resolved.unread for resolved in found) else 0
