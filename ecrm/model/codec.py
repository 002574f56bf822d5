"""Values as JSON and back, for the files that ecrm writes for itself: plans, snapshots, journals.

The fields of a value and their types are the format. A field that has its default is left out, so
a default that changes needs a new number in the file's header. Registries, references and keys of
repositories are written as their texts, times with their offset, the members of a mapping in the
order of their keys.

Reading is strict: one ValueError names the member that is unknown, missing or of another type, as
in `repositories[2].total[Image].size: 'large' is not a whole number`.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from ecrm.errors import NotAReferenceError
from ecrm.model.reference import Reference, Registry, RepositoryKey

Json = dict[str, Any]
T = TypeVar("T")

_Decoder = Callable[[Any], Any]
_LARGEST = 2**63 - 1


class _MismatchError(ValueError):
    """`path` leads to the member, innermost step first."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.path: list[str] = []

    def within(self, step: str) -> "_MismatchError":
        self.path.append(step)
        return self

    def __str__(self) -> str:
        path = "".join(reversed(self.path)).removeprefix(".")
        return f"{path}: {self.args[0]}" if path else str(self.args[0])


# -- writing --------------------------------------------------------------------------------------


def encode(value: Any) -> Any:
    """What `decode` of the value's type reads back as an equal value."""
    if isinstance(value, StrEnum | Registry | Reference | RepositoryKey):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(encode(key)): encode(value[key]) for key in sorted(value, key=str)}
    if is_dataclass(value) or hasattr(value, "_fields"):
        members = (
            (name, getattr(value, name), default) for name, default in _defaults(value.__class__)
        )
        return {name: encode(member) for name, member, default in members if member != default}
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    return value


@cache
def _defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    """Each field with its default; MISSING where it has none."""
    if is_dataclass(kind):
        return tuple(
            (
                field.name,
                field.default if field.default_factory is MISSING else field.default_factory(),
            )
            for field in fields(kind)
        )
    return tuple((name, kind._field_defaults.get(name, MISSING)) for name in kind._fields)


# -- reading --------------------------------------------------------------------------------------


def decode(kind: type[T], data: Any) -> T:
    """A value of that type; raises ValueError with the path of the first member that is wrong."""
    hashable: Any = kind
    return cast(T, _decoder(hashable)(data))


@cache
def _decoder(kind: Any) -> _Decoder:
    """Made once per type, since snapshots hold hundreds of thousands of images."""
    if kind in _SCALARS:
        return _SCALARS[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        (present,) = (argument for argument in arguments if argument is not NoneType)
        return _optional(_decoder(present))
    if origin is tuple:
        return _sequence(_decoder(arguments[0]))
    if origin is Mapping or origin is dict:
        return _mapping(*map(_decoder, arguments))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _choice(kind)
    return _record(kind)


def _optional(decoder: _Decoder) -> _Decoder:
    return lambda data: None if data is None else decoder(data)


def _sequence(decoder: _Decoder) -> _Decoder:
    def decoded(data: Any) -> tuple[Any, ...]:
        if type(data) is not list:
            raise _MismatchError(f"{_shown(data)} is not a list")
        values: list[Any] = []
        try:
            for item in data:
                values.append(decoder(item))  # noqa: PERF401 - its length is the index of an error
        except _MismatchError as mismatch:
            raise mismatch.within(f"[{len(values)}]") from None
        return tuple(values)

    return decoded


def _mapping(key_decoder: _Decoder, decoder: _Decoder) -> _Decoder:
    def decoded(data: Any) -> dict[Any, Any]:
        values: dict[Any, Any] = {}
        for key, item in _object(data).items():
            try:
                values[key_decoder(key)] = decoder(item)
            except _MismatchError as mismatch:
                raise mismatch.within(f"[{key}]") from None
        return values

    return decoded


def _choice(kind: type[StrEnum]) -> _Decoder:
    choices = {choice.value: choice for choice in kind}

    def decoded(data: Any) -> StrEnum:
        if type(data) is not str or data not in choices:
            raise _MismatchError(f"{_shown(data)} is none of {', '.join(choices)}")
        return choices[data]

    return decoded


def _record(kind: Any) -> _Decoder:
    types = get_type_hints(kind)
    decoders = {name: _decoder(types[name]) for name, _ in _defaults(kind)}
    required = frozenset(name for name, default in _defaults(kind) if default is MISSING)

    def decoded(data: Any) -> Any:
        members = _object(data)
        for name in members:
            if name not in decoders:
                raise _MismatchError("is not known here").within(f".{name}")
        if not required <= members.keys():
            raise _MismatchError("is missing").within(f".{min(required - members.keys())}")
        values: Json = {}
        for name, item in members.items():
            try:
                values[name] = decoders[name](item)
            except _MismatchError as mismatch:
                raise mismatch.within(f".{name}") from None
        return kind(**values)

    return decoded


def _object(data: Any) -> Json:
    if type(data) is not dict:
        raise _MismatchError(f"{_shown(data)} is not an object")
    return data


def _text(data: Any) -> str:
    if type(data) is not str:
        raise _MismatchError(f"{_shown(data)} is not a text")
    return data


def _number(data: Any) -> int:
    if type(data) is not int:
        raise _MismatchError(f"{_shown(data)} is not a whole number")
    if abs(data) > _LARGEST:
        raise _MismatchError("is larger than any number here can be")
    return data


def _truth(data: Any) -> bool:
    if type(data) is not bool:
        raise _MismatchError(f"{_shown(data)} is neither true nor false")
    return data


def _moment(data: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(data))
    except ValueError:
        raise _MismatchError(f"{_shown(data)} is not a time") from None
    if moment.tzinfo is None:
        raise _MismatchError(f"{_shown(data)} has no time zone")
    return moment


def _reference(data: Any) -> Reference:
    try:
        return Reference.parse(_text(data))
    except NotAReferenceError as error:
        raise _MismatchError(str(error)) from None


def _registry(data: Any) -> Registry:
    match _text(data).split("/"):
        case [account, region] if account and region:
            return Registry(account, region)
    raise _MismatchError(f"{_shown(data)} is not a registry, such as 123456789012/eu-west-1")


def _repository_key(data: Any) -> RepositoryKey:
    match _text(data).split("/", 2):
        case [account, region, name] if account and region and name:
            return RepositoryKey(Registry(account, region), name)
    raise _MismatchError(f"{_shown(data)} is not a repository, such as 123456789012/eu-west-1/app")


def _shown(data: Any) -> str:
    """A value for a message: the beginning of a text, and no more of a list than that it is one."""
    if isinstance(data, list | dict):
        return "a list" if isinstance(data, list) else "an object"
    text = repr(data)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


_SHOWN = 60
_SCALARS: Mapping[Any, _Decoder] = {
    str: _text,
    int: _number,
    bool: _truth,
    datetime: _moment,
    Reference: _reference,
    Registry: _registry,
    RepositoryKey: _repository_key,
}
