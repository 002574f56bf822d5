"""`ecrm sources`: what is read to find the images in use."""

import click

from ecrm.cli.options import CONTEXT, command_options, output_option
from ecrm.cli.terminal import show


@click.command(context_settings=CONTEXT)
@output_option
@click.option(
    "--format",
    "format_name",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="text: for people; json: an array of objects.",
)
@command_options
@click.pass_context
def sources(ctx: click.Context, output: str, format_name: str) -> None:
    """List the sources of images in use: what of each counts, and which calls that takes.

    It follows `sources` in ecrm.yaml, if there is one. AWS is not called.
    """
    from ecrm.reports import SOURCES_FORMATS
    from ecrm.workflow import commands as workflow

    sources, config = workflow.sources_of(ctx.obj.get("config"))
    show(SOURCES_FORMATS[format_name](sources, config), output)
