"""Which images of a repository belong together: indexes, their children, and referrers.

Links between images come from four places: an index's manifest (children), the `subject` of an
OCI 1.1 referrer, the referrers tag `sha256-<hex>` of the OCI distribution specification, and the
tags `sha256-<hex>.sig`, `.att`, `.sbom` of cosign.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ecrm.model.image import Image, Kind, Links
from ecrm.model.media_types import CONTAINER_CONFIGS, SOCI_INDEX

_OF_CONTAINERS = CONTAINER_CONFIGS | {None}
_NAMES_AN_IMAGE = "sha256-"
_REFERRER_TAG = re.compile(r"sha256-([0-9a-f]{64})(?:\.[a-z]+)?")


@dataclass(frozen=True, slots=True)
class ImageGraph:
    """The links between the images that are there; a link to a missing image is left out.

    `subjects` are all that an image says it refers to, by its manifest or by its tags.
    `followers` are made for their subjects alone, so they are kept or deleted with these;
    `orphans` are such images all of whose subjects are gone. `broken` are indexes that name a
    child which is not there (a push that broke off, or a child that was deleted).
    """

    children: Links
    parents: Links
    subjects: Links
    referrers: Links
    followers: frozenset[str]
    orphans: frozenset[str]
    broken: frozenset[str]

    def must_stay_with(self, digest: str) -> tuple[str, ...]:
        """The images to keep if this image is kept."""
        return self.children.get(digest, ()) + self.referrers.get(digest, ())

    def keep_closure(self, digests: Iterable[str]) -> set[str]:
        """These images and all that must stay with them, at any depth."""
        return set(_reach(digests, self.must_stay_with))

    def indexes_of(self, digest: str) -> tuple[str, ...]:
        return self.parents.get(digest, ())

    def held_by(self, digest: str) -> tuple[str, ...]:
        """What this image belongs to: its indexes and its subjects."""
        return self.indexes_of(digest) + self.subjects.get(digest, ())

    def ancestors(self, digest: str) -> Iterator[str]:
        """The indexes that hold this image, at any depth."""
        return _reach(self.indexes_of(digest), self.indexes_of)

    def is_referrer(self, digest: str) -> bool:
        return digest in self.followers or digest in self.orphans


def is_artifact(image: Image) -> bool:
    """No container image: a Helm chart, say, or an index that says it holds something else."""
    return image.artifact_type not in _OF_CONTAINERS and image.kind is not Kind.SOCI_INDEX


def own_tags(image: Image) -> tuple[str, ...]:
    """The tags that name this image itself (by its digest, too) and no image it refers to."""
    for tag in image.tags:
        if tag.startswith(_NAMES_AN_IMAGE):
            return tuple(tag for tag in image.tags if _named_by(tag) in (None, image.digest))
    return image.tags


def image_graph(images: Mapping[str, Image], manifests: Links) -> ImageGraph:
    """`images` by digest; `manifests` gives the children that each index's manifest names."""
    children = {
        index: tuple(child for child in named if child in images and child != index)
        for index, named in manifests.items()
        if index in images
    }
    # Nearly every image names none but itself; there are many, so the others are found first.
    referring = [
        image for image in images.values() if image.subject or own_tags(image) is not image.tags
    ]
    named_subjects = {
        image.digest: named for image in referring if (named := _named_subjects(image))
    }
    subjects = {
        digest: present
        for digest, named in named_subjects.items()
        if (present := tuple(subject for subject in named if subject in images))
    }
    parents = _inverted(children)
    # An image with a tag of its own is one in its own right, whatever tags were added: it is
    # kept with a kept subject, but not deleted with one.
    made_to_refer = {
        image.digest
        for image in referring
        if image.subject or (image.digest in named_subjects and not own_tags(image))
    }
    soci = {digest for digest, image in images.items() if _always_refers(image)}
    followers = _without_circles(
        {digest: subjects[digest] for digest in made_to_refer if digest in subjects}
    )
    return ImageGraph(
        children=children,
        parents=parents,
        subjects=subjects,
        referrers=_inverted(subjects),
        followers=followers,
        orphans=frozenset((made_to_refer | (soci - parents.keys())) - followers),
        broken=frozenset(
            index
            for index, named in manifests.items()
            if index in images and any(child not in images for child in named)
        ),
    )


def deletion_stages(digests: Collection[str], graph: ImageGraph) -> Iterator[tuple[str, ...]]:
    """Batches to delete one after the other: indexes before their children, outermost first, and
    subjects before their referrers. The order within a stage is that of the digests."""
    left = set(digests)
    if left and not graph.parents and not graph.subjects:  # as in most repositories
        yield tuple(sorted(left))
        return
    while left:
        # Links cannot form a circle among real images, since each holds the digest of the next;
        # tags can be made to. What ECR insists on, indexes before their children, then remains.
        stage = _free(left, graph.held_by) or _free(left, graph.indexes_of) or left
        left = left - stage
        yield tuple(sorted(stage))


def _free(left: set[str], before: Callable[[str], Iterable[str]]) -> set[str]:
    return {digest for digest in left if left.isdisjoint(before(digest))}


def _named_by(tag: str) -> str | None:
    """The digest that a referrers tag names."""
    match = _REFERRER_TAG.fullmatch(tag) if tag.startswith(_NAMES_AN_IMAGE) else None
    return f"sha256:{match[1]}" if match else None


def _named_subjects(image: Image) -> list[str]:
    named = {image.subject, *map(_named_by, image.tags)}
    return sorted(digest for digest in named if digest and digest != image.digest)


def _always_refers(image: Image) -> bool:
    """A SOCI index is made for one image; DescribeImages does not tell which for SOCI v1."""
    return image.artifact_type == SOCI_INDEX and image.kind is Kind.SOCI_INDEX


def _without_circles(subjects: Links) -> frozenset[str]:
    """Referrers that refer to themselves in the end follow nobody."""
    return frozenset(
        digest
        for digest, named in subjects.items()
        if digest not in _reach(named, lambda subject: subjects.get(subject, ()))
    )


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
