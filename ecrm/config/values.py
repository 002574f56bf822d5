"""Readers: each turns one node of ecrm.yaml into one value, or says what to write instead.

Nothing is guessed: `yes`, `1.10` or a date where text is wanted is refused, since YAML 1.1 has
made another value of it. Quantities are parsed by functions of their own, for the command line.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from math import ceil
from types import MappingProxyType
from typing import Generic, TypeVar

from ecrm.config.document import ListNode, MapNode, Node, Scalar
from ecrm.pattern import NamePattern

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

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

_COUNT = re.compile(r"0|[1-9][0-9]{0,8}")
# What no argument, variable or file name of a process can hold.
_UNFIT = re.compile("[\0\ud800-\udfff]")


def parse_duration(text: str) -> timedelta:
    """Read `30d`, `1 year 2 months`, `1h30m`, ...; raises ValueError with a line for people.

    A month has 30 days, a year 365. What is finer than a microsecond is rounded up.
    """
    if re.search(r"[0-9]\s*M(?![A-Za-z])", text):
        # Minutes to whoever parses, months to whoever writes: too far apart to choose.
        raise ValueError(f"{text!r} may mean minutes or months; write 'min' or 'months'")
    if "-" in text or "+" in text:
        raise ValueError(f"{text!r} has a sign, and a duration has none; write 30d")
    nonsense = f"{text!r} is no duration; write one such as 30d, 12h or 1 year 2 months"
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
    nonsense = f"{text!r} is no size; write one such as 10GB, 500 MB or a number of bytes"
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


@dataclass(frozen=True, slots=True)
class Reader(Generic[T_co]):
    """How one kind of value is read; `what` names the kind, in messages and in documents.

    `read` raises ConfigError with the place of the node. `of` reads what a collection holds.
    """

    what: str
    read: Callable[[Node], T_co]
    of: "Reader[object] | None" = None


def _scalar(node: Node, what: str, *tags: str) -> str:
    if not isinstance(node, Scalar):
        raise node.place.error(f"is {node.meaning} here, not {what}")
    if node.tag == "null" and not node.text:
        raise node.place.error(f"has no value; write {what}, or remove it")
    if node.tag not in tags:
        quote = f"; quote it: {node.text!r}" if tags == ("str",) else ""
        raise node.place.error(f"is {node.meaning} here, not {what}{quote}")
    return node.text


def _any_text(node: Node) -> str:
    text = _scalar(node, "text", "str")
    if _UNFIT.search(text):
        raise node.place.error("holds a character that is no text; remove it")
    return text


def _text(node: Node) -> str:
    text = _any_text(node)
    if not text:
        raise node.place.error("is empty; write a text, or remove it")
    return text


def _count(node: Node) -> int:
    text = _scalar(node, "a whole number", "int", "float")
    if not _COUNT.fullmatch(text):
        raise node.place.error(
            f"{text} is no whole number from 0 to 999999999; write one such as 3"
        )
    return int(text)


def _boolean(node: Node) -> bool:
    text = _scalar(node, "true or false", "bool")
    if text.lower() not in ("true", "false"):
        raise node.place.error(f"{text!r} is no boolean everywhere; write true or false")
    return text.lower() == "true"


def _quantity(what: str, parse: Callable[[str], T]) -> Reader[T]:
    def read(node: Node) -> T:
        text = _scalar(node, what, "str", "int", "float")
        try:
            return parse(text)
        except ValueError as error:
            raise node.place.error(str(error)) from None

    return Reader(what, read)


def items(node: Node, what: str) -> tuple[Node, ...]:
    """The nodes of a list. Null is an empty one: all its items may be commented out."""
    if isinstance(node, ListNode):
        return node.items
    if isinstance(node, Scalar) and node.tag == "null":
        return ()
    raise node.place.error(f"is {node.meaning} here, not {what}; begin each item with '- '")


def list_of(reader: Reader[T]) -> Reader[tuple[T, ...]]:
    what = f"a list of {reader.what}"
    return Reader(what, lambda node: tuple(map(reader.read, items(node, what))), reader)


def map_of(reader: Reader[T]) -> Reader[Mapping[str, T]]:
    what = f"a map of {reader.what}"

    def read(node: Node) -> Mapping[str, T]:
        if isinstance(node, Scalar) and node.tag == "null":
            return MappingProxyType({})
        if not isinstance(node, MapNode):
            raise node.place.error(f"is {node.meaning} here, not {what}; write KEY: value")
        return MappingProxyType({k: reader.read(value) for k, value in node.entries.items()})

    return Reader(what, read, reader)


def _command(node: Node) -> tuple[str, ...]:
    command = list_of(ANY_TEXT).read(node)
    if not command or not command[0]:
        raise node.place.error("names no program; write one such as [path/to/command, argument]")
    return command


def _environment(node: Node) -> Mapping[str, str]:
    variables = map_of(ANY_TEXT).read(node)
    for name in variables:
        if not name or "=" in name or _UNFIT.search(name):
            raise node.place.error(f"{name!r} cannot name a variable; write one such as AWS_REGION")
    return variables


ANY_TEXT = Reader("text", _any_text)
TEXT = Reader("text", _text)
NAME = Reader("a name", lambda node: NamePattern(_text(node), is_glob=False))
GLOB = Reader("a glob with * and ?", lambda node: NamePattern(_text(node), is_glob=True))
COUNT = Reader("a whole number", _count)
BOOLEAN = Reader("true or false", _boolean)
DURATION = _quantity("a duration such as 30d", parse_duration)
BYTES = _quantity("a size such as 10GB", parse_bytes)
COMMAND = Reader("a list of text such as [path/to/command, argument]", _command, ANY_TEXT)
ENVIRONMENT = Reader("a map of text", _environment, ANY_TEXT)
