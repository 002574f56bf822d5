"""Types of options, with helpful messages for invalid values."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from ecrm.model.units import parse_bytes, parse_duration
from ecrm.workflow.logs import LEVELS, level_name

T = TypeVar("T")
OUTPUT_FORMATS = (
    *("text", "json", "table", "markdown", "detail", "sarif", "junit", "github"),
    *("yaml", "csv", "html"),
)
_GIVEN = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)


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
        return tuple(part.strip() for part in str(value).split(","))


class Color(click.Choice[str]):
    """Or a boolean, as fujiwara/ecrm takes it."""

    def __init__(self) -> None:
        super().__init__(("always", "auto", "never"))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        is_on = click.types.BoolParamType.str_to_bool(str(value))
        text = value if is_on is None else "always" if is_on else "never"
        return super().convert(text, param, ctx)


class LogLevel(click.Choice[str]):
    """In upper or lower case."""

    def __init__(self) -> None:
        super().__init__(LEVELS)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return super().convert(level_name(str(value)), param, ctx)


class Output(click.ParamType[str]):
    """A file, or an object in S3; not the name of a format, which other tools take here."""

    name = "FILE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        if text in OUTPUT_FORMATS:
            self.fail(
                f"{text!r} is a format; write --format {text}, or -o ./{text} for a file",
                param,
                ctx,
            )
        return text


class Report(click.ParamType[tuple[str, str]]):
    """`FORMAT=FILE`."""

    name = "FORMAT=FILE"

    def __init__(self, formats: tuple[str, ...]) -> None:
        self._formats = formats

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        name, _, path = str(value).partition("=")
        if name not in self._formats or not path:
            known = ", ".join(self._formats)
            self.fail(f"{value!r} is not FORMAT=FILE; formats are {known}", param, ctx)
        return name, path


class Parsed(click.ParamType[Any]):
    """Text that a function parses; its ValueError is the message."""

    def __init__(self, name: str, parse: Callable[[str], object]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def parse_moment(text: str) -> datetime | timedelta:
    """`2026-11-22`, `2026-11-22T10:00:00+00:00`, or `+30d` for that much later; UTC unless said."""
    if text.startswith("+"):
        return parse_duration(text[1:])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"invalid time {text!r}; expected, for example, 2026-11-22 or +30d"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


DURATION = Parsed("duration", parse_duration)
SIZE = Parsed("size", parse_bytes)
MOMENT = Parsed("time", parse_moment)
PERCENT = click.IntRange(0, 100)
COUNT = click.IntRange(0)


def refuse_empty(ctx: click.Context) -> None:
    """Raises a usage error for an option or argument that is given and empty.

    It comes from a variable that a script forgot to set, and would mean "all repositories", "no
    scanned files" or the like. An empty variable that click reads itself counts as unset.
    """
    for parameter in ctx.command.params:
        value = ctx.params.get(parameter.name or "")
        if parameter.type is click.UNPROCESSED or not _holds_blank(value):
            continue
        if ctx.get_parameter_source(parameter.name or "") in _GIVEN:
            what = "is empty; give a value, or leave it out"
            raise click.BadParameter(what, ctx, parameter)


def _holds_blank(value: object) -> bool:
    if isinstance(value, tuple):
        return any(map(_holds_blank, value))
    return isinstance(value, str) and not value.strip()
