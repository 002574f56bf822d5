"""ECR's lifecycle policies and previews: every page, every state, every refusal."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore import xform_name

from ecrm.aws import call, connect
from ecrm.check.lifecycle import LifecycleAction
from ecrm.check.lifecycle.preview import EvaluatedBy, Told, preview
from ecrm.errors import AccessDenied, AwsError, Gone, InputError, NotOffered
from ecrm.registry.images import images
from ecrm.registry.inventory import Inventory
from ecrm.registry.lifecycle_preview import PreviewResult, lifecycle_policy, lifecycle_preview
from ecrm.registry.operations import START_LIFECYCLE_POLICY_PREVIEW
from ecrm.registry.tag_mutability import Mutability
from tests.fake_aws import FakeAws, days_ago
from tests.stubs import ACCOUNT, NOW, REGISTRY, Stubs, digest
from tests.values import numbered

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


class Naps(list[float]):
    """Sleeps, none of them real."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def naps() -> Naps:
    return Naps()


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


def test_a_preview_is_waited_for_and_read_to_its_last_page(aws, naps):
    aws.answer("StartLifecyclePolicyPreview", STARTED, **START)
    aws.answer("GetLifecyclePolicyPreview", WAITING, **READ)
    aws.answer(
        "GetLifecyclePolicyPreview", done(result(1, imageTags=["b", "a"]), nextToken="2"), **READ
    )
    to_archive = result(2, "TRANSITION", 7)
    aws.answer("GetLifecyclePolicyPreview", done(to_archive), **READ, nextToken="2")
    assert lifecycle_preview(aws.target, "shop/api", TEXT, naps) == (
        PreviewResult(digest(1), ("a", "b"), 1, LifecycleAction.EXPIRE, NOW),
        PreviewResult(digest(2), (), 7, LifecycleAction.TRANSITION, NOW),
    )
    assert naps == [5]


def test_the_preview_of_somebody_else_is_waited_for(aws, naps):
    aws.refuse("StartLifecyclePolicyPreview", BUSY, **START)
    aws.answer("StartLifecyclePolicyPreview", STARTED, **START)
    aws.answer("GetLifecyclePolicyPreview", done(), **READ)
    assert lifecycle_preview(aws.target, "shop/api", TEXT, naps) == ()
    assert naps == [5]


def test_waiting_for_somebody_else_ends(aws, naps):
    aws.otherwise_refuse("StartLifecyclePolicyPreview", BUSY)
    with pytest.raises(AwsError, match="shop/api: another preview is in progress; try again later"):
        lifecycle_preview(aws.target, "shop/api", TEXT, naps)
    assert sum(naps) == 300


def test_waiting_for_a_preview_ends(aws, naps):
    aws.answer("StartLifecyclePolicyPreview", STARTED, **START)
    aws.otherwise("GetLifecyclePolicyPreview", WAITING)
    with pytest.raises(AwsError, match="the preview is still in progress; try again later"):
        lifecycle_preview(aws.target, "shop/api", TEXT, naps)
    assert sum(naps) == 300


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED", None])
def test_b11_a_preview_that_failed_is_not_an_empty_one(aws, naps, status):
    aws.answer("StartLifecyclePolicyPreview", STARTED, **START)
    answer = done() | {"status": status}
    aws.answer(
        "GetLifecyclePolicyPreview", {k: v for k, v in answer.items() if v is not None}, **READ
    )
    with pytest.raises(AwsError, match=f"the preview is {status}; try again later|has no status"):
        lifecycle_preview(aws.target, "shop/api", TEXT, naps)


def test_the_preview_of_another_policy_is_not_taken_for_ours(aws, naps):
    aws.answer("StartLifecyclePolicyPreview", STARTED, **START)
    other = done(result(1)) | {"lifecyclePolicyText": "x" * 100}
    aws.answer("GetLifecyclePolicyPreview", other, **READ)
    with pytest.raises(AwsError, match="somebody started another preview meanwhile"):
        lifecycle_preview(aws.target, "shop/api", TEXT, naps)


def test_a_policy_is_known_again_by_the_text_that_ecr_makes_of_it(aws, naps):
    ecrs = json.dumps(json.loads(TEXT), indent=1)
    aws.answer("StartLifecyclePolicyPreview", STARTED | {"lifecyclePolicyText": ecrs}, **START)
    aws.answer("GetLifecyclePolicyPreview", done() | {"lifecyclePolicyText": ecrs}, **READ)
    assert lifecycle_preview(aws.target, "shop/api", TEXT, naps) == ()


@pytest.mark.parametrize(
    "damaged",
    [
        {"appliedRulePriority": 1, "action": {"type": "EXPIRE"}},
        {"imageDigest": digest(1), "action": {"type": "EXPIRE"}},
        {"imageDigest": digest(1), "appliedRulePriority": 1, "action": {}},
        {"imageDigest": digest(1), "appliedRulePriority": 1, "action": {"type": "FREEZE"}},
    ],
)
def test_a_result_that_is_not_understood_is_not_left_out(aws, naps, damaged):
    aws.answer("StartLifecyclePolicyPreview", STARTED, **START)
    aws.answer("GetLifecyclePolicyPreview", done(damaged), **READ)
    with pytest.raises(
        AwsError, match=r"ecr:GetLifecyclePolicyPreview: .*(previewResults|ecrm cannot read)"
    ):
        lifecycle_preview(aws.target, "shop/api", TEXT, naps)


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


def told(aws: Stubs | None, naps: Naps, text: str = TEXT) -> Told:
    return preview(aws.target if aws else None, "shop/api", text, [OLD, NEW], now=NOW, sleep=naps)


def previewed(aws: Stubs, *results: dict[str, Any]) -> None:
    aws.answer("StartLifecyclePolicyPreview", STARTED, **START)
    aws.answer("GetLifecyclePolicyPreview", done(*results), **READ)


def test_ecr_is_asked_first(aws, naps):
    previewed(aws, result(2))
    found = told(aws, naps)
    assert [(it.image, it.rule.description) for it in found.preview] == [(NEW, "Keep one")]
    assert (found.by, str(found.by)) == (EvaluatedBy.ECR, "ECR's preview")


def test_an_image_that_was_pushed_since_the_listing_is_left_out(aws, naps):
    previewed(aws, result(3))
    assert told(aws, naps) == Told((), EvaluatedBy.ECR)


@pytest.mark.parametrize("odd", [result(1, priority=2), result(1, "TRANSITION")])
def test_a_rule_that_the_policy_does_not_have_is_not_guessed(aws, naps, odd):
    previewed(aws, odd)
    with pytest.raises(AwsError, match=r"by rule [12], which the policy does not have"):
        told(aws, naps)


@pytest.mark.parametrize("code", ["AccessDeniedException", "UnknownOperationException"])
@pytest.mark.parametrize("operation", ["StartLifecyclePolicyPreview", "GetLifecyclePolicyPreview"])
def test_where_the_preview_is_not_to_be_had_ecrm_evaluates_the_policy(aws, naps, operation, code):
    if operation == "GetLifecyclePolicyPreview":
        aws.answer("StartLifecyclePolicyPreview", STARTED, **START)
    aws.refuse(operation, code, **(START if "Start" in operation else READ))
    found = told(aws, naps)
    assert [it.image for it in found.preview] == [OLD]
    assert found.by is EvaluatedBy.ECRM


def test_without_an_account_to_ask_ecrm_evaluates_the_policy(naps):
    assert [it.image for it in told(None, naps).preview] == [OLD]


@pytest.mark.parametrize("code", ["ServerException", "RepositoryNotFoundException"])
def test_b11_a_preview_that_fails_is_not_replaced(aws, naps, code):
    aws.refuse("StartLifecyclePolicyPreview", code, **START)
    with pytest.raises(AwsError) as failed:
        told(aws, naps)
    assert not isinstance(failed.value, (AccessDenied, NotOffered))


def test_a_policy_that_is_not_understood_is_not_previewed(aws, naps):
    with pytest.raises(InputError, match="lifecycle policy of shop/api: rules is"):
        told(aws, naps, '{"rules": []}')
    with pytest.raises(InputError, match=r"new\.json: rules is"):
        preview(aws.target, "shop/api", '{"rules": []}', [], now=NOW, where="new.json")
    assert aws.calls == []


def test_ecrs_preview_and_our_evaluation_agree(naps):
    with FakeAws() as fake, pytest.MonkeyPatch.context() as env:
        for name, value in fake.env().items():
            env.setenv(name, value)
        shop = fake.ecr.repository("shop/api")
        shop.fill(150, newest=days_ago(1))
        shop.push_index("many", pushed=days_ago(200))
        target = connect()
        repository_indexes = images(target, "shop/api")
        now = max(it.pushed_at for it in repository_indexes) + timedelta(days=1)
        ecrs = preview(target, "shop/api", TEXT, repository_indexes, now=now, sleep=naps)
        ours = preview(None, "shop/api", TEXT, repository_indexes, now=now, sleep=naps)
    assert (ecrs.by, ours.by) == (EvaluatedBy.ECR, EvaluatedBy.ECRM)
    assert len(ours.preview) == 152
    assert {it.image.digest for it in ecrs.preview} == {it.image.digest for it in ours.preview}


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
