"""What one repository holds, indexed by digest and by tag, with ECR's own bookkeeping.

No rule about what a caller may do is here; the operations ask and decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.fake_aws.address import Address
from tests.fake_aws.times import Clock

from .image import ACTIVE, ARCHIVED, Image

Filter = tuple[str, str]
EVERYTHING: Filter = ("ANY", "ANY")


class Store:
    """Images, tags, layers, and which index names which child."""

    def __init__(self, name: str, address: Address, clock: Clock) -> None:
        self.name = name
        self.address = address
        self.clock = clock
        self.created = clock()
        self._images: dict[str, Image] = {}
        self._tags: dict[str, Image] = {}
        self._parents: dict[str, set[str]] = {}
        self._layers: dict[str, int] = {}
        self._listings: dict[Filter, list[Image]] = {}

    @property
    def uri(self) -> str:
        return f"{self.address.registry}/{self.name}"

    @property
    def arn(self) -> str:
        return self.address.arn("ecr", f"repository/{self.name}")

    def __len__(self) -> int:
        return len(self._images)

    def __iter__(self) -> Iterator[Image]:
        """Newest first, as ECR lists them."""
        return iter(self.listing(EVERYTHING)[::-1])

    def __contains__(self, key: object) -> bool:
        """A digest, a tag or an image that the repository holds now."""
        name = key.digest if isinstance(key, Image) else key
        return name in self._images or name in self._tags

    def find(self, *, digest: str | None = None, tag: str | None = None) -> Image | None:
        if digest is not None:
            return self._images.get(digest)
        return self._tags.get(tag) if tag is not None else None

    def listing(self, wanted: Filter) -> list[Image]:
        """Oldest first; remembered until something changes, so that pages are cheap."""
        found = self._listings.get(wanted)
        if found is None:
            chosen = (image for image in self._images.values() if _matches(image, wanted))
            found = sorted(chosen, key=Image.order)
            self._listings[wanted] = found
        return found

    def parents_of(self, image: Image) -> set[str]:
        """Digests of the indexes, still there, that name this image."""
        return self._parents.get(image.digest, set())

    def add(self, image: Image, tags: tuple[str, ...] = ()) -> Image:
        """Stores the image and gives it the tags; the same digest again only adds tags."""
        known = self._images.setdefault(image.digest, image)
        if known is image:
            for child in image.children:
                self._parents.setdefault(child, set()).add(image.digest)
            if image.is_index:
                image.size = self._largest_child(image)
            self._layers.update(image.layers)
        for tag in tags:
            self.move_tag(tag, known)
        self._listings.clear()
        return known

    def add_all(self, images: Iterable[Image], prefix: str | None) -> None:
        """Many images alike, tagged `<prefix><number>`: all have the layers of the first."""
        for number, image in enumerate(images):
            self._images[image.digest] = image
            if number == 0:
                self._layers.update(image.layers)
            if prefix is not None:
                self.move_tag(f"{prefix}{number}", image)
        self._listings.clear()

    def move_tag(self, tag: str, image: Image) -> None:
        """The image that had the tag stays, without it."""
        self.drop_tag(tag)
        self._tags[tag] = image
        image.tags = (*image.tags, tag)
        self._listings.clear()

    def drop_tag(self, tag: str) -> None:
        holder = self._tags.pop(tag, None)
        if holder is not None:
            holder.tags = tuple(other for other in holder.tags if other != tag)
            self._listings.clear()

    def remove(self, image: Image) -> None:
        """Removes the image with all its tags. Its layers stay until they are collected."""
        self._images.pop(image.digest, None)
        for tag in image.tags:
            self._tags.pop(tag, None)
        for child in image.children:
            self._parents.get(child, set()).discard(image.digest)
        self._listings.clear()

    def set_status(self, image: Image, status: str) -> None:
        image.status = status
        if status == ACTIVE:
            image.activated = self.clock()
        elif status == ARCHIVED:
            image.archived = self.clock()
        self._listings.clear()

    def layer_size(self, digest: str) -> int | None:
        return self._layers.get(digest)

    def _largest_child(self, index: Image) -> int:
        """What ECR shows as the size of an index."""
        found = (self._images.get(child) for child in index.children)
        return max((child.size for child in found if child), default=0)

    def collect_layers(self) -> None:
        """ECR forgets the layers that no image of the repository names any more."""
        named: dict[str, int] = {}
        for image in self._images.values():
            named.update(image.layers)
        self._layers = named


def _matches(image: Image, wanted: Filter) -> bool:
    tags, status = wanted
    if status not in ("ANY", image.status):
        return False
    return tags == "ANY" or (tags == "TAGGED") == bool(image.tags)
