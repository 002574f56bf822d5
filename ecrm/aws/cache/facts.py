"""What may be kept for ever, by the identifier that it belongs to."""

import hashlib
import json
import re
from collections.abc import Iterator
from enum import Enum
from typing import Any

FORMAT = 1
"""Of the file and of the values in it; part of every checksum. Whoever changes what a value looks
like raises it, and all that was kept is forgotten."""

_ARN = "arn:aws[a-z-]*:{}:[a-z0-9-]+:[0-9]{{12}}:"
_NUMBER = "[1-9][0-9]*"
_TIME = "[0-9T:.+-]+Z?"


class Namespace(Enum):
    """A kind of identifier that AWS never gives to anything else, not even after a deletion.

    `fields` are the names that objects in a value may have, at any depth: what the identifier
    fixes, and nothing that changes under it, such as a status. Where AWS resolves what somebody
    wrote, an object with the text must have what became of it too (`resolved`): until then the
    answer is not final.
    """

    TASK_DEFINITION = (
        _ARN.format("ecs") + f"task-definition/[A-Za-z0-9_-]+:{_NUMBER}",
        ("name", "image", "versionConsistency"),
    )
    SERVICE_REVISION = (
        _ARN.format("ecs") + "service-revision/[A-Za-z0-9_-]+/[A-Za-z0-9_-]+/[0-9]+",
        ("taskDefinition", "containerImages", "containerName", "image", "imageDigest"),
        ("image", "imageDigest"),
    )
    LAMBDA_VERSION = (
        # With when it was published, and what: a function of the same name counts from 1 again.
        _ARN.format("lambda") + f"function:[A-Za-z0-9_-]+:{_NUMBER} {_TIME} [A-Za-z0-9+/=]+",
        ("ImageUri", "ResolvedImageUri"),
        ("ImageUri", "ResolvedImageUri"),
    )
    INDEX = ("sha256:[0-9a-f]{64}", ())
    """The digest of an index, and those of its children; the only value that may be empty."""

    def __init__(
        self, key: str, fields: tuple[str, ...], resolved: tuple[str, str] | None = None
    ) -> None:
        self._key = re.compile(key)
        self._fields = frozenset(fields)
        self._resolved = resolved

    def names(self, key: str) -> bool:
        """Whether this is an immutable identifier of this kind."""
        return bool(self._key.fullmatch(key))

    def encoded(self, key: str, value: Any) -> bytes | None:
        """The value as it is kept; None for one that may change, which is not kept."""
        parts = list(_parts(value))
        final = self is Namespace.INDEX or (value and all(parts))
        if not self.names(key) or not final or not all(map(self._is_final, parts)):
            return None
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")

    def _is_final(self, part: Any) -> bool:
        if not isinstance(part, dict):
            return True
        written, became = self._resolved or ("", "")
        resolved = written not in part or part.get(became)
        return part.keys() <= self._fields and bool(resolved)


def checksum(namespace: Namespace, key: str, value: bytes) -> bytes:
    """Over all that makes this entry this fact, so that no other can be taken for it."""
    head = json.dumps([FORMAT, namespace.name, key]).encode("ascii")
    return hashlib.sha256(head + value).digest()


def _parts(value: Any) -> Iterator[Any]:
    """The objects and lists in it, at any depth."""
    if isinstance(value, (dict, list, tuple)):
        yield value
        for it in value.values() if isinstance(value, dict) else value:
            yield from _parts(it)
