"""Between a plan and its deletions, deletions are only skipped: an earlier plan and a later one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrm.model.decision import Reason
from ecrm.model.image import Image, Kind, Status
from ecrm.model.pattern import NamePattern
from ecrm.model.reference import RepositoryKey
from ecrm.model.rule import Action, Rule
from ecrm.planning.graph import image_graph
from ecrm.planning.narrowing import SkippedDeletion, still_deletable
from ecrm.planning.plan import RepositoryPlan, Totals, repository_plan, unread_repository
from ecrm.planning.retention import decide
from tests.strategies import (
    AGES,
    OWN_TAGS,
    REGISTRY,
    Case,
    Named,
    cases,
    examples,
    names,
    referrer_tag,
    rules,
)
from tests.values import NOW, digest, image, index, links

APP = RepositoryKey(REGISTRY, "app")
RULE = Rule(NamePattern("app", False), timedelta(days=30))
LATER = NOW + timedelta(hours=1)


def planned(case: Case, now: datetime = NOW) -> RepositoryPlan:
    """With the kept images, as the later of two plans must have it."""
    decisions = decide(case.images, case.manifests, case.uses, case.rule, now, min_age=case.min_age)
    made = repository_plan(APP, case.rule, decisions, case.manifests)
    kept = tuple(decision for decision in decisions if not decision.deletable)
    return replace(made, kept=kept, missing=case.uses.missing_from(case.images))


def case_of(*images: Image, named: Sequence[Named] = (), **indexes: Sequence[str]) -> Case:
    """A repository in which `indexes` names indexes and their children."""
    return Case(images, links(**indexes), tuple(named), RULE)


def shrink(before: Case, after: Case) -> tuple[set[str], dict[str, str]]:
    """The digests that are still deletable, and the reason for each that is not."""
    left, skipped = still_deletable(planned(before), planned(after, LATER))
    return deletable(left), {skip.decision.image.digest: skip.why for skip in skipped}


def deletable(plan: RepositoryPlan) -> set[str]:
    return {decision.image.digest for decision in plan.deletions}


def digests(*names: str) -> set[str]:
    return set(map(digest, names))


A, B = image("a", "v1"), image("b", "v2")


# -- what is skipped, and what is not -------------------------------------------------------------


def test_where_nothing_has_changed_everything_is_still_deletable():
    before = planned(case_of(A, B))
    left, skipped = still_deletable(before, planned(case_of(A, B), LATER))
    assert left == before
    assert not skipped


@pytest.mark.parametrize("named", [Named(tag="v1"), Named(digest=A.digest)], ids=["tag", "digest"])
def test_b15_an_image_that_is_used_meanwhile_is_skipped(named):
    left, skipped = shrink(case_of(A, B), case_of(A, B, named=[named]))
    assert left == digests("b")
    assert skipped == {A.digest: f"now in use by {named.tag}@{named.digest} (listed)"}


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        (("v1", "v9"), "its tags have changed from v1 to v1, v9"),
        (("v9",), "its tags have changed from v1 to v9"),
        ((), "its tags have changed from v1 to none"),
    ],
)
def test_b15_an_image_whose_tags_have_changed_is_skipped(tags, why):
    left, skipped = shrink(case_of(A, B), case_of(A._replace(tags=tags), B))
    assert left == digests("b")
    assert skipped == {A.digest: why}


def test_b15_an_image_that_was_tagged_meanwhile_is_skipped():
    _, skipped = shrink(case_of(image("a")), case_of(A))
    assert skipped == {A.digest: "its tags have changed from none to v1"}


def test_b15_an_image_that_was_pulled_or_pushed_again_meanwhile_is_skipped():
    pulled = A._replace(pulled_at=NOW)
    rule = replace(RULE, keep_pulled_within=timedelta(days=7))
    before, after = (
        replace(case_of(A), rule=rule),
        replace(case_of(pulled), rule=rule),
    )
    left, skipped = shrink(before, after)
    assert not left
    assert skipped == {A.digest: "now pulled within keep_pulled_within (60 minutes of 7 days)"}
    assert not shrink(case_of(A), case_of(A._replace(pushed_at=NOW)))[0]


def test_b36_an_image_that_is_gone_already_needs_no_deletion():
    """If an answer only left it out, nobody has looked whether it is in use by now."""
    left, skipped = shrink(case_of(A, B), case_of(B))
    assert left == digests("b")
    assert skipped == {A.digest: "it is gone already"}


def test_b14_what_only_the_later_plan_deletes_is_kept():
    left, skipped = shrink(case_of(A), case_of(A, B))
    assert left == digests("a")
    assert not skipped


def test_b14_what_was_young_when_the_plan_was_made_is_kept():
    young = image("young", "v3", days=29.99)
    assert deletable(planned(case_of(A, young), LATER)) == digests("a", "young")
    assert shrink(case_of(A, young), case_of(A, young))[0] == digests("a")


@pytest.mark.parametrize(
    ("before", "after"), [(Action.DELETE, Action.ARCHIVE), (Action.ARCHIVE, Action.DELETE)]
)
def test_an_image_with_which_the_later_plan_does_something_else_is_skipped(before, after):
    left, skipped = shrink(
        case_of(A).with_rule(action=before),
        case_of(A).with_rule(action=after),
    )
    assert not left
    assert skipped == {A.digest: "now expired"}


def test_an_image_that_is_deletable_for_another_reason_is_still_deleted():
    before = case_of(index("i", "v1"), image("c"), i=["c"])
    after = case_of(image("c"))
    assert {decision.reason for decision in planned(after, LATER).deletions} == {Reason.UNTAGGED}
    assert shrink(before, after) == (digests("c"), {digest("i"): "it is gone already"})


# -- families -------------------------------------------------------------------------------------

OUTER = [
    index("outer", "v1"),
    index("inner"),
    image("child"),
    image("sig", subject=digest("child")),
]


def test_b1_what_belongs_to_a_skipped_index_is_skipped_at_any_depth():
    graph = case_of(*OUTER, B, outer=["inner"], inner=["child"])
    moved = replace(graph, images=(OUTER[0]._replace(tags=("v1", "prod")), *graph.images[1:]))
    left, skipped = shrink(graph, moved)
    assert left == digests("b")
    assert skipped == {
        digest("outer"): "its tags have changed from v1 to v1, prod",
        digest("inner"): f"belongs to {digest('outer')}, which is kept",
        digest("child"): f"belongs to {digest('inner')}, which is kept",
        digest("sig"): f"belongs to {digest('child')}, which is kept",
    }


def test_b19_a_referrer_of_a_skipped_image_is_skipped():
    for referrer in (image("sig", subject=A.digest), image("sig", referrer_tag(A.digest, ".sig"))):
        before = case_of(A, B, referrer)
        after = case_of(A._replace(tags=("v9",)), B, referrer)
        left, skipped = shrink(before, after)
        assert left == digests("b")
        assert skipped[digest("sig")] == f"belongs to {A.digest}, which is kept"


def test_an_index_is_still_deleted_where_only_its_child_is_skipped():
    before = case_of(index("i", "v1"), image("c"), i=["c"])
    after = case_of(index("i", "v1"), image("c", "v2"), i=["c"])
    assert shrink(before, after)[0] == digests("i")


def test_b1_children_of_an_index_that_was_archived_meanwhile_are_skipped():
    """Its manifest may not be readable any more, but the first plan knew it."""
    before = case_of(index("i", "v1"), image("c"), i=["c"])
    after = case_of(index("i", "v1", status=Status.ARCHIVED), image("c"))
    assert deletable(planned(after, LATER)) == digests("c")
    assert shrink(before, after) == (
        set(),
        {digest("i"): "now archived", digest("c"): f"belongs to {digest('i')}, which is kept"},
    )


def test_b1_children_of_an_index_that_was_pushed_meanwhile_are_skipped():
    before = case_of(image("c"))
    after = case_of(image("c"), index("new", days=0), new=["c"])
    assert shrink(before, after) == (
        set(),
        {digest("c"): "now part of an index that is kept"},
    )
    at_once = timedelta(0)
    before, after = before.with_rule(expires=at_once), after.with_rule(expires=at_once)
    assert deletable(planned(after, LATER)) == digests("c", "new")
    assert shrink(before, after) == (
        set(),
        {digest("c"): f"belongs to {digest('new')}, which is kept"},
    )


def test_b19_a_referrer_whose_subject_was_pushed_meanwhile_is_skipped():
    at_once = timedelta(0)
    before = case_of(image("sig", subject=digest("s"))).with_rule(expires=at_once)
    after = case_of(*before.images, image("s", days=0)).with_rule(expires=at_once)
    assert shrink(before, after) == (
        set(),
        {digest("sig"): f"belongs to {digest('s')}, which is kept"},
    )


def test_images_that_tags_link_in_a_circle_are_skipped_together():
    """The index holds the image, and its only tag says that it refers to that image."""
    circle = (index("i", referrer_tag(digest("c"))), image("c"))
    before = case_of(*circle, i=["c"])
    assert shrink(before, before)[0] == digests("i", "c")
    for after in (
        case_of(circle[0], image("c", "v1"), i=["c"]),
        case_of(*circle, i=["c"], named=[Named(digest=digest("c"))]),
        case_of(*circle, i=["c"], named=[Named(digest=digest("i"))]),
    ):
        assert shrink(before, after)[0] == set()


# -- what the remaining plan says -----------------------------------------------------------------


def test_an_empty_stage_is_left_out():
    before = case_of(*OUTER, B, outer=["inner"], inner=["child"])
    assert [len(stage) for stage in planned(before).stages] == [2, 1, 1, 1]
    left, _ = still_deletable(
        planned(before), planned(replace(before, named=(Named(tag="v1"),)), LATER)
    )
    assert [[decision.image.digest for decision in stage] for stage in left.stages] == [[B.digest]]
    assert left.deletable == {Kind.IMAGE: Totals(1, B.size)}
    assert left.total == planned(before).total


def test_missing_images_are_those_of_the_later_plan():
    left, _ = still_deletable(
        planned(case_of(A)),
        planned(case_of(A, named=[Named(tag="v7")]), LATER),
    )
    assert left.missing == (":v7",)


def test_b11_where_a_repository_cannot_be_read_again_nothing_is_deleted():
    before = planned(case_of(A, B))
    unread = unread_repository(APP, RULE, "access to ecr:DescribeImages is denied")
    left, skipped = still_deletable(before, unread)
    assert left.unread == "access to ecr:DescribeImages is denied"
    assert not left.deletions
    assert skipped == tuple(
        SkippedDeletion(decision, "could not be read again: access to ecr:DescribeImages is denied")
        for decision in before.deletions
    )


# -- for every input ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """A repository at the time of the plan, and at a later time."""

    before: Case
    after: Case
    now: datetime

    @property
    def plans(self) -> tuple[RepositoryPlan, RepositoryPlan]:
        return planned(self.before), planned(self.after, self.now)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """Images pushed and deleted, tags moved, uses come and gone, another rule, time gone by."""
    case = draw(cases())
    before = without(case, draw(places(case)))
    after = without(moved(case, draw(tags_at(case))), draw(places(case)))
    more = draw(st.lists(names(), max_size=2))
    rule = draw(st.sampled_from([case.rule, case.rule, draw(rules())]))
    return Change(
        before,
        replace(after, named=(*after.named, *more), rule=rule),
        NOW + draw(st.sampled_from(AGES)),
    )


def places(case: Case) -> st.SearchStrategy[set[int]]:
    if not case.images:
        return st.just(set())
    return st.sets(st.integers(0, len(case.images) - 1), max_size=2)


def tags_at(case: Case) -> st.SearchStrategy[dict[str, int]]:
    """Tags, new ones too, and the positions of the images that they are on now."""
    if not case.images:
        return st.just({})
    tags = sorted({*OWN_TAGS, *(tag for image in case.images for tag in image.tags)})
    return st.dictionaries(st.sampled_from(tags), st.integers(0, len(case.images) - 1), max_size=2)


def without(case: Case, missing: set[int]) -> Case:
    images = tuple(image for place, image in enumerate(case.images) if place not in missing)
    there = {image.digest for image in images}
    links = {
        index_digest: named
        for index_digest, named in case.manifests.items()
        if index_digest in there
    }
    return replace(case, images=images, manifests=links)


def moved(case: Case, now_at: Mapping[str, int]) -> Case:
    images = tuple(
        image._replace(
            tags=tuple(
                sorted(
                    {tag for tag in image.tags if now_at.get(tag, place) == place}
                    | {tag for tag, owner in now_at.items() if owner == place}
                )
            ),
        )
        for place, image in enumerate(case.images)
    )
    return replace(case, images=images)


OFTEN = settings(max_examples=examples(150))


@OFTEN
@given(changes())
def test_what_is_still_deletable_is_what_both_plans_delete_under_the_same_tags(change):
    old, new = change.plans
    left, skipped = still_deletable(old, new)
    assert deletable(left) | {skip.decision.image.digest for skip in skipped} == deletable(old)
    assert len(left.deletions) + len(skipped) == len(old.deletions)
    assert deletable(left) <= deletable(new)
    later = {
        decision.image.digest: (decision.action, decision.image.tags) for decision in new.deletions
    }
    for decision in left.deletions:
        wanted = (decision.action, decision.image.tags)
        assert later[decision.image.digest] == wanted


@OFTEN
@given(changes())
def test_nothing_that_belongs_to_a_kept_image_is_still_deletable(change):
    left, _ = still_deletable(*change.plans)
    graph = image_graph(
        {image.digest: image for image in change.after.images}, change.after.manifests
    )
    kept = {image.digest for image in change.after.images} - deletable(left)
    assert not graph.keep_closure(kept) & deletable(left)


@OFTEN
@given(changes())
def test_nothing_that_is_in_use_now_is_still_deletable(change):
    left, _ = still_deletable(*change.plans)
    used = {image.digest for image in change.after.images if change.after.uses.of(image)}
    assert not used & deletable(left)


@OFTEN
@given(changes())
def test_what_is_still_deletable_keeps_its_order_and_loses_nothing_more(change):
    old, new = change.plans
    left, _ = still_deletable(old, new)
    assert all(left.stages)
    assert [decision for decision in old.deletions if decision in left.deletions] == list(
        left.deletions
    )
    place = {decision: at for at, stage in enumerate(old.stages) for decision in stage}
    assert all(len({place[decision] for decision in stage}) == 1 for stage in left.stages)
    assert still_deletable(left, new) == (left, ())


@settings(max_examples=examples(50))
@given(cases())
def test_the_same_plan_skips_nothing(case):
    made = planned(case)
    assert still_deletable(made, made) == (made, ())
