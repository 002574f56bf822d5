"""ECR: the repositories of a registry, and the images of a repository."""

from sys import intern
from typing import Any

from ecrm.aws import Target, pages
from ecrm.errors import AwsError, Gone
from ecrm.model.image import Image, Status
from ecrm.registry.manifests import repository_of

_STATUSES = {status.value: status for status in Status}
_PAGE = 1000  # the largest that DescribeRepositories and DescribeImages allow


def repositories(target: Target, only: str | None = None) -> dict[str, dict[str, Any]]:
    """The rows of DescribeRepositories by name, in the order of the names: all, or `only` that one
    if it exists."""
    which = {"repositoryNames": [only]} if only else {"PaginationConfig": {"PageSize": _PAGE}}
    account = target.registry.account
    listing = pages(target.ecr, "DescribeRepositories", registryId=account, **which)
    try:
        rows = [row for page in listing for row in page.get("repositories", ())]
    except Gone:
        return {}
    rows.sort(key=lambda row: row["repositoryName"])
    return {row["repositoryName"]: row for row in rows}


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
