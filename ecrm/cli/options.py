"""The options that commands share, each with the variable that fujiwara/ecrm reads."""

import functools
import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from ecrm.cli.completion import profiles, repositories
from ecrm.cli.help import SETTINGS
from ecrm.cli.terminal import set_up_logging
from ecrm.cli.types import Color, CommaList, LogLevel, Output, refuse_empty
from ecrm.errors import UsageError
from ecrm.workflow.logs import FORMATS

F = TypeVar("F", bound=Callable[..., Any])
_QUIET, _VERBOSE = "warn", "debug"
_COLORS = {"always": True, "auto": None, "never": False}
COLOR_NAMES = {meaning: name for name, meaning in _COLORS.items()}


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
        _set_level(settings)
        color = settings.get("color")
        ctx.color = _COLORS[color] if color else _color_of_environment()
        set_up_logging(settings.get("log_level", "info"), settings.get("log_format", "text"))
        return ctx.invoke(function, **kwargs)

    for option in _options(env=env):
        wrapper = option(wrapper)
    return wrapper  # type: ignore[return-value]  # click's decorators lose the type


def _set_level(settings: dict[str, Any]) -> None:
    verbose, quiet = settings.pop("verbose", False), settings.pop("quiet", False)
    if verbose and quiet:
        raise UsageError("--verbose and --quiet exclude each other")
    if verbose or quiet:
        settings["log_level"] = _VERBOSE if verbose else _QUIET


def _variable(name: str) -> dict[str, Any]:
    return {"envvar": name, "show_envvar": True}


def _options(*, env: bool) -> list[Callable[[F], F]]:
    def variable(name: str) -> dict[str, Any]:
        return _variable(name) if env else {}

    return [
        click.option(
            "--color",
            type=Color(),
            **variable("ECRM_COLOR"),
            help="Color the output: always, auto (only on a terminal) or never; --color and "
            "--no-color alone mean always and never.  [default: auto]",
        ),
        click.option(
            "-q",
            "--quiet",
            is_flag=True,
            default=None,
            help="Log warnings and errors only, and show no progress.",
        ),
        click.option(
            "-v", "--verbose", is_flag=True, default=None, help="The same as --log-level debug."
        ),
        click.option(
            "--log-level",
            type=LogLevel(),
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
        click.option(
            "--profile",
            metavar="NAME",
            shell_complete=profiles,
            help="Use this profile of the AWS CLI.",
        ),
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
    """ECRM_NO_COLOR is what fujiwara/ecrm read first; the others are what every tool reads."""
    if os.environ.get("NO_COLOR") or _is_true(os.environ.get("ECRM_NO_COLOR")):
        return False
    return True if os.environ.get("FORCE_COLOR") else None


def _is_true(text: str | None) -> bool:
    return text is not None and click.BOOL.convert(text, None, None) is True


def output_option(envvar: str | None = None) -> Callable[[F], F]:
    """ECRM_OUTPUT is for `scan`, `plan` and `delete`, as in fujiwara/ecrm, and for no other."""
    return click.option(
        "-o",
        "--output",
        type=Output(),
        default="-",
        envvar=envvar,
        show_envvar=bool(envvar),
        help="Write to FILE instead of stdout.",
    )


scan_option = click.option(
    "--scan/--no-scan",
    default=True,
    **_variable("ECRM_SCAN"),
    help="Scan for images in use, or rely on --scanned-files alone.",
)

repository_option = click.option(
    "-r",
    "--repository",
    "repositories",
    type=CommaList(),
    multiple=True,
    metavar="GLOB",
    shell_complete=repositories,
    **_variable("ECRM_REPOSITORY"),
    help="Limit the run to the repositories of this name or glob. May be repeated.",
)

_account_option = click.option(
    "--account",
    "accounts",
    type=CommaList(),
    multiple=True,
    metavar="GLOB",
    help="Limit the plan to registries of accounts with this id or name. May be repeated.",
)
_region_option = click.option(
    "--region-filter",
    "regions",
    type=CommaList(),
    multiple=True,
    metavar="GLOB",
    help="Limit the plan to registries in these regions. May be repeated.",
)


def narrowing_options(function: F) -> F:
    """They narrow what is planned. What is scanned is never narrowed."""
    return _account_option(_region_option(function))


scanned_files_option = click.option(
    "--scanned-files",
    type=CommaList(),
    multiple=True,
    **_variable("ECRM_SCANNED_FILES"),
    help="Files written by `scan`; images that they name are kept. May be repeated.",
)

external_commands_option = click.option(
    "--external-commands/--no-external-commands",
    default=True,
    **_variable("ECRM_EXTERNAL_COMMANDS"),
    help="Run the programs under external_commands and read kubernetes.contexts, or skip both.",
)


def format_option(formats: Sequence[str], text: str, envvar: str | None = None) -> Callable[[F], F]:
    """The first of the formats is the default."""
    return click.option(
        "--format",
        "format_name",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        envvar=envvar,
        show_envvar=bool(envvar),
        help=text,
    )


plan_format_option = click.option(
    "--format",
    "format_name",
    type=click.Choice(("text", "table", "json", "markdown")),
    **_variable("ECRM_FORMAT"),
    help="Format of the plan; table is the one of fujiwara/ecrm.  "
    "[default: text on a terminal, else table]",
)


def yes_option(text: str, envvar: str | None = None) -> Callable[[F], F]:
    """`--no-force` overrides the variable."""
    names = ("-y", "--yes", "--force/--no-force", "force")
    return click.option(*names, default=False, envvar=envvar, show_envvar=bool(envvar), help=text)
