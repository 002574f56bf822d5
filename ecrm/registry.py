"""ECR: repositories, images and manifests; the one place that deletes."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ecrm.aws import Target, call, chunks, pages
from ecrm.errors import AwsError
from ecrm.family import Links
from ecrm.model import MANIFEST_MEDIA_TYPES, Image, Status

_PAGE = 1000  # the largest that DescribeRepositories and DescribeImages allow
BATCH = 100
"""The most images that one BatchGetImage or BatchDeleteImage may name."""

_NOT_FOUND = "ImageNotFound"


def repositories(target: Target, name: str | None = None) -> list[str]:
    """The names of all repositories, or the one asked for; raises Gone if that is not there."""
    chosen = {"repositoryNames": [name]} if name else {"PaginationConfig": {"PageSize": _PAGE}}
    listing = pages(
        target.ecr, "DescribeRepositories", registryId=target.registry.account, **chosen
    )
    return sorted(repo["repositoryName"] for page in listing for repo in page["repositories"])


def images(target: Target, repository: str) -> list[Image]:
    """All images, archived ones too, which DescribeImages leaves out unless asked."""
    listing = pages(
        target.ecr,
        "DescribeImages",
        registryId=target.registry.account,
        repositoryName=repository,
        filter={"imageStatus": "ANY"},
        PaginationConfig={"PageSize": _PAGE},
    )
    return [_image(detail) for page in listing for detail in page.get("imageDetails") or ()]


def children(target: Target, repository: str, indexes: Sequence[str]) -> Links:
    """The digests that each of these indexes names; an index that is gone meanwhile has none.

    Raises AwsError for a manifest that cannot be read: what is unknown must not be deleted.
    """
    return {
        digest: _children(repository, digest, manifest)
        for chunk in chunks(indexes, BATCH)
        for digest, manifest in manifests(target, repository, chunk).items()
    }


def manifests(target: Target, repository: str, digests: Sequence[str]) -> dict[str, str]:
    """The manifests, verbatim, of at most 100 images; those that are gone are left out."""
    answer = call(
        target.ecr,
        "BatchGetImage",
        registryId=target.registry.account,
        repositoryName=repository,
        imageIds=[{"imageDigest": digest} for digest in digests],
        acceptedMediaTypes=sorted(MANIFEST_MEDIA_TYPES),
    )
    found = {
        image["imageId"]["imageDigest"]: image["imageManifest"]
        for image in answer.get("images", ())
    }
    refused = {_digest(failure): failure for failure in answer.get("failures", ())}
    for digest in digests:
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
    """Deletes images of one target. Nothing that only plans is ever given one."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._ecr = target.writing_ecr()

    def delete(
        self, repository: str, digests: Sequence[str]
    ) -> tuple[frozenset[str], tuple[Refusal, ...]]:
        """One call for at most 100 digests: those that AWS says it deleted, and its refusals."""
        answer = call(
            self._ecr,
            "BatchDeleteImage",
            registryId=self._target.registry.account,
            repositoryName=repository,
            imageIds=[{"imageDigest": digest} for digest in digests],
        )
        deleted = frozenset(image["imageDigest"] for image in answer.get("imageIds", ()))
        refusals = tuple(
            Refusal(_digest(it), it.get("failureCode", ""), it.get("failureReason", ""))
            for it in answer.get("failures", ())
        )
        return deleted, refusals

    def still_there(self, repository: str, digests: Iterable[str]) -> set[str]:
        """Which of these images the repository still holds."""
        return {image.digest for image in images(self._target, repository)} & set(digests)


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
