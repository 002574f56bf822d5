"""ECR: repositories, images and manifests; the one place that deletes."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from sys import intern
from typing import Any

from ecrm.aws import Target, call, items
from ecrm.errors import AccessDenied, AwsError, Gone, OutOfTimeError
from ecrm.model.image import Image, Status
from ecrm.registry.manifests import MEDIA_TYPES, digest_of, manifests, repository_of
from ecrm.registry.operations import (
    BATCH_DELETE_IMAGE,
    DESCRIBE_IMAGES,
    DESCRIBE_REPOSITORIES,
    UPDATE_IMAGE_STORAGE_CLASS,
)

_STATUSES = {status.value: status for status in Status}
_PAGE = 1000  # the largest that DescribeRepositories and DescribeImages allow


def repositories(target: Target, only: str | None = None) -> dict[str, dict[str, Any]]:
    """What DescribeRepositories tells of all repositories, by name and in the order of the names;
    or of `only` that one, if it is there."""
    which: dict[str, Any] = {"repositoryNames": [only]} if only else {"maxResults": _PAGE}
    account = target.registry.account
    try:
        rows = list(items(target.ecr, DESCRIBE_REPOSITORIES, registryId=account, **which))
    except Gone:
        return {}
    rows.sort(key=lambda row: row["repositoryName"])
    return {row["repositoryName"]: row for row in rows}


def images(target: Target, repository: str) -> list[Image]:
    """All images, archived ones too, which DescribeImages leaves out unless asked."""
    details = items(
        target.ecr,
        DESCRIBE_IMAGES,
        **repository_of(target, repository),
        filter={"imageStatus": "ANY"},
        maxResults=_PAGE,
    )
    return [_image(detail) for detail in details]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One entry of `failures`."""

    digest: str
    code: str
    reason: str


class Deleter:
    """Deletes and archives images of one target. Nothing that only plans is ever given one."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._ecr = target.writing_ecr()

    def delete(
        self, repository: str, digests: Sequence[str]
    ) -> tuple[frozenset[str], tuple[Refusal, ...]]:
        """One call for at most 100 digests: those that AWS says it deleted, and its refusals.

        An answer that got lost, after which none of them is there any more, is an answer too.
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
                digest_of(failure), failure["failureCode"] or "", failure["failureReason"] or ""
            )
            for failure in answer["failures"]
        )
        return deleted, refusals

    def still_there(self, repository: str, digests: Iterable[str]) -> set[str]:
        """Which of these images the repository still holds."""
        return {image.digest for image in images(self._target, repository)} & set(digests)

    def manifests(self, repository: str, wanted: Sequence[Image]) -> dict[str, str]:
        """The manifests of at most 100 images, for the journal; of archived ones where ECR gives
        them. Raises AwsError for any other that cannot be read."""
        media_types = MEDIA_TYPES | {it.media_type for it in wanted if it.media_type}
        active = [it.digest for it in wanted if it.status is not Status.ARCHIVED]
        archived = [it.digest for it in wanted if it.status is Status.ARCHIVED]
        found: dict[str, str] = {}
        for digests, strict in ((active, True), (archived, False)):
            if digests:
                found |= manifests(self._target, repository, digests, media_types, strict=strict)
        return found

    def archive(self, repository: str, digest: str) -> None:
        """Move one image to the archive storage class; raises AwsError if ECR will not, unless it
        is there already, as it is when an answer got lost."""
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


def _image(detail: dict[str, Any]) -> Image:
    """A row of DescribeImages; raises AwsError for a status that ecrm does not know."""
    status = detail["imageStatus"] or Status.ACTIVE
    if status not in _STATUSES:
        raise AwsError(f"ecr:DescribeImages: an image has the unknown status {status}")
    return Image(
        detail["imageDigest"],
        tuple(sorted(detail["imageTags"])),
        detail["imagePushedAt"],
        detail["imageSizeInBytes"] or 0,
        # One text for all images that have it: a run may hold hundreds of thousands.
        intern(detail["imageManifestMediaType"] or "") or None,
        intern(detail["artifactMediaType"] or "") or None,
        detail["subjectManifestDigest"],
        detail["lastRecordedPullTime"],
        _STATUSES[status],
        detail["lastArchivedAt"],
        detail["lastActivatedAt"],
    )
