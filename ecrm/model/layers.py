"""How many bytes images really take, since ECR bills a layer that they share once. Pure.

A repository stores each blob (a layer, a configuration, the manifest itself) once. Deleting images
frees the blobs that no other image there has. With blob mounting, repositories of a registry may
share blobs too; AWS does not say of which blobs that is so, and of an image whose manifest is not
known (an archived one, say) only the size is. So every figure is a range.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/blob-mounting.html
"""

import json
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

Blobs = tuple[tuple[int, int], ...]
"""Identities and compressed sizes, each once. The identity is the first 64 bits of the digest,
since there may be ten million: among so many, two are alike once in 300,000 accounts."""
_DIGITS = slice(len("sha256:"), len("sha256:") + 16)
_AT_A_TIME = 2_000_000


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes: at least, and at most."""

    low: int = 0
    high: int = 0

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.high + other.high)

    @property
    def is_exact(self) -> bool:
        return self.low == self.high


class Stored(NamedTuple):
    """One image: its digest, its size as ECR reports it, its blobs, None where they are not known,
    and whether a plan deletes it."""

    digest: str
    size: int
    blobs: Blobs | None
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class TrueBytes:
    """Of one repository: what it stores, what a plan frees there, and what each image alone holds.
    `unknown` counts the images whose blobs are not known; `keys` and `sizes` are the known blobs,
    and `released` the keys of those that the plan frees."""

    stored: Range = Range()
    freed: Range = Range()
    alone: Mapping[str, int] = field(default_factory=dict)
    unknown: int = 0
    keys: "array[int]" = field(default_factory=lambda: array("Q"))
    sizes: "array[int]" = field(default_factory=lambda: array("Q"))
    released: "array[int]" = field(default_factory=lambda: array("Q"))


def blobs_of(digest: str, manifest: str) -> Blobs | None:
    """What an image with this manifest stores, the manifest included; None where it does not say
    so, as Docker's schema 1. Layers that are fetched from elsewhere (`urls`) take nothing.

    https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
    """
    try:
        body = json.loads(manifest)  # whose digest was checked; parse_json takes twice the time
        if body["schemaVersion"] != 2 or "fsLayers" in body:  # noqa: PLR2004 - of all others
            return None
        parts = [*body.get("layers", ()), *body.get("blobs", ())]
        parts += [body["config"]] if body.get("config") else []
        found = {int(digest[_DIGITS], 16): len(manifest.encode())}
        for part in parts:
            if not part.get("urls"):
                found[int(part["digest"][_DIGITS], 16)] = part["size"]
        is_sane = set(map(type, found.values())) == {int} and min(*found, *found.values()) >= 0
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return tuple(found.items()) if is_sane else None


def true_bytes(images: Iterable[Stored]) -> TrueBytes:
    """Of all images of a repository. An image that is not known may share everything with the
    others, or nothing."""
    sizes: dict[int, int] = {}
    shared: set[int] = set()
    kept: set[int] = set()
    known: list[Stored] = []
    kept_unknown = deleted_unknown = unknown = 0
    for image in images:
        if image.blobs is None:
            unknown += 1
            deleted_unknown += image.size * image.is_deleted
            kept_unknown += image.size * (not image.is_deleted)
            continue
        known.append(image)
        own = dict(image.blobs)
        shared |= sizes.keys() & own.keys()
        sizes.update(own)
        if not image.is_deleted:
            kept.update(own)
    low = sum(sizes.values())
    high = low + kept_unknown + deleted_unknown
    released = [blob for blob in sizes if blob not in kept]
    freed = sum(sizes[blob] for blob in released)
    return TrueBytes(
        stored=Range(low, high),
        freed=Range(max(freed - kept_unknown, 0), freed + deleted_unknown),
        alone={
            image.digest: sum(size for blob, size in image.blobs or () if blob not in shared)
            for image in known
        },
        unknown=unknown,
        keys=array("Q", sizes),
        sizes=array("Q", sizes.values()),
        released=array("Q", released),
    )


def stored_in(repositories: Iterable[TrueBytes]) -> Range:
    """What a registry stores: each blob once in each repository or, where blobs were mounted from
    one into another, perhaps once in all."""
    found = list(repositories)
    whole = sum((one.stored for one in found), Range())
    again = 0
    for part in _parts(found):
        seen: set[int] = set()
        for one, keys, _ in part:
            again += _size(one, seen & keys)
            seen |= keys
    return Range(whole.low - again, whole.high)


def freed_in(repositories: Iterable[TrueBytes]) -> Range:
    """What a plan frees in a registry; a blob that another repository keeps may have been mounted
    from there, so that nothing is freed."""
    found = list(repositories)
    whole = sum((one.freed for one in found), Range())
    perhaps = 0
    for part in _parts(found):
        stays: set[int] = set().union(*(keys - released for _, keys, released in part))
        for one, _, released in part:
            perhaps += _size(one, released & stays)
            stays |= released  # of the next one it is the same blob
    return Range(max(whole.low - perhaps, 0), whole.high)


def _size(one: TrueBytes, keys: set[int]) -> int:
    """Of the few blobs that several repositories have."""
    sizes = dict(zip(one.keys, one.sizes, strict=True)) if keys else {}
    return sum(sizes[key] for key in keys)


def _parts(found: Sequence[TrueBytes]) -> Iterator[list[tuple[TrueBytes, set[int], set[int]]]]:
    """Each repository with the keys of its blobs and of those that are freed; a part of all keys at
    a time, so that few are in memory."""
    parts = 1 + sum(len(one.keys) for one in found) // _AT_A_TIME

    def of(keys: Iterable[int], part: int) -> set[int]:
        return set(keys) if parts == 1 else {key for key in keys if key % parts == part}

    for part in range(parts):
        yield [(one, of(one.keys, part), of(one.released, part)) for one in found]
