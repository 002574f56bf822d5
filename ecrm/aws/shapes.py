"""What an answer of AWS must look like, member by member.

Reading a value by its shape gives a value that has every declared member and no other. A member
that AWS may leave out is then None, or empty where it is a list, a map, or a record whose members
may all be left out. Whatever else an answer holds cannot be read by mistake.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TypeAlias

_is_digest = re.compile(r"sha256:[0-9a-f]{64}").fullmatch
_LARGEST = 2**63 - 1
_REQUIRED = object()
_KINDS = {
    dict: "a map",
    list: "a list",
    str: "a text",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


class MisfitError(Exception):
    """A value is not of its shape. `path` leads to it; nobody but `call` sees this error."""

    def __init__(self, problem: str, path: str = "") -> None:
        super().__init__(problem, path)
        self.problem = problem
        self.path = path

    def within(self, step: str) -> "MisfitError":
        dot = "." if self.path and not self.path.startswith("[") else ""
        return MisfitError(self.problem, f"{step}{dot}{self.path}")

    def about(self, answer: str) -> str:
        """The problem, of an answer that is not AWS's but what `answer` says in words."""
        return str(self).replace("AWS's answer", answer)

    def __str__(self) -> str:
        return f"{self.problem.replace('{}', self.path or 'answer')}"


@dataclass(frozen=True, slots=True)
class Scalar:
    """`read` raises MisfitError for what is not one."""

    read: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class ListOf:
    item: "Shape"

    def read(self, value: Any) -> list[Any]:
        if type(value) is not list:
            raise _misfit(value, "a list")
        read = self.item.read
        try:
            return [read(item) for item in value]
        except MisfitError:
            for place, item in enumerate(value):
                _read_item(read, item, f"[{place}]")
            raise


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map whose keys are anybody's."""

    value: "Shape"

    def read(self, value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise _misfit(value, "a map")
        return {key: _read_item(self.value.read, item, key) for key, item in value.items()}


@dataclass(frozen=True, slots=True)
class Optional:
    """AWS may leave it out; then the value is `absent`."""

    shape: "Shape"
    absent: Any = None


@dataclass(frozen=True, slots=True)
class Record:
    members: Mapping[str, "Shape | Optional"]
    _fields: tuple[tuple[str, Callable[[Any], Any], Any], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        fields = tuple(
            (name, member.shape.read, member.absent)
            if isinstance(member, Optional)
            else (name, member.read, _REQUIRED)
            for name, member in self.members.items()
        )
        object.__setattr__(self, "_fields", fields)

    def read(self, value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise _misfit(value, "a map")
        found: dict[str, Any] = {}
        for name, read, absent in self._fields:
            member = value.get(name)
            if member is not None:
                try:
                    found[name] = read(member)
                except MisfitError as error:
                    raise error.within(name) from None
            elif absent is _REQUIRED or (absent == () and name in value):
                raise MisfitError("AWS's answer has {} null" if name in value else _LACKS, name)
            else:
                found[name] = absent
        return found


Shape: TypeAlias = Scalar | ListOf | MapOf | Record

_LACKS = "AWS's answer has no {}"


def optional(shape: Shape) -> Optional:
    """AWS may leave it out; see the top of this module for what is read then."""
    if isinstance(shape, ListOf):
        return Optional(shape, ())
    if isinstance(shape, MapOf):
        return Optional(shape, MappingProxyType({}))
    if isinstance(shape, Record) and all(
        isinstance(member, Optional) for member in shape.members.values()
    ):
        return Optional(shape, MappingProxyType(shape.read({})))
    return Optional(shape)


def required(shape: Shape | Optional) -> Shape:
    """What is read where AWS does not leave it out."""
    return shape.shape if isinstance(shape, Optional) else shape


def record(**members: Shape | Optional) -> Record:
    return Record(MappingProxyType(members))


def matching(pattern: str, what: str) -> Scalar:
    """A text that the regular expression matches as a whole; `what` says in words what it is."""
    fits = re.compile(pattern).fullmatch

    def read(value: Any) -> str:
        if not fits(TEXT.read(value)):
            raise MisfitError(f"{{}} of AWS's answer is not {what}")
        return str(value)

    return Scalar(read)


def _read_item(read: Callable[[Any], Any], item: Any, step: str) -> Any:
    try:
        return read(item)
    except MisfitError as error:
        raise error.within(step) from None


def _misfit(value: Any, what: str) -> MisfitError:
    kind = _KINDS.get(type(value), type(value).__name__)
    return MisfitError(f"{{}} of AWS's answer is {kind} and not {what}")


def _of_type(kind: type, what: str) -> Scalar:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise _misfit(value, what)
        return value

    return Scalar(read)


def _number(value: Any) -> int:
    """As AWS counts: not negative, and no larger than what ecrm's own files may hold."""
    if type(value) is not int:
        raise _misfit(value, "a whole number")
    if not 0 <= value <= _LARGEST:
        raise MisfitError("{} of AWS's answer is out of range")
    return value


def _digest(value: Any) -> str:
    if type(value) is not str:
        raise _misfit(value, "a digest")
    if not _is_digest(value):
        raise MisfitError("{} of AWS's answer is not sha256: and 64 hexadecimal digits")
    return value


def _time(value: Any) -> datetime:
    """AWS sends seconds since 1970; botocore knows the other forms."""
    try:
        if type(value) is float or type(value) is int:
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        if type(value) is str:
            # Imported here since it takes long; whoever makes a call has imported it already.
            from botocore.utils import parse_to_aware_datetime  # noqa: PLC0415

            parsed: datetime = parse_to_aware_datetime(value).astimezone(UTC)
            return parsed
    except (ValueError, OverflowError, OSError, RuntimeError):
        pass
    raise _misfit(value, "a time")


TEXT = _of_type(str, "a text")
DIGEST = Scalar(_digest)
NUMBER = Scalar(_number)
FLAG = _of_type(bool, "a boolean")
TIME = Scalar(_time)
