"""One image, kept slim: a benchmark holds a million of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .manifest import INDEXES, Descriptor, parse

if TYPE_CHECKING:
    from .store import Store

ACTIVE = "ACTIVE"
ARCHIVED = "ARCHIVED"
ACTIVATING = "ACTIVATING"


class Image:
    """What ECR holds under one digest. All moments are epoch seconds.

    Tests read everything and may set `pulled` and `size`. Whatever moves an image in a listing
    (tags, status, `pushed`) goes through its repository, which keeps the listings in step.
    """

    __slots__ = (
        "_text",
        "activated",
        "archived",
        "artifact_type",
        "digest",
        "media_type",
        "pulled",
        "pushed",
        "repository",
        "size",
        "status",
        "subject",
        "tags",
    )

    def __init__(self, repository: Store, digest: str, text: str | None, pushed: float) -> None:
        self.repository = repository
        self.digest = digest
        self._text = text
        self.pushed = pushed
        self.pulled: float | None = None
        self.archived: float | None = None
        self.activated: float | None = None
        self.status = ACTIVE
        self.size = 0
        self.tags: tuple[str, ...] = ()
        self.media_type = ""
        self.artifact_type: str | None = None
        self.subject: str | None = None

    def __repr__(self) -> str:
        return f"<Image {self.repository.name} {self.digest[7:19]} {' '.join(self.tags) or '-'}>"

    @property
    def manifest(self) -> str:
        """The text whose SHA-256 is the digest."""
        return self._text or ""

    @property
    def is_index(self) -> bool:
        return self.media_type in INDEXES

    @property
    def children(self) -> tuple[str, ...]:
        """Digests that an index names, whether they are there or not."""
        return parse(self.manifest).children if self.is_index else ()

    @property
    def layers(self) -> dict[str, int]:
        return {} if self.is_index else parse(self.manifest).layers

    @property
    def by_digest(self) -> str:
        """`<host>/<repository>@sha256:...`"""
        return f"{self.repository.uri}@{self.digest}"

    @property
    def by_tag(self) -> str:
        """`<host>/<repository>:<first tag>`; an image without tags has no such name."""
        return f"{self.repository.uri}:{self.tags[0]}"

    @property
    def reference(self) -> str:
        """As people would write it: by tag if there is one."""
        return self.by_tag if self.tags else self.by_digest

    @property
    def descriptor(self) -> Descriptor:
        return Descriptor(self.media_type, self.digest, len(self.manifest))

    def order(self) -> tuple[float, str]:
        """ECR lists the newest first; the digest decides between equal moments."""
        return (self.pushed, self.digest)


def described(image: Image) -> Image:
    """Sets what the manifest says about the image. Returns the same image."""
    parsed = parse(image.manifest, image.media_type or None)
    image.media_type = parsed.media_type
    image.subject = parsed.subject
    # ECR shows no artifact media type for an index unless the index itself claims one.
    image.artifact_type = parsed.artifact_type
    if not image.is_index:
        image.size = sum(parsed.layers.values())
    return image
