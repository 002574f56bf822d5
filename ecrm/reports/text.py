"""Tables and colors for people."""

import re
from collections.abc import Iterable, Sequence

from ecrm.model.humanize import count, human_size
from ecrm.model.printable import printable, printable_lines
from ecrm.planning.plan import Totals

_COLORS = re.compile(r"\x1b\[\d+m")

__all__ = [
    "CYAN",
    "RED",
    "YELLOW",
    "blue",
    "count",
    "escaped",
    "human_size",
    "human_totals",
    "page",
    "painted",
    "table",
    "uncolored",
    "unread_count",
    "yellow",
]


def human_totals(totals: Totals, sign: str = "") -> str:
    return f"{sign}{totals.images} ({human_size(totals.size)})"


def unread_count(number: int) -> str:
    return f"{count(number, 'thing')} could not be read"


class _Colored(str):
    """Text of ours, which is shown as it is."""

    __slots__ = ()


def table(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> str:
    from tabulate import tabulate  # noqa: PLC0415 - a Lambda function has no use for it

    cells = [
        [cell if isinstance(cell, _Colored) else printable(cell) for cell in row] for row in rows
    ]
    text = tabulate(cells, headers, tablefmt="presto", disable_numparse=True)
    return "\n".join(line.rstrip() for line in text.split("\n"))


def page(table: str, lines: Iterable[str]) -> str:
    """A table, and lines below it."""
    return f"{table}\n\n{printable_lines(lines)}"


_MARKUP = re.compile(r"([\\`*_|\[\]#~])")


def escaped(text: str) -> str:
    """Text that is nothing but text in Markdown, also in a cell of a table: no markup, no HTML."""
    escaped = _MARKUP.sub(r"\\\1", printable(" ".join(text.split())))
    return escaped.replace("&", "&amp;").replace("<", "&lt;")


RED, YELLOW, BLUE, CYAN = 31, 33, 34, 36


def painted(text: str, color: int) -> str:
    return _Colored(f"\x1b[{color}m{printable(text)}\x1b[0m")


def blue(text: str) -> str:
    return painted(text, BLUE)


def yellow(text: str) -> str:
    return painted(text, YELLOW)


def uncolored(text: str) -> str:
    return _COLORS.sub("", text)
