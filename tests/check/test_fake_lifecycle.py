"""The fake's lifecycle policies answer as ECR's, seen through real boto3 clients."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.fake_aws import FakeAws, Repository, days_ago
from tests.fake_aws.driving import by_digest, client, paged, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMED = {"repositoryName": "shop/api"}


def policy(*rules: dict[str, Any]) -> str:
    return json.dumps({"rules": rules})


def rule(priority: int, action: str = "expire", **selection: Any) -> dict[str, Any]:
    to_archive = {} if action == "expire" else {"targetStorageClass": "archive"}
    return {
        "rulePriority": priority,
        "description": "made up for a test",
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan"} | selection,
        "action": {"type": action} | to_archive,
    }


KEEP_ONE = policy(rule(1, countNumber=1))


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    with FakeAws() as fake:
        yield fake


@pytest.fixture
def shop(aws: FakeAws) -> Repository:
    return aws.ecr.repository("shop/api")


@pytest.fixture
def ecr(aws: FakeAws) -> Any:
    return client(aws, "ecr")


def test_a_preview_is_in_progress_first_and_then_lists_matches(shop: Repository, ecr: Any) -> None:
    old = shop.push("v1", pushed=days_ago(9))
    shop.push("v2", pushed=days_ago(1))
    started = ecr.start_lifecycle_policy_preview(**NAMED, lifecyclePolicyText=KEEP_ONE)
    assert (started["status"], started["lifecyclePolicyText"]) == ("IN_PROGRESS", KEEP_ONE)
    waiting = ecr.get_lifecycle_policy_preview(**NAMED)
    assert waiting["status"] == "IN_PROGRESS"
    assert "previewResults" not in waiting
    done = ecr.get_lifecycle_policy_preview(**NAMED)
    assert done["status"] == "COMPLETE"
    assert done["summary"] == {"expiringImageTotalCount": 1}
    [result] = done["previewResults"]
    assert result["imagePushedAt"].timestamp() == pytest.approx(old.pushed)
    assert {key: value for key, value in result.items() if key != "imagePushedAt"} == {
        "imageDigest": old.digest,
        "imageTags": ["v1"],
        "action": {"type": "EXPIRE"},
        "appliedRulePriority": 1,
        "storageClass": "STANDARD",
    }
    assert old in shop


def test_a_preview_comes_in_pages_of_a_hundred(shop: Repository, ecr: Any) -> None:
    shop.fill(232, newest=days_ago(1))
    shop.preview_waits = 0
    ecr.start_lifecycle_policy_preview(**NAMED, lifecyclePolicyText=KEEP_ONE)
    assert len(ecr.get_lifecycle_policy_preview(**NAMED)["previewResults"]) == 100
    found = paged(ecr, "get_lifecycle_policy_preview", "previewResults", **NAMED)
    assert len({image["imageDigest"] for image in found}) == 231
    assert refused(ecr.get_lifecycle_policy_preview, **NAMED, maxResults=101)[0] == (
        "ValidationException"
    )


def test_a_transition_names_the_storage_class(shop: Repository, ecr: Any) -> None:
    shop.push("v1", pushed=days_ago(9))
    shop.preview_waits = 0
    text = policy(
        rule(1, "transition", countType="sinceImagePushed", countUnit="days", countNumber=5)
    )
    ecr.start_lifecycle_policy_preview(**NAMED, lifecyclePolicyText=text)
    [result] = ecr.get_lifecycle_policy_preview(**NAMED)["previewResults"]
    assert result["action"] == {"type": "TRANSITION", "targetStorageClass": "ARCHIVE"}


def test_without_a_text_a_preview_is_of_the_deployed_policy(shop: Repository, ecr: Any) -> None:
    assert refused(ecr.start_lifecycle_policy_preview, **NAMED)[0] == (
        "LifecyclePolicyNotFoundException"
    )
    shop.lifecycle_policy = KEEP_ONE
    assert ecr.start_lifecycle_policy_preview(**NAMED)["lifecyclePolicyText"] == KEEP_ONE


def test_a_repository_has_one_preview_at_a_time(shop: Repository, ecr: Any) -> None:
    assert refused(ecr.get_lifecycle_policy_preview, **NAMED) == (
        "LifecyclePolicyPreviewNotFoundException",
        "There is no dry run for this repository.",
    )
    ecr.start_lifecycle_policy_preview(**NAMED, lifecyclePolicyText=KEEP_ONE)
    start = {**NAMED, "lifecyclePolicyText": KEEP_ONE}
    assert refused(ecr.start_lifecycle_policy_preview, **start)[0] == (
        "LifecyclePolicyPreviewInProgressException"
    )
    ecr.get_lifecycle_policy_preview(**NAMED)
    ecr.start_lifecycle_policy_preview(**start)


@pytest.mark.parametrize("text", ["x" * 100, json.dumps({"rules": "x" * 31_000})])
def test_a_text_that_is_no_policy_is_refused(shop: Repository, ecr: Any, text: str) -> None:
    start = {**NAMED, "lifecyclePolicyText": text}
    assert refused(ecr.start_lifecycle_policy_preview, **start)[0] == "InvalidParameterException"


def test_a_preview_writes_nothing(aws: FakeAws, shop: Repository, ecr: Any) -> None:
    image = shop.push("v1")
    ecr.start_lifecycle_policy_preview(**NAMED, lifecyclePolicyText=KEEP_ONE)
    assert aws.calls.writes == []
    ecr.batch_delete_image(**NAMED, imageIds=by_digest(image))
    assert [call.name for call in aws.calls.writes] == ["ecr:BatchDeleteImage"]
