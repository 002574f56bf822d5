"""Numbers as people read them."""

import math
from datetime import timedelta

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
_TWO_DIGITS = 10
_TWO_MINUTES = 120


def human_size(size: int) -> str:
    """Powers of 1000, with one decimal below ten, as fujiwara/ecrm prints them."""
    value, unit = float(size), 0
    while value >= 1000 and unit < len(_UNITS) - 1:  # noqa: PLR2004 - the docstring says it
        value, unit = value / 1000, unit + 1
    rounded = math.floor(value * 10 + 0.5) / 10
    return f"{rounded:.{int(unit > 0 and rounded < _TWO_DIGITS)}f} {_UNITS[unit]}"


def count(number: int, singular: str, plural: str = "") -> str:
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def progress_text(
    done: int, total: int, of: str, rate: float | None = None, *, calls_left: int | None = None
) -> str:
    """How far a reading is. `of` is a service and what is read there, such as `ECS task
    definitions`; `rate` is the calls per second of the quota that is waited for, None where none
    is."""
    service, _, noun = of.partition(" ")
    text = f"{service} {done:,}/{total:,} {noun}"
    if not rate:
        return text
    left = f", about {count_seconds(calls_left / rate)} left" if calls_left else ""
    return f"{text} (AWS allows {rate:.2g}/s{left})"


def count_seconds(seconds: float) -> str:
    """Rounded up; in minutes from two of them on."""
    whole = math.ceil(seconds)
    return f"{whole} s" if whole < _TWO_MINUTES else f"{math.ceil(whole / 60)} min"


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
