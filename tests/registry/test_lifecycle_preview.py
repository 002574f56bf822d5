"""ECR's lifecycle policies and previews: every page, every state, every refusal."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore import xform_name

from ecrm.aws import call, connect
from ecrm.check.lifecycle.preview import EvaluatedBy, Preview, preview
from ecrm.errors import AccessDenied, AwsError, Gone, InputError, NotOffered
from ecrm.registry.images import images
from ecrm.registry.inventory import Inventory
from ecrm.registry.lifecycle_preview import (
    LifecycleAction,
    PreviewResult,
    lifecycle_policy,
    lifecycle_preview,
)
from ecrm.registry.operations import START_LIFECYCLE_POLICY_PREVIEW
from ecrm.registry.tag_mutability import Mutability
from tests.fake_aws import FakeAws, days_ago
from tests.stubs import ACCOUNT, NOW, REGISTRY, Stubs
from tests.values import digest, numbered

REPOSITORY = {"registryId": ACCOUNT, "repositoryName": "shop/api"}
TEXT = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "description": "Keep one",
                "selection": {
                    "tagStatus": "any",
                    "countType": "imageCountMoreThan",
                    "countNumber": 1,
                },
                "action": {"type": "expire"},
            }
        ]
    }
)
START = REPOSITORY | {"lifecyclePolicyText": TEXT}
READ = REPOSITORY | {"maxResults": 100}
STARTED = START | {"status": "IN_PROGRESS"}
WAITING = REPOSITORY | {"status": "IN_PROGRESS", "lifecyclePolicyText": TEXT}
BUSY = "LifecyclePolicyPreviewInProgressException"
OLD, NEW = numbered(1, "v1", days=90), numbered(2, "v2", days=1)


@pytest.fixture
def aws() -> Iterator[Stubs]:
    with Stubs() as stubs:
        yield stubs


ATTEMPTS = 3


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    polling = {"Delay": 0, "MaxAttempts": ATTEMPTS}
    monkeypatch.setattr("ecrm.registry.lifecycle_preview.POLLING", polling)


def result(number: int, action: str = "EXPIRE", priority: int = 1, **more: Any) -> dict[str, Any]:
    shown = {"imageDigest": digest(number), "appliedRulePriority": priority, "imagePushedAt": NOW}
    return shown | {"action": {"type": action}} | more


def done(*results: dict[str, Any], **more: Any) -> dict[str, Any]:
    complete = {"status": "COMPLETE", "lifecyclePolicyText": TEXT}
    return REPOSITORY | complete | {"previewResults": list(results)} | more


# -- the policy -----------------------------------------------------------------------------------


def test_the_text_of_a_policy_is_read(aws):
    aws.answer("GetLifecyclePolicy", REPOSITORY | {"lifecyclePolicyText": TEXT}, **REPOSITORY)
    assert Inventory([aws.target]).lifecycle_policy(REGISTRY, "shop/api") == TEXT


def test_a_repository_without_a_policy_has_none(aws):
    aws.refuse("GetLifecyclePolicy", "LifecyclePolicyNotFoundException", **REPOSITORY)
    assert lifecycle_policy(aws.target, "shop/api") is None


@pytest.mark.parametrize("code", ["AccessDeniedException", "ServerException"])
def test_b11_a_policy_that_cannot_be_read_is_not_none(aws, code):
    aws.refuse("GetLifecyclePolicy", code, **REPOSITORY)
    with pytest.raises(AwsError, match="ecr:GetLifecyclePolicy"):
        lifecycle_policy(aws.target, "shop/api")


def test_b11_an_answer_without_a_text_is_not_none(aws):
    aws.answer("GetLifecyclePolicy", REPOSITORY, **REPOSITORY)
    with pytest.raises(AwsError, match="AWS's answer has no lifecyclePolicyText"):
        lifecycle_policy(aws.target, "shop/api")


# -- the preview ----------------------------------------------------------------------------------


def waited_for(aws: Stubs, *answers: dict[str, Any]) -> None:
    """What the waiter is answered, which asks without a page size."""
    for answer in answers:
        aws.answer("GetLifecyclePolicyPreview", answer, **REPOSITORY)


def test_a_preview_is_waited_for_and_read_to_its_last_page(aws):
    aws.answer("StartLifecyclePolicyPreview", STARTED, **START)
    waited_for(aws, WAITING, WAITING, done())
    aws.answer("GetLifecyclePolicyPreview", done(result(1), nextToken="2"), **READ)
    to_archive = result(2, "TRANSITION", 7)
    aws.answer("GetLifecyclePolicyPreview", done(to_archive), **READ, nextToken="2")
    assert lifecycle_preview(aws.target, "shop/api", TEXT) == (
        PreviewResult(digest(1), 1, LifecycleAction.EXPIRE),
        PreviewResult(digest(2), 7, LifecycleAction.TRANSITION),
    )


@pytest.mark.parametrize("status", ["COMPLETE", "FAILED", "EXPIRED"])
def test_the_preview_of_somebody_else_is_waited_for_however_it_ends(aws, status, monkeypatch):
    aws.refuse("StartLifecyclePolicyPreview", BUSY, **START)
    attempts = ATTEMPTS if status == "EXPIRED" else 1  # which the waiter does not know
    waited_for(aws, WAITING, *[WAITING | {"status": status}] * attempts)
    aws.answer("StartLifecyclePolicyPreview", STARTED, **START)
    waited_for(aws, done())
    aws.answer("GetLifecyclePolicyPreview", done(), **READ)
    polling = {"Delay": 0, "MaxAttempts": ATTEMPTS + 1}
    monkeypatch.setattr("ecrm.registry.lifecycle_preview.POLLING", polling)
    assert lifecycle_preview(aws.target, "shop/api", TEXT) == ()


def test_waiting_for_somebody_else_ends(aws):
    aws.otherwise_refuse("StartLifecyclePolicyPreview", BUSY)
    aws.otherwise("GetLifecyclePolicyPreview", WAITING)
    with pytest.raises(AwsError, match="shop/api: another preview is in progress; try again later"):
        lifecycle_preview(aws.target, "shop/api", TEXT)
    assert len(aws.asked("GetLifecyclePolicyPreview")) == ATTEMPTS


def test_previews_that_others_start_one_after_the_other_are_not_waited_for_for_ever(aws):
    aws.otherwise_refuse("StartLifecyclePolicyPreview", BUSY)
    aws.otherwise("GetLifecyclePolicyPreview", done())
    with pytest.raises(AwsError, match="shop/api: another preview is in progress; try again later"):
        lifecycle_preview(aws.target, "shop/api", TEXT)
    assert len(aws.asked("StartLifecyclePolicyPreview")) == 5


def test_waiting_for_a_preview_ends(aws):
    aws.answer("StartLifecyclePolicyPreview", STARTED, **START)
    aws.otherwise("GetLifecyclePolicyPreview", WAITING)
    with pytest.raises(AwsError, match="the preview is still in progress; try again later"):
        lifecycle_preview(aws.target, "shop/api", TEXT)
    assert len(aws.asked("GetLifecyclePolicyPreview")) == ATTEMPTS


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED", None])
def test_b11_a_preview_that_failed_is_not_an_empty_one(aws, status):
    aws.answer("StartLifecyclePolicyPreview", STARTED, **START)
    answer = done() | {"status": status}
    aws.otherwise("GetLifecyclePolicyPreview", {k: v for k, v in answer.items() if v is not None})
    with pytest.raises(AwsError, match=f"shop/api: the preview is {status}; try again later"):
        lifecycle_preview(aws.target, "shop/api", TEXT)


@pytest.mark.parametrize("status", ["IN_PROGRESS", "EXPIRED"])
def test_b11_a_page_that_is_not_complete_is_not_an_empty_one(aws, status):
    aws.answer("StartLifecyclePolicyPreview", STARTED, **START)
    waited_for(aws, done())
    aws.answer("GetLifecyclePolicyPreview", done() | {"status": status}, **READ)
    with pytest.raises(AwsError, match=f"shop/api: the preview is {status}; try again later"):
        lifecycle_preview(aws.target, "shop/api", TEXT)


def test_b11_an_error_while_waiting_is_one_line(aws):
    aws.answer("StartLifecyclePolicyPreview", STARTED, **START)
    aws.refuse("GetLifecyclePolicyPreview", "ServerException", "it\nbroke", **REPOSITORY)
    with pytest.raises(AwsError) as failed:
        lifecycle_preview(aws.target, "shop/api", TEXT)
    assert str(failed.value) == "ecr:GetLifecyclePolicyPreview: ServerException: it broke"


def test_the_preview_of_another_policy_is_not_taken_for_ours(aws):
    aws.answer("StartLifecyclePolicyPreview", STARTED, **START)
    other = done(result(1)) | {"lifecyclePolicyText": "x" * 100}
    aws.otherwise("GetLifecyclePolicyPreview", other)
    with pytest.raises(AwsError, match="somebody started another preview meanwhile"):
        lifecycle_preview(aws.target, "shop/api", TEXT)


def test_a_policy_is_known_again_by_the_text_that_ecr_makes_of_it(aws):
    ecrs = json.dumps(json.loads(TEXT), indent=1)
    aws.answer("StartLifecyclePolicyPreview", STARTED | {"lifecyclePolicyText": ecrs}, **START)
    aws.otherwise("GetLifecyclePolicyPreview", done() | {"lifecyclePolicyText": ecrs})
    assert lifecycle_preview(aws.target, "shop/api", TEXT) == ()


@pytest.mark.parametrize(
    "damaged",
    [
        {"appliedRulePriority": 1, "action": {"type": "EXPIRE"}},
        {"imageDigest": digest(1), "appliedRulePriority": 1, "action": {}},
        {"imageDigest": digest(1), "appliedRulePriority": 1, "action": {"type": "FREEZE"}},
    ],
)
def test_a_result_that_is_not_understood_is_not_left_out(aws, damaged):
    aws.answer("StartLifecyclePolicyPreview", STARTED, **START)
    aws.otherwise("GetLifecyclePolicyPreview", done(damaged))
    with pytest.raises(
        AwsError, match=r"ecr:GetLifecyclePolicyPreview: .*(previewResults|ecrm cannot read)"
    ):
        lifecycle_preview(aws.target, "shop/api", TEXT)


def test_of_what_is_no_read_a_reading_client_lets_the_preview_through_alone(aws):
    aws.answer("StartLifecyclePolicyPreview", STARTED, **START)
    call(aws.target.ecr, START_LIFECYCLE_POLICY_PREVIEW, **START)
    with FakeAws() as fake, pytest.MonkeyPatch.context() as env:
        for name, value in fake.env().items():
            env.setenv(name, value)
        ecr = connect().ecr
        for operation in ("PutLifecyclePolicy", "DeleteLifecyclePolicy"):
            given = START if operation == "PutLifecyclePolicy" else REPOSITORY
            with pytest.raises(AssertionError, match=f"{operation} was called through a client"):
                getattr(ecr, xform_name(operation))(**given)


# -- who is asked ---------------------------------------------------------------------------------


def preview_of(aws: Stubs | None, text: str = TEXT) -> Preview:
    return preview(
        aws.target if aws else None,
        "shop/api",
        text,
        [OLD, NEW],
        now=NOW,
        where="policy of shop/api",
    )


def previewed(aws: Stubs, *results: dict[str, Any]) -> None:
    aws.answer("StartLifecyclePolicyPreview", STARTED, **START)
    aws.otherwise("GetLifecyclePolicyPreview", done(*results))


def test_ecr_is_asked_first(aws):
    previewed(aws, result(2))
    found = preview_of(aws)
    assert [(match.image, match.rule.description) for match in found.matches] == [(NEW, "Keep one")]
    assert (found.evaluated_by, str(found.evaluated_by)) == (EvaluatedBy.ECR, "ECR's preview")


def test_an_image_that_was_pushed_since_the_listing_is_left_out(aws):
    previewed(aws, result(3))
    assert preview_of(aws) == Preview((), EvaluatedBy.ECR)


@pytest.mark.parametrize("odd", [result(1, priority=2), result(1, "TRANSITION")])
def test_a_rule_that_the_policy_does_not_have_is_not_guessed(aws, odd):
    previewed(aws, odd)
    with pytest.raises(AwsError, match=r"by rule [12], which the policy does not have"):
        preview_of(aws)


@pytest.mark.parametrize("code", ["AccessDeniedException", "UnknownOperationException"])
@pytest.mark.parametrize("operation", ["StartLifecyclePolicyPreview", "GetLifecyclePolicyPreview"])
def test_where_the_preview_is_not_to_be_had_ecrm_evaluates_the_policy(aws, operation, code):
    if operation == "GetLifecyclePolicyPreview":
        aws.answer("StartLifecyclePolicyPreview", STARTED, **START)
    aws.refuse(operation, code, **(START if "Start" in operation else REPOSITORY))
    found = preview_of(aws)
    assert [match.image for match in found.matches] == [OLD]
    assert found.evaluated_by is EvaluatedBy.ECRM


def test_where_ecr_does_not_name_the_rule_ecrm_evaluates_the_policy(aws):
    nameless = result(2)
    del nameless["appliedRulePriority"]
    previewed(aws, result(1), nameless)
    found = preview_of(aws)
    assert [match.image for match in found.matches] == [OLD]
    assert found.evaluated_by is EvaluatedBy.ECRM


def test_without_an_account_to_ask_ecrm_evaluates_the_policy():
    assert [match.image for match in preview_of(None).matches] == [OLD]


@pytest.mark.parametrize("code", ["ServerException", "RepositoryNotFoundException"])
def test_b11_a_preview_that_fails_is_not_replaced(aws, code):
    aws.refuse("StartLifecyclePolicyPreview", code, **START)
    with pytest.raises(AwsError) as failed:
        preview_of(aws)
    assert not isinstance(failed.value, (AccessDenied, NotOffered))


def test_a_policy_that_is_not_understood_is_not_previewed(aws):
    with pytest.raises(InputError, match="policy of shop/api: rules is"):
        preview_of(aws, '{"rules": []}')
    assert aws.calls == []


def test_ecrs_preview_and_our_evaluation_agree():
    with FakeAws() as fake, pytest.MonkeyPatch.context() as env:
        for name, value in fake.env().items():
            env.setenv(name, value)
        shop = fake.ecr.repository("shop/api")
        shop.fill(150, newest=days_ago(1))
        shop.push_index("many", pushed=days_ago(200))
        target = connect()
        listed = images(target, "shop/api")
        now = max(image.pushed_at for image in listed) + timedelta(days=1)
        ecrs = preview(target, "shop/api", TEXT, listed, now=now, where="policy")
        ours = preview(None, "shop/api", TEXT, listed, now=now, where="policy")
    assert (ecrs.evaluated_by, ours.evaluated_by) == (EvaluatedBy.ECR, EvaluatedBy.ECRM)
    assert len(ours.matches) == 152
    assert {match.image.digest for match in ecrs.matches} == {
        match.image.digest for match in ours.matches
    }


# -- which tags can move --------------------------------------------------------------------------

LISTED = {
    "repositories": [
        {"repositoryName": "shop/api", "imageTagMutability": "IMMUTABLE"},
        {"repositoryName": "shop/odd"},
    ]
}


def test_which_tags_can_move_is_known_from_the_listing_of_repositories(aws):
    everywhere = {"registryId": ACCOUNT, "maxResults": 1000}
    aws.answer("DescribeRepositories", LISTED, **everywhere)
    inventory = Inventory([aws.target])
    inventory.repositories(REGISTRY)
    assert inventory.mutability(REGISTRY, "shop/api") == Mutability(mutable=False)
    with pytest.raises(AwsError, match="shop/odd: imageTagMutability is None, which ecrm does not"):
        inventory.mutability(REGISTRY, "shop/odd")
    assert len(aws.calls) == 1


def test_of_a_repository_that_was_not_listed_it_is_asked(aws):
    one = {"registryId": ACCOUNT, "repositoryNames": ["shop/api"]}
    mutable = {"repositoryName": "shop/api", "imageTagMutability": "MUTABLE"}
    aws.answer("DescribeRepositories", {"repositories": [mutable]}, **one)
    assert Inventory([aws.target]).mutability(REGISTRY, "shop/api").is_mutable("v1")


def test_a_repository_that_is_gone_has_no_tags_to_move(aws):
    one = {"registryId": ACCOUNT, "repositoryNames": ["shop/api"]}
    aws.refuse("DescribeRepositories", "RepositoryNotFoundException", **one)
    with pytest.raises(Gone, match="there is no repository shop/api in"):
        Inventory([aws.target]).mutability(REGISTRY, "shop/api")
