"""`ecrm sources`: what is read to find the images in use."""

import click

from ecrm.cli.help import command
from ecrm.cli.options import command_options, format_option, output_option
from ecrm.cli.request import request
from ecrm.cli.terminal import show


@command()
@output_option()
@format_option(("text", "json"), "Format of the list.")
@command_options
@click.pass_context
def sources(ctx: click.Context, output: str, format_name: str) -> None:
    """List the sources of images in use: what of each counts, and which calls that takes.

    It follows `sources` in ecrm.yaml, if there is one. AWS is called only to read a configuration
    in S3 or SSM.
    """
    from ecrm.reports import SOURCES_FORMATS
    from ecrm.workflow import commands as workflow

    sources, config = workflow.sources_of(request(ctx))
    show(SOURCES_FORMATS[format_name](sources, config), output)
