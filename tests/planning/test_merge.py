"""Plans of parts of a run are one plan, whatever their order and however they are grouped."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrm.errors import InputError
from ecrm.model.reference import RepositoryKey
from ecrm.model.scan import Diagnostic, ReadStatus, SourceReport
from ecrm.planning.holes import applicable
from ecrm.planning.merge import merge_plans
from ecrm.planning.plan import Plan
from ecrm.planning.plan_file import plan_text, read_plan
from tests.model.test_codec import KEYS, MOMENTS, SOURCES
from tests.strategies import REGISTRY as OTHER
from tests.strategies import examples
from tests.stubs import REGISTRY
from tests.values import NOW, deletable, numbered, plan_of, repository_plan


@st.composite
def parts(draw: st.DrawFn) -> list[Plan]:
    """Plans of one run, of which each has some of its repositories."""
    keys = draw(st.lists(KEYS, unique=True, max_size=6))
    planned = [
        repository_plan(key.repository, [deletable(numbered(number))], registry=key.registry)
        for number, key in enumerate(keys)
    ]
    owners = [draw(st.integers(0, 2)) for _ in planned]
    return [
        Plan(
            created_at=draw(MOMENTS),
            targets=tuple({one.registry: None for one in of_part}),
            config="c",
            source_reports=tuple(draw(st.lists(SOURCES, max_size=2))),
            repositories=tuple(of_part),
            in_use={one.registry: draw(st.integers(0, 9)) for one in of_part},
            unmanaged=tuple(draw(st.lists(KEYS, max_size=2))),
        )
        for part in range(3)
        for of_part in [[one for one, owner in zip(planned, owners, strict=True) if owner == part]]
    ]


@settings(max_examples=examples(60))
@given(parts())
def test_neither_order_nor_grouping_matters(plans):
    whole = merge_plans(plans)
    assert all(merge_plans(order) == whole for order in permutations(plans))
    a, b, c = plans
    assert merge_plans([merge_plans([a, b]), c]) == whole
    assert merge_plans([a, merge_plans([b, c])]) == whole
    assert merge_plans([whole, b]) == whole


@settings(max_examples=examples(60))
@given(parts())
def test_a_merged_plan_has_all_that_its_parts_have(plans):
    whole = merge_plans(plans)
    deletions = [
        decision for plan in plans for one in plan.repositories for decision in one.deletions
    ]
    merged = [decision for one in whole.repositories for decision in one.deletions]
    assert sorted(merged, key=str) == sorted(deletions, key=str)
    assert sum((plan.deletable for plan in plans), whole.deletable - whole.deletable) == (
        whole.deletable
    )
    assert whole.complete is all(plan.complete for plan in plans)
    assert {one.unread for one in whole.repositories} == {
        one.unread for plan in plans for one in plan.repositories
    }
    assert whole.created_at == min(plan.created_at for plan in plans)
    assert read_plan(plan_text(whole, "1"), "plan.json") == whole


HERE = plan_of(repository_plan("app", [deletable(numbered(1))]), in_use={REGISTRY: 4})
THERE = plan_of(repository_plan("app", [deletable(numbered(2))], registry=OTHER), in_use={OTHER: 7})


def test_repositories_of_the_same_name_in_two_registries_are_both_kept():
    whole = merge_plans([HERE, THERE])
    assert whole.targets == tuple(sorted([REGISTRY, OTHER]))
    assert {one.key: one.images for one in whole.repositories} == {
        RepositoryKey(REGISTRY, "app"): 1,
        RepositoryKey(OTHER, "app"): 1,
    }
    assert whole.in_use == {REGISTRY: 4, OTHER: 7}


def test_what_one_part_could_not_read_makes_the_whole_incomplete():
    denied = SourceReport(OTHER, "ecs", 0, (Diagnostic(ReadStatus.DENIED, "ecs is denied"),))
    part = replace(THERE, source_reports=(denied,))
    whole = merge_plans([HERE, part])
    assert whole.unread == (f"{OTHER}: ecs is denied",)
    assert not applicable(whole).deletable.images


def test_a_hole_of_one_part_hurts_what_other_parts_planned_and_never_asked_about():
    """A part that knows of the hole has asked which of its repositories it may hurt."""
    denied = SourceReport(OTHER, "ecs", 0, (Diagnostic(ReadStatus.DENIED, "ecs is denied"),))
    asked = replace(HERE, source_reports=(denied,))
    assert applicable(merge_plans([asked, asked])) == asked
    for parts in ([asked, THERE], [THERE, asked], [HERE, asked]):
        whole = merge_plans(parts)
        hurt = [planned for planned in whole.repositories if planned.unread_uses]
        assert {planned.unread_uses for planned in hurt} == {(f"{OTHER}: ecs is denied",)}
        assert [planned.key for planned in hurt] == [parts[parts[0] is asked].repositories[0].key]


def test_the_guard_sees_the_smallest_number_in_use_and_the_oldest_time():
    seen_less = replace(HERE, in_use={REGISTRY: 1}, created_at=NOW - timedelta(hours=1))
    whole = merge_plans([seen_less, HERE])
    assert (whole.in_use, whole.created_at) == ({REGISTRY: 1}, NOW - timedelta(hours=1))


@pytest.mark.parametrize(
    ("plans", "message"),
    [
        ([], "there are no plans to merge"),
        ([HERE, replace(THERE, config="c2")], "the plans were made with different configurations"),
        (
            [HERE, plan_of(repository_plan("app", [deletable(numbered(9))]))],
            "app is in several of the plans, and they differ",
        ),
        (
            [HERE, THERE, plan_of(repository_plan("app", [deletable(numbered(9))]))],
            f"{REGISTRY}/app is in several of the plans, and they differ",
        ),
    ],
    ids=["none", "configurations", "one registry", "two registries"],
)
def test_plans_that_do_not_agree_are_not_merged(plans, message):
    with pytest.raises(InputError) as refused:
        merge_plans(plans)
    assert str(refused.value) == message
