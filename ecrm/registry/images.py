"""ECR: repositories, images and manifests; the one place that deletes."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from sys import intern
from typing import Any

from ecrm.aws import Target, call, pages
from ecrm.errors import AccessDenied, AwsError, Gone, OutOfTimeError
from ecrm.model.image import Image, Status
from ecrm.registry.manifests import MEDIA_TYPES, digest_of, manifests, repository_of

_STATUSES = {status.value: status for status in Status}
_PAGE = 1000  # the largest that DescribeRepositories and DescribeImages allow


def repositories(target: Target, only: str | None = None) -> dict[str, dict[str, Any]]:
    """What DescribeRepositories tells of all repositories, by name and in the order of the names;
    or of `only` that one, if it is there."""
    which = {"repositoryNames": [only]} if only else {"PaginationConfig": {"PageSize": _PAGE}}
    account = target.registry.account
    listing = pages(target.ecr, "DescribeRepositories", registryId=account, **which)
    try:
        rows = [it for page in listing for it in page.get("repositories", ())]
    except Gone:
        return {}
    rows.sort(key=lambda it: it["repositoryName"])
    return {it["repositoryName"]: it for it in rows}


def images(target: Target, repository: str) -> list[Image]:
    """All images, archived ones too, which DescribeImages leaves out unless asked."""
    listing = pages(
        target.ecr,
        "DescribeImages",
        **repository_of(target, repository),
        filter={"imageStatus": "ANY"},
        PaginationConfig={"PageSize": _PAGE},
    )
    return [_image(detail) for page in listing for detail in page.get("imageDetails", ())]


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
            answer = call(self._ecr, "BatchDeleteImage", **where, imageIds=ids)
        except AwsError as error:
            if isinstance(error, Gone | AccessDenied) or self._may_hold(repository, digests):
                raise
            return frozenset(digests), ()
        deleted = frozenset(image["imageDigest"] for image in answer.get("imageIds", ()))
        refusals = tuple(
            Refusal(digest_of(it), it.get("failureCode", ""), it.get("failureReason", ""))
            for it in answer.get("failures", ())
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
            call(self._ecr, "UpdateImageStorageClass", **where, **to_archive)
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
            found = call(self._target.ecr, "DescribeImages", **where, **one).get("imageDetails", ())
            return [it.get("imageStatus") for it in found] == [Status.ARCHIVED]
        return False


def _image(detail: dict[str, Any]) -> Image:
    """A row of DescribeImages; raises AwsError where what decides is missing."""
    try:
        return Image(
            detail["imageDigest"],
            tuple(sorted(detail.get("imageTags", ()))),
            detail["imagePushedAt"],
            detail.get("imageSizeInBytes", 0),
            # One text for all images that have it: a run may hold hundreds of thousands.
            intern(detail.get("imageManifestMediaType", "")) or None,
            intern(detail.get("artifactMediaType", "")) or None,
            detail.get("subjectManifestDigest"),
            detail.get("lastRecordedPullTime"),
            _STATUSES[detail.get("imageStatus", Status.ACTIVE)],
            detail.get("lastArchivedAt"),
            detail.get("lastActivatedAt"),
        )
    except KeyError as error:
        raise AwsError(f"ecr:DescribeImages: an image that ecrm cannot judge: {error}") from error
