"""`ecrm scan`: writes which images are in use."""

from typing import Any

import click

from ecrm.cli.help import command
from ecrm.cli.options import (
    command_options,
    external_commands_option,
    format_option,
    output_option,
)
from ecrm.cli.request import request
from ecrm.cli.terminal import progress, show


@command()
@output_option("ECRM_OUTPUT")
@format_option(
    ("json", "table", "detail"),
    "json: an array of image URIs; table: a readable table; detail: JSON with every use.",
)
@external_commands_option
@command_options
@click.pass_context
def scan(ctx: click.Context, /, output: str, format_name: str, **options: Any) -> None:
    """List the images in use.

    --scanned-files of `plan` and `delete` reads the JSON array, here and in fujiwara/ecrm. If a
    source cannot be read, nothing is written and the exit code is 1.
    """
    from ecrm.reports import SCAN_FORMATS
    from ecrm.workflow import commands as workflow

    with workflow.start(request(ctx, **options), progress) as run:
        found = workflow.complete_scan(run)
    show(SCAN_FORMATS[format_name](found), output, run.home)
