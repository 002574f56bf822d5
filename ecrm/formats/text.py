"""Numbers and tables for people."""

import math
import re
from collections.abc import Sequence

from ecrm.plan import Tally

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
_TWO_DIGITS = 10
_COLORS = re.compile(r"\x1b\[\d+m")


def human_size(size: int) -> str:
    """Powers of 1000, with one decimal below ten, as fujiwara/ecrm prints them."""
    value, unit = float(size), 0
    while value >= 1000 and unit < len(_UNITS) - 1:  # noqa: PLR2004 - the docstring says it
        value, unit = value / 1000, unit + 1
    rounded = math.floor(value * 10 + 0.5) / 10
    return f"{rounded:.{int(unit > 0 and rounded < _TWO_DIGITS)}f} {_UNITS[unit]}"


def human_tally(tally: Tally, sign: str = "") -> str:
    return f"{sign}{tally.images} ({human_size(tally.size)})"


def count(number: int, singular: str, plural: str = "") -> str:
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


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
