"""ECR operations that only list: repositories, images, referrers."""

from __future__ import annotations

import json
from typing import Any

from tests.fake_aws.account import Account, Json, repository_of
from tests.fake_aws.errors import AwsError, invalid, too_long
from tests.fake_aws.paging import Listing

from .image import ACTIVE, Image
from .naming import FailedIdError, ImageId, locate
from .registry import Registry
from .repository import Repository

DEFAULT_PAGE = 100
LARGEST_PAGE = 1000
DEFAULT_REFERRERS = 20
LARGEST_REFERRERS = 50
MOST_IDS = 100


def describe_repositories(account: Account, params: Json) -> Json:
    registry = account.registry(params)
    names = params.get("repositoryNames")
    if names:
        if "maxResults" in params or "nextToken" in params:
            raise invalid("Paging is not supported together with 'repositoryNames'")
        return {"repositories": [_repository(registry.existing(name)) for name in names]}
    listing = _sorted_repositories(registry)
    found, token = listing.page(params.get("nextToken"), _size(params))
    return _paged({"repositories": [_repository(item) for item in found]}, token)


def describe_images(account: Account, params: Json) -> Json:
    repository = repository_of(account, params)
    if params.get("imageIds"):
        return {"imageDetails": [_detail(image) for image in _named_images(repository, params)]}
    scope = f"DescribeImages {repository.arn}"
    listing = Listing(scope, _listed(repository, params), Image.order, descending=True)
    found, token = listing.page(params.get("nextToken"), _size(params))
    return _paged({"imageDetails": [_detail(image) for image in found]}, token)


def list_images(account: Account, params: Json) -> Json:
    """One row per tag, one for an image that has none."""
    repository = repository_of(account, params)
    rows = [
        (image.order(), tag)
        for image in _listed(repository, params)
        for tag in sorted(image.tags, reverse=True) or [""]
    ]
    rows.sort()
    scope = f"ListImages {repository.arn}"
    listing = Listing(scope, rows, lambda row: (*row[0], row[1]), descending=True)
    found, token = listing.page(params.get("nextToken"), _size(params))
    return _paged({"imageIds": [_row(order[1], tag) for order, tag in found]}, token)


def list_image_referrers(account: Account, params: Json) -> Json:
    repository = repository_of(account, params)
    subject = params["subjectId"]["imageDigest"]
    wanted = params.get("filter", {})
    kinds = wanted.get("artifactTypes")
    listed = repository.listing(("ANY", wanted.get("artifactStatus", ACTIVE)))
    found = [
        image
        for image in listed
        if image.subject == subject and (not kinds or image.artifact_type in kinds)
    ]
    size = _size(params, DEFAULT_REFERRERS, LARGEST_REFERRERS)
    scope = f"ListImageReferrers {repository.arn} {subject}"
    page, token = Listing(scope, found, Image.order).page(params.get("nextToken"), size)
    return _paged({"referrers": [_referrer(image) for image in page]}, token)


def _size(params: Json, default: int = DEFAULT_PAGE, largest: int = LARGEST_PAGE) -> int:
    size = int(params.get("maxResults", default))
    if not 1 <= size <= largest:
        bound = f"less than or equal to {largest}" if size > 1 else "greater than or equal to 1"
        raise AwsError(
            "ValidationException",
            f"1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy "
            f"constraint: Member must have value {bound}",
        )
    return size


def _paged(content: Json, token: str | None) -> Json:
    return content | {"nextToken": token} if token else content


def _sorted_repositories(registry: Registry) -> Listing[Repository]:
    ordered = sorted(registry.repositories.values(), key=lambda item: item.name)
    return Listing("DescribeRepositories", ordered, lambda item: (item.name,))


def _repository(repository: Repository) -> Json:
    filters = [{"filterType": "WILDCARD", "filter": item} for item in repository.mutable_tags]
    shown: Json = {
        "repositoryArn": repository.arn,
        "registryId": repository.address.account,
        "repositoryName": repository.name,
        "repositoryUri": repository.uri,
        "createdAt": repository.created,
        "imageTagMutability": repository.mutability,
        "imageScanningConfiguration": {"scanOnPush": False},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }
    return shown | {"imageTagMutabilityExclusionFilters": filters} if filters else shown


def _listed(repository: Repository, params: Json) -> list[Image]:
    wanted = params.get("filter", {})
    return repository.listing((wanted.get("tagStatus", "ANY"), wanted.get("imageStatus", ACTIVE)))


def _named_images(repository: Repository, params: Json) -> list[Image]:
    """One name that is not there fails the whole call."""
    if "maxResults" in params or "nextToken" in params:
        raise invalid("Paging is not supported together with 'imageIds'")
    names = params["imageIds"]
    if len(names) > MOST_IDS:
        raise too_long("imageIds", MOST_IDS)
    return [_named_image(repository, name) for name in names]


def _named_image(repository: Repository, name: ImageId) -> Image:
    try:
        return locate(repository, name)
    except FailedIdError as failure:
        shown = ", ".join(f"{key}:'{value}'" for key, value in sorted(name.items()))
        raise AwsError(
            "ImageNotFoundException",
            f"The image with imageId {{{shown}}} does not exist within the repository with name "
            f"'{repository.name}' in the registry with id '{repository.address.account}'",
        ) from failure


def _detail(image: Image) -> Json:
    repository = image.repository
    shown: Json = {
        "registryId": repository.address.account,
        "repositoryName": repository.name,
        "imageDigest": image.digest,
        "imageSizeInBytes": image.size,
        "imagePushedAt": image.pushed,
        "imageManifestMediaType": image.media_type,
        "imageStatus": image.status,
    }
    if image.tags:
        shown["imageTags"] = image.tags
    optional = (
        ("artifactMediaType", image.artifact_type),
        ("lastRecordedPullTime", image.pulled),
        ("subjectManifestDigest", image.subject),
        ("lastArchivedAt", image.archived),
        ("lastActivatedAt", image.activated),
    )
    shown.update((key, value) for key, value in optional if value is not None)
    return shown


def _row(digest: str, tag: str) -> ImageId:
    return {"imageDigest": digest, "imageTag": tag} if tag else {"imageDigest": digest}


def _referrer(image: Image) -> Json:
    annotations: dict[str, Any] = json.loads(image.manifest).get("annotations", {})
    shown: Json = {
        "digest": image.digest,
        "mediaType": image.media_type,
        "size": len(image.manifest),
        "annotations": annotations,
        "artifactStatus": image.status,
    }
    return shown | {"artifactType": image.artifact_type} if image.artifact_type else shown
