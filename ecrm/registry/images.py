"""ECR: the repositories of a registry, and the images of a repository."""

from sys import intern
from typing import Any

from ecrm.aws import Target, items
from ecrm.errors import AwsError, Gone
from ecrm.model.image import Image, Status
from ecrm.registry.manifests import repository_of
from ecrm.registry.operations import DESCRIBE_IMAGES, DESCRIBE_REPOSITORIES

_STATUSES = {status.value: status for status in Status}
_PAGE = 1000  # the largest that DescribeRepositories and DescribeImages allow


def repositories(target: Target, only: str | None = None) -> dict[str, dict[str, Any]]:
    """The rows of DescribeRepositories by name, in the order of the names: all, or `only` that one
    if it exists."""
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
