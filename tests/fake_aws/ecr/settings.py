"""ECR operations on policies, on the registry itself, and on the storage class of an image."""

from __future__ import annotations

from tests.fake_aws.account import Account, Json, repository_of
from tests.fake_aws.errors import AwsError
from tests.fake_aws.paging import Listing

from .image import ACTIVATING, ACTIVE, ARCHIVED
from .naming import FailedIdError, full_id, locate
from .repository import Repository

LARGEST_PAGE = 1000


def update_image_storage_class(account: Account, params: Json) -> Json:
    """Archiving is done at once; restoring stays ACTIVATING until the test finishes it."""
    repository = repository_of(account, params)
    target = params["targetStorageClass"]
    if target not in ("STANDARD", "ARCHIVE"):
        raise AwsError("ValidationException", f"Unknown storage class '{target}'")
    try:
        image = locate(repository, params["imageId"])
    except FailedIdError as failure:
        raise AwsError("ImageNotFoundException", failure.reason) from failure
    if target == "ARCHIVE" and image.status == ACTIVE:
        repository.set_status(image, ARCHIVED)
    elif target == "STANDARD" and image.status == ARCHIVED:
        repository.set_status(image, ACTIVATING)
    else:
        raise AwsError(
            "ImageStorageClassUpdateNotSupportedException",
            f"The storage class of an image that is {image.status} cannot be set to {target}",
        )
    return _names(repository) | {
        "imageId": full_id(image, params["imageId"].get("imageTag")),
        "imageStatus": image.status,
    }


def describe_registry(account: Account, _: Json) -> Json:
    registry = account.ecr
    return {
        "registryId": registry.address.account,
        "replicationConfiguration": {"rules": registry.replication_rules},
    }


def describe_pull_through_cache_rules(account: Account, params: Json) -> Json:
    rules = {rule["ecrRepositoryPrefix"]: rule for rule in account.ecr.pull_through_rules}
    listing = Listing("DescribePullThroughCacheRules", sorted(rules), lambda name: (name,))
    size = min(int(params.get("maxResults", LARGEST_PAGE)), LARGEST_PAGE)
    found, token = listing.page(params.get("nextToken"), size)
    content: Json = {"pullThroughCacheRules": [rules[prefix] for prefix in found]}
    return content | {"nextToken": token} if token else content


def get_registry_policy(account: Account, _: Json) -> Json:
    owner = account.address.account
    if account.ecr.policy is None:
        raise AwsError(
            "RegistryPolicyNotFoundException",
            f"Registry policy does not exist in the registry with id '{owner}'",
        )
    return {"registryId": owner, "policyText": account.ecr.policy}


def get_repository_policy(account: Account, params: Json) -> Json:
    repository = repository_of(account, params)
    if repository.policy is None:
        raise AwsError(
            "RepositoryPolicyNotFoundException",
            f"Repository policy does not exist for the repository with name '{repository.name}' "
            f"in the registry with id '{repository.address.account}'",
        )
    return _names(repository) | {"policyText": repository.policy}


def list_tags_for_resource(account: Account, params: Json) -> Json:
    name = params["resourceArn"].partition(":repository/")[2]
    tags = repository_of(account, {"repositoryName": name}).resource_tags
    return {"tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def list_pull_time_update_exclusions(account: Account, params: Json) -> Json:
    names = sorted(account.ecr.pull_time_exclusions)
    listing = Listing("ListPullTimeUpdateExclusions", names, lambda name: (name,))
    size = min(int(params.get("maxResults", LARGEST_PAGE)), LARGEST_PAGE)
    found, token = listing.page(params.get("nextToken"), size)
    content: Json = {"pullTimeUpdateExclusions": found}
    return content | {"nextToken": token} if token else content


def _names(repository: Repository) -> Json:
    return {"registryId": repository.address.account, "repositoryName": repository.name}
