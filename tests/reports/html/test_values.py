"""The sums that a report shows."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Status
from ecrm.model.pattern import NamePattern
from ecrm.model.pricing import Prices, RegionPrice
from ecrm.model.reference import Registry
from ecrm.model.rule import Action
from ecrm.reports.html.values import (
    Amounts,
    Fate,
    Report,
    age_class,
    by_owner,
    figures,
    total,
)
from tests.values import HOME, NOW, deletable, digest, image, plan_of, repository_plan

GB = 10**9
PRICES = Prices((RegionPrice(NamePattern("eu-*", True), Decimal("0.10"), Decimal("0.01")),))


def planned(name: str, deleted: Any = (), kept: Any = (), **more: Any) -> Any:
    made = repository_plan(name, list(deleted), registry=HOME, kept=kept, **more)
    return replace(made, kept=tuple(kept))


def report(*plans: Any, **more: Any) -> Report:
    return Report(plan_of(*plans), "1", PRICES, **more)


APP = planned(
    "team/app",
    [
        deletable(image("old", size=4 * GB, days=400)),
        deletable(image("cold", size=2 * GB, days=100, status=Status.ARCHIVED)),
        Decision(image("move", size=3 * GB, days=60), Reason.EXPIRED, action=Action.ARCHIVE),
    ],
    [
        Decision(image("index", size=0, days=40), Reason.IN_USE),
        Decision(image("child", size=5 * GB, days=40), Reason.CHILD, related=digest("index")),
        Decision(image("signed", size=1 * GB, days=8), Reason.REFERRER, related=digest("child")),
        Decision(image("young", size=6 * GB, days=7), Reason.PUSHED),
        Decision(image("part", size=7 * GB, days=0), Reason.CHILD, related=digest("young")),
    ],
)


def test_bytes_are_split_by_what_becomes_of_them():
    (found,) = figures(report(APP, owners={APP.key: "team"}))
    sizes = {Fate.USED: 6 * GB, Fate.KEPT: 13 * GB, Fate.DELETABLE: 9 * GB, Fate.UNMANAGED: 0}
    assert (found.amounts.images, found.amounts.deletable, found.amounts.sizes) == (8, 3, sizes)
    assert found.amounts.cost == Decimal("2.62")  # 26 GB at 0.10 and 2 GB at 0.01
    # 4 GB at 0.10, 2 GB at 0.01, 3 GB at the difference
    assert found.amounts.saved == Decimal("0.69")
    assert (found.amounts.stored, found.amounts.reclaimable) == (28 * GB, 9 * GB)
    assert found.amounts.share == pytest.approx(9 / 28)
    assert (found.name, found.owner, found.is_managed) == ("team/app", "team", True)


def test_bytes_are_split_by_age():
    (found,) = figures(report(APP))
    assert found.ages == (
        {Fate.KEPT: 13 * GB},
        {Fate.USED: 1 * GB},
        {Fate.USED: 5 * GB, Fate.DELETABLE: 3 * GB},
        {Fate.DELETABLE: 2 * GB},
        {},
        {Fate.DELETABLE: 4 * GB},
    )


def test_a_day_at_the_end_of_a_class_of_age_is_in_it():
    ages = [0, 7, 7.1, 30, 31, 90, 180, 365, 366]
    found = [age_class(NOW, NOW - timedelta(days=days)) for days in ages]
    assert found == [0, 0, 1, 1, 2, 2, 3, 4, 5]


def test_images_that_refer_to_each_other_in_a_circle_are_kept_by_rules():
    pair = [
        Decision(image("a", size=1), Reason.CHILD, related=digest("b")),
        Decision(image("b", size=2), Reason.CHILD, related=digest("a")),
    ]
    (found,) = figures(report(planned("app", kept=pair)))
    assert found.amounts.size(Fate.KEPT) == 3


def test_what_no_rule_matches_is_unmanaged_whatever_keeps_it():
    wild = planned("wild", kept=[Decision(image("x", size=3), Reason.IN_USE)])
    (found,) = figures(report(unmanaged=(wild,)))
    assert found.amounts.sizes[Fate.UNMANAGED] == found.amounts.stored == 3
    assert not found.is_managed
    assert found.ages[2] == {Fate.UNMANAGED: 3}


def test_most_reclaimable_comes_first_and_what_could_not_be_read_not_at_all():
    plans = [
        planned("b", kept=[Decision(image(1, size=5), Reason.PUSHED)]),
        planned("a", kept=[Decision(image(1, size=5), Reason.PUSHED)]),
        planned("c", kept=[Decision(image(1, size=9), Reason.PUSHED)]),
        planned("d", [deletable(image(1, size=1))]),
        planned("unread", unread="no"),
    ]
    assert [found.name for found in figures(report(*plans))] == ["d", "c", "a", "b"]


def test_repositories_of_several_registries_are_told_apart():
    other = replace(planned("app"), registry=Registry("210987654321", "us-east-1"))
    names = [found.name for found in figures(report(planned("app"), other))]
    assert names == ["123456789012/eu-west-1/app", "210987654321/us-east-1/app"]


def test_no_cost_where_a_price_is_not_known():
    other = replace(planned("app"), registry=Registry("210987654321", "xx-none-1"))
    found = figures(Report(plan_of(APP, other), "1", PRICES))
    assert [one.amounts.cost for one in found] == [Decimal("2.62"), None]
    assert total(one.amounts for one in found).cost is None
    assert total(one.amounts for one in found).saved is None
    assert total(one.amounts for one in found[:1]).cost == Decimal("2.62")


def test_whoever_stores_most_is_the_first_owner():
    plans = [planned(name, kept=[Decision(image(1, size=size), Reason.PUSHED)])
             for name, size in (("a", 1), ("b", 5), ("c", 5), ("d", 4))]  # fmt: skip
    owners = dict(zip([one.key for one in plans], ["x", "y", "w", "x"], strict=True))
    groups = by_owner(figures(report(*plans, owners=owners)))
    assert {owner: [one.name for one in group] for owner, group in groups.items()} == {
        "w": ["c"],
        "x": ["d", "a"],
        "y": ["b"],
    }
    assert list(groups) == ["w", "x", "y"]


def test_nothing_has_no_share():
    assert Amounts().share == 0
    assert total([]) == Amounts()
