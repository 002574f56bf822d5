"""`ecrm restore`: puts back what a journal names."""

import sys
from typing import TYPE_CHECKING

import click

from ecrm.cli.help import command
from ecrm.cli.options import (
    command_options,
    format_option,
    output_option,
    yes_option,
)
from ecrm.cli.request import request
from ecrm.cli.signals import signals
from ecrm.cli.terminal import ask, progress, say, show
from ecrm.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecrm.execution.restore import Restored

_NO_TERMINAL = "--yes restores without asking, and --dry-run only shows"


@command()
@yes_option("Restore without asking.", "ECRM_FORCE")
@click.option("--dry-run", is_flag=True, help="Show what would be restored, and restore nothing.")
@format_option(("table", "json"), "Format of the result.")
@output_option()
@click.argument("journal")
@click.argument("images", nargs=-1, metavar="[IMAGE]...")
@command_options
@click.pass_context
def restore(
    ctx: click.Context,
    /,
    journal: str,
    images: tuple[str, ...],
    *,
    force: bool,
    dry_run: bool,
    format_name: str,
    output: str,
) -> int:
    """Restore images that a run deleted or archived, while ECR still has their layers.

    JOURNAL was written by `delete`: a file, or s3://bucket/key. IMAGE is a URI, repo:tag,
    repo@sha256:..., a repository or the beginning of a digest; without any, all images are
    restored. Tags that another image has by now are not moved back, and an image of which parts
    are fetched from elsewhere is restored only if IMAGE names it.

    What would be restored is shown first, and you are asked. Without a terminal, --yes or
    --dry-run is required.
    """
    from ecrm.execution.restore import Result
    from ecrm.model.humanize import count
    from ecrm.reports import RESTORED_FORMATS
    from ecrm.reports.restored import RestoreReport, restored_table
    from ecrm.workflow import commands as workflow

    if not (force or dry_run or sys.stdin.isatty()):
        raise UsageError(f"no terminal for the prompt; {_NO_TERMINAL}")
    back: list[Restored] = []
    report: RestoreReport | None = None

    def review(expected: "Sequence[Restored]", unread: "Sequence[str]") -> bool:
        nonlocal report
        changes = sum(image.changed for image in expected)
        planned = RestoreReport(expected, len(expected), unread, planned=True)
        if dry_run or not changes:
            report = planned
            return False
        # With JSON, stdout carries the result alone.
        (say if format_name == "json" else show)(f"{restored_table(planned)}\n")
        if not force:
            ask(f"Restore {count(changes, 'image')}?", _NO_TERMINAL)
        report = RestoreReport(back, len(expected), unread)
        return True

    asked = request(ctx, in_hand=signals.in_hand)
    connections = workflow.connections_for(asked)
    try:
        for image in workflow.restore(asked, journal, images, review, connections):
            back.append(image)
            progress(f"ECR: {len(back)} images")
    finally:
        # Also after a signal or an error: what is restored is restored.
        if report:
            show(RESTORED_FORMATS[format_name](report), output, connections.home)
    failed = report and any(image.result is Result.FAILED for image in report.images)
    return 1 if failed else 0
