"""`ecrm restore`: puts back what a journal names."""

import click

from ecrm.cli.options import CONTEXT, command_options
from ecrm.cli.request import request
from ecrm.cli.terminal import progress, show


@click.command(context_settings=CONTEXT)
@click.argument("journal")
@click.argument("images", nargs=-1, metavar="[IMAGE]...")
@command_options
@click.pass_context
def restore(ctx: click.Context, /, journal: str, images: tuple[str, ...]) -> int:
    """Restore images that a run deleted or archived, while ECR still has their layers.

    JOURNAL was written by `delete`: a file, or s3://bucket/key. IMAGE is a URI, repo:tag,
    repo@sha256:..., a repository or the beginning of a digest; without any, all images are
    restored. Tags that another image has by now are not moved back.
    """
    from ecrm.execution.restore import Restored, Result
    from ecrm.reports.restored import restored_table
    from ecrm.workflow import commands as workflow

    back: list[Restored] = []
    try:
        for image in workflow.restore(request(ctx), journal, images):
            back.append(image)
            progress(f"ECR: {len(back)} images")
    finally:
        if back:
            show(restored_table(back))
    return 1 if any(image.result is Result.FAILED for image in back) else 0
