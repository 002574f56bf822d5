"""Lifecycle policies: what is read, refused and deleted, and what of that is in use."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrm.check.lifecycle.conflict import Conflict, conflicts, due_within
from ecrm.check.lifecycle.evaluation import LifecycleMatch, carried_out, evaluate, next_due
from ecrm.check.lifecycle.policy import (
    CountType,
    LifecyclePolicy,
    LifecycleRule,
    Selection,
    StorageClass,
    TagStatus,
)
from ecrm.check.lifecycle.reading import parse_policy
from ecrm.errors import InputError
from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Image, Status
from ecrm.model.pattern import NamePattern
from ecrm.model.rule import Action, Rule
from ecrm.planning.retention import decide
from ecrm.planning.uses import UsesByRepository
from ecrm.registry.lifecycle_preview import LifecycleAction
from ecrm.registry.operations import DESCRIBE_REPOSITORIES
from ecrm.registry.tag_mutability import Mutability, mutability_from
from tests import fake_aws
from tests.fake_aws.ecr.evaluating import matched
from tests.strategies import cases, examples
from tests.values import HOME, NOTATION, NOW, digest, image, index, use

Json = dict[str, Any]
DAY = timedelta(days=1)
EXPIRE = {"type": "expire"}
ARCHIVE = {"type": "transition", "targetStorageClass": "archive"}


def rule(priority: int = 1, action: Any = EXPIRE, description: str = "", **selection: Any) -> Json:
    """A rule about all images but the newest one, with that of the selection put first."""
    known = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1}
    chosen = {key: value for key, value in (known | selection).items() if value is not ...}
    described = {"description": description} if description else {}
    return {"rulePriority": priority, "selection": chosen, "action": action} | described


def by_age(priority: int = 1, action: Any = EXPIRE, number: int = 14, **more: Any) -> Json:
    days: Json = {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": number}
    return rule(priority, action, **days | more)


def policy(*rules: Any) -> LifecyclePolicy:
    return parse_policy(json.dumps({"rules": rules}), "policy.json")


# -- reading --------------------------------------------------------------------------------------


def test_a_policy_in_full():
    prod = {"tagStatus": "tagged", "tagPatternList": ["prod*", "*-eu"]}
    read = policy(
        by_age(20, ARCHIVE, 90, countType="sinceImagePulled", storageClass="standard"),
        rule(1, tagStatus="tagged", tagPrefixList=["dev"], countNumber=10, description="Ten"),
        by_age(2, number=1, **prod),
        by_age(30, number=365, countType="sinceImageTransitioned", storageClass="archive"),
    )
    archive, standard = StorageClass.ARCHIVE, StorageClass.STANDARD
    assert read.rules == (
        LifecycleRule(
            1,
            Selection(TagStatus.TAGGED, CountType.COUNT, 10, standard, ("dev",)),
            LifecycleAction.EXPIRE,
            "Ten",
        ),
        LifecycleRule(
            2,
            Selection(TagStatus.TAGGED, CountType.PUSHED, 1, standard, (), ("prod*", "*-eu")),
            LifecycleAction.EXPIRE,
        ),
        LifecycleRule(
            20, Selection(TagStatus.ANY, CountType.PULLED, 90), LifecycleAction.TRANSITION
        ),
        LifecycleRule(
            30,
            Selection(TagStatus.ANY, CountType.TRANSITIONED, 365, archive),
            LifecycleAction.EXPIRE,
        ),
    )
    assert list(map(str, read.rules)) == [
        'rule 1 "Ten" (images tagged dev* but the newest 10)',
        "rule 2 (images tagged prod* and *-eu pushed more than 1 day ago)",
        "rule 20 (all images last pulled more than 90 days ago)",
        "rule 30 (all images archived more than 365 days ago)",
    ]


def test_a_description_is_one_line():
    [parsed] = policy(rule(description="Keep\n\x1b[31mone")).rules
    assert str(parsed) == 'rule 1 "Keep [31mone" (all images but the newest 1)'


def refusal(text: str) -> str:
    with pytest.raises(InputError) as refused:
        parse_policy(text, "policy.json")
    assert "\n" not in str(refused.value)
    return str(refused.value)


TAGGED: Json = {"tagStatus": "tagged"}
TO_MOVE: Json = {"countType": "sinceImageTransitioned", "storageClass": "archive", "number": 90}
KEYS = "tagStatus, tagPrefixList, tagPatternList, storageClass, countType, countUnit, countNumber"


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([], "rules is []; write a list with at least one entry"),
        ({}, "rules is {}; write a list with at least one entry"),
        (
            [5],
            "rules[0]: the rule is 5; write an object with rulePriority, description, selection",
        ),
        (
            [rule() | {"priority": 1}],
            "rules[0]: the rule has 'priority', which ecrm does not know; remove it, or",
        ),
        ([rule(0)], "rules[0]: rulePriority is 0; write a whole number from 1 on"),
        ([rule(1), rule(True)], "rules[1]: rulePriority is True; write a whole number from 1 on"),
        ([rule() | {"rulePriority": "1"}], "rules[0]: rulePriority is '1'; write a whole number"),
        ([rule(1), rule(1)], "rulePriority 1 is given twice; number each rule once"),
        ([rule() | {"description": 5}], "rule 1: description is 5; write a text, or remove it"),
        (
            [rule() | {"selection": None}],
            f"rule 1: selection is missing; write an object with {KEYS}",
        ),
        ([rule(tags="x")], "rule 1: selection has 'tags', which ecrm does not know"),
        (
            [rule(tagStatus=...)],
            "rule 1: tagStatus is missing; ecrm knows tagged or untagged or any",
        ),
        (
            [rule(tagStatus="all")],
            "rule 1: tagStatus is 'all'; ecrm knows tagged or untagged or any",
        ),
        (
            [rule(**TAGGED)],
            "rule 1: has neither list of tags; write one of them with tagStatus tagged",
        ),
        (
            [rule(**TAGGED, tagPrefixList=["a"], tagPatternList=["b"])],
            "rule 1: has both tagPrefixList and tagPatternList; write one of them",
        ),
        (
            [rule(**TAGGED, tagPrefixList=[])],
            "rule 1: tagPrefixList is []; write a list with at least one entry",
        ),
        (
            [rule(**TAGGED, tagPatternList="prod*")],
            "rule 1: tagPatternList is 'prod*'; write a list with at least one entry",
        ),
        (
            [rule(**TAGGED, tagPatternList=[""])],
            "rule 1: tagPatternList has ''; write texts that are not empty",
        ),
        (
            [rule(**TAGGED, tagPrefixList=["a", 5])],
            "rule 1: tagPrefixList has 5; write texts that are not empty",
        ),
        (
            [rule(**TAGGED, tagPatternList=["*test*1*2*3*4*5*6"])],
            "rule 1: the pattern '*test*1*2*3*4*5*6' has more than 4 wildcards",
        ),
        (
            [rule(tagStatus="untagged", tagPrefixList=["a"])],
            "rule 1: tagPrefixList is not for tagStatus untagged; remove it",
        ),
        (
            [rule(tagPatternList=["a"])],
            "rule 1: tagPatternList is not for tagStatus any; remove it",
        ),
        (
            [rule(countType="sinceImageScanned")],
            "rule 1: countType is 'sinceImageScanned'; ecrm knows imageCountMoreThan or sinceImage",
        ),
        ([rule(countUnit="days")], "rule 1: countUnit is not for imageCountMoreThan; remove it"),
        (
            [by_age(countUnit=...)],
            "rule 1: countUnit is missing; write days with sinceImagePushed",
        ),
        (
            [by_age(countUnit="hours")],
            "rule 1: countUnit is 'hours'; write days with sinceImagePushed",
        ),
        ([rule(countNumber=0)], "rule 1: countNumber is 0; write a whole number from 1 on"),
        ([rule(countNumber=1.0)], "rule 1: countNumber is 1.0; write a whole number from 1 on"),
        (
            [rule(storageClass="glacier")],
            "rule 1: storageClass is 'glacier'; ecrm knows standard or",
        ),
        (
            [rule(storageClass="archive")],
            "rule 1: storageClass must be standard with imageCountMoreThan",
        ),
        (
            [by_age(countType="sinceImageTransitioned")],
            "rule 1: storageClass must be archive with sinceImageTransitioned",
        ),
        (
            [by_age(**TO_MOVE | {"number": 89})],
            "rule 1: countNumber is 89; write at least 90, since archived images stay",
        ),
        (
            [by_age(1, ARCHIVE, **TO_MOVE)],
            "rule 1: sinceImageTransitioned is about archived images; write the action expire",
        ),
        (
            [by_age(countType="sinceImagePulled")],
            "rule 1: sinceImagePulled cannot expire images; write the action transition",
        ),
        (
            [rule(1, None)],
            "rule 1: action is missing; write an object with type, targetStorageClass",
        ),
        (
            [rule(1, {"type": "delete"})],
            "rule 1: type is 'delete'; ecrm knows expire or transition",
        ),
        (
            [rule(1, {"type": "transition"})],
            "rule 1: targetStorageClass is missing; write archive with the action transition",
        ),
        (
            [rule(1, ARCHIVE | {"type": "expire"})],
            "rule 1: targetStorageClass is not for the action expire; remove it",
        ),
        (
            [rule(1), rule(2, tagStatus="untagged")],
            "rule 1: tagStatus any must have the highest rulePriority, above 2",
        ),
        (
            [rule(1, tagStatus="untagged"), by_age(2, tagStatus="untagged")],
            "rules 1 and 2 select untagged images; ECR takes one; remove the other",
        ),
        (
            [
                rule(1, **TAGGED, tagPrefixList=["a", "b"]),
                rule(2, **TAGGED, tagPrefixList=["b", "a"]),
            ],
            "tagPrefixList ['a', 'b'] is given twice; put it into one rule",
        ),
        ([rule(priority) for priority in range(1, 52)], "has 51 rules; ECR takes at most 50"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_what_ecr_would_refuse_is_refused(rules, message):
    assert refusal(json.dumps({"rules": rules})).startswith(f"policy.json: {message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no JSON that ECR would take: Expecting value"),
        ("[" * 20_000, "is no JSON that ECR would take: maximum recursion depth"),
        ('{"rules": [], "rules": []}', "is no JSON that ECR would take: 'rules' is given twice"),
        ("[]", "the policy is []; write an object with rules"),
        ('{"Rules": []}', "the policy has 'Rules', which ecrm does not know"),
        (" " * 30_721, "is 30,721 characters long; ECR takes at most 30,720"),
    ],
    ids=["empty", "deep", "twice", "list", "unknown", "long"],
)
def test_a_text_that_is_no_policy_is_refused(text, message):
    assert refusal(text).startswith(f"policy.json: {message}")


def test_rules_of_the_two_storage_classes_do_not_meet():
    """As in the guide's own example "Combining archive and expire rules"."""
    archived: Json = {**TO_MOVE, "tagStatus": "untagged"}
    policy(rule(1), by_age(2, **TO_MOVE))
    policy(rule(1, tagStatus="untagged"), by_age(2, **archived))


def test_the_rule_in_the_document_is_one_that_ecr_takes():
    text = (Path(__file__).parents[2] / "docs" / "lifecycle.md").read_text()
    lines = [line for line in text.splitlines() if line.startswith("    ")]
    [parsed] = policy(json.loads("".join(lines))).rules
    assert parsed.selection.patterns == ("live-*",)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=3), st.lists))
def test_whatever_stands_in_a_policy_it_is_read_or_refused_in_one_line(value):
    for place in ("rulePriority", "description", "selection", "action"):
        text = json.dumps({"rules": [rule() | {place: value}]})
        try:
            parse_policy(text, "policy.json")
        except InputError as error:
            assert len(str(error).splitlines()) == 1  # noqa: PT017 - or none at all


# -- evaluating -----------------------------------------------------------------------------------


def test_an_archived_image_without_a_date_is_not_judged():
    of_archive = policy(by_age(**TO_MOVE))
    with pytest.raises(InputError, match="is archived, and ECR does not say since when"):
        evaluate(of_archive, [image("a", status=Status.ARCHIVED)], NOW)


@pytest.mark.parametrize(
    ("rules", "due"),
    [
        ([by_age(number=14)], NOW + 4 * DAY),
        ([by_age(number=10)], NOW),
        ([by_age(number=9)], NOW),
        ([by_age(1, ARCHIVE, 14, countType="sinceImagePulled")], NOW + 12 * DAY),
        ([rule()], None),
        ([by_age(tagStatus="untagged")], None),
        ([rule(1, **TAGGED, tagPrefixList=["v"]), by_age(2, number=14)], None),
        ([by_age(number=10**9)], None),
        ([by_age(number=10**30)], None),
    ],
)
def test_a_rule_by_age_reaches_an_image_on_a_day_that_is_known(rules, due):
    found = image("a", "v1", days=10, pulled_at=NOW - 2 * DAY)
    assert next_due(policy(*rules), found, NOW) == due
    assert bool(evaluate(policy(*rules), [found], NOW)) is (
        due == NOW and rules[0] != by_age(number=10)
    )


TAGS = ["v1", "v2", "prod-1", "prod-eu", "dev"]
ENTRIES = st.lists(
    st.sampled_from(["v", "v*", "prod*", "*-eu", "*o*", "dev"]), min_size=1, max_size=2
)
AGES = st.integers(0, 12).map(lambda quarters: quarters * 6 * 3600)


@st.composite
def policies(draw: st.DrawFn) -> list[Json]:
    """Rules that ECR takes."""
    rules = []
    for priority in range(1, draw(st.integers(1, 3)) + 1):
        key = draw(st.sampled_from(["tagPrefixList", "tagPatternList"]))
        chosen: Json = {
            "tagStatus": "tagged",
            key: [*draw(ENTRIES), f"v{priority}"[: priority % 3]],
        }
        chosen[key] = [tag for tag in chosen[key] if tag]
        chosen["countNumber"] = draw(st.integers(1, 3))
        action = draw(st.sampled_from([EXPIRE, ARCHIVE]))
        kinds = ["imageCountMoreThan", "sinceImagePushed", "sinceImagePulled"]
        chosen["countType"] = draw(st.sampled_from(kinds))
        if chosen["countType"] == "sinceImagePulled":
            action = ARCHIVE
        if chosen["countType"] != "imageCountMoreThan":
            chosen["countUnit"] = "days"
        rules.append(rule(priority, action, **chosen))
    if draw(st.booleans()):
        rules.append(rule(8, tagStatus="untagged", countNumber=draw(st.integers(1, 2))))
    if draw(st.booleans()):
        number = draw(st.integers(1, 2))
        pulled = by_age(9, ARCHIVE, number, countType="sinceImagePulled")
        rules.append(draw(st.sampled_from([by_age(9, number=number), pulled])))
    if draw(st.booleans()):
        rules.append(by_age(5, **TO_MOVE))
    return draw(st.permutations(rules))


@st.composite
def ecr_images(draw: st.DrawFn) -> list[fake_aws.Image]:
    """Images of a repository of the fake; many of the same moment, some archived or restored."""
    fake = fake_aws.FakeAws(clock=NOW.timestamp).ecr.repository("app")
    for number in range(draw(st.integers(0, 6))):
        tags = draw(st.lists(st.sampled_from(TAGS), max_size=2, unique=True))
        pushed = NOW.timestamp() - draw(AGES)
        made = fake.push(*tags, pushed=pushed, content=f"image {number}")
        made.pulled = draw(st.none() | AGES.map(lambda age: NOW.timestamp() - age))
        made.status = draw(
            st.sampled_from(["ACTIVE", "ACTIVE", "ACTIVE", "ARCHIVED", "ACTIVATING"])
        )
        made.archived = NOW.timestamp() - draw(st.integers(89, 92)) * 86_400 + 1
        made.activated = draw(st.none() | AGES.map(lambda age: NOW.timestamp() - age))
    return list(fake)


def as_ecrm(found: fake_aws.Image) -> Image:
    def at(seconds: float | None) -> Any:
        return None if seconds is None else NOW + timedelta(seconds=seconds - NOW.timestamp())

    return Image(
        found.digest,
        found.tags,
        at(found.pushed),
        pulled_at=at(found.pulled),
        status=Status(found.status),
        archived_at=at(found.archived),
        activated_at=at(found.activated),
    )


@settings(max_examples=examples(200))
@given(policies(), ecr_images())
def test_two_evaluations_that_know_nothing_of_each_other_agree(rules, images):
    try:
        read = policy(*rules)
    except InputError as error:
        assert "given twice" in str(error)  # noqa: PT017 - two rules with the same prefixes
        return
    ours = evaluate(read, list(map(as_ecrm, images)), NOW)
    theirs = matched(rules, images, NOW.timestamp())
    assert [(match.image.digest, match.rule.priority) for match in ours] == [
        (image.digest, applied["rulePriority"]) for image, applied in theirs
    ]


# -- what of that is needed -----------------------------------------------------------------------

KEEP_A_DAY = Rule(NamePattern("app", False), timedelta(days=1), keep_tag_patterns=("latest",))
NOTHING: Mapping[str, tuple[str, ...]] = {}


def decided(
    images: Sequence[Image],
    *used: str,
    manifests: Mapping[str, tuple[str, ...]] = NOTHING,
    kept: Rule = KEEP_A_DAY,
) -> list[Decision]:
    uses = UsesByRepository([use(reference) for reference in used]).of([HOME], "app")
    return decide(images, manifests, uses, kept, NOW)


def met(
    rules: Sequence[Json],
    images: Sequence[Image],
    *used: str,
    manifests: Mapping[str, tuple[str, ...]] = NOTHING,
    **more: Any,
) -> tuple[Conflict, ...]:
    preview = evaluate(policy(*rules), images, NOW)
    return conflicts(decided(images, *used, manifests=manifests, **more), preview, manifests)


OLD, OLDER = image("old", "v1"), image("older", "v0", days=100)


def test_an_image_in_use_that_would_expire_is_reported_with_rule_and_user():
    [conflict] = met([rule(description="Keep one")], [OLD, OLDER], "app:v0", "app:v1")
    assert (conflict.decision.image, conflict.match.rule.priority) == (OLDER, 1)
    assert str(conflict.match.rule) == 'rule 1 "Keep one" (all images but the newest 1)'
    assert conflict.match.rule.action is LifecycleAction.EXPIRE
    assert [str(use) for use in conflict.uses] == ["service prod/web (PRIMARY)"]
    assert conflict.advice == (
        "raise countNumber of rule 1, or put a rule before it that selects what is deployed and"
        " keeps it"
    )


def test_what_nobody_needs_is_no_conflict():
    assert met([rule()], [OLD, OLDER], "app:v1") == ()


def test_a_running_digest_whose_tag_has_moved_is_reported():
    """What runs is untagged then, and most policies are about untagged images."""
    running = image("running")
    [conflict] = met(
        [by_age(tagStatus="untagged")], [running, OLD], f"app@{running.digest}", "app:v1"
    )
    assert conflict.name == running.digest
    assert conflict.advice == (
        "tag the image, so that rule 1 is not about it, or give rule 1 more days"
    )


@pytest.mark.parametrize(
    ("found", "more", "needed"),
    [
        (image("a", "latest"), {}, (Reason.KEEP_TAG, "latest matches latest")),
        (image("a", "v1", days=0.5), {}, (Reason.PUSHED, "12 hours of 24 hours")),
        (
            image("a", "v1", pulled_at=NOW - DAY),
            {"keep_pulled_within": 30 * DAY},
            (Reason.PULLED, "24 hours of 30 days"),
        ),
        (image("a", "v1"), {"keep_count": 1}, (Reason.KEEP_COUNT, "1 of 1")),
    ],
    ids=["keep tag", "pushed", "pulled", "count"],
)
def test_an_image_in_a_keep_window_that_would_expire_is_reported(found, more, needed):
    newer = image("newer", "zero", days=0.1)
    kept = replace(KEEP_A_DAY, **more)
    matching = [
        conflict
        for conflict in met([rule()], [found, newer], kept=kept)
        if conflict.decision.image == found
    ]
    assert [conflict.uses for conflict in matching] == [()]
    because = matching[0].because
    assert (because.reason, because.detail) == needed


def test_what_is_kept_only_because_ecrm_does_not_judge_it_is_not_a_conflict():
    chart = image("chart", "c1", artifact_type="application/vnd.cncf.helm.config.v1+json")
    archived = image("cold", "v9", status=Status.ARCHIVED, archived_at=NOW - 99 * DAY)
    signature = image("sig", subject=chart.digest, artifact_type=NOTATION)
    images = [chart, archived, signature]
    rules = [by_age(1, number=1), by_age(2, **TO_MOVE)]
    assert {match.image.digest for match in evaluate(policy(*rules), images, NOW)} == {
        image.digest for image in images
    }
    assert met(rules, images) == ()


def test_an_archived_image_in_use_that_would_be_deleted_is_reported():
    archived = image("cold", "v9", status=Status.ARCHIVED, archived_at=NOW - 99 * DAY)
    [conflict] = met([by_age(**TO_MOVE)], [archived], "app:v9")
    assert str(conflict.match.rule) == "rule 1 (all images archived more than 90 days ago)"
    assert conflict.match.rule.action is LifecycleAction.EXPIRE
    assert conflict.decision.image == archived


FAMILY = [index("index", "v1"), image("amd64"), image("arm64")]
LINKS = {digest("index"): (digest("amd64"), digest("arm64"))}
UNTAGGED = by_age(1, tagStatus="untagged")
V = by_age(2, **TAGGED, tagPatternList=["v*"])


def test_children_of_a_kept_index_are_not_a_conflict():
    for used in ("app:v1", f"app@{digest('amd64')}"):
        assert met([UNTAGGED], FAMILY, used, manifests=LINKS) == ()


def test_as_far_as_the_decisions_tell_of_it_no_manifest_is_needed_for_that():
    preview = evaluate(policy(UNTAGGED), FAMILY, NOW)
    decisions = decided(FAMILY, "app:v1", manifests=LINKS)
    assert len(preview) == 2
    assert conflicts(decisions, preview) == ()


def test_an_archived_index_holds_nothing_for_the_index_above_it():
    """Only a direct child is safe while its index is there: ECR does not look through an archived
    index to the one that names it."""
    cold = index("cold", status=Status.ARCHIVED, archived_at=NOW - DAY)
    images = [index("outer", "v1"), cold, image("amd64")]
    links = {digest("outer"): (cold.digest,), cold.digest: (digest("amd64"),)}
    [conflict] = met([UNTAGGED], images, f"app@{digest('amd64')}", manifests=links)
    assert conflict.decision.image.digest == digest("amd64")


def test_an_index_that_expires_is_reported_once_with_all_that_belongs_to_it():
    [conflict] = met([UNTAGGED, V], FAMILY, "app:v1", manifests=LINKS)
    assert conflict.name == "v1"
    assert {decision.image.digest for decision in conflict.along} == set(LINKS[digest("index")])
    assert [use.user for use in conflict.uses] == ["service prod/web"]


def test_the_index_of_a_platform_image_in_use_is_reported_though_nobody_names_it():
    """The next pull asks for the index, and without it the platform image can be deleted."""
    found = met([UNTAGGED, V], FAMILY, f"app@{digest('amd64')}", manifests=LINKS)
    assert {conflict.decision.image.digest for conflict in found} == {
        digest("index"),
        digest("amd64"),
    }
    assert all(conflict.uses for conflict in found)
    assert {conflict.decision.image.digest: len(conflict.along) for conflict in found}[
        digest("index")
    ] == 1


def test_a_signature_that_would_expire_without_its_image_is_reported_with_the_users_of_the_image():
    signature = image("sig", subject=OLD.digest, artifact_type=NOTATION)
    [conflict] = met([UNTAGGED], [OLD, signature], "app:v1")
    assert conflict.decision.image == signature
    assert conflict.because.image == OLD
    assert [use.user for use in conflict.uses] == ["service prod/web"]


def test_a_signature_expires_with_its_image_and_is_reported_with_it():
    signature = image("sig", subject=OLDER.digest, artifact_type=NOTATION, days=1)
    rules = [rule(1, **TAGGED, tagPatternList=["v*"])]
    [conflict] = met(rules, [OLD, OLDER, signature], "app:v0")
    assert [decision.image for decision in conflict.along] == [signature]


def test_referrers_in_a_circle_end():
    """Tags can be made to name each other."""
    one = image("one", digest("two").replace(":", "-"))
    two = image("two", digest("one").replace(":", "-"))
    images = [one, two, OLD]
    preview = evaluate(policy(by_age()), images, NOW)
    decisions = [
        *decided([OLD], "app:v1"),
        Decision(one, Reason.REFERRER, related=two.digest),
        Decision(two, Reason.REFERRER, related=one.digest),
    ]
    assert [conflict.decision.image for conflict in conflicts(decisions, preview)] == [OLD]


def test_what_is_kept_with_an_unknown_image_is_reported():
    decision = Decision(OLD, Reason.REFERRER, related=digest("unknown"))
    [conflict] = conflicts([decision], evaluate(policy(by_age()), [OLD], NOW))
    assert (conflict.because, conflict.uses) == (decision, ())


def test_an_image_that_ecrm_would_delete_is_no_conflict():
    decision = Decision(OLD, Reason.IN_USE, action=Action.DELETE)
    assert conflicts([decision], evaluate(policy(by_age()), [OLD], NOW)) == ()


def test_a_match_of_an_image_that_is_gone_is_left_out():
    assert conflicts([], evaluate(policy(by_age()), [OLD], NOW)) == ()


def test_the_most_urgent_comes_first():
    images = [
        image("a", "b-live"),
        image("b", "a-live"),
        image("c", "latest"),
        image("d", "x-live"),
    ]
    rules = [
        by_age(1, ARCHIVE, **TAGGED, tagPatternList=["a-*"]),
        by_age(2),
    ]
    found = met(rules, images, "app:a-live", "app:b-live", "app:x-live")
    assert [conflict.name for conflict in found] == ["b-live", "x-live", "a-live", "latest"]
    assert found[2].match.rule.action is LifecycleAction.TRANSITION


def test_an_image_of_many_tags_is_named_by_the_first_of_them():
    many = image("m", *(f"t{number}" for number in range(9)))
    [conflict] = met([by_age()], [many], "app:t3")
    assert conflict.name == "t0, t1, t2 and 6 more tags"


def test_a_match_names_the_image_and_the_rule():
    [match] = evaluate(policy(rule()), [OLD, OLDER], NOW)
    assert match == LifecycleMatch(OLDER, policy(rule()).rules[0])


SOME_POLICIES = st.sampled_from(
    [
        [rule()],
        [rule(countNumber=3)],
        [by_age(number=8)],
        [by_age(1, ARCHIVE, 8, countType="sinceImagePulled")],
        [by_age(1, tagStatus="untagged", number=1)],
        [by_age(1, tagStatus="untagged", number=1), rule(2, **TAGGED, tagPatternList=["v*"])],
        [rule(1, **TAGGED, tagPatternList=["release-*"]), rule(2, countNumber=2)],
    ]
)


@settings(max_examples=examples(150))
@given(cases(), SOME_POLICIES)
def test_every_image_in_use_that_would_expire_is_a_conflict(case, rules):
    preview = evaluate(policy(*rules), case.images, NOW)
    expired = {match.image.digest for match in carried_out(preview, case.images, case.manifests)}
    decisions = case.decide()
    found = conflicts(decisions, preview, case.manifests)
    reported = [(conflict.decision, *conflict.along) for conflict in found]
    conflicting = [decision.image.digest for decision in chain(*reported)]
    assert len(conflicting) == len(set(conflicting))
    assert set(conflicting) <= expired & {
        decision.image.digest for decision in decisions if not decision.deletable
    }
    used = {decision.image.digest for decision in decisions if decision.reason is Reason.IN_USE}
    assert used & expired <= set(conflicting) <= expired


@settings(max_examples=examples(150))
@given(cases(), SOME_POLICIES)
def test_ecr_deletes_no_child_of_an_index_that_it_keeps(case, rules):
    preview = evaluate(policy(*rules), case.images, NOW)
    gone = {match.image.digest for match in carried_out(preview, case.images, case.manifests)}
    there = {image.digest for image in case.images if image.status is not Status.ARCHIVED} - gone
    for held_by, children in case.manifests.items():
        assert held_by not in there or gone.isdisjoint(set(children) - {held_by})


# -- what is still to come ------------------------------------------------------------------------


def to_come(
    rules: Sequence[Json],
    images: Sequence[Image],
    *used: str,
    days: int = 30,
    manifests: Mapping[str, tuple[str, ...]] = NOTHING,
    kept: Rule = KEEP_A_DAY,
) -> list[tuple[str, str]]:
    """Name and day of each conflict to come."""
    decisions = decided(images, *used, manifests=manifests, kept=kept)
    today = conflicts(decisions, evaluate(policy(*rules), images, NOW), manifests)
    found = due_within(decisions, policy(*rules), manifests, today, now=NOW, within=days * DAY)
    return [
        (conflict.name, f"{conflict.due - NOW}".partition(",")[0])
        for conflict in found
        if conflict.due
    ]


YOUNG, FRESH = image("young", "v2", days=10), image("fresh", "v3", days=3)


def test_an_image_in_use_that_a_rule_by_age_will_match_is_reported_with_the_day():
    images = [OLD, YOUNG, FRESH]
    assert to_come([by_age()], images, "app:v1", "app:v2", "app:v3", days=4) == []
    assert to_come([by_age()], images, "app:v1", "app:v2", "app:v3", days=5) == [("v2", "4 days")]
    assert to_come([by_age()], images, "app:v1", "app:v2", "app:v3") == [
        ("v2", "4 days"),
        ("v3", "11 days"),
    ]


def test_what_no_rule_by_age_will_match_is_not_reported():
    rules = [rule(1, **TAGGED, tagPatternList=["v*"], countNumber=9), by_age(2)]
    assert to_come(rules, [YOUNG], "app:v2") == []


def test_a_keep_window_ends_by_itself_and_is_no_conflict_to_come():
    assert to_come([by_age()], [YOUNG], kept=replace(KEEP_A_DAY, keep_count=1)) == []


def test_an_image_that_nobody_pulls_will_be_archived():
    """A service that runs for long pulls nothing, and cannot start again when it must."""
    pulled = OLD._replace(pulled_at=NOW - 80 * DAY)
    rules = [by_age(1, ARCHIVE, 90, countType="sinceImagePulled")]
    assert to_come(rules, [pulled], "app:v1") == [("v1", "10 days")]


def test_what_an_index_holds_is_due_no_sooner_than_the_index():
    young = [index("index", "v1", days=10), image("amd64"), image("arm64")]
    rules = [UNTAGGED, V]
    assert to_come(rules, young, "app:v1", manifests=LINKS) == [("v1", "4 days")]
    used = f"app@{digest('amd64')}"
    assert to_come(rules, young, used, manifests=LINKS) == [
        (digest("amd64"), "4 days"),
        ("v1", "4 days"),
    ]


def test_what_ecrs_preview_did_not_tell_today_does_not_fall_between():
    decisions = decided([OLD], "app:v1")
    [found] = due_within(decisions, policy(by_age()), {}, (), now=NOW, within=DAY)
    assert (found.decision.image, found.due) == (OLD, NOW)


def test_an_archived_index_delays_nothing():
    cold = index("index", "v1", status=Status.ARCHIVED, archived_at=NOW - DAY)
    leaf = image("amd64", "v8", days=10)
    links = {digest("index"): (digest("amd64"),)}
    rules = [V, by_age(3, **TO_MOVE)]
    assert to_come(rules, [cold, leaf], "app:v8", manifests=links) == [("v8", "4 days")]


def test_a_signature_is_due_with_its_subject():
    signature = image("sig", "s1", subject=YOUNG.digest, artifact_type=NOTATION, days=1)
    assert to_come([V], [YOUNG, signature], "app:s1") == [("s1", "4 days")]


# -- which tags can move --------------------------------------------------------------------------


def described(row: Json) -> Json:
    """As DescribeRepositories answers it."""
    answer = {"repositories": [{"repositoryName": "app"} | row]}
    rows: list[Json] = DESCRIBE_REPOSITORIES.read(answer)["repositories"]
    return rows[0]


@pytest.mark.parametrize(
    ("setting", "filters", "mutable"),
    [
        ("MUTABLE", [], {"latest", "dev-1", "v1"}),
        ("IMMUTABLE", [], set()),
        ("IMMUTABLE_WITH_EXCLUSION", ["latest", "dev-*"], {"latest", "dev-1"}),
        ("MUTABLE_WITH_EXCLUSION", ["v*"], {"latest", "dev-1"}),
    ],
)
def test_a_tag_can_move_as_the_setting_and_its_exclusions_say(setting, filters, mutable):
    row: Json = {"imageTagMutability": setting}
    if filters:
        row["imageTagMutabilityExclusionFilters"] = [
            {"filterType": "WILDCARD", "filter": tag_filter} for tag_filter in filters
        ]
    found = mutability_from(described(row))
    assert {tag for tag in ("latest", "dev-1", "v1") if found.is_mutable(tag)} == mutable


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({}, "imageTagMutability is None"),
        ({"imageTagMutability": "SOMETIMES"}, "imageTagMutability is SOMETIMES"),
        (
            {
                "imageTagMutability": "MUTABLE_WITH_EXCLUSION",
                "imageTagMutabilityExclusionFilters": [{"filterType": "REGEX", "filter": "v.*"}],
            },
            "an exclusion filter is of the type REGEX",
        ),
    ],
)
def test_a_setting_that_is_not_known_is_not_guessed(row, why):
    with pytest.raises(ValueError, match=why):
        mutability_from(described(row))


def test_without_an_exclusion_in_the_setting_filters_say_nothing():
    filters = [{"filterType": "WILDCARD", "filter": "v*"}]
    row = {"imageTagMutability": "IMMUTABLE", "imageTagMutabilityExclusionFilters": filters}
    assert mutability_from(row) == Mutability(mutable=False)
