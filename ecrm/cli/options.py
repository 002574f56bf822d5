"""The options that commands share, each with the variable that fujiwara/ecrm reads."""

import functools
import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from ecrm.cli.terminal import LEVELS, set_up_logging

F = TypeVar("F", bound=Callable[..., Any])


class CommaList(click.ParamType[tuple[str, ...]]):
    """`a.json,b.json`, on the command line and in the variable alike."""

    name = "FILE,..."
    envvar_list_splitter = ","

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        del param, ctx
        if isinstance(value, tuple):
            return value
        return tuple(part for part in (it.strip() for it in str(value).split(",")) if part)


def group_options(function: F) -> F:
    """The global options of `ecrm` itself, which alone read the variables."""
    return _global(function, env=True)


def command_options(function: F) -> F:
    """The same after the command, where they win over those before it."""
    return _global(function, env=False)


def _global(function: F, *, env: bool) -> F:
    @functools.wraps(function)
    @click.pass_context
    def wrapper(ctx: click.Context, /, **kwargs: Any) -> Any:
        settings = ctx.ensure_object(dict)
        for name in ("config", "profile", "region", "log_level", "color"):
            value = kwargs.pop(name)
            if value is not None:
                settings[name] = value
        ctx.color = settings.get("color", _color_of_environment())
        set_up_logging(settings.get("log_level", "info"))
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
            help="Color the output; without either, on a terminal only.",
        ),
        click.option(
            "--log-level",
            type=click.Choice(LEVELS),
            **variable("ECRM_LOG_LEVEL"),
            help="How much to tell on stderr; debug shows every AWS call.  [default: info]",
        ),
        click.option("--region", metavar="NAME", help="Act in this region."),
        click.option("--profile", metavar="NAME", help="Use this profile of the AWS CLI."),
        click.option(
            "-c",
            "--config",
            metavar="FILE",
            **variable("ECRM_CONFIG"),
            help="Load configuration from FILE.  [default: ecrm.yaml]",
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
    """What `plan` and `delete` share."""
    for option in (
        click.option(
            "--scanned-files",
            type=CommaList(),
            multiple=True,
            envvar="ECRM_SCANNED_FILES",
            show_envvar=True,
            help="Files that `scan` wrote; nothing that they name is deleted. May be repeated.",
        ),
        click.option(
            "-r",
            "--repository",
            metavar="NAME",
            envvar="ECRM_REPOSITORY",
            show_envvar=True,
            help="Look at this repository only.",
        ),
        click.option(
            "--scan/--no-scan",
            default=True,
            envvar="ECRM_SCAN",
            show_envvar=True,
            help="Scan what is in use; without, only --scanned-files tell.",
        ),
        click.option(
            "--format",
            "format_name",
            type=click.Choice(("table", "json")),
            default="table",
            show_default=True,
            envvar="ECRM_FORMAT",
            show_envvar=True,
            help="How to show the plan.",
        ),
        output_option,
    ):
        function = option(function)
    return function
