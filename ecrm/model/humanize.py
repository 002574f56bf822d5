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
    """In days, or in hours, minutes or seconds where it is less than two of the larger unit."""
    for unit, noun in _SPANS:
        number = round(span / unit)
        if span >= 2 * unit:
            return count(number, noun)
    return count(round(span.total_seconds()), "second")


_SPANS = (
    (timedelta(days=1), "day"),
    (timedelta(hours=1), "hour"),
    (timedelta(minutes=1), "minute"),
)
