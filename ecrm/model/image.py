"""One manifest in a repository, as ECR describes it, and the links between manifests."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from ecrm.model.media_types import CONTAINER_CONFIGS, INDEX_MEDIA_TYPES, SOCI_INDEX
from ecrm.model.reference import Digest, Tag


class Kind(StrEnum):
    """What an image is; the first three are the types that fujiwara/ecrm prints."""

    IMAGE = "Image"
    INDEX = "Image index"
    SOCI_INDEX = "Soci index"
    ARTIFACT = "Artifact"


class Status(StrEnum):
    """`imageStatus` of DescribeImages."""

    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"
    ACTIVATING = "ACTIVATING"


class Image(NamedTuple):
    """One manifest in a repository, as DescribeImages returns it. `size` is in bytes.

    A tuple, since hundreds of thousands are made in a run, and tuples are made three times as fast.
    `subject` is the digest that an OCI 1.1 referrer names. Times are aware; None is "never".
    """

    digest: Digest
    tags: tuple[Tag, ...]
    pushed_at: datetime
    size: int = 0
    media_type: str | None = None
    artifact_type: str | None = None
    subject: Digest | None = None
    pulled_at: datetime | None = None
    status: Status = Status.ACTIVE
    archived_at: datetime | None = None
    activated_at: datetime | None = None

    @property
    def kind(self) -> Kind:
        if self.media_type in INDEX_MEDIA_TYPES:
            return Kind.INDEX
        if self.artifact_type == SOCI_INDEX:
            return Kind.SOCI_INDEX
        if self.artifact_type is None or self.artifact_type in CONTAINER_CONFIGS:
            return Kind.IMAGE
        return Kind.ARTIFACT


class OwnReading(NamedTuple):
    """When ecrm itself read an image's manifest, which ECR may record as a pull; `pulled_before` is
    the last pull of anybody else that was recorded by then."""

    began: datetime
    ended: datetime
    pulled_before: datetime | None = None

    def explains(self, pulled_at: datetime) -> bool:
        """Whether a recorded pull is this reading, by AWS's clock and ours."""
        return self.began - _CLOCKS <= pulled_at <= self.ended + _CLOCKS


_CLOCKS = timedelta(seconds=2)

OwnReadings = Mapping[str, OwnReading]
"""By digest."""


def without_own_pulls(image: Image, readings: Sequence[OwnReadings]) -> Image:
    """The image as if ecrm had never read it; what is not known to be ecrm's own is a pull."""
    left = [known[image.digest] for known in readings if image.digest in known]
    pulled_at = image.pulled_at
    while pulled_at and (own := next((one for one in left if one.explains(pulled_at)), None)):
        left.remove(own)
        pulled_at = own.pulled_before
    return image if pulled_at == image.pulled_at else image._replace(pulled_at=pulled_at)


Links = Mapping[str, tuple[str, ...]]
"""From a digest to digests."""
