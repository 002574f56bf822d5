"""What may be kept forever, by the identifier that it belongs to."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

FORMAT = 1
"""Of the file and the values in it; part of every checksum. Raise it to change the form of a value;
then everything that was kept is dropped."""


def arn_pattern(service: str) -> str:
    """How the ARNs of a service begin, as a regular expression."""
    return f"arn:aws[a-z-]*:{service}:[a-z0-9-]+:[0-9]{{12}}:"


@dataclass(frozen=True, slots=True)
class Namespace:
    """A kind of identifier that AWS never gives to anything else, not even after a deletion.

    `key` is the regular expression of an identifier. `fields` are the names that objects in a value
    may have, at any depth: what the identifier fixes, and nothing that may change, as a status.
    `resolved` names a member with text that somebody wrote, and the one with what AWS resolved it
    to: until an object has both, the answer is not final. A value that is empty, or contains
    anything empty, is not final either, unless it `may_be_empty`.
    """

    name: str
    key: str
    fields: tuple[str, ...] = ()
    resolved: tuple[str, str] | None = None
    may_be_empty: bool = False

    def names(self, key: str) -> bool:
        """Whether this is an immutable identifier of this kind."""
        return bool(re.fullmatch(self.key, key))

    def encoded(self, key: str, value: Any) -> bytes | None:
        """The value as it is kept; None for one that may change, which is not kept."""
        parts = list(_parts(value))
        final = self.may_be_empty or (value and all(parts))
        if not self.names(key) or not final or not all(map(self._is_final, parts)):
            return None
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")

    def _is_final(self, part: Any) -> bool:
        if not isinstance(part, dict):
            return True
        written, became = self.resolved or ("", "")
        resolved = written not in part or part.get(became)
        return part.keys() <= set(self.fields) and bool(resolved)


def checksum(namespace: Namespace, key: str, value: bytes) -> bytes:
    """Over everything that identifies this entry, so that no other can be taken for it."""
    head = json.dumps([FORMAT, namespace.name, key]).encode("ascii")
    return hashlib.sha256(head + value).digest()


def _parts(value: Any) -> Iterator[Any]:
    """The objects and lists in it, at any depth."""
    if isinstance(value, (dict, list, tuple)):
        yield value
        for part in value.values() if isinstance(value, dict) else value:
            yield from _parts(part)
