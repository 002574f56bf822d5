"""The plan: what is known, and for every repository what is kept and deleted, in which order."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import chain

import pytest
from hypothesis import given, settings

from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Image, Kind, Links, Status
from ecrm.model.pattern import NamePattern
from ecrm.model.reference import Reference, Registry, RepositoryKey
from ecrm.model.rule import Action, Rule
from ecrm.model.scan import Diagnostic, ReadStatus, SourceReport
from ecrm.model.use import Use
from ecrm.planning.plan import Plan, RepositoryPlan, Totals, repository_plan, unread_repository
from ecrm.planning.retention import decide
from ecrm.planning.uses import RepositoryUses, UsesByRepository
from tests import values
from tests.strategies import Case, cases, examples
from tests.values import HELM, HOME, NOW, SOCI_V1, digest, use_of

ABROAD = Registry("123456789012", "us-east-1")
PARTNER = Registry("210987654321", "eu-west-1")
TEAM_APP = RepositoryKey(HOME, "team/app")
RULE = Rule(NamePattern("team/*", is_glob=True), timedelta(days=30))


image = partial(values.image, size=0, artifact_type=None)
index = partial(values.index, size=0)


def planned(*images: Image, manifests: Links | None = None, rule: Rule = RULE) -> RepositoryPlan:
    links = manifests or {}
    decisions = decide(images, links, RepositoryUses(), rule, NOW)
    return repository_plan(TEAM_APP, rule, decisions, links)


def whole(*repositories: RepositoryPlan, source_reports: tuple[SourceReport, ...] = ()) -> Plan:
    return Plan(NOW, (HOME,), "fingerprint", source_reports, repositories)


# -- one repository -------------------------------------------------------------------------------


def test_a_repository_is_counted_by_kind_and_by_reason():
    made = planned(
        image("fresh", "v3", size=1, days=1),
        image("latest", "latest", size=20),
        image("old", "v1", size=300),
        image("untagged", size=4000),
        index("index", "v2", size=50000),
        image("soci", size=600000)._replace(artifact_type=SOCI_V1),
        image("chart", "1.0.0", size=7000000)._replace(artifact_type=HELM),
    )
    assert made.total == {
        Kind.IMAGE: Totals(4, 4321),
        Kind.INDEX: Totals(1, 50000),
        Kind.SOCI_INDEX: Totals(1, 600000),
        Kind.ARTIFACT: Totals(1, 7000000),
    }
    assert made.deletable == {
        Kind.IMAGE: Totals(2, 4300),
        Kind.INDEX: Totals(1, 50000),
        Kind.SOCI_INDEX: Totals(1, 600000),
    }
    assert made.kept_by_reason == {Reason.PUSHED: 1, Reason.KEEP_TAG: 1, Reason.ARTIFACT: 1}
    assert made.images == 7
    assert (made.registry, made.repository, made.rule) == (HOME, "team/app", "team/*")
    assert not made.unread


def test_the_deletions_are_in_stages_with_indexes_before_their_children():
    outer, inner, child = index("outer", "v1"), index("inner"), image("child")
    signature = image("signature", subject=outer.digest)
    manifests = {outer.digest: (inner.digest,), inner.digest: (child.digest,)}
    made = planned(child, inner, outer, signature, manifests=manifests)
    assert [{decision.image.digest for decision in stage} for stage in made.stages] == [
        {outer.digest},
        {inner.digest, signature.digest},
        {child.digest},
    ]
    assert [
        decision.reason for stage in made.stages for decision in stage if decision.image is child
    ] == [Reason.INDEX_DELETABLE]
    assert made.deletions == tuple(decision for stage in made.stages for decision in stage)
    assert made.held_by == {
        inner.digest: (outer.digest,),
        child.digest: (inner.digest,),
        signature.digest: (outer.digest,),
    }


def test_b21_broken_indexes_are_counted_whether_kept_or_deleted():
    kept, deleted, sound = index("kept", "latest"), index("deleted", "v1"), index("sound", "v2")
    child = image("child")
    manifests = {
        kept.digest: (child.digest, digest("gone")),
        deleted.digest: (digest("gone"),),
        sound.digest: (child.digest,),
    }
    assert planned(kept, deleted, sound, child, manifests=manifests).broken_indexes == 2


def test_an_empty_repository_has_an_empty_plan():
    made = planned()
    assert (made.total, made.deletable, made.kept_by_reason, made.stages) == ({}, {}, {}, ())
    assert made.images == 0
    assert not made.missing_in_use


def test_images_to_archive_count_as_deletable():
    made = planned(image("old", "v1", size=9), rule=replace(RULE, action=Action.ARCHIVE))
    assert [decision.action for decision in made.deletions] == [Action.ARCHIVE]
    assert made.deletable == {Kind.IMAGE: Totals(1, 9)}


def test_a_repository_that_could_not_be_read_has_no_deletions():
    made = unread_repository(TEAM_APP, RULE, "access is denied")
    assert (made.total, made.deletable, made.kept_by_reason, made.stages) == ({}, {}, {}, ())
    assert made.unread == "access is denied"
    assert made.rule == "team/*"


def test_missing_in_use_means_that_everything_is_deleted_and_an_image_in_use_is_missing():
    emptied = planned(image("old", "v1"))
    assert replace(emptied, missing=(":prod",)).missing_in_use
    assert not emptied.missing_in_use
    kept = planned(image("old", "v1"), image("latest", "latest"))
    assert not replace(kept, missing=(":prod",)).missing_in_use
    assert not replace(planned(), missing=(":prod",)).missing_in_use


@settings(max_examples=examples(200))
@given(cases())
def test_the_numbers_of_a_repository_are_those_of_its_decisions(case: Case):
    decisions = case.decide()
    made = repository_plan(TEAM_APP, case.rule, decisions, case.manifests)
    assert sorted(decision.image.digest for decision in made.deletions) == sorted(case.gone())
    assert set(made.deletions) == {decision for decision in decisions if decision.deletable}
    assert sum(made.kept_by_reason.values()) == sum(
        not decision.deletable for decision in decisions
    )
    assert made.images == len(decisions)
    assert sum(totals.size for totals in made.total.values()) == sum(
        image.size for image in case.images
    )
    assert sum(totals.images for totals in made.deletable.values()) == len(made.deletions)
    used = [decision.image.size for decision in decisions if decision.reason is Reason.IN_USE]
    assert made.used == Totals(len(used), sum(used))
    assert whole(made, made).used == Totals(2 * len(used), 2 * sum(used))
    archived = [image.size for image in case.images if image.status is Status.ARCHIVED]
    assert made.archived == Totals(len(archived), sum(archived))


# -- the whole plan -------------------------------------------------------------------------------


def test_the_plan_sums_up_its_repositories():
    first = planned(image("a", "v1", size=1), image("b", "latest", size=20))
    second = planned(index("c", "v2", size=300), image("d", size=4000, days=1))
    made = whole(first, second)
    assert made.total == Totals(4, 4321)
    assert made.deletable == Totals(2, 301)
    assert made.total - made.deletable == Totals(2, 4020)
    assert list(made.kept_by_reason.items()) == [(Reason.KEEP_TAG, 1), (Reason.PUSHED, 1)]
    assert whole().total == whole().deletable == Totals(0, 0)


def test_reasons_are_listed_in_the_order_in_which_they_are_asked():
    reasons = [Reason.ARCHIVED, Reason.PUSHED, Reason.IN_USE, Reason.CHILD]
    decisions = [Decision(image(reason), reason) for reason in reasons]
    made = repository_plan(TEAM_APP, RULE, decisions, {})
    assert list(whole(made, made).kept_by_reason.items()) == [
        (Reason.IN_USE, 2),
        (Reason.PUSHED, 2),
        (Reason.CHILD, 2),
        (Reason.ARCHIVED, 2),
    ]


@pytest.mark.parametrize(
    ("status", "missing"),
    [
        (ReadStatus.FAILED, ("why",)),
        (ReadStatus.DENIED, ("why",)),
        (ReadStatus.EXCLUDED, ()),
        (ReadStatus.READ, ()),
    ],
)
def test_b11_a_plan_is_complete_only_where_every_source_was_read(status, missing):
    source_reports = (
        SourceReport(HOME, "ecs", 3, (Diagnostic(status, "why"),)),
        SourceReport(None, "file", 1),
    )
    made = whole(planned(image("old", "v1")), source_reports=source_reports)
    assert made.unread == missing
    assert made.complete == (missing == ())


def test_b11_a_repository_that_could_not_be_read_makes_the_plan_incomplete():
    source_reports = (
        SourceReport(HOME, "ecs", 0, (Diagnostic(ReadStatus.DENIED, "ecs: denied"),)),
    )
    unread = unread_repository(TEAM_APP, RULE, "access is denied")
    made = whole(planned(), unread, source_reports=source_reports)
    assert made.unread == ("ecs: denied", "team/app: access is denied")
    assert not made.complete


# -- the uses of a repository ---------------------------------------------------------------------


def found(uses: RepositoryUses) -> set[str]:
    return {use.user for use in chain(*uses.by_digest.values(), *uses.by_tag.values())}


def test_b26_a_use_counts_for_its_account_region_and_repository_alone():
    texts = [
        f"{HOME.host}/team/app:v1",
        f"{ABROAD.host}/team/app:v1",
        f"{PARTNER.host}/team/app:v1",
        f"{HOME.host}/team/web:v1",
        f"{HOME.host}/app:v1",
        "docker.io/team/app:v1",
        "team/app:v1",
        "public.ecr.aws/team/app:v1",
    ]
    uses = UsesByRepository([use_of(text, text) for text in texts])
    assert found(uses.of([HOME], "team/app")) == {f"{HOME.host}/team/app:v1"}
    assert found(uses.of([PARTNER], "team/app")) == {f"{PARTNER.host}/team/app:v1"}
    assert found(uses.of([HOME, ABROAD], "team/app")) == {
        f"{HOME.host}/team/app:v1",
        f"{ABROAD.host}/team/app:v1",
    }
    assert found(uses.of([HOME], "team/other")) == set()
    assert found(uses.of([], "team/app")) == set()


def test_b26_an_unknown_host_protects_by_name_in_every_registry():
    uses = UsesByRepository([use_of("registry.example.com/team/app:v1")])
    for registry in (HOME, ABROAD, PARTNER):
        assert set(uses.of([registry], "team/app").by_tag) == {"v1"}
    assert found(uses.of([HOME], "app")) == set()


def test_b7_all_host_names_of_a_registry_are_one():
    texts = [
        f"{HOME.host}/team/app:v1",
        "123456789012.dkr.ecr-fips.eu-west-1.amazonaws.com/team/app:v2",
        "https://123456789012.dkr-ecr.eu-west-1.on.aws:443/team/app:v3",
    ]
    uses = UsesByRepository(map(use_of, texts)).of([HOME], "team/app")
    assert set(uses.by_tag) == {"v1", "v2", "v3"}


def test_b6_a_use_with_tag_and_digest_counts_for_both():
    both = use_of(f"{HOME.host}/team/app:prod@{digest('running')}")
    uses = UsesByRepository([both]).of([HOME], "team/app")
    assert uses.by_tag == {"prod": (both,)}
    assert uses.by_digest == {digest("running"): (both,)}
    assert uses.of(image("running", "prod")) == (both,)
    assert uses.of(image("running")) == (both,)
    assert uses.of(image("new", "prod", "v2")) == (both,)
    assert uses.of(image("other", "v2")) == ()


def test_b12_every_use_of_an_image_is_listed_in_a_fixed_order():
    uses = [
        Use(Reference.parse(f"{HOME.host}/team/app:v1"), source, f"{source} {number}", "runs")
        for source in ("lambda", "ecs", "file")
        for number in range(3)
    ]
    uses_of_image = UsesByRepository(uses).of([HOME], "team/app").of(image("a", "v1"))
    assert set(uses_of_image) == set(uses)
    assert uses_of_image == UsesByRepository(uses[::-1]).of([HOME], "team/app").of(image("a", "v1"))
