"""Values as JSON and back, for the files that ecrm writes for itself: plans, snapshots, journals.

The fields of a value and their types are the format. A field that has its default is left out, so
a default that changes needs a new number in the file's header. Registries, references and keys of
repositories are written as their texts, times with their offset, the members of a mapping in the
order of their keys.

Reading is strict: one ValueError names the member that is unknown, missing, of another type or not
of its form, as in `repositories[2].total[Image].size: 'large' is not a whole number`.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from ecrm.model.reference import Reference, Registry, RepositoryKey
from ecrm.model.scalars import SCALARS, Decoder, MismatchError, formed, shown, step

Json = dict[str, Any]
T = TypeVar("T")


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
def _decoder(kind: Any) -> Decoder:
    """Made once per type, since snapshots hold hundreds of thousands of images."""
    if kind in SCALARS:
        return SCALARS[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return formed(arguments[1])
    if origin in (Union, UnionType):
        (present,) = (argument for argument in arguments if argument is not NoneType)
        return _optional(_decoder(present))
    if origin is tuple:
        return _sequence(_decoder(arguments[0]))
    if origin is Mapping or origin is dict:
        return _mapping(*map(_decoder, arguments))
    is_choice = isinstance(kind, type) and issubclass(kind, StrEnum)
    return _choice(kind) if is_choice else _record(kind)


def _optional(decoder: Decoder) -> Decoder:
    return lambda data: None if data is None else decoder(data)


def _sequence(decoder: Decoder) -> Decoder:
    def decoded(data: Any) -> tuple[Any, ...]:
        if type(data) is not list:
            raise MismatchError(f"{shown(data)} is not a list")
        values: list[Any] = []
        try:
            for item in data:
                values.append(decoder(item))  # noqa: PERF401 - its length is the index of an error
        except MismatchError as mismatch:
            raise mismatch.within(f"[{len(values)}]") from None
        return tuple(values)

    return decoded


def _mapping(key_decoder: Decoder, decoder: Decoder) -> Decoder:
    def decoded(data: Any) -> dict[Any, Any]:
        values: dict[Any, Any] = {}
        for key, item in _object(data).items():
            try:
                values[key_decoder(key)] = decoder(item)
            except MismatchError as mismatch:
                raise mismatch.within(f"[{step(key)}]") from None
        return values

    return decoded


def _choice(kind: type[StrEnum]) -> Decoder:
    choices = {choice.value: choice for choice in kind}

    def decoded(data: Any) -> StrEnum:
        if type(data) is not str or data not in choices:
            raise MismatchError(f"{shown(data)} is none of {', '.join(choices)}")
        return choices[data]

    return decoded


def _record(kind: Any) -> Decoder:
    types = get_type_hints(kind, include_extras=True)
    decoders = {name: _decoder(types[name]) for name, _ in _defaults(kind)}
    required = frozenset(name for name, default in _defaults(kind) if default is MISSING)

    def decoded(data: Any) -> Any:
        members = _object(data)
        for name in members:
            if name not in decoders:
                raise MismatchError("is not known here").within(f".{step(name)}")
        if not required <= members.keys():
            raise MismatchError("is missing").within(f".{min(required - members.keys())}")
        values: Json = {}
        for name, item in members.items():
            try:
                values[name] = decoders[name](item)
            except MismatchError as mismatch:
                raise mismatch.within(f".{name}") from None
        return kind(**values)

    return decoded


def _object(data: Any) -> Json:
    if type(data) is not dict:
        raise MismatchError(f"{shown(data)} is not an object")
    return data
