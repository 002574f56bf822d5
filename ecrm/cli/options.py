"""The options that commands share, each with the variable that fujiwara/ecrm reads."""

import functools
import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from ecrm.cli.external_commands import external_commands_option
from ecrm.cli.terminal import set_up_logging
from ecrm.cli.types import COUNT, DURATION, MOMENT, PERCENT, SIZE, CommaList, refuse_empty
from ecrm.workflow.logs import FORMATS, LEVELS

F = TypeVar("F", bound=Callable[..., Any])
CONTEXT = {"help_option_names": ["-h", "--help"]}


SETTINGS = (
    *("config", "profile", "region", "concurrency", "cache"),
    *("log_level", "log_format", "color"),
)
"""The options that may be given before and after the command."""


def group_options(function: F) -> F:
    """The global options of `ecrm` itself, which alone read the variables."""
    return _global(function, env=True)


def command_options(function: F) -> F:
    """The same after the command, where they override those before it."""
    return _global(function, env=False)


def _global(function: F, *, env: bool) -> F:
    @functools.wraps(function)
    @click.pass_context
    def wrapper(ctx: click.Context, /, **kwargs: Any) -> Any:
        refuse_empty(ctx)
        settings = ctx.ensure_object(dict)
        for name in SETTINGS:
            value = kwargs.pop(name)
            if value is not None:
                settings[name] = value
        ctx.color = settings.get("color", _color_of_environment())
        set_up_logging(settings.get("log_level", "info"), settings.get("log_format", "text"))
        return ctx.invoke(function, **kwargs)

    for option in _options(env=env):
        wrapper = option(wrapper)
    return wrapper  # type: ignore[return-value]  # click's decorators lose the type


def _options(*, env: bool) -> list[Callable[[F], F]]:
    def variable(name: str) -> dict[str, Any]:
        return {"envvar": name, "show_envvar": True} if env else {}

    return [
        click.option(
            "--color/--no-color",
            default=None,
            **variable("ECRM_COLOR"),
            help="Color the output.  [default: only on a terminal]",
        ),
        click.option(
            "--log-level",
            type=click.Choice(LEVELS),
            **variable("ECRM_LOG_LEVEL"),
            help="Log level on stderr; debug logs every AWS call.  [default: info]",
        ),
        click.option(
            "--cache/--no-cache",
            default=None,
            **variable("ECRM_CACHE"),
            help="Cache immutable data between runs.  [default: cache]",
        ),
        click.option(
            "--concurrency",
            type=click.IntRange(min=1),
            metavar="N",
            **variable("ECRM_CONCURRENCY"),
            help="Maximum concurrent calls per API.  [default: 16]",
        ),
        click.option(
            "--log-format",
            type=click.Choice(FORMATS),
            **variable("ECRM_LOG_FORMAT"),
            help="Log format: text, or one JSON object per line.  [default: text]",
        ),
        click.option("--region", metavar="NAME", help="Use this AWS region."),
        click.option("--profile", metavar="NAME", help="Use this profile of the AWS CLI."),
        click.option(
            "-c",
            "--config",
            metavar="FILE",
            **variable("ECRM_CONFIG"),
            help="Load configuration from FILE, s3://bucket/key or ssm://parameter.  "
            "[default: ecrm.yaml]",
        ),
    ]


def _color_of_environment() -> bool | None:
    """ECRM_NO_COLOR is what fujiwara/ecrm read first; NO_COLOR is what every tool reads."""
    if os.environ.get("NO_COLOR") or _is_true(os.environ.get("ECRM_NO_COLOR")):
        return False
    return None


def _is_true(text: str | None) -> bool:
    return text is not None and click.BOOL.convert(text, None, None) is True


def output_option(function: F) -> F:
    return click.option(
        "-o",
        "--output",
        metavar="FILE",
        default="-",
        envvar="ECRM_OUTPUT",
        show_envvar=True,
        help="Write to FILE instead of stdout.",
    )(function)


def plan_options(function: F) -> F:
    """The options that `plan` and `delete` share."""
    return _with(
        function,
        output_option,
        click.option(
            "--format",
            "format_name",
            type=click.Choice(("table", "json", "markdown")),
            default="table",
            show_default=True,
            envvar="ECRM_FORMAT",
            show_envvar=True,
            help="Format of the plan.",
        ),
        scan_option,
        external_commands_option,
        repository_option,
        scanned_files_option,
        click.option(
            "--action",
            type=click.Choice(("delete", "archive")),
            help="Override the action of every rule.",
        ),
        guard_options,
    )


def scan_option(function: F) -> F:
    return click.option(
        "--scan/--no-scan",
        default=True,
        envvar="ECRM_SCAN",
        show_envvar=True,
        help="Scan for images in use, or rely on --scanned-files alone.",
    )(function)


def repository_option(function: F) -> F:
    return click.option(
        "-r",
        "--repository",
        metavar="NAME",
        envvar="ECRM_REPOSITORY",
        show_envvar=True,
        help="Limit the run to this repository.",
    )(function)


def scanned_files_option(function: F) -> F:
    return click.option(
        "--scanned-files",
        type=CommaList(),
        multiple=True,
        envvar="ECRM_SCANNED_FILES",
        show_envvar=True,
        help="Files written by `scan`; images that they name are kept. May be repeated.",
    )(function)


def snapshot_options(function: F) -> F:
    return _with(
        function,
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


def guard_options(function: F) -> F:
    """The guards of ecrm.yaml, which these override."""
    return _with(
        function,
        click.option("--no-guards", is_flag=True, help="Disable every guard for this run."),
        click.option("--min-age", type=DURATION, help="Keep images pushed within this time."),
        click.option(
            "--max-in-use-drop",
            type=PERCENT,
            help="Stop if images in use dropped by more than this percentage since the last run.",
        ),
        click.option(
            "--missing-in-use/--no-missing-in-use",
            default=None,
            help="Stop if a repository would be emptied while all its images in use are missing.",
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


GUARDS = (
    *("min_age", "max_in_use_drop", "missing_in_use"),
    *("max_images", "max_percent", "max_bytes", "in_use_max_age"),
)


def _with(function: F, *options: Callable[[F], F]) -> F:
    """The options, shown in this order."""
    for option in reversed(options):
        function = option(function)
    return function
