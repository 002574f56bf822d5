"""A plan is the same after it is written and read, and a changed file is refused."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from ecrm.errors import InputError
from ecrm.model.image import OwnReading
from ecrm.model.reference import RepositoryKey
from ecrm.model.rule import Action
from ecrm.model.scan import Diagnostic, ReadStatus, SourceReport
from ecrm.planning.plan import Plan, RepositoryPlan, repository_plan, unread_repository
from ecrm.planning.plan_file import (
    believable_readings,
    narrowed,
    plan_text,
    read_plan,
    refuse_unfit,
)
from tests.model.test_codec import KEYS, MOMENTS, SOURCES, TEXTS
from tests.strategies import Case, cases, examples
from tests.values import (
    APP,
    HOME,
    NOW,
    PARTNER,
    REPLICA,
    RULE,
    deletable,
    digest,
    image,
    index,
    planned,
    read,
    shelf,
    use,
)
from tests.values import repository_plan as handmade_plan

# -- random plans ---------------------------------------------------------------------------------


def of_case(where: RepositoryKey, case: Case, *, kept: bool) -> RepositoryPlan:
    decisions = case.decide()
    made = repository_plan(where, case.rule, decisions, case.manifests)
    kept_decisions = (
        tuple(decision for decision in decisions if not decision.deletable) if kept else ()
    )
    return replace(made, missing=case.uses.missing_from(case.images), kept=kept_decisions)


@st.composite
def repository_plans(draw: st.DrawFn, where: RepositoryKey) -> RepositoryPlan:
    if problem := draw(st.sampled_from(["", "", "", "access is denied"])):
        return unread_repository(where, RULE, problem)
    made = of_case(where, draw(cases()), kept=draw(st.booleans()))
    lines = tuple(draw(st.lists(TEXTS, max_size=2)))
    return replace(made, consumers=lines, unread_uses=lines[1:])


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """With their repositories in the order in which they are written."""
    places = draw(st.sets(KEYS, max_size=2))
    targets = {registry: None for registry, _ in sorted(places)}
    return Plan(
        created_at=draw(MOMENTS),
        targets=tuple(targets),
        config=draw(TEXTS),
        source_reports=tuple(draw(st.lists(SOURCES, max_size=2))),
        repositories=tuple(draw(repository_plans(where)) for where in sorted(places)),
        in_use=dict.fromkeys(targets, draw(st.integers(0, 1000))),
        unmanaged=tuple(draw(st.lists(KEYS, max_size=2))),
    )


# -- there and back -------------------------------------------------------------------------------


@settings(max_examples=examples(150))
@given(plans())
def test_a_plan_comes_back_as_it_was(plan):
    back = read_plan(plan_text(plan, "1"), "plan.json")
    assert back == plan
    assert (back.unread, back.total, back.deletable, back.kept_by_reason) == (
        plan.unread,
        plan.total,
        plan.deletable,
        plan.kept_by_reason,
    )


@settings(max_examples=examples(50))
@given(plans(), st.randoms(use_true_random=False))
def test_the_same_plan_is_the_same_text(plan, random):
    shuffled = list(plan.repositories)
    random.shuffle(shuffled)
    once = plan_text(plan, "1")
    assert plan_text(replace(plan, repositories=tuple(shuffled)), "1") == once
    assert plan_text(read_plan(once, "plan.json"), "1") == once


def test_the_order_in_which_images_are_listed_does_not_change_the_text():
    images = [image(f"{number}", f"v{number}") for number in range(5)]
    assert written(*reversed(images)) == written(*images)


def written(*images: Any) -> str:
    return plan_text(planned(shelf(*images)), "1")


def test_names_in_any_script_are_readable_in_the_file():
    plan = replace(PLAN, source_reports=(SourceReport(None, "file größe/画像.json"),))
    assert "größe/画像" in plan_text(plan, "1")
    assert read_plan(plan_text(plan, "1"), "plan.json") == plan


# -- what is in the file --------------------------------------------------------------------------

PLAN = replace(
    planned(
        shelf(
            index("index", "v1"),
            image("child"),
            image("new", "v2", days=3),
            index=["child", "ghost"],
        ),
        use("app:v9"),
        use("other:v1"),
        source_reports=(SourceReport(HOME, "ecs", 2), SourceReport(None, "file a.json")),
    ),
    unmanaged=(RepositoryKey(HOME, "legacy"),),
)
TEXT = plan_text(PLAN, "0.1.0")

LITERAL = {
    "ecrm_plan": 1,
    "version": "0.1.0",
    "complete": True,
    "missing": [],
    "created_at": "2026-06-01T12:00:00+00:00",
    "targets": ["123456789012/eu-west-1"],
    "config": "c0ffee",
    "source_reports": [
        {"registry": "123456789012/eu-west-1", "source": "ecs", "references": 2},
        {"registry": None, "source": "file a.json"},
    ],
    "repositories": [
        {
            "registry": "123456789012/eu-west-1",
            "repository": "app",
            "rule": "*",
            "total": {
                "Image": {"images": 2, "size": 20},
                "Image index": {"images": 1, "size": 10},
            },
            "deletable": {
                "Image": {"images": 1, "size": 10},
                "Image index": {"images": 1, "size": 10},
            },
            "kept_by_reason": {"recently_pushed": 1},
            "stages": [
                [
                    {
                        "image": {
                            "digest": digest("index"),
                            "tags": ["v1"],
                            "pushed_at": "2026-03-03T12:00:00+00:00",
                            "size": 10,
                            "media_type": "application/vnd.oci.image.index.v1+json",
                        },
                        "reason": "expired",
                        "action": "delete",
                    },
                ],
                [
                    {
                        "image": {
                            "digest": digest("child"),
                            "tags": [],
                            "pushed_at": "2026-03-03T12:00:00+00:00",
                            "size": 10,
                            "media_type": "application/vnd.oci.image.manifest.v1+json",
                            "artifact_type": "application/vnd.oci.image.config.v1+json",
                        },
                        "reason": "index_deletable",
                        "related": digest("index"),
                        "action": "delete",
                    },
                ],
            ],
            "held_by": {digest("child"): [digest("index")]},
            "broken_indexes": 1,
            "missing": [":v9"],
        }
    ],
    "in_use": {"123456789012/eu-west-1": 2},
    "unmanaged": ["123456789012/eu-west-1/legacy"],
}


def test_the_file_says_all_that_the_plan_says():
    body = json.loads(TEXT)
    checksum = body.pop("checksum")
    assert list(body) == list(LITERAL)
    assert body == LITERAL
    compact = json.dumps(LITERAL, sort_keys=True, ensure_ascii=False)
    assert checksum == sha256(compact.encode()).hexdigest()
    assert TEXT.startswith('{\n  "ecrm_plan": 1,\n  "version": "0.1.0",\n')


def test_kept_images_are_in_the_file_where_the_plan_lists_them():
    made = planned(shelf(image("new", "v2", days=3)), keep_all=True)
    (kept,) = json.loads(plan_text(made, "1"))["repositories"][0]["kept"]
    assert (kept["image"]["digest"], kept["reason"], kept["detail"]) == (
        digest("new"),
        "recently_pushed",
        "3 days of 30 days",
    )
    assert "action" not in kept  # none is taken


def test_the_file_says_that_a_plan_is_incomplete():
    failed = SourceReport(HOME, "ecs", 0, (Diagnostic(ReadStatus.FAILED, "timed out"),))
    body = json.loads(plan_text(replace(PLAN, source_reports=(failed,)), "1"))
    assert (body["complete"], body["missing"]) == (False, ["timed out"])
    assert body["source_reports"][0]["notes"] == [{"status": "failed", "text": "timed out"}]


def test_an_archiving_plan_is_no_deleting_one():
    archives = planned(shelf(image("old", "v1")), rules=[replace(RULE, action=Action.ARCHIVE)])
    (decision,) = read_plan(plan_text(archives, "1"), "p").repositories[0].deletions
    assert decision.action is Action.ARCHIVE


# -- what is no plan ------------------------------------------------------------------------------


def refusal(text: str) -> str:
    with pytest.raises(InputError) as refused:
        read_plan(text, "plan.json")
    return str(refused.value)


CHANGED = "plan.json: was changed after it was written; make a new plan"
NO_PLAN = re.compile(
    r"plan\.json: is not a plan that ecrm wrote \((.+)\); make one with --out", re.DOTALL
)


def why_not(text: str) -> str:
    """What is wrong with a file that is not a plan."""
    found = NO_PLAN.fullmatch(refusal(text))
    assert found, refusal(text)
    return found[1]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "5", '"plan"', "{}", '{"checksum": "", "ecrm_plan": 1', TEXT[:-1]],
)
def test_a_file_that_is_no_plan_is_refused(text):
    assert why_not(text)


def test_an_array_of_images_is_no_plan():
    assert why_not('["123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:v1"]')


@pytest.mark.parametrize("number", [0, 2, 10**9])
def test_a_plan_of_another_format_is_refused(number):
    body = json.loads(TEXT) | {"ecrm_plan": number}
    assert refusal(json.dumps(body)) == (f"plan.json: is a plan of format {number}; make a new one")


@pytest.mark.parametrize("value", ["1", True, None, [1], -1, 10**30])
def test_a_format_that_is_no_number_is_refused(value):
    assert "number" in why_not(json.dumps(json.loads(TEXT) | {"ecrm_plan": value}))


@pytest.mark.parametrize("key", [*LITERAL, "checksum"])
def test_a_plan_from_which_a_key_was_taken_is_refused(key):
    body = json.loads(TEXT)
    del body[key]
    if key in ("checksum", "ecrm_plan"):
        assert why_not(json.dumps(body)) == "it has no checksum or no format"
    else:
        assert refusal(json.dumps(body)) == CHANGED


@pytest.mark.parametrize(
    "key", ["config", "created_at", "repositories", "source_reports", "targets"]
)
def test_a_plan_that_never_had_a_key_is_refused_even_with_a_checksum(key):
    body = {member: LITERAL[member] for member in LITERAL if member != key}
    assert why_not(signed(body)) == f"{key}: is missing"


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (
            {"created_at": "2026-06-01T12:00:00"},
            "created_at: '2026-06-01T12:00:00' has no time zone",
        ),
        ({"created_at": "now"}, "created_at: 'now' is not a time"),
        (
            {"targets": ["123456789012"]},
            "targets[0]: '123456789012' is not a registry, such as 123456789012/eu-west-1",
        ),
        (
            {"in_use": {"123456789012/eu-west-1": None}},
            "in_use[123456789012/eu-west-1]: None is not a whole number",
        ),
        ({"source_reports": [{}]}, "source_reports[0].registry: is missing"),
        ({"repositories": [{}]}, "repositories[0].deletable: is missing"),
        ({"unmanaged": 5}, "unmanaged: 5 is not a list"),
        ({"more": 5}, "more: is not known here"),
        ({"version": 1}, "1 is not a text"),
        ({"complete": "yes"}, "'yes' is neither true nor false"),
        ({"complete": False}, "complete or missing: does not agree with what could not be read"),
        ({"missing": ["x"]}, "complete or missing: does not agree with what could not be read"),
        ({"missing": None}, "None is not a list"),
        ({"in_use": {"123456789012/eu-west-1": -1}}, "in_use[123456789012/eu-west-1]: is less tha"),
        ({"targets": ["12345/eu-west-1"]}, "targets[0]: '12345/eu-west-1' is not a registry, "),
    ],
    ids=str,
)
def test_a_plan_that_ecrm_could_not_have_written_is_refused_even_with_a_checksum(damage, why):
    assert why_not(signed(LITERAL | damage)).startswith(why)


def test_a_use_that_names_no_image_is_refused_even_with_a_checksum():
    made = planned(shelf(image("old", "v1")), use("app:v1"), keep_all=True)
    body = json.loads(plan_text(made, "1"))
    body["repositories"][0]["kept"][0]["uses"][0]["reference"] = "app:v1:v2"
    del body["checksum"]
    assert why_not(signed(body)) == (
        "repositories[0].kept[0].uses[0].reference: 'app:v1:v2' is not an image reference"
    )


def signed(body: dict[str, Any]) -> str:
    compact = json.dumps(body, sort_keys=True, ensure_ascii=False)
    return json.dumps(body | {"checksum": sha256(compact.encode()).hexdigest()})


def test_every_change_of_a_character_is_refused():
    """One that changes no more than the space between values says the same, and is the same."""
    was = json.loads(TEXT)
    for place, character in enumerate(TEXT):
        for other in ("0", "a", " ", '"', ""):
            if other != character:
                edited = TEXT[:place] + other + TEXT[place + 1 :]
                assert is_refused(edited) or (character.isspace() and json.loads(edited) == was)


SOME = [PLAN, replace(PLAN, repositories=()), planned(shelf(image("a", "v1"), image("b", "v2")))]


@settings(max_examples=examples(300))
@given(
    st.sampled_from(SOME),
    st.data(),
    st.characters(codec="utf-8") | st.sampled_from('019-+.eE{}[],:"'),
)
def test_an_edited_plan_is_refused_unless_it_says_the_same(plan, data, new):
    text = plan_text(plan, "1")
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 2)))
    edited = text[:start] + new + text[end:]
    assume(edited != text)
    if not is_refused(edited):
        assert json.loads(edited) == json.loads(text)
        assert read_plan(edited, "p") == plan


def is_refused(text: str) -> bool:
    try:
        read_plan(text, "plan.json")
    except InputError as error:
        known = str(error) == CHANGED or NO_PLAN.fullmatch(str(error))
        return bool(known) or "is a plan of format" in str(error)
    return False


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ('"broken_indexes": 1', '"broken_indexes": 0'),
        ('"reason": "expired"', '"reason": "untagged"'),
        ('"action": "delete"', '"action": "archive"'),
        (digest("child"), digest("other")),
        ("c0ffee", "c0ffe3"),
        ('"complete": true', '"complete": false'),
        ("2026-06-01T12", "2026-06-02T12"),
        ("123456789012/eu-west-1", "999999999999/eu-west-1"),
        ('":v9"', ""),
        ('"version": "0.1.0"', '"version": "0.2.0"'),
    ],
)
def test_a_plan_in_which_something_else_is_said_is_refused(was, now):
    assert was in TEXT
    assert refusal(TEXT.replace(was, now)) == CHANGED


def test_a_checksum_of_something_else_is_refused():
    body = json.loads(TEXT)
    assert refusal(TEXT.replace(body["checksum"], "0" * 64)) == CHANGED


# -- which plans are carried out ------------------------------------------------------------------

DAY = timedelta(days=1)
DENIED = Diagnostic(ReadStatus.DENIED, "sts:AssumeRole is denied")


def unfit(plan: Plan, current: Plan = PLAN, now: datetime = NOW, max_age: timedelta = DAY) -> str:
    """Why a plan file is not applied; empty if it is."""
    try:
        refuse_unfit(plan, "plan.json", current, now, max_age)
    except InputError as error:
        return str(error)
    return ""


def test_a_plan_is_carried_out_for_as_long_as_it_is_young_enough():
    assert unfit(PLAN, now=NOW) == ""
    assert unfit(PLAN, now=NOW + DAY) == ""
    assert unfit(PLAN, now=NOW + DAY + timedelta(minutes=1)) == (
        "plan.json: is older than 24 hours; make a new plan"
    )
    assert unfit(PLAN, now=NOW + timedelta(seconds=1), max_age=timedelta(0)) == (
        "plan.json: is older than 0 seconds; make a new plan"
    )


def test_a_plan_from_the_future_is_not_carried_out():
    assert unfit(PLAN, now=NOW - timedelta(seconds=1)) == (
        "plan.json: is from the future (2026-06-01 12:00:00+00:00); check the clocks"
    )


@settings(max_examples=30)
@given(MOMENTS)
@example(NOW.astimezone(UTC))
def test_age_does_not_depend_on_the_zone_in_which_a_time_is_written(moment):
    plan = replace(PLAN, created_at=moment)
    back = read_plan(plan_text(plan, "1"), "p")
    assert unfit(back, now=moment.astimezone(UTC) + DAY) == ""


@pytest.mark.parametrize(
    ("made_for", "here", "message"),
    [
        (
            (HOME,),
            (PARTNER,),
            "was made for 123456789012/eu-west-1, and this is 999999999999/eu-west-1",
        ),
        (
            (HOME,),
            (REPLICA,),
            "was made for 123456789012/eu-west-1, and this is 123456789012/us-east-1",
        ),
        (
            (HOME, REPLICA),
            (HOME,),
            (
                "was made for 123456789012/eu-west-1, 123456789012/us-east-1, "
                "and this is 123456789012/eu-west-1"
            ),
        ),
    ],
)
def test_b25_a_plan_for_another_account_or_region_is_not_carried_out(made_for, here, message):
    plan, current = replace(PLAN, targets=made_for), replace(PLAN, targets=here)
    assert unfit(plan, current) == f"plan.json: {message}"


def test_the_order_of_the_targets_does_not_matter():
    plan, current = replace(PLAN, targets=(HOME, REPLICA)), replace(PLAN, targets=(REPLICA, HOME))
    assert unfit(plan, current) == ""


def test_a_plan_of_another_configuration_is_not_carried_out():
    assert unfit(PLAN, replace(PLAN, config="c0ffe3")) == (
        "plan.json: was made with another configuration; make a new plan"
    )


def test_b11_an_incomplete_plan_is_not_carried_out_and_says_what_is_missing():
    denied = SourceReport(
        HOME, "ecs", 0, (Diagnostic(ReadStatus.DENIED, "access to ecs:ListTasks is denied"),)
    )
    assert unfit(replace(PLAN, source_reports=(denied,))) == (
        "plan.json: is incomplete: access to ecs:ListTasks is denied"
    )
    unread = unread_repository(APP, RULE, "timed out")
    assert (
        unfit(replace(PLAN, repositories=(unread,))) == "plan.json: is incomplete: app: timed out"
    )


def test_b42_of_a_plan_that_is_incomplete_in_part_the_rest_may_be_carried_out():
    reports = (read(HOME), read(PARTNER, "account", DENIED))
    old = image("old")
    free = handmade_plan("app", [deletable(old)], registry=HOME)
    hurt = replace(free, repository="web", unread_uses=("PARTNER may pull",))
    made = replace(PLAN, repositories=(free, hurt), source_reports=reports)
    assert unfit(made, made) == ""
    assert unfit(replace(made, repositories=(hurt,)), made).startswith("plan.json: is incomplete")
    now = replace(
        made, repositories=tuple(replace(one, unread_uses=()) for one in made.repositories)
    )
    left, (dropped,) = narrowed(now, made)
    assert [len(one.deletions) for one in left.repositories] == [1, 0]
    assert (dropped.key, dropped.decision) == (hurt.key, deletable(old))
    assert dropped.why == "the approved plan left it alone: PARTNER may pull"


def test_a_plan_that_rests_on_other_accounts_and_regions_is_not_carried_out():
    there = replace(PLAN, source_reports=(*PLAN.source_reports, read(PARTNER)))
    assert unfit(there, there) == ""
    assert unfit(PLAN, there) == unfit(there, PLAN)
    assert unfit(PLAN, there) == (
        "plan.json: was made from a scan of other accounts and regions than this (one of them "
        "alone has 999999999999/eu-west-1); make a new plan"
    )


def test_what_has_changed_in_the_images_alone_makes_no_plan_unfit():
    assert unfit(PLAN, replace(PLAN, repositories=(), in_use={}, source_reports=())) == ""


# -- what a plan of now makes of it ---------------------------------------------------------------


def with_kept(*images: Any, **indexes: Any) -> Plan:
    return planned(shelf(*images, **indexes), keep_all=True)


def deleted_by(plan: Plan) -> list[str]:
    return [decision.image.digest for one in plan.repositories for decision in one.deletions]


INDEX, CHILD, OTHER = index("index", "v1"), image("child"), image("other", "v2")


def test_b37_links_in_the_file_decide_nothing():
    """A long chain of them would also take for ever."""
    current = with_kept(INDEX, CHILD, OTHER, index=["child"])
    forged = replace(current.repositories[0], held_by={OTHER.digest: (digest("forged"),)})
    left, dropped = narrowed(current, replace(current, repositories=(forged,)))
    assert (deleted_by(left), dropped) == (deleted_by(current), ())


def test_b37_a_child_whose_index_the_file_leaves_out_is_kept_with_it():
    current = with_kept(INDEX, CHILD, OTHER, index=["child"])
    only = current.repositories[0].narrowed_to([CHILD.digest, OTHER.digest])
    left, dropped = narrowed(current, replace(current, repositories=(only,)))
    assert deleted_by(left) == [OTHER.digest]
    assert [one.why for one in dropped] == [f"belongs to {INDEX.digest}, which is kept"]


def test_b37_a_child_whose_index_is_gone_is_deleted_as_the_plan_of_now_says():
    approved = with_kept(INDEX, CHILD, index=["child"])
    left, dropped = narrowed(with_kept(CHILD), approved)
    assert deleted_by(left) == [CHILD.digest]
    assert [(one.decision.image.digest, one.why) for one in dropped] == [
        (INDEX.digest, "it is gone already")
    ]


@settings(max_examples=examples(100))
@given(cases(), plans())
def test_b37_whatever_a_file_says_only_what_the_plan_of_now_deletes_is_deleted(case, forged):
    current = replace(PLAN, repositories=(of_case(APP, case, kept=True),))
    moved = tuple(replace(one, registry=HOME, repository="app") for one in forged.repositories)
    left, dropped = narrowed(current, replace(forged, repositories=moved))
    (here,), (there,) = left.repositories, current.repositories
    assert set(here.deletions) <= set(there.deletions)
    assert (here.total, here.missing, here.used) == (there.total, there.missing, there.used)
    named = {decision.image.digest for one in moved for decision in one.deletions}
    assert {decision.image.digest for decision in here.deletions} <= named
    assert {one.decision.image.digest for one in dropped} <= named


# -- what of its readings is believed --------------------------------------------------------------

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("began", "ended", "is_believed"),
    [
        (timedelta(0), timedelta(0), True),
        (timedelta(0), HOUR, True),
        (-30 * HOUR, -29 * HOUR, True),
        (HOUR, HOUR, True),
        (timedelta(0), timedelta(seconds=-1), False),
        (timedelta(seconds=1), HOUR + timedelta(seconds=1), False),
        (timedelta(seconds=-1), HOUR, False),
    ],
)
def test_a_file_cannot_claim_readings_that_its_run_cannot_have_made(
    began: timedelta, ended: timedelta, is_believed: bool
):
    reading = OwnReading(PLAN.created_at + began, PLAN.created_at + ended)
    (app,) = PLAN.repositories
    claimed = replace(PLAN, repositories=(replace(app, own_readings={digest("index"): reading}),))
    believed = believable_readings(read_plan(plan_text(claimed, "1"), "plan.json"))
    assert believed == {app.key: {digest("index"): reading} if is_believed else {}}
