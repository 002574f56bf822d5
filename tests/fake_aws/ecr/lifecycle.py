"""ECR operations on lifecycle policies: the deployed one, and previews of any."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.fake_aws.account import Account, Json, repository_of
from tests.fake_aws.errors import AwsError, invalid
from tests.fake_aws.paging import Listing

from .evaluating import Preview, matched
from .image import ARCHIVED, Image

if TYPE_CHECKING:
    from .repository import Repository

LARGEST_PAGE = 100


def get_lifecycle_policy(account: Account, params: Json) -> Json:
    repository = repository_of(account, params)
    return _names(repository) | {"lifecyclePolicyText": _deployed(repository)}


def start_lifecycle_policy_preview(account: Account, params: Json) -> Json:
    """Of the policy given or, without one, of that deployed."""
    repository = repository_of(account, params)
    running = repository.preview
    if running is not None and running.waits > 0:
        raise AwsError(
            "LifecyclePolicyPreviewInProgressException",
            "The previous lifecycle policy preview request has not completed. Wait and try again.",
        )
    text = params.get("lifecyclePolicyText") or _deployed(repository)
    rules = _rules(text)
    results = [
        _result(image, rule)
        for image, rule in matched(rules, list(repository), account.ecr.clock())
    ]
    repository.preview = Preview(text, results, repository.preview_waits)
    return _names(repository) | {"lifecyclePolicyText": text, "status": "IN_PROGRESS"}


def get_lifecycle_policy_preview(account: Account, params: Json) -> Json:
    repository = repository_of(account, params)
    preview = repository.preview
    if preview is None:
        raise AwsError(
            "LifecyclePolicyPreviewNotFoundException", "There is no dry run for this repository."
        )
    content = _names(repository) | {"lifecyclePolicyText": preview.text}
    content["status"] = status = preview.asked()
    if status != "COMPLETE":
        return content
    size = int(params.get("maxResults", LARGEST_PAGE))
    if not 1 <= size <= LARGEST_PAGE:
        raise AwsError("ValidationException", f"maxResults is {size}, not from 1 to {LARGEST_PAGE}")
    listing = Listing(f"GetLifecyclePolicyPreview {repository.arn}", preview.results, _order)
    content["previewResults"], token = listing.page(params.get("nextToken"), size)
    expiring = sum(result["action"]["type"] == "EXPIRE" for result in preview.results)
    content["summary"] = {"expiringImageTotalCount": expiring}
    return content | ({"nextToken": token} if token else {})


def _rules(text: str) -> list[Json]:
    if not 100 <= len(text) <= 30_720:
        raise invalid("Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint")
    try:
        rules: list[Json] = json.loads(text)["rules"]
    except (ValueError, KeyError, TypeError) as error:
        raise invalid("Lifecycle policy validation failure: not a policy") from error
    return rules


def _result(image: Image, rule: Json) -> Json:
    action: dict[str, Any] = {"type": rule["action"]["type"].upper()}
    if "targetStorageClass" in rule["action"]:
        action["targetStorageClass"] = rule["action"]["targetStorageClass"].upper()
    return {
        "imageDigest": image.digest,
        "imagePushedAt": image.pushed,
        "action": action,
        "appliedRulePriority": rule["rulePriority"],
        "storageClass": "ARCHIVE" if image.status == ARCHIVED else "STANDARD",
    } | ({"imageTags": image.tags} if image.tags else {})


def _order(result: Json) -> tuple[float, str]:
    return (result["imagePushedAt"], result["imageDigest"])


def _deployed(repository: Repository) -> str:
    if repository.lifecycle_policy is None:
        raise AwsError(
            "LifecyclePolicyNotFoundException",
            f"Lifecycle policy does not exist for the repository with name '{repository.name}' in "
            f"the registry with id '{repository.address.account}'",
        )
    return repository.lifecycle_policy


def _names(repository: Repository) -> Json:
    return {"registryId": repository.address.account, "repositoryName": repository.name}
