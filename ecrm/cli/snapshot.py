"""`ecrm snapshot`: records what a plan depends on."""

from typing import Any

import click

from ecrm.cli.help import command
from ecrm.cli.options import (
    command_options,
    external_commands_option,
    output_option,
    scanned_files_option,
)
from ecrm.cli.request import request
from ecrm.cli.terminal import progress, show


@command()
@output_option()
@click.option(
    "--lifecycle-policies",
    "policies",
    is_flag=True,
    help="Also record ECR's lifecycle policies.",
)
@scanned_files_option
@external_commands_option
@command_options
@click.pass_context
def snapshot(ctx: click.Context, /, output: str, policies: bool, **options: Any) -> None:
    """Record what a plan depends on, for `plan --from` and `explain --from`.

    The file lists uses, images and which image belongs to which index. It has no secrets.
    """
    from ecrm.workflow import commands as workflow

    with workflow.start(request(ctx, **options), progress) as run:
        text = workflow.snapshot(run, policies=policies)
    show(text, output, run.home)
