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
    """Put back what a run deleted or archived, while ECR still has the layers.

    JOURNAL is what `delete` wrote: a file, or s3://bucket/key. IMAGE is a URI, repo:tag,
    repo@sha256:..., a repository or the beginning of a digest; without any, all come back. Tags
    that belong to another image by now stay there.
    """
    from ecrm.execution.restore import Restored, Result
    from ecrm.reports.restored import restored_table
    from ecrm.workflow import commands as workflow

    back: list[Restored] = []
    try:
        for it in workflow.restore(request(ctx), journal, images):
            back.append(it)
            progress(f"ECR: {len(back)} images")
    finally:
        if back:
            show(restored_table(back))
    return 1 if any(it.result is Result.FAILED for it in back) else 0
