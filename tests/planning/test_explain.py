"""Why an image is kept or deleted: which images a question names, and the answer."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrm.errors import InputError
from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Image
from ecrm.model.pattern import NamePattern
from ecrm.model.reference import Reference, Registry
from ecrm.model.rule import Action, Rule
from ecrm.model.use import Use
from ecrm.planning.explain import Answer, Explanation, Listing, MissingImage, Wanted, explain
from ecrm.planning.plan import Plan, repository_plan
from ecrm.reports.explanations import explanations_json, explanations_text
from ecrm.reports.plans import REASONS
from tests.planning.test_planner import DENIED, gone
from tests.strategies import Case, cases, examples
from tests.values import (
    APP,
    HOME,
    NOW,
    PARTNER,
    REPLICA,
    RULE,
    RepositoryIndex,
    Shelf,
    digest,
    image,
    index,
    planned,
    shelf,
    use,
    use_of,
)

PROD = Rule(NamePattern("app*", True), timedelta(days=30), keep_count=1)


def explained(
    inventory: Shelf, text: str, *uses: Use, rule: Rule = PROD, **more: Any
) -> Sequence[Answer]:
    made = planned(inventory, *uses, rules=[rule], keep_all=True, **more)
    rules = {repository.key: rule for repository in made.repositories}
    return explain(made, rules, uses, text)


def found(inventory: Shelf, text: str, *uses: Use, **more: Any) -> list[str]:
    """`repository@digest` of the images that the question names."""
    answers = explained(inventory, text, *uses, **more)
    assert all(isinstance(answer, Explanation) for answer in answers)
    return [
        f"{answer.repository}@{answer.decision.image.digest}"
        for answer in answers
        if isinstance(answer, Explanation)
    ]


def refusal(inventory: Shelf, text: str, *uses: Use, **more: Any) -> str:
    with pytest.raises(InputError) as refused:
        explained(inventory, text, *uses, **more)
    return str(refused.value)


A, B = image("a", "v1", "prod"), image("b", "v2")
APPS = Shelf(
    {HOME: {"app": RepositoryIndex((A, B)), "app/b": RepositoryIndex((image("c", "v1"),))}}
)
HOST = HOME.host


# -- what a question names ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f"{HOST}/app:v1",
        f"{HOST}/app:prod",
        f"https://{HOST}/app:v1",
        f"{HOST.replace('.dkr.ecr.', '.dkr.ecr-fips.')}/app:v1",
        f"{HOST}/app@{A.digest}",
        f"{HOST}/app:gone@{A.digest}",
        f"{HOST}/app@{A.digest[:20]}",
        "app:v1",
        f"app@{A.digest}",
        f"app@{A.digest[:13]}",
        f"app@{A.digest[7:13]}",
        A.digest,
        A.digest[:13],
        A.digest[7:],
        A.digest[7:13],
    ],
)
def test_an_image_is_named_by_uri_tag_digest_or_the_beginning_of_a_digest(text):
    assert found(APPS, text) == [f"app@{A.digest}"]


@pytest.mark.parametrize("name", ["app", f"{HOST}/app"])
def test_a_repository_alone_means_all_its_images(name: str):
    (listing,) = explained(shelf(A, image("newer", "latest", days=3), B), name)
    assert isinstance(listing, Listing)
    assert (listing.name, listing.rule) == ("app", PROD)
    assert [decision.image.tags[0] for decision in listing.decisions] == ["latest", "v2", "v1"]
    assert as_json([listing])[0]["images"][0]["reason"] == "keep_tag_pattern"


def test_a_repository_that_is_called_like_a_digest_is_listed_unless_a_digest_begins_so():
    inventory = Shelf({HOME: {"facade": RepositoryIndex((A,)), "app": RepositoryIndex((B,))}})
    rule = replace(PROD, name=NamePattern("*", is_glob=True))
    (listing,) = explained(inventory, "facade", rule=rule)
    assert isinstance(listing, Listing)
    assert "facade: 1 image\n" in words(inventory, "facade", rule=rule)


def test_a_repository_as_text_is_a_table():
    text = words(shelf(image("new", "a", "b", days=40), image("old")), "app")
    head, rule, blank, header, _, *rows = text.splitlines()
    assert (head, blank) == ("app: 2 images", "")
    assert rule == "  rule    app*: expires 30 days, keep_count 1, keep_tag_patterns latest"
    assert header == " IMAGE               | TYPE   | SIZE   | PUSHED     | DECISION"
    assert rows == [
        " a, b                | Image  | 10 B   | 2026-04-22 | is kept: within keep_count (1 of 1)",
        f" {digest('old')[:19]} | Image  | 10 B   | 2026-03-03 | can be deleted: untagged",
    ]


def test_a_tag_in_two_accounts_or_regions_names_an_image_in_each():
    inventory = Shelf(
        {
            HOME: {"app": RepositoryIndex((A,))},
            REPLICA: {"app": RepositoryIndex((B, image("c", "v1")))},
        }
    )
    assert found(inventory, "app:v1") == [f"app@{A.digest}", f"app@{digest('c')}"]
    assert found(inventory, f"{REPLICA.host}/app:v1") == [f"app@{digest('c')}"]


def alike(beginning: str) -> list[Image]:
    return [
        B._replace(digest=f"sha256:{beginning}{letter * 58}", tags=(letter,)) for letter in "abc"
    ]


def test_the_beginning_of_several_digests_names_all_of_them():
    inventory = shelf(*alike("012345"), A)
    everything = sorted(f"app@{image.digest}" for image in alike("012345"))
    assert sorted(found(inventory, "012345")) == everything
    assert sorted(found(inventory, "sha256:012345")) == everything
    assert sorted(found(inventory, "app@012345")) == everything
    assert found(inventory, "012345a") == everything[:1]


def test_the_same_digest_in_two_repositories_is_explained_in_both():
    inventory = Shelf({HOME: {"app": RepositoryIndex((A,)), "app/b": RepositoryIndex((A,))}})
    assert found(inventory, A.digest[:20]) == [f"app@{A.digest}", f"app/b@{A.digest}"]
    assert found(inventory, f"app/b@{A.digest[:20]}") == [f"app/b@{A.digest}"]


@pytest.mark.parametrize("text", ["", "a:b:c", "App:v1", "app:", ":v1"])
def test_text_that_names_no_image_is_refused(text):
    assert refusal(APPS, text) == (f"{text!r} names no image; give a URI, repo:tag or a digest")


@pytest.mark.parametrize("cut", ["", "01234", "sha256:01234", "sha512:0123456", "v1"])
def test_a_digest_that_is_too_short_is_refused(cut):
    assert refusal(APPS, f"app@{cut}") == f"{cut!r} is not a digest; give at least 6 digits"


@pytest.mark.parametrize("text", ["sha256:", "sha256:01234", "sha256:xyz1234"])
def test_a_digest_of_no_repository_that_is_too_short_is_refused(text):
    assert refusal(APPS, text) == f"{text!r} is not a digest; give at least 6 digits"


@given(st.text(max_size=30))
def test_every_text_names_something_or_is_refused(text):
    try:
        wanted = Wanted.parse(text)
    except InputError:
        return
    assert wanted.tag or wanted.digest_prefix or wanted.repository


# -- what is not there ----------------------------------------------------------------------------


def test_an_image_that_is_in_use_and_missing_is_reported_with_its_users():
    uses = [use("app:v9"), use(f"app@{digest('x')}"), use("app:v2")]
    for text in ("app:v9", f"{HOST}/app:v9"):
        assert explained(APPS, text, *uses) == [MissingImage(text, (uses[0],))]
    for text in (f"app@{digest('x')}", digest("x"), digest("x")[7:15]):
        assert explained(APPS, text, *uses) == [MissingImage(text, (uses[1],))]


def test_other_images_that_are_in_use_and_missing_are_not_reported():
    both = Shelf({HOME: APPS.contents[HOME], REPLICA: {"app": RepositoryIndex()}})
    others = [use("other:v9"), use("app/b:v9"), use("app:v8"), use("app:v9", where=REPLICA)]
    text = f"{HOST}/app:v9"
    assert refusal(both, text, *others) == (
        f"{text} does not exist: app has no image with the tag v9"
    )
    assert explained(both, f"{REPLICA.host}/app:v9", *others) == [
        MissingImage(f"{REPLICA.host}/app:v9", (others[3],))
    ]


def test_an_image_of_a_repository_that_is_not_there_is_missing():
    needed = use("other:v1")
    assert explained(APPS, "other:v1", needed) == [MissingImage("other:v1", (needed,))]


def test_an_image_that_is_there_is_never_reported_as_missing():
    needed = use(f"app:v1@{digest('x')}")
    assert found(APPS, "app:v1", needed) == [f"app@{A.digest}"]


@pytest.mark.parametrize(
    ("text", "what"), [("app:v9", "the tag v9"), (f"app@{digest('x')}", "that digest")]
)
def test_a_repository_that_a_rule_matches_is_said_not_to_have_the_image(text, what):
    assert refusal(APPS, text) == f"{text} does not exist: app has no image with {what}"


@pytest.mark.parametrize("text", ["abcdef0", "other:v1"])
def test_an_image_that_is_neither_in_ecr_nor_in_use_is_refused(text):
    assert refusal(APPS, text) == (
        f"{text} is neither in a repository that a rule matches nor in use"
    )


def test_a_repository_that_no_rule_matches_is_said_to_be_left_alone():
    inventory = Shelf({HOME: {"legacy": RepositoryIndex((A,)), "app": RepositoryIndex()}})
    expected = "no rule matches legacy, so ecrm never deletes anything there"
    assert refusal(inventory, "legacy:v1") == expected
    assert refusal(inventory, f"{HOST}/legacy:v1") == expected
    assert refusal(inventory, f"legacy@{A.digest}") == expected


def test_what_is_used_in_a_repository_that_no_rule_matches_is_not_reported_as_missing():
    inventory = Shelf({HOME: {"legacy": RepositoryIndex((A,)), "app": RepositoryIndex()}})
    assert refusal(inventory, "legacy:v1", use("legacy:v1")) == (
        "no rule matches legacy, so ecrm never deletes anything there"
    )
    assert refusal(inventory, A.digest, use(f"legacy@{A.digest}")) == (
        f"{A.digest} is in use as {HOST}/legacy@{A.digest}, where ecrm did not look"
    )


def test_what_could_not_be_read_is_not_reported_as_missing():
    inventory = Shelf({HOME: {"app": RepositoryIndex(DENIED), "app/b": RepositoryIndex((B,))}})
    because = "app could not be read: access to ecr:DescribeImages is denied"
    for uses in ([], [use("app:v1")]):
        assert refusal(inventory, "app:v1", *uses) == f"app:v1 was not found; but {because}"
    assert refusal(inventory, A.digest) == f"{A.digest} was not found; but {because}"
    assert found(inventory, "app/b:v2") == [f"app/b@{B.digest}"]
    assert refusal(inventory, "app/b:v9") == (
        "app/b:v9 does not exist: app/b has no image with the tag v9"
    )


def test_an_image_of_another_registry_is_not_reported_as_missing():
    elsewhere = use("app:v9", where=PARTNER)
    assert refusal(APPS, f"{PARTNER.host}/app:v9", elsewhere) == (
        f"{PARTNER.host}/app:v9 is of 999999999999/eu-west-1, and this is 123456789012/eu-west-1"
    )
    assert refusal(APPS, "app:v9", elsewhere) == (
        f"app:v9 is in use as {PARTNER.host}/app:v9, where ecrm did not look"
    )


def test_a_use_behind_an_unknown_host_may_be_of_this_registry():
    mirrored = use_of("mirror.example.com/app:v9", "web", "PRIMARY")
    assert explained(APPS, "app:v9", mirrored) == [MissingImage("app:v9", (mirrored,))]


# -- the chain ------------------------------------------------------------------------------------


def chain(inventory: Shelf, text: str, *uses: Use, **more: Any) -> list[tuple[str, str]]:
    (only,) = explained(inventory, text, *uses, **more)
    assert isinstance(only, Explanation)
    return [(decision.image.digest, decision.reason.value) for decision in only.chain]


def test_the_chain_leads_from_the_use_to_the_image():
    inventory = shelf(
        index("index", "v1"),
        image("arm"),
        image("amd"),
        image("sig", subject=digest("amd")),
        index=["arm", "amd"],
    )
    needed = use(f"app@{digest('arm')}")
    assert chain(inventory, digest("sig"), needed) == [
        (digest("arm"), "in_use"),
        (digest("index"), "in_use"),
        (digest("amd"), "child_of_kept_index"),
        (digest("sig"), "referrer_of_kept_image"),
    ]
    (only,) = explained(inventory, digest("sig"), needed)
    assert isinstance(only, Explanation)
    assert only.uses == (needed,)


def test_the_chain_of_a_deletion_leads_from_what_it_is_deleted_with():
    inventory = shelf(
        index("index"), image("child"), image("sig", subject=digest("child")), index=["child"]
    )
    assert chain(inventory, digest("sig")) == [
        (digest("index"), "untagged"),
        (digest("child"), "index_deletable"),
        (digest("sig"), "subject_deletable"),
    ]


def test_a_chain_that_leads_back_to_itself_ends():
    """The image is kept for a pull of its signature, and the signature for its image."""
    rule = replace(PROD, keep_pulled_within=timedelta(days=7), keep_count=0)
    pulled, kept = (digest("sig"), "referrer_of_kept_image"), (A.digest, "recently_pulled")
    inventory = shelf(A, image("sig", subject=A.digest, pulled_at=NOW))
    assert chain(inventory, A.digest, rule=rule) == [pulled, kept]
    assert chain(inventory, digest("sig"), rule=rule) == [kept, pulled]


@settings(max_examples=examples(100))
@given(cases())
def test_every_image_of_every_repository_can_be_explained(case):
    plan = plan_of(case)
    for wanted in case.images:
        (only,) = explain(plan, {APP: case.rule}, [], f"app@{wanted.digest}")
        assert isinstance(only, Explanation)
        assert only.decision.image == wanted
        assert len(set(only.chain)) == len(only.chain)
        assert only.decision.deletable == (wanted.digest in gone(plan))
        assert all(link.deletable == only.decision.deletable for link in only.chain)
        assert explanations_text([only])
        assert as_json([only])[0]["action"] == only.decision.action


def plan_of(case: Case) -> Plan:
    decisions = case.decide()
    made = repository_plan(APP, case.rule, decisions, case.manifests)
    kept = tuple(decision for decision in decisions if not decision.deletable)
    return Plan(NOW, (HOME,), "", (), (replace(made, kept=kept),))


# -- in words -------------------------------------------------------------------------------------

FAMILY = shelf(
    index("index", "v1", size=0),
    image("arm", size=52_000_000, pulled_at=NOW - timedelta(days=2)),
    image("sig", subject=digest("arm")),
    index=["arm"],
)


def words(inventory: Shelf, text: str, *uses: Use, **more: Any) -> str:
    return explanations_text(explained(inventory, text, *uses, **more))


def test_why_the_platform_image_of_an_index_in_use_is_kept():
    needed = Use(
        Reference.parse(f"{HOST}/app:v1"),
        "ecs",
        "service prod/web",
        "PRIMARY",
        ("task definition web:12", "container web"),
    )
    again = use(f"app@{digest('index')}")
    assert (
        words(FAMILY, digest("arm"), needed, use("app:v1"), again)
        == f"""\
{HOST}/app@{digest("arm")}
  is kept: part of an index that is kept

  tags    none
  image   Image, 52 MB, pushed 2026-03-03, pulled 2026-05-30
  rule    app*: expires 30 days, keep_count 1, keep_tag_patterns latest

  service prod/web (PRIMARY)
  service prod/web (PRIMARY) → task definition web:12 → container web
    → image index {digest("index")} (v1): in use
    → image {digest("arm")}: part of an index that is kept

  It can be deleted once all indexes that hold it can be deleted, if no other reason keeps it."""
    )


def test_why_the_newest_image_is_kept():
    rule = replace(PROD, keep_pulled_within=timedelta(hours=36), keep_tag_patterns=("latest", "v?"))
    inventory = shelf(image("new", "a", "b", days=40), image("old", "c"))
    assert (
        words(inventory, "app:b", rule=rule)
        == f"""\
{HOST}/app@{digest("new")}
  is kept: within keep_count (1 of 1)

  tags    a, b
  image   Image, 10 B, pushed 2026-04-22
  rule    app*: expires 30 days, keep_count 1, keep_tag_patterns latest v?, \
keep_pulled_within 1.5 days

    image {digest("new")} (a, b): within keep_count (1 of 1)

  It can be deleted once there are enough newer tagged images, or keep_count is smaller, \
if no other reason keeps it."""
    )


def test_why_a_signature_is_deleted_with_its_subject():
    rule = replace(PROD, keep_count=0)
    assert (
        words(FAMILY, digest("sig"), rule=rule)
        == f"""\
{HOST}/app@{digest("sig")}
  can be deleted: referring to an image that is deleted

  tags    none
  image   Image, 10 B, pushed 2026-03-03
  rule    app*: expires 30 days, keep_count 0, keep_tag_patterns latest

  Nothing keeps it:
    in use              no, by what was read at 2026-06-01 12:00 UTC: nothing
    keep_tag_patterns   it has none to match: latest
    expires             pushed 90 days ago, limit 30 days
    keep_pulled_within  not set; never pulled
    min_age             90 days old, limit 0 seconds
    keep_count          only images with a tag count
    guards              none would stop `delete`

    image index {digest("index")} (v1): expired
    → image {digest("arm")}: part of an index that is deleted
    → image {digest("sig")}: referring to an image that is deleted

  It would be kept if that image were kept, or if something used it."""
    )


def test_what_is_in_use_and_missing_is_explained_in_words():
    by_tag, by_digest = use("app:v9"), use(f"app:v9@{digest('x')}")
    assert (
        words(APPS, "app:v9", by_tag, by_digest)
        == f"""\
app:v9: is in use but missing from ECR

  service prod/web (PRIMARY) → {HOST}/app:v9
  service prod/web (PRIMARY) → {HOST}/app:v9@{digest("x")}

  The next pull of it will fail. Push it again, or deploy another image."""
    )


def test_several_images_are_explained_one_after_the_other():
    inventory = shelf(*alike("012345"))
    text = words(inventory, "012345")
    blocks = [block for block in text.split(f"{HOST}/app@") if block]
    assert len(blocks) == 3
    assert all(block.endswith("\n\n") for block in blocks[:2])
    assert not text.endswith("\n")


def test_an_image_that_would_be_archived_is_explained_as_such():
    lines = words(shelf(A), "app:v1", rule=replace(PROD, action=Action.ARCHIVE, keep_count=0))
    assert lines.splitlines()[1] == "  can be archived: expired"


# -- in JSON --------------------------------------------------------------------------------------


def as_json(answers: Sequence[Answer]) -> Any:
    return json.loads(explanations_json(answers))["explanations"]


def test_an_explanation_as_json_has_the_whole_chain():
    needed = use("app:v1")
    listed = {
        "reference": f"{HOST}/app:v1",
        "source": "ecs",
        "user": "service prod/web",
        "why": "PRIMARY",
        "path": [],
    }
    assert as_json(explained(FAMILY, digest("arm"), needed)) == [
        {
            "image": f"{HOST}/app@{digest('arm')}",
            "action": "keep",
            "reason": "child_of_kept_index",
            "rule": "app*: expires 30 days, keep_count 1, keep_tag_patterns latest",
            "would_differ": "It can be deleted once all indexes that hold it can be deleted, "
            "if no other reason keeps it.",
            "checks": [],
            "uses": [listed],
            "chain": [
                {
                    "digest": digest("index"),
                    "tags": ["v1"],
                    "pushed_at": "2026-03-03T12:00:00+00:00",
                    "size": 0,
                    "media_type": "application/vnd.oci.image.index.v1+json",
                    "reason": "in_use",
                    "action": "keep",
                    "uses": [listed],
                },
                {
                    "digest": digest("arm"),
                    "tags": [],
                    "pushed_at": "2026-03-03T12:00:00+00:00",
                    "size": 52_000_000,
                    "media_type": "application/vnd.oci.image.manifest.v1+json",
                    "artifact_type": "application/vnd.oci.image.config.v1+json",
                    "pulled_at": "2026-05-30T12:00:00+00:00",
                    "reason": "child_of_kept_index",
                    "action": "keep",
                    "related": digest("index"),
                },
            ],
        }
    ]


def test_a_missing_image_as_json_has_its_users():
    assert as_json(explained(APPS, "app:v9", use("app:v9"))) == [
        {
            "image": "app:v9",
            "action": "missing",
            "uses": [
                {
                    "reference": f"{HOST}/app:v9",
                    "source": "ecs",
                    "user": "service prod/web",
                    "why": "PRIMARY",
                    "path": [],
                }
            ],
        }
    ]


def test_what_could_not_be_read_is_said_first_and_last_and_in_every_object():
    found = explained(FAMILY, digest("arm"), use("app:v1"))
    unread = ["ecs:ListTasks is denied"]
    text = explanations_text(found, unread).splitlines()
    verdict = "INCOMPLETE: 1 thing could not be read; this is by what is known."
    assert (text[0], text[-1]) == (verdict, verdict)
    shown = json.loads(explanations_json(found, unread))
    assert (shown["complete"], shown["missing"]) == (False, unread)
    assert shown["ecrm_explain"] == 1


# -- every reason ---------------------------------------------------------------------------------

DELETED = {
    Reason.EXPIRED,
    Reason.UNTAGGED,
    Reason.INDEX_DELETABLE,
    Reason.SUBJECT_DELETABLE,
    Reason.SUBJECT_MISSING,
    Reason.ARCHIVED_LONG,
}
OTHERWISE = {
    Reason.IN_USE: "none of the above uses it",
    Reason.KEEP_TAG: "none of its tags matches keep_tag_patterns",
    Reason.PUSHED: "it is older than expires, or expires is shorter",
    Reason.PULLED: "it has not been pulled for keep_pulled_within",
    Reason.MIN_AGE: "it is older than guards.min_age",
    Reason.KEEP_COUNT: "there are enough newer tagged images, or keep_count is smaller",
    Reason.CHILD: "all indexes that hold it can be deleted",
    Reason.REFERRER: "all images that it refers to can be deleted",
    Reason.ARTIFACT: "the rule sets delete_artifacts: true",
    Reason.ARCHIVED: "the rule sets delete_archived_after, and that time has passed",
    Reason.UNSCANNED: "--scanned-files cover the copies, or allow_unscanned is true",
}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words_and_json(reason):
    action = Action.DELETE if reason in DELETED else Action.KEEP
    decision = Decision(A, reason, "3 of 4", action=action)
    explanation = Explanation(Registry("123456789012", "eu-west-1"), "app", RULE, (decision,))
    lines = explanations_text([explanation]).splitlines()
    verdict = "can be deleted" if reason in DELETED else "is kept"
    assert lines[1] == f"  {verdict}: {REASONS[reason]} (3 of 4)"
    if reason in (Reason.INDEX_DELETABLE, Reason.SUBJECT_DELETABLE):
        otherwise = "It would be kept if that image were kept, or if something used it."
    elif reason in DELETED:
        otherwise = "It would be kept if something used it, or if the rule kept more."
    else:
        otherwise = f"It can be deleted once {OTHERWISE[reason]}, if no other reason keeps it."
    assert lines[-1] == f"  {otherwise}"
    (facts,) = as_json([explanation])
    assert (facts["reason"], facts["action"], facts["would_differ"]) == (
        reason.value,
        action.value,
        otherwise,
    )
    assert facts["chain"][0]["detail"] == "3 of 4"


def test_each_registry_has_a_rule_of_its_own():
    held = {"app": RepositoryIndex((image("old", "v1"),))}
    both = Shelf({HOME: held, REPLICA: held})
    made = planned(both, keep_all=True)
    longer = replace(RULE, keep_count=5)
    rules = {APP: RULE, APP._replace(registry=REPLICA): longer}
    answers = explain(made, rules, [], f"{REPLICA.host}/app:v1")
    assert [answer.rule for answer in answers if isinstance(answer, Explanation)] == [longer]
    assert len(explain(made, rules, [], f"app@{digest('old')}")) == 2


def test_a_repository_that_one_registry_alone_leaves_unmanaged_is_named_with_it():
    held = {"app": RepositoryIndex((image("old", "v1"),))}
    made = replace(
        planned(Shelf({HOME: held, REPLICA: {}})), unmanaged=(APP._replace(registry=REPLICA),)
    )
    with pytest.raises(InputError) as refused:
        explain(made, {APP: RULE}, [], f"{REPLICA.host}/app:v9")
    assert (
        str(refused.value) == f"no rule matches {REPLICA}/app, so ecrm never deletes anything there"
    )
