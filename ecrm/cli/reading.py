"""The commands that change nothing on AWS."""

from typing import Any

import click

from ecrm.cli.options import (
    command_options,
    output_option,
    plan_options,
    scan_option,
    scanned_files_option,
    snapshot_options,
)
from ecrm.cli.showing import CONTEXT, request, show_plan
from ecrm.cli.terminal import progress, say, show
from ecrm.model.version import version as running_version


@click.command(context_settings=CONTEXT)
@output_option
@click.option(
    "--format",
    "format_name",
    type=click.Choice(("json", "table", "detail")),
    default="json",
    show_default=True,
    help="json: an array of image URIs; table: for people; detail: JSON with every use.",
)
@command_options
@click.pass_context
def scan(ctx: click.Context, output: str, format_name: str) -> None:
    """Write which images are in use.

    The JSON array is what --scanned-files of `plan` and `delete` read, here and in
    fujiwara/ecrm. Where a source cannot be read, nothing is written and the exit code is 1.
    """
    from ecrm.reports import SCAN_FORMATS
    from ecrm.workflow import commands as workflow

    with workflow.start(request(ctx), progress) as run:
        found = workflow.complete_scan(run)
    show(SCAN_FORMATS[format_name](found), output, run.clients)


@click.command(context_settings=CONTEXT)
@plan_options
@snapshot_options
@click.option("--out", metavar="FILE", help="Also write the whole plan, for `delete --plan`.")
@click.option("--all", "list_kept", is_flag=True, help="With --out, list what stays as well.")
@command_options
@click.pass_context
def plan(
    ctx: click.Context, /, format_name: str, output: str, out: str | None, **options: Any
) -> int:
    """Show what could be deleted, and delete nothing.

    Where something could not be read, the plan is shown all the same, what is missing is told on
    stderr, and the exit code is 1.

    \b
      ecrm plan
      ecrm plan --out plan.json          to look at, approve, and hand to `delete --plan`
      ecrm plan --from snapshot.json --now +30d    what would go in 30 days
    """
    from ecrm.workflow import commands as workflow

    with workflow.start(request(ctx, **options), progress) as run:
        made = workflow.plan(run)
        stops = workflow.guard_stops(run, made)
    if out:
        show(workflow.plan_file(made), out, run.clients)
    code = show_plan(run, made, format_name, output)
    for stop in stops:
        say(f"`delete` would stop here: {stop}", "warn")
    return code


@click.command(context_settings=CONTEXT)
@click.argument("image")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="How to show the explanation.",
)
@output_option
@scan_option
@scanned_files_option
@snapshot_options
@command_options
@click.pass_context
def explain(
    ctx: click.Context, /, image: str, format_name: str, output: str, **options: Any
) -> int:
    """Say why an image stays or goes.

    IMAGE is a URI, repo:tag, repo@sha256:..., or the beginning of a digest.
    """
    from ecrm.reports import EXPLANATION_FORMATS
    from ecrm.workflow import commands as workflow

    with workflow.start(request(ctx, list_kept=True, **options), progress) as run:
        explained, missing = workflow.explain_image(run, image)
    show(EXPLANATION_FORMATS[format_name](explained), output, run.clients)
    for line in missing:
        say(line, "error")
    return 1 if missing else 0


@click.command(context_settings=CONTEXT)
@output_option
@click.option(
    "--lifecycle-policies",
    "policies",
    is_flag=True,
    help="Record ECR's lifecycle policies, too.",
)
@scanned_files_option
@command_options
@click.pass_context
def snapshot(ctx: click.Context, /, output: str, policies: bool, **options: Any) -> None:
    """Record what a plan depends on, for `plan --from` and `explain --from`.

    The file holds uses, images and which image belongs to which index; no secrets.
    """
    from ecrm.workflow import commands as workflow

    with workflow.start(request(ctx, **options), progress) as run:
        text = workflow.snapshot(run, policies=policies)
    show(text, output, run.clients)


@click.command(context_settings=CONTEXT)
@command_options
def version() -> None:
    """Show version."""
    click.echo(f"ecrm {running_version()}")
