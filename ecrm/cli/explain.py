"""`ecrm explain`: the reason for one decision."""

from typing import Any

import click

from ecrm.cli.help import command
from ecrm.cli.options import (
    command_options,
    external_commands_option,
    format_option,
    output_option,
    scan_option,
    scanned_files_option,
)
from ecrm.cli.plan_options import snapshot_options
from ecrm.cli.request import request
from ecrm.cli.terminal import progress, show
from ecrm.errors import IncompleteError


@command()
@click.argument("image")
@format_option(("text", "json"), "Format of the explanation.")
@output_option()
@scan_option
@external_commands_option
@scanned_files_option
@snapshot_options
@command_options
@click.pass_context
def explain(
    ctx: click.Context, /, image: str, format_name: str, output: str, **options: Any
) -> None:
    """Explain why an image is kept or deleted.

    IMAGE is a URI, repo:tag, repo@sha256:..., or the beginning of a digest. The name of a
    repository lists all its images. For an image that can be deleted, each reason to keep is shown
    with the numbers that it compared.
    """
    from ecrm.reports import EXPLANATION_FORMATS
    from ecrm.workflow import commands as workflow

    with workflow.start(request(ctx, list_kept=True, **options), progress) as run:
        explained, unread = workflow.explain_image(run, image)
    show(EXPLANATION_FORMATS[format_name](explained, unread), output, run.home)
    if unread:
        raise IncompleteError("\n".join(unread))
