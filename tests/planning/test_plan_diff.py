"""What has changed between two plans."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ecrm.errors import InputError
from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Image
from ecrm.planning.plan import Plan, Totals
from ecrm.planning.plan_diff import Change, plan_diff
from tests.values import HOME, NOW, REPLICA, deletable, image, plan_of, repository_plan

A, B, C, D = (image(name, f"v{place}", size=10 + place) for place, name in enumerate("abcd"))


def plan(
    *deletions: Image, kept: tuple[tuple[Image, Reason], ...] = (), listed: bool = True, **more: str
) -> Plan:
    """Of one repository; without `listed` as a plan file without --all."""
    decisions = [Decision(one, reason) for one, reason in kept]
    where = repository_plan("app", [deletable(one) for one in deletions], kept=decisions)
    return plan_of(replace(where, kept=tuple(decisions) if listed else ()), **more)


def changes(old: Plan, new: Plan) -> list[tuple[str, Change, str]]:
    found = plan_diff(old, new).changes
    return [(one.decision.image.tags[0], one.change, one.why) for one in found]


def test_what_can_be_deleted_by_both_has_not_changed():
    found = plan_diff(plan(A, B), plan(B, A))
    assert (found.changes, found.unchanged, found.same_rules) == ((), 2, True)


def test_a_new_deletion_has_its_reason():
    assert changes(plan(A), plan(A, B)) == [("v1", Change.NEW, "expired")]
    assert plan_diff(plan(A), plan(A, B)).unchanged == 1


def test_what_is_kept_now_has_the_reason_if_the_new_plan_lists_it():
    old, kept = plan(A, B, C), ((B, Reason.IN_USE),)
    assert changes(old, plan(A, kept=kept)) == [
        ("v1", Change.KEPT, "in use"),
        ("v2", Change.GONE, ""),
    ]
    assert changes(old, plan(A, kept=kept, listed=False)) == [
        ("v1", Change.KEPT_OR_GONE, ""),
        ("v2", Change.KEPT_OR_GONE, ""),
    ]


def test_a_repository_may_be_in_one_plan_alone():
    other = repository_plan("web", [deletable(D)])
    assert changes(plan_of(other), plan_of(targets=plan_of(other).targets)) == [
        ("v3", Change.GONE, "")
    ]
    assert changes(plan_of(targets=plan_of(other).targets), plan_of(other)) == [
        ("v3", Change.NEW, "expired")
    ]


def test_changes_are_in_the_order_of_the_names():
    names = [f"app{number}" for number in range(9)]
    wheres = [repository_plan(name, [deletable(A)]) for name in reversed(names)]
    none = plan_of(targets=plan_of(*wheres).targets)
    assert [one.key.repository for one in plan_diff(none, plan_of(*wheres)).changes] == names


def test_of_a_repository_that_could_not_be_read_nothing_is_known():
    unread = plan_of(repository_plan("app", unread="ecr:DescribeImages is denied"))
    assert changes(plan(A), unread) == [("v0", Change.KEPT_OR_GONE, "")]


def test_the_plans_are_compared_as_a_whole():
    old, new = plan(A), plan(A, B, kept=((C, Reason.IN_USE),), config="another")
    new = replace(new, created_at=NOW + timedelta(days=1))
    found = plan_diff(old, new)
    assert not found.same_rules
    assert found.old.stored == found.old.deletable == Totals(1, 10)
    assert (found.new.stored, found.new.deletable) == (Totals(3, 33), Totals(2, 21))
    assert found.new.created_at - found.old.created_at == timedelta(days=1)
    assert (found.old.complete, found.new.complete) == (True, True)


def test_plans_of_other_targets_are_not_compared():
    other = plan_of(targets=(REPLICA, HOME))
    what = (
        "the old plan is of 123456789012/us-east-1, and the new one of "
        "123456789012/eu-west-1, 123456789012/us-east-1"
    )
    with pytest.raises(InputError, match=what):
        plan_diff(plan(A), other)
