"""`ecrm report`: a page of HTML about what is stored, what it costs, and what can be deleted."""

import sys
from typing import Any

import click

from ecrm.cli.help import command
from ecrm.cli.options import (
    command_options,
    external_commands_option,
    narrowing_options,
    output_option,
    repository_option,
    scanned_files_option,
)
from ecrm.cli.plan_options import snapshot_options
from ecrm.cli.request import request
from ecrm.cli.terminal import is_stdout, progress, show
from ecrm.errors import IncompleteError, UsageError


@command()
@output_option()
@repository_option
@narrowing_options
@click.option(
    "--exact-sizes",
    is_flag=True,
    help="Also read all manifests, and count layers that images share once.",
)
@scanned_files_option
@external_commands_option
@snapshot_options
@command_options
@click.pass_context
def report(ctx: click.Context, /, *, output: str, exact_sizes: bool, **options: Any) -> None:
    """Write a page of HTML: what is stored, what it costs, what can be deleted and why.

    The page is one file that loads nothing. It also plans the same readings 7 to 90 days ahead. If
    something could not be read, the page says so first, and the exit code is 1.

    \b
      ecrm report -o report.html
      ecrm report -o s3://bucket/ecrm/report.html
      ecrm report --from snapshot.json -o report.html
    """
    from ecrm.reports.html import report_html
    from ecrm.workflow import commands as workflow

    if is_stdout(output) and sys.stdout.isatty():
        raise UsageError("a page of HTML is not for a terminal; name a file with -o report.html")
    with workflow.start(request(ctx, **options), progress) as run:
        made = workflow.report(run, exact=exact_sizes)
        show(report_html(made), output, run.home, "text/html")
    if made.plan.unread:
        raise IncompleteError("\n".join(made.plan.unread))
