"""The options of commands that plan."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ecrm.cli.options import (
    external_commands_option,
    narrowing_options,
    output_option,
    plan_format_option,
    repository_option,
    scan_option,
    scanned_files_option,
)
from ecrm.cli.types import COUNT, DURATION, MOMENT, PERCENT, SIZE

F = TypeVar("F", bound=Callable[..., Any])


def _switch(guard: str, text: str) -> Callable[[F], F]:
    return click.option(f"--{guard}/--no-{guard}", default=None, help=text)


def _all(*options: Callable[[F], F]) -> Callable[[F], F]:
    """The options, shown in this order."""

    def decorated(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorated


snapshot_options = _all(
    click.option(
        "--from",
        "snapshot",
        metavar="FILE",
        help="Plan from a file of `snapshot` instead of from AWS.",
    ),
    click.option(
        "--now",
        type=MOMENT,
        help="Plan as of this time: 2026-11-22, or +30d for 30 days later.",
    ),
)

plan_options = _all(
    output_option("ECRM_OUTPUT"),
    plan_format_option,
    click.option(
        "--top",
        type=click.IntRange(1),
        metavar="N",
        help="Show the N first repositories.  [default: as many as are worth it]",
    ),
    click.option(
        "--sort",
        type=click.Choice(("reclaimable", "stored", "images", "cost", "name")),
        default="reclaimable",
        show_default=True,
        help="Order of the repositories.",
    ),
    click.option("--all", "show_all", is_flag=True, help="Show all repositories."),
    click.option("--stats", is_flag=True, help="Log how often each AWS API was called."),
    scan_option,
    external_commands_option,
    repository_option,
    narrowing_options,
    scanned_files_option,
    click.option(
        "--action",
        type=click.Choice(("delete", "archive")),
        help="Override the action of every rule.",
    ),
    # The guards of ecrm.yaml, which these override.
    click.option("--no-guards", is_flag=True, help="Disable every guard for this run."),
    click.option("--min-age", type=DURATION, help="Keep images pushed within this time."),
    click.option(
        "--max-in-use-drop",
        type=PERCENT,
        help="Stop if images in use dropped by more than this percentage since the last run.",
    ),
    _switch(
        "missing-in-use",
        "Stop if a repository would be emptied while all its images in use are missing.",
    ),
    _switch(
        "nothing-in-use",
        "Stop if images would be deleted from a registry of which none is in use.",
    ),
    click.option("--max-images", type=COUNT, help="Stop if more images would be deleted."),
    click.option(
        "--max-percent",
        type=PERCENT,
        help="Stop if more percent of a repository would be deleted.",
    ),
    click.option(
        "--max-bytes", type=SIZE, help="Stop if more bytes would be deleted, such as 10GB."
    ),
    click.option(
        "--in-use-max-age",
        type=DURATION,
        help="Scan again before a repository's turn if the last scan is older.",
    ),
)
"""What `plan` and `delete` share."""
