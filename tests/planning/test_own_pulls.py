"""Pulls that ecrm itself made by reading manifests, and what is left without them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ecrm.model.image import Image, OwnReading, OwnReadings
from ecrm.model.reference import Registry, RepositoryKey
from ecrm.planning.plan import RepositoryPlan
from ecrm.planning.planner import read_and_plan
from ecrm.planning.repository import RepositoryState, as_others_pulled
from tests.values import APP, HOME, NOW, RULE, Shelf, digest, facts, image, index, shelf

SECOND = timedelta(seconds=1)
BEFORE = NOW - timedelta(days=40)
READ = OwnReading(NOW - SECOND, NOW, BEFORE)


def pulls(*, children: tuple[str, ...], reading: OwnReading = READ) -> list[object]:
    """When others pulled an index with these children, and its child `amd64`; both were pulled now,
    by what ECR recorded."""
    held, child = index("multi", "v1", pulled_at=NOW), image("amd64", pulled_at=NOW)
    readings = {held.digest: reading, child.digest: reading}
    state = RepositoryState(
        RepositoryKey(HOME, "app"),
        (held, child),
        {held.digest: tuple(map(digest, children))},
        (readings,),
    )
    return [one.pulled_at for one in as_others_pulled(state).images]


def test_b45_the_own_pull_of_an_index_is_none_and_the_one_before_it_counts():
    assert pulls(children=("amd64", "gone")) == [BEFORE, NOW]


def test_b45_a_pull_of_an_index_none_of_whose_images_is_there_counts():
    assert pulls(children=("gone",)) == [NOW, NOW]


def test_b45_a_pull_at_another_time_counts():
    earlier = OwnReading(BEFORE, BEFORE, None)
    assert pulls(children=("amd64",), reading=earlier) == [NOW, NOW]


class Remembering(Shelf):
    """An inventory that is asked for its readings of indexes, and of nothing else."""

    def own_readings(
        self, registry: Registry, repository: str, images: Sequence[Image]
    ) -> OwnReadings:
        assert [one.digest for one in images] == [digest("multi")]
        return self.readings


HELD, CHILD = index("multi", "v1", pulled_at=NOW), image("amd64")
READINGS = {digest("multi"): READ}


def planned(inventory: Shelf, **context: Any) -> RepositoryPlan:
    """By a rule that keeps for a week what was pulled."""
    rule = replace(RULE, keep_pulled_within=timedelta(days=7))
    plan = read_and_plan(inventory, replace(facts(inventory, rules=[rule]), **context), APP)
    assert plan
    return plan


@pytest.mark.parametrize("remembered", ["inventory", "context"])
def test_b45_readings_that_the_inventory_or_the_context_remembers_are_no_pulls(remembered):
    held = shelf(HELD, CHILD, multi=["amd64"]).contents
    if remembered == "inventory":
        plan = planned(Remembering(held, readings=READINGS))
    else:
        plan = planned(Remembering(held), readings={APP: READINGS})
    assert {decision.image.digest for decision in plan.deletions} == {HELD.digest, CHILD.digest}
    assert plan.own_readings == READINGS
    assert plan.doubtful_pulls == 0


def test_b45_an_index_that_ecrm_may_have_pulled_is_kept_and_counted():
    plan = planned(Remembering(shelf(HELD, CHILD, multi=["gone"]).contents))
    assert [decision.image for decision in plan.deletions] == [CHILD]
    assert plan.own_readings == {}
    assert plan.doubtful_pulls == 1


def test_an_index_that_is_kept_because_an_image_of_it_was_pulled_is_not_doubtful():
    held, child = index("multi", "v1"), CHILD._replace(pulled_at=NOW)
    plan = planned(Remembering(shelf(held, child, multi=["amd64"]).contents))
    assert not plan.deletions
    assert plan.doubtful_pulls == 0


def test_without_indexes_no_reading_is_looked_up():
    assert len(planned(Remembering(shelf(CHILD).contents)).deletions) == 1
