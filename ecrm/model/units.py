"""Durations and sizes as people write them, in ecrm.yaml and on the command line."""

import re
from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction
from math import ceil

_SECOND = 10**9
_DAY = 24 * 60 * 60 * _SECOND
_NANOSECONDS = {
    unit: size
    for units, size in {
        "ns nsec nanosecond nanoseconds": 1,
        "us μs usec microsecond microseconds": 10**3,
        "ms msec millisecond milliseconds": 10**6,
        "s sec second seconds": _SECOND,
        "m min minute minutes": 60 * _SECOND,
        "h hour hours": 60 * 60 * _SECOND,
        "d day days": _DAY,
        "w week weeks": 7 * _DAY,
        "month months": 30 * _DAY,
        "y year years": 365 * _DAY,
    }.items()
    for unit in units.split()
}
_BYTES = {
    "b": 1,
    **{f"{prefix}b": 1000**power for power, prefix in enumerate("kmgtp", 1)},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgtp", 1)},
}
_PART = re.compile(r"([0-9]*\.?[0-9]+)\s*([a-zμ]*)")

# A time that far before today must still be a time.
_LONGEST_YEARS = 1000
# Python refuses to read numbers of thousands of digits, and nobody means one.
_MOST_CHARACTERS = 100


def _units(units: Iterable[str], *, in_lower_case: str = "") -> str:
    """A regular expression for one of them in any case; that a letter follows none of them."""
    spelled = [
        unit
        if unit == in_lower_case
        else "".join(_LETTERS.get(letter, f"[{letter}{letter.upper()}]") for letter in unit)
        for unit in sorted(units, key=len, reverse=True)
    ]
    return f"(?:{'|'.join(spelled)})(?![a-zA-Zμ\u00b5])"


# The micro sign is another character than the Greek letter, and means the same.
_LETTERS = {"μ": "[μ\u039c\u00b5]"}
_AMOUNT = r"(?:[0-9]+|[0-9]*\.[0-9]+)"

DURATION_PATTERN = rf"^\s*(?:{_AMOUNT}\s*{_units(_NANOSECONDS, in_lower_case='m')}\s*)+$"
"""What `parse_duration` reads, in the regular expressions of Python and of ECMAScript alike; that
a duration is too long, and one of more than 100 characters, it alone refuses."""

BYTES_PATTERN = rf"^\s*(?:{_AMOUNT}\s*{_units(_BYTES)}|[0-9]+)\s*$"
"""The same for `parse_bytes`."""


def parse_duration(text: str) -> timedelta:
    """Read `30d`, `1 year 2 months`, `1h30m`, ...; raises ValueError with a line for people.

    A month has 30 days, a year 365. What is finer than a microsecond is rounded up.
    """
    if re.search(r"[0-9]\s*M(?![A-Za-z])", text):
        # Minutes to whoever parses, months to whoever writes: too far apart to choose.
        raise ValueError(f"{text!r} may mean minutes or months; write 'min' or 'months'")
    if "-" in text or "+" in text:
        raise ValueError(f"{text!r} has a sign, and a duration has none; write 30d")
    nonsense = f"invalid duration {text!r}; expected, for example, 30d, 12h or 1 year 2 months"
    total = Fraction(0)
    for number, unit in _parts(text, nonsense):
        if not unit:
            raise ValueError(_without_unit(number, text, "d"))
        if unit not in _NANOSECONDS:
            known = "s, m, h, d or w, or month or year"
            raise ValueError(f"{text!r} has the unknown unit {unit!r}; write {known}")
        total += Fraction(number) * _NANOSECONDS[unit]
    if total > _LONGEST_YEARS * 365 * _DAY:
        raise ValueError(f"{text!r} is too long; the longest duration is {_LONGEST_YEARS} years")
    return timedelta(microseconds=ceil(total / 1000))


def parse_bytes(text: str) -> int:
    """Read `10GB` (1000 each), `500 MiB` (1024 each) or a plain number; raises ValueError.

    A broken byte is dropped.
    """
    nonsense = f"invalid size {text!r}; expected, for example, 10GB"
    parts = _parts(text, nonsense)
    if len(parts) > 1:
        raise ValueError(nonsense)
    number, unit = parts[0]
    if not unit and "." in number:
        raise ValueError(_without_unit(number, text, "GB"))
    if unit and unit not in _BYTES:
        raise ValueError(f"{text!r} has the unknown unit {unit!r}; write B, KB, MB, GB or TB")
    return int(Fraction(number) * _BYTES[unit or "b"])


def _parts(text: str, nonsense: str) -> list[tuple[str, str]]:
    """Each number with its unit in lower case, which may be missing."""
    folded = text.strip().casefold()
    parts = _PART.findall(folded) if len(folded) <= _MOST_CHARACTERS else []
    if not parts or _PART.sub("", folded).strip():
        raise ValueError(nonsense)
    return parts


def _without_unit(number: str, text: str, unit: str) -> str:
    if number == text.strip():
        return f"{number} has no unit; write {number}{unit}"
    return f"{text!r} has no unit after {number}; write one after each number"
