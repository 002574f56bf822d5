"""Very many images alike: a manifest is made from a number whenever someone asks for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .image import Image, described
from .manifest import sha256

if TYPE_CHECKING:
    from .store import Store

_PLACE = "@"


class _FilledImage(Image):
    __slots__ = ("_number", "_template")

    def __init__(
        self, repository: Store, template: tuple[str, str], number: int, pushed: float
    ) -> None:
        super().__init__(repository, "", None, pushed)
        self._template = template
        self._number = number
        self.digest = sha256(self.manifest)

    @property
    def manifest(self) -> str:
        head, tail = self._template
        return f"{head}{self._number}{tail}"


def alike(repository: Store, text: str, count: int, newest: float, every: float) -> Iterator[Image]:
    """Images that differ from the manifest `text` only in one annotation."""
    template = _template(text)
    pattern = described(_FilledImage(repository, template, 0, newest))
    for number in range(count):
        image = _FilledImage(repository, template, number, newest - number * every)
        image.size, image.media_type = pattern.size, pattern.media_type
        image.artifact_type = pattern.artifact_type
        yield image


def _template(text: str) -> tuple[str, str]:
    body = json.loads(text)
    body["annotations"] = {"org.opencontainers.image.version": _PLACE}
    head, _, tail = json.dumps(body).partition(_PLACE)
    return head, tail
