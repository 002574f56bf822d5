"""ECR: repositories, images and manifests; the one place that deletes."""

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ecrm.aws import Target, call, chunks, pages
from ecrm.errors import AccessDenied, AwsError, Gone
from ecrm.family import Links
from ecrm.media_types import INDEX_MEDIA_TYPES
from ecrm.model import Image, Status

_PAGE = 1000  # the largest that DescribeRepositories and DescribeImages allow
BATCH = 100
"""The most images that one BatchGetImage or BatchDeleteImage may name."""

_NOT_FOUND = "ImageNotFound"
_MANIFEST_MEDIA_TYPES = INDEX_MEDIA_TYPES | {
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
}


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
        **_where(target, repository),
        filter={"imageStatus": "ANY"},
        PaginationConfig={"PageSize": _PAGE},
    )
    return [_image(detail) for page in listing for detail in page.get("imageDetails", ())]


def children(target: Target, repository: str, indexes: Sequence[Image]) -> Links:
    """The digests that each of these indexes names; an index that is gone meanwhile has none.

    Raises AwsError for a manifest that cannot be read: what is unknown must not be deleted. An
    archived index cannot be pulled, so it may not be readable; that makes none of its children
    deletable, since ECR refuses to delete a child of an index that is there.
    """
    links: dict[str, tuple[str, ...]] = {}
    for archived in (False, True):
        digests = [it.digest for it in indexes if (it.status is Status.ARCHIVED) is archived]
        for chunk in chunks(digests, BATCH):
            found = manifests(target, repository, chunk, INDEX_MEDIA_TYPES, strict=not archived)
            for digest, manifest in found.items():
                links[digest] = _children(repository, digest, manifest)
    return links


def manifests(
    target: Target,
    repository: str,
    digests: Sequence[str],
    media_types: Iterable[str] = _MANIFEST_MEDIA_TYPES,
    *,
    strict: bool = True,
) -> dict[str, str]:
    """The manifests, verbatim, of at most 100 images; those that are gone are left out.

    Raises AwsError for one that ECR does not give for another reason, unless not `strict`.
    """
    answer = call(
        target.ecr,
        "BatchGetImage",
        **_where(target, repository),
        imageIds=[{"imageDigest": digest} for digest in digests],
        acceptedMediaTypes=sorted(media_types),
    )
    found = {it["imageId"]["imageDigest"]: it["imageManifest"] for it in answer.get("images", ())}
    refused = {_digest(failure): failure for failure in answer.get("failures", ())}
    for digest in digests if strict else ():
        if digest not in found and refused.get(digest, {}).get("failureCode") != _NOT_FOUND:
            why = refused.get(digest, {}).get("failureReason", "AWS's answer leaves it out")
            raise AwsError(f"ecr:BatchGetImage: {repository}@{digest}: {why}")
    return found


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
        where = _where(self._target, repository)
        ids = [{"imageDigest": digest} for digest in digests]
        try:
            answer = call(self._ecr, "BatchDeleteImage", **where, imageIds=ids)
        except AwsError as error:
            if isinstance(error, Gone | AccessDenied) or self._may_hold(repository, digests):
                raise
            return frozenset(digests), ()
        deleted = frozenset(image["imageDigest"] for image in answer.get("imageIds", ()))
        refusals = tuple(
            Refusal(_digest(it), it.get("failureCode", ""), it.get("failureReason", ""))
            for it in answer.get("failures", ())
        )
        return deleted, refusals

    def still_there(self, repository: str, digests: Iterable[str]) -> set[str]:
        """Which of these images the repository still holds."""
        return {image.digest for image in images(self._target, repository)} & set(digests)

    def manifests(self, repository: str, wanted: Sequence[Image]) -> dict[str, str]:
        """The manifests of at most 100 images, for the journal; of archived ones where ECR gives
        them. Raises AwsError for any other that cannot be read."""
        media_types = _MANIFEST_MEDIA_TYPES | {it.media_type for it in wanted if it.media_type}
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
        where, image = _where(self._target, repository), {"imageDigest": digest}
        to_archive = {"imageId": image, "targetStorageClass": "ARCHIVE"}
        try:
            call(self._ecr, "UpdateImageStorageClass", **where, **to_archive)
        except AwsError as error:
            if isinstance(error, Gone | AccessDenied) or not self._is_archived(where, image):
                raise

    def _may_hold(self, repository: str, digests: Iterable[str]) -> bool:
        with suppress(AwsError):
            return bool(self.still_there(repository, digests))
        return True

    def _is_archived(self, where: dict[str, str], image: dict[str, str]) -> bool:
        one = {"imageIds": [image], "filter": {"imageStatus": "ARCHIVED"}}
        with suppress(AwsError):
            found = call(self._target.ecr, "DescribeImages", **where, **one).get("imageDetails", ())
            return [it.get("imageStatus") for it in found] == [Status.ARCHIVED]
        return False


def _where(target: Target, repository: str) -> dict[str, str]:
    return {"registryId": target.registry.account, "repositoryName": repository}


def _digest(failure: dict[str, Any]) -> str:
    return str(failure.get("imageId", {}).get("imageDigest", ""))


def _children(repository: str, digest: str, manifest: str) -> tuple[str, ...]:
    try:
        return tuple(child["digest"] for child in json.loads(manifest)["manifests"] or ())
    except (ValueError, KeyError, TypeError) as error:
        raise AwsError(f"{repository}@{digest}: the manifest is no index ({error!r})") from error


def _image(detail: dict[str, Any]) -> Image:
    """A row of DescribeImages; raises AwsError where what decides is missing."""
    try:
        return Image(
            digest=detail["imageDigest"],
            tags=tuple(sorted(detail.get("imageTags", ()))),
            pushed_at=detail["imagePushedAt"],
            size=detail.get("imageSizeInBytes", 0),
            media_type=detail.get("imageManifestMediaType"),
            artifact_type=detail.get("artifactMediaType"),
            subject=detail.get("subjectManifestDigest"),
            pulled_at=detail.get("lastRecordedPullTime"),
            status=Status(detail.get("imageStatus", Status.ACTIVE)),
            archived_at=detail.get("lastArchivedAt"),
            activated_at=detail.get("lastActivatedAt"),
        )
    except (KeyError, ValueError) as error:
        raise AwsError(f"ecr:DescribeImages: an image that ecrm cannot judge: {error}") from error
