"""Numbers as people read them."""

import math
from datetime import timedelta

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
_TWO_DIGITS = 10


def human_size(size: int) -> str:
    """Powers of 1000, with one decimal below ten, as fujiwara/ecrm prints them."""
    value, unit = float(size), 0
    while value >= 1000 and unit < len(_UNITS) - 1:  # noqa: PLR2004 - the docstring says it
        value, unit = value / 1000, unit + 1
    rounded = math.floor(value * 10 + 0.5) / 10
    return f"{rounded:.{int(unit > 0 and rounded < _TWO_DIGITS)}f} {_UNITS[unit]}"


def count(number: int, singular: str, plural: str = "") -> str:
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def days(span: timedelta) -> str:
    """In days, or in hours where it is less than two of them."""
    hours = span / timedelta(hours=1)
    return f"{hours / 24:.0f} days" if hours >= _TWO_DAYS else f"{hours:.0f} hours"


_TWO_DAYS = 48
