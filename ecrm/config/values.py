"""Readers: each turns one node of ecrm.yaml into one value, or says what to write instead.

Nothing is guessed: `yes`, `1.10` or a date where text is wanted is refused, since YAML 1.1 has
made another value of it. A number or a boolean that is its own text, such as `10`, is one.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from ecrm.config.document import ListNode, MapNode, Node, Scalar
from ecrm.config.problems import read_each
from ecrm.errors import ConfigError
from ecrm.model.pattern import NamePattern
from ecrm.model.units import BYTES_PATTERN, DURATION_PATTERN, parse_bytes, parse_duration

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
E = TypeVar("E", bound=str)

_TEXTS = ("str", "int", "float", "bool")
_COUNT = re.compile(r"0|[1-9][0-9]{0,8}")
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?")
# What no argument, variable or file name of a process can hold.
_UNFIT = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Reader(Generic[T_co]):
    """How one kind of value is read; `what` names the kind, in messages and in documents.

    `read` raises ConfigError with the place of the node. `schema` is
    the JSON Schema of what is read, as far as one can say it.
    """

    what: str
    read: Callable[[Node], T_co]
    schema: Mapping[str, Any] = field(default_factory=dict, kw_only=True)


def scalar(node: Node, what: str, *tags: str) -> str:
    if not isinstance(node, Scalar):
        raise node.location.error(f"is {node.meaning} here, not {what}")
    if node.tag == "null" and not node.text:
        raise node.location.error(f"has no value; write {what}, or remove it")
    if node.tag not in tags:
        quote = f"; quote it: {node.text!r}" if tags in (("str",), _TEXTS) else ""
        raise node.location.error(f"is {node.meaning} here, not {what}{quote}")
    return node.text


def _any_text(node: Node) -> str:
    """A number or a boolean is a text, too, if every reader of YAML writes it as it is here."""
    if isinstance(node, Scalar) and node.may_lose_text:
        what = f"is {node.meaning} here, whose text may be lost"
        raise node.location.error(f"{what}; quote it: {node.text!r}")
    text = scalar(node, "text", *_TEXTS)
    if _UNFIT.search(text):
        raise node.location.error("contains a character that is not text; remove it")
    return text


def _text(node: Node) -> str:
    text = _any_text(node)
    if not text:
        raise node.location.error("is empty; write a text, or remove it")
    return text


def _count(node: Node) -> int:
    text = scalar(node, "a whole number", "int", "float")
    if not _COUNT.fullmatch(text):
        raise node.location.error(
            f"{text} is not a whole number from 0 to 999999999; expected, for example, 3"
        )
    return int(text)


def _percent(node: Node) -> int:
    if (percent := _count(node)) > 100:  # noqa: PLR2004 - what percent means
        raise node.location.error(f"{percent} is not a percentage; expected a number from 0 to 100")
    return percent


def _rate(node: Node) -> int:
    rate = _count(node)
    if rate == 0:
        raise node.location.error("0 calls per second would never end; write 1 or more")
    return rate


def one_of(*choices: E) -> Reader[E]:
    what = " or ".join(choices)

    def read(node: Node) -> E:
        text = scalar(node, what, "str")
        if text not in choices:
            raise node.location.error(f"{text!r} is not known here; write {what}")
        return next(choice for choice in choices if choice == text)

    return Reader(what, read, schema={"enum": [str(choice) for choice in choices]})


def _money(node: Node) -> Decimal:
    text = scalar(node, "an amount", "int", "float")
    if not _AMOUNT.fullmatch(text):
        raise node.location.error(
            f"{text} is not an amount in dollars; expected, for example, 12.50"
        )
    return Decimal(text)


def _boolean(node: Node) -> bool:
    text = scalar(node, "true or false", "bool")
    if text.lower() not in ("true", "false"):
        raise node.location.error(
            f"{text!r} is not a boolean in all YAML versions; write true or false"
        )
    return text.lower() == "true"


def _quantity(what: str, parse: Callable[[str], T], schema: Mapping[str, Any]) -> Reader[T]:
    def read(node: Node) -> T:
        try:
            return parse(scalar(node, what, "str", "int", "float"))
        except ValueError as error:
            raise node.location.error(str(error)) from None

    return Reader(what, read, schema=schema)


def is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.tag == "null"


def items(node: Node, what: str) -> tuple[Node, ...]:
    """The nodes of a list. Null is an empty one: all its items may be commented out."""
    if isinstance(node, ListNode):
        return node.items
    if is_null(node):
        return ()
    raise node.location.error(f"is {node.meaning} here, not {what}; begin each item with '- '")


def list_of(reader: Reader[T]) -> Reader[tuple[T, ...]]:
    what = f"a list of {reader.what}"
    schema = {"type": ["array", "null"], "items": reader.schema}
    return Reader(what, lambda node: read_each(reader.read, items(node, what)), schema=schema)


def map_of(reader: Reader[T]) -> Reader[Mapping[str, T]]:
    what = f"a map of {reader.what}"

    def read(node: Node) -> Mapping[str, T]:
        if is_null(node):
            return MappingProxyType({})
        if not isinstance(node, MapNode):
            raise node.location.error(f"is {node.meaning} here, not {what}; write KEY: value")
        values = read_each(reader.read, node.entries.values())
        return MappingProxyType(dict(zip(node.entries, values, strict=True)))

    kinds = ["object", "null"]
    return Reader(what, read, schema={"type": kinds, "additionalProperties": reader.schema})


def _secret(node: Node) -> str:
    """An argument or a variable of a program may be a secret, so no message quotes it."""
    try:
        return _any_text(node)
    except ConfigError:
        is_odd = isinstance(node, Scalar) and node.may_lose_text
        what = "a number or a boolean whose text may be lost" if is_odd else "not a text"
        rest = "" if is_odd else ", and use no control characters"
        raise node.location.error(f"is {what}; quote it{rest}") from None


def _command(node: Node) -> tuple[str, ...]:
    if isinstance(node, Scalar) and not is_null(node):
        raise node.location.error("is not a list of text; begin each item with '- '")
    command = list_of(SECRET).read(node)
    if not command or not command[0]:
        raise node.location.error("names no program; write one such as [path/to/command, argument]")
    return command


def _environment(node: Node) -> Mapping[str, str]:
    if isinstance(node, Scalar) and not is_null(node):
        raise node.location.error("is not a map of text; write KEY: value")
    variables = map_of(SECRET).read(node)
    for name in variables:
        if not name or "=" in name or _UNFIT.search(name):
            raise node.location.error(
                f"{name!r} cannot name a variable; write one such as AWS_REGION"
            )
    return variables


_TEXT_SCHEMA = {"type": ["string", "number", "boolean"], "pattern": "^[^\\0]*$"}
_TEXT_NOT_EMPTY = _TEXT_SCHEMA | {"pattern": "^[^\\0]+$"}
_NUMBER = {"type": "integer", "minimum": 0, "maximum": 999_999_999}

SECRET = Reader("text", _secret, schema=_TEXT_SCHEMA)
TEXT = Reader("text", _text, schema=_TEXT_NOT_EMPTY)
NAME = Reader(
    "a name", lambda node: NamePattern(_text(node), is_glob=False), schema=_TEXT_NOT_EMPTY
)
GLOB = Reader(
    "a glob with * and ?",
    lambda node: NamePattern(_text(node), is_glob=True),
    schema=_TEXT_NOT_EMPTY,
)
COUNT = Reader("a whole number", _count, schema=_NUMBER)
PERCENT = Reader("a percentage", _percent, schema=_NUMBER | {"maximum": 100})
RATE = Reader("a whole number of calls per second", _rate, schema=_NUMBER | {"minimum": 1})
MONEY = Reader(
    "an amount of US dollars such as 12.50",
    _money,
    schema={"type": "number", "minimum": 0, "exclusiveMaximum": 1_000_000_000},
)
BOOLEAN = Reader("true or false", _boolean, schema={"type": "boolean"})
DURATION = _quantity(
    "a duration such as 30d", parse_duration, {"type": "string", "pattern": DURATION_PATTERN}
)
BYTES = _quantity(
    "a size such as 10GB",
    parse_bytes,
    {"type": ["string", "integer"], "minimum": 0, "pattern": BYTES_PATTERN},
)
COMMAND = Reader(
    "a list of text such as [path/to/command, argument]",
    _command,
    schema={
        "type": "array",
        "minItems": 1,
        "prefixItems": [_TEXT_NOT_EMPTY],
        "items": _TEXT_SCHEMA,
    },
)
ENVIRONMENT = Reader(
    "a map of text",
    _environment,
    schema={
        "type": ["object", "null"],
        "propertyNames": {"pattern": "^[^=\\0]+$"},
        "additionalProperties": _TEXT_SCHEMA,
    },
)
