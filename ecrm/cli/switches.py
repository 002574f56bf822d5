"""Switches that are given a value, as in `--force=false`: fujiwara/ecrm takes one for each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import click

from ecrm.cli.types import Color

_Spellings: TypeAlias = dict[bool, str]
"""The words for on and off; without a word for off, leaving the switch out is off."""

_COLORS: Mapping[str, _Spellings] = {
    "--color": {True: "--color=always", False: "--color=never"},
    "--no-color": {True: "--color=never", False: "--color=always"},
}
_WHEN = [[choice] for choice in Color().choices]
"""Here an option, since it may be auto, too; alone it means what it means to fujiwara/ecrm."""


def without_values(arguments: Sequence[str], command: click.Command) -> list[str]:
    """The same command line, in which no switch of `command` or of a command below it has a value.

    Every spelling that click reads in a variable is a value, in upper or lower case; any other is
    left as it is, for click to refuse.
    """
    known = dict(_switches(command))
    words: list[str] = []
    for number, argument in enumerate(arguments):
        if argument == "--":
            return [*words, *arguments[number:]]
        name, _, text = argument.partition("=")
        is_value = name in known and text.strip()
        value = click.types.BoolParamType.str_to_bool(text) if is_value else None
        if argument in _COLORS and arguments[number + 1 : number + 2] not in _WHEN:
            value = True
        if value is None:
            words.append(argument)
        elif word := known[name][value]:
            words.append(word)
    return words


def _switches(command: click.Command) -> Iterator[tuple[str, _Spellings]]:
    """The meaning of true and of false after each word of a switch; `--no-scan=false` scans."""
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.is_flag:
            on, off = parameter.opts[-1], "".join(parameter.secondary_opts[-1:])
            for word in parameter.opts:
                yield word, {True: on, False: off}
            for word in parameter.secondary_opts:
                yield word, {True: off, False: on}
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from _switches(inner)
    yield "--help", {True: "--help", False: ""}
    yield from _COLORS.items()
