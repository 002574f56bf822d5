"""Tables and colors for people."""

import re
from collections.abc import Sequence

from ecrm.model.humanize import count, human_size
from ecrm.planning.plan import Totals

_COLORS = re.compile(r"\x1b\[\d+m")

__all__ = [
    "blue",
    "count",
    "human_size",
    "human_totals",
    "table",
    "uncolored",
    "unread_count",
    "yellow",
]


def human_totals(totals: Totals, sign: str = "") -> str:
    return f"{sign}{totals.images} ({human_size(totals.size)})"


def unread_count(number: int) -> str:
    return f"{count(number, 'thing')} could not be read"


def table(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> str:
    from tabulate import tabulate  # noqa: PLC0415 - a Lambda function has no use for it

    text = tabulate(rows, headers, tablefmt="presto", disable_numparse=True)
    return "\n".join(line.rstrip() for line in text.splitlines())


def blue(text: str) -> str:
    return f"\x1b[34m{text}\x1b[0m"


def yellow(text: str) -> str:
    return f"\x1b[33m{text}\x1b[0m"


def uncolored(text: str) -> str:
    return _COLORS.sub("", text)
