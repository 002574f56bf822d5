"""The scalars that files hold: what each must look like, and what to say of one that does not."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ecrm.errors import NotAReferenceError
from ecrm.model.reference import REPOSITORY_NAME, Form, Reference, Registry, RepositoryKey

Decoder = Callable[[Any], Any]
"""Raises MismatchError."""

_LARGEST = 2**63 - 1
_YEARS = range(1970, 3000)  # so that durations can be added and subtracted
_REGISTRY = re.compile(r"[0-9]{12}/[a-z0-9-]{1,40}")
_SHOWN = 60


class MismatchError(ValueError):
    """`path` leads to the member, innermost step first."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.path: list[str] = []

    def within(self, step: str) -> "MismatchError":
        self.path.append(step)
        return self

    def __str__(self) -> str:
        path = "".join(reversed(self.path)).removeprefix(".")
        return f"{path}: {self.args[0]}" if path else str(self.args[0])


def _text(data: Any) -> str:
    if type(data) is not str:
        raise MismatchError(f"{shown(data)} is not a text")
    try:
        data.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can escape and no file can hold
        raise MismatchError(f"{shown(data)} has a character that no text can have") from None
    return data


def formed(form: Form) -> Decoder:
    matches = re.compile(form.pattern).fullmatch

    def decoded(data: Any) -> str:
        if matches(_text(data)) is None:
            raise MismatchError(f"{shown(data)} is not {form.what}")
        return str(data)

    return decoded


def _number(data: Any) -> int:
    if type(data) is not int:
        raise MismatchError(f"{shown(data)} is not a whole number")
    if not 0 <= data <= _LARGEST:
        raise MismatchError(f"is {'larger' if data > 0 else 'less'} than any number here can be")
    return data


def _truth(data: Any) -> bool:
    if type(data) is not bool:
        raise MismatchError(f"{shown(data)} is neither true nor false")
    return data


def _moment(data: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(data))
    except ValueError:
        raise MismatchError(f"{shown(data)} is not a time") from None
    if moment.tzinfo is None:
        raise MismatchError(f"{shown(data)} has no time zone")
    if moment.year not in _YEARS:
        raise MismatchError(f"{shown(data)} is not a time of this age")
    return moment


def _reference(data: Any) -> Reference:
    try:
        return Reference.parse(_text(data))
    except NotAReferenceError as error:
        raise MismatchError(str(error)) from None


def _registry(data: Any) -> Registry:
    if _REGISTRY.fullmatch(_text(data)):
        return Registry(*data.split("/"))
    raise MismatchError(f"{shown(data)} is not a registry, such as 123456789012/eu-west-1")


def _repository_key(data: Any) -> RepositoryKey:
    match _text(data).split("/", 2):
        case [account, region, name]:
            registry = _registry(f"{account}/{region}")
            return RepositoryKey(registry, formed(REPOSITORY_NAME)(name))
    raise MismatchError(f"{shown(data)} is not a repository, such as 123456789012/eu-west-1/app")


def shown(data: Any) -> str:
    """A value for a message: the beginning of a text, and no more of a list than that it is one."""
    if isinstance(data, list | dict):
        return "a list" if isinstance(data, list) else "an object"
    text = repr(data)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def step(name: str) -> str:
    """A member's name for the path of a message, which is one line."""
    return name if name.isprintable() and len(name) <= _SHOWN else shown(name)


SCALARS: Mapping[Any, Decoder] = {
    str: _text,
    int: _number,
    bool: _truth,
    datetime: _moment,
    Reference: _reference,
    Registry: _registry,
    RepositoryKey: _repository_key,
}
