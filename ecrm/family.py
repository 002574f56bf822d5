"""Which images of a repository belong together: indexes, their children, and referrers.

Links between images come from four places: an index's manifest (children), the `subject` of an
OCI 1.1 referrer, the referrers tag `sha256-<hex>` of the OCI distribution specification, and the
tags `sha256-<hex>.sig`, `.att`, `.sbom` of cosign.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ecrm.model import Image, Kind

Links = Mapping[str, tuple[str, ...]]
"""From a digest to digests."""

_REFERRER_TAG = re.compile(r"sha256-([0-9a-f]{64})(?:\.[a-z]+)?")


@dataclass(frozen=True, slots=True)
class Family:
    """The links between the images that are there; a link to an absent image is left out.

    `orphans` are referrers all of whose subjects are gone. `broken` are indexes that name a child
    which is not there (a push that broke off, or a child that was deleted).
    """

    children: Links
    parents: Links
    subjects: Links
    referrers: Links
    orphans: frozenset[str]
    broken: frozenset[str]

    def dependents(self, digest: str) -> tuple[str, ...]:
        """What must stay if this image stays."""
        return self.children.get(digest, ()) + self.referrers.get(digest, ())

    def with_dependents(self, digests: Iterable[str]) -> set[str]:
        """These images and all that must stay with them, at any depth."""
        return set(_reach(digests, self.dependents))

    def above(self, digest: str) -> tuple[str, ...]:
        """What this image belongs to: its indexes and its subjects."""
        return self.parents.get(digest, ()) + self.subjects.get(digest, ())

    def ancestors(self, digest: str) -> Iterator[str]:
        """The indexes that hold this image, at any depth."""
        return _reach(self.parents.get(digest, ()), lambda parent: self.parents.get(parent, ()))

    def is_referrer(self, digest: str) -> bool:
        return digest in self.subjects or digest in self.orphans


def is_referrer_tag(tag: str) -> bool:
    return _REFERRER_TAG.fullmatch(tag) is not None


def own_tags(image: Image) -> tuple[str, ...]:
    """The tags that name this image itself rather than the image it refers to."""
    return tuple(tag for tag in image.tags if not is_referrer_tag(tag))


def link(images: Mapping[str, Image], manifests: Links) -> Family:
    """`images` by digest; `manifests` gives the children that each index's manifest names."""
    children = {
        index: tuple(child for child in named if child in images and child != index)
        for index, named in manifests.items()
        if index in images
    }
    named_subjects = {
        image.digest: named for image in images.values() if (named := _named_subjects(image))
    }
    subjects = _without_circles(
        {
            digest: present
            for digest, named in named_subjects.items()
            if (present := tuple(subject for subject in named if subject in images))
        }
    )
    parents = _inverted(children)
    return Family(
        children=children,
        parents=parents,
        subjects=subjects,
        referrers=_inverted(subjects),
        orphans=frozenset(
            image.digest
            for image in images.values()
            if image.digest not in subjects
            and (image.digest in named_subjects or _always_refers(image))
            and image.digest not in parents
        ),
        broken=frozenset(
            index
            for index, named in manifests.items()
            if index in images and any(child not in images for child in named)
        ),
    )


def deletion_waves(digests: Collection[str], family: Family) -> Iterator[tuple[str, ...]]:
    """Batches to delete one after the other: indexes before their children, outermost first, and
    subjects before their referrers. The order within a wave is that of the digests."""
    left = set(digests)
    while left:
        wave = {digest for digest in left if not _blocked(digest, left, family)}
        # Links cannot form a circle among real images, since each holds the digest of the next;
        # tags can be made to. ECR then has the last word, and refused images are tried again.
        wave = wave or left
        left = left - wave
        yield tuple(sorted(wave))


def _blocked(digest: str, left: set[str], family: Family) -> bool:
    return any(other in left for other in family.above(digest))


def _named_subjects(image: Image) -> tuple[str, ...]:
    """An image with a tag of its own is no referrer, whatever other tags were put on it."""
    if image.subject:
        return (image.subject,)
    named = [_REFERRER_TAG.fullmatch(tag) for tag in image.tags]
    if not named or not all(named):
        return ()
    digests = {f"sha256:{match[1]}" for match in named if match}
    return tuple(sorted(digests - {image.digest}))


def _always_refers(image: Image) -> bool:
    """A SOCI index is made for one image; DescribeImages does not tell which for SOCI v1."""
    return image.kind is Kind.SOCI_INDEX


def _without_circles(subjects: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Referrers that refer to themselves in the end refer to nothing."""
    return {
        digest: named
        for digest, named in subjects.items()
        if digest not in _reach(named, lambda subject: subjects.get(subject, ()))
    }


def _inverted(links: Links) -> dict[str, tuple[str, ...]]:
    inverse: dict[str, list[str]] = defaultdict(list)
    for digest in sorted(links):
        for other in links[digest]:
            inverse[other].append(digest)
    return {digest: tuple(dict.fromkeys(others)) for digest, others in inverse.items()}


def _reach(start: Iterable[str], step: Callable[[str], Iterable[str]]) -> Iterator[str]:
    """Everything reachable from `start`, itself included, each once."""
    seen = set(start)
    todo = list(seen)
    while todo:
        digest = todo.pop()
        yield digest
        fresh = [other for other in step(digest) if other not in seen]
        seen.update(fresh)
        todo.extend(fresh)
