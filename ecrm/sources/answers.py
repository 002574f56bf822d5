"""What an answer of AWS says about images: its declared shape marks the members that name some.

So a source that is a table of steps needs no code that looks for images, and botocore's model must
have each of the members.
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from ecrm.aws.shapes import (
    TEXT,
    ListOf,
    MapOf,
    MisfitError,
    Optional,
    Record,
    Scalar,
    Shape,
    matching,
    required,
)
from ecrm.sources.items import SourceItem, uses_of
from ecrm.sources.texts import User, definition_uses, text_uses

_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.IGNORECASE)


def _digest(value: Any) -> str:
    found = _DIGEST.fullmatch(TEXT.read(value))
    if not found:
        raise MisfitError("{} of AWS's answer is not sha256: and 64 hexadecimal digits")
    return f"sha256:{found[1].lower()}"


# Each is a shape of its own.
IMAGE = matching(r"(?s).+", "the name of an image")
TASK_DEFINITION, DOCUMENT, JSON_DOCUMENT = (Scalar(partial(TEXT.read)) for _ in range(3))
"""A document names images anywhere in its text; a JSON document is nothing else than JSON."""
IMAGE_DIGEST = Scalar(_digest)
_NAMING = (IMAGE, TASK_DEFINITION, DOCUMENT, JSON_DOCUMENT)


class _Found(NamedTuple):
    mark: Scalar
    text: str
    path: str
    digest: str | None


def uses_in(shape: Shape, answer: Any, user: User) -> Iterator[SourceItem]:
    """The uses that an answer of this shape makes."""
    for found in _found(shape, answer, ""):
        if found.mark is TASK_DEFINITION:
            yield from definition_uses(found.text, user)
        elif found.mark in (DOCUMENT, JSON_DOCUMENT):
            yield from text_uses(found.text, user, is_json=found.mark is JSON_DOCUMENT)
        else:
            yield from uses_of(
                found.text,
                source=user.source,
                user=user.name,
                why=user.why,
                path=(found.path,),
                digest=found.digest,
            )


def marked(shape: Shape | Optional, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path to each member that names images, or the digest of one."""
    shape = required(shape)
    if isinstance(shape, Record):
        for name, member in shape.members.items():
            yield from marked(member, (*path, name))
    elif isinstance(shape, ListOf):
        yield from marked(shape.item, path)
    elif isinstance(shape, MapOf):
        yield from marked(shape.value, path)
    elif shape in (*_NAMING, IMAGE_DIGEST):
        yield path


def _found(
    shape: Shape | Optional, value: Any, path: str, digest: str | None = None
) -> Iterator[_Found]:
    shape = required(shape)
    if not value:
        return
    if isinstance(shape, Record):
        digests = (
            value[name] for name in shape.members if required(shape.members[name]) is IMAGE_DIGEST
        )
        digest = next(digests, None)
        for name, member in shape.members.items():
            yield from _found(member, value[name], f"{path}.{name}" if path else name, digest)
    elif isinstance(shape, ListOf):
        for number, item in enumerate(value):
            yield from _found(shape.item, item, f"{path}[{number}]")
    elif isinstance(shape, MapOf):
        for name, item in value.items():
            yield from _found(shape.value, item, f"{path}.{name}")
    elif shape in _NAMING:
        yield _Found(shape, value, path, digest)
