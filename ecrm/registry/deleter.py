"""ECR: deletes and archives images; the one place that does."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ecrm.aws import Target, call
from ecrm.errors import AccessDenied, AwsError, Gone, OutOfTimeError
from ecrm.model.image import Image, Status
from ecrm.registry.images import images
from ecrm.registry.manifests import MEDIA_TYPES, digest_of, read_manifests, repository_of
from ecrm.registry.operations import (
    BATCH_DELETE_IMAGE,
    DESCRIBE_IMAGES,
    UPDATE_IMAGE_STORAGE_CLASS,
)
from ecrm.registry.own_readings import remembered


@dataclass(frozen=True, slots=True)
class Refusal:
    """One entry of `failures`."""

    digest: str
    code: str
    reason: str


class Deleter:
    """Deletes and archives images of one target. Code that only plans never gets one."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._ecr = target.writing_ecr()

    def delete(
        self, repository: str, digests: Sequence[str]
    ) -> tuple[frozenset[str], tuple[Refusal, ...]]:
        """One call for at most 100 digests: those that AWS confirms as deleted, and its refusals.

        If the answer is lost and none of the images is left, all of them were deleted.
        """
        where = repository_of(self._target, repository)
        ids = [{"imageDigest": digest} for digest in digests]
        try:
            answer = call(self._ecr, BATCH_DELETE_IMAGE, **where, imageIds=ids)
        except AwsError as error:
            if isinstance(error, Gone | AccessDenied) or self._may_hold(repository, digests):
                raise
            return frozenset(digests), ()
        deleted = frozenset(image["imageDigest"] for image in answer["imageIds"])
        refusals = tuple(
            Refusal(
                digest_of(failure),
                failure["failureCode"] or "",
                failure["failureReason"] or "",
            )
            for failure in answer["failures"]
        )
        return deleted, refusals

    def still_there(self, repository: str, digests: Iterable[str]) -> set[str]:
        """Which of these images the repository still holds."""
        return {image.digest for image in images(self._target, repository)} & set(digests)

    def manifests(
        self, repository: str, wanted: Sequence[Image]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """The manifests of at most 100 images, for the journal, and why each other one is not known
        for certain; archived images that ECR does not return, and deleted ones, are in neither."""
        media_types = MEDIA_TYPES | {image.media_type for image in wanted if image.media_type}
        archived = [image.digest for image in wanted if image.status is Status.ARCHIVED]
        active = [image.digest for image in wanted if image.status is not Status.ARCHIVED]
        found: dict[str, str] = {}
        unknown: dict[str, str] = {}
        for digests in filter(None, (active, archived)):
            with remembered(self._target, repository, wanted):
                read = read_manifests(self._target, repository, digests, media_types)
            found |= read.found
            unknown |= read.other | (read.refused if digests is active else {})
        return found, unknown

    def archive(self, repository: str, digest: str) -> None:
        """Move one image to the archive storage class. Raises AwsError if ECR refuses, unless the
        image is archived already, as after a lost answer."""
        where, image = repository_of(self._target, repository), {"imageDigest": digest}
        to_archive = {"imageId": image, "targetStorageClass": "ARCHIVE"}
        try:
            call(self._ecr, UPDATE_IMAGE_STORAGE_CLASS, **where, **to_archive)
        except AwsError as error:
            if isinstance(error, Gone | AccessDenied) or not self._is_archived(where, image):
                raise

    def _may_hold(self, repository: str, digests: Iterable[str]) -> bool:
        with suppress(AwsError, OutOfTimeError):
            return bool(self.still_there(repository, digests))
        return True

    def _is_archived(self, where: dict[str, str], image: dict[str, str]) -> bool:
        one = {"imageIds": [image], "filter": {"imageStatus": "ARCHIVED"}}
        with suppress(AwsError, OutOfTimeError):
            found = call(self._target.ecr, DESCRIBE_IMAGES, **where, **one)["imageDetails"]
            return [detail["imageStatus"] for detail in found] == [Status.ARCHIVED]
        return False
