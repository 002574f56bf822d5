"""Totals day by day: bounded, one registry apart from the other, and summed for reports."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ecrm.model.decision import Decision, Reason
from ecrm.model.reference import Registry, RepositoryKey
from ecrm.planning.plan import Plan
from ecrm.planning.totals_history import MOST, DayTotals, TotalsHistory
from tests.values import HOME, PARTNER, deletable, image, plan_of, repository_plan

MONDAY = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def plan_at(at: datetime, size: int = 10, registry: Registry = HOME) -> Plan:
    """Of a repository that stores so many bytes, half of which can be deleted, and another one."""
    half = size // 2
    app = repository_plan(
        "app",
        [deletable(image(1, size=half))],
        registry=registry,
        kept=[Decision(image(2, size=size - half), Reason.PUSHED)],
    )
    web = repository_plan(
        "web", registry=registry, kept=[Decision(image(3, size=1), Reason.IN_USE)]
    )
    return replace(plan_of(app, web), created_at=at)


def runs(*days: int, start: datetime = MONDAY) -> TotalsHistory:
    """One on each of these days, of which the number is the size."""
    history = TotalsHistory()
    for day in days:
        history = history.with_run(plan_at(start + day * DAY, day))
    return history


def sizes(history: TotalsHistory, registry: Registry = HOME) -> list[int]:
    return [day.size - 1 for day in history.registries[registry]]


def test_a_run_is_recorded_with_what_each_repository_stores():
    history = TotalsHistory().with_run(plan_at(MONDAY, 10))
    day = DayTotals(MONDAY, 3, 11, 5, repositories={"app": 10, "web": 1})
    assert history == TotalsHistory({HOME: (day,)})


def test_the_last_run_of_a_day_counts_and_what_was_deleted_before_it():
    history = TotalsHistory().with_run(plan_at(MONDAY, 10)).with_deletions({HOME: 5})
    history = history.with_run(plan_at(MONDAY + timedelta(hours=3), 6)).with_deletions({HOME: 2})
    (day,) = history.registries[HOME]
    assert (day.at, day.size, day.deletable, day.deleted) == (MONDAY + DAY / 8, 7, 3, 7)


def test_deletions_of_a_registry_without_a_run_are_not_recorded():
    history = runs(1).with_deletions({PARTNER: 5})
    assert list(history.registries) == [HOME]
    assert history.registries[HOME][0].deleted == 0


def test_of_weeks_that_are_more_than_two_weeks_ago_the_last_day_is_kept():
    assert sizes(runs(*range(1, 15))) == list(range(1, 15))
    # Day 30 is a Wednesday: of the weeks to day 15, their Sundays (6, 13) and what followed.
    assert sizes(runs(*range(1, 31))) == [6, 13, *range(15, 31)]


def test_what_a_week_deleted_is_kept_with_its_last_day():
    history = TotalsHistory()
    for day in range(1, 31):
        history = history.with_run(plan_at(MONDAY + day * DAY, day)).with_deletions({HOME: day})
    first, second, *_ = history.registries[HOME]
    assert (first.deleted, second.deleted) == (sum(range(1, 7)), sum(range(7, 14)))


def test_the_history_is_bounded():
    history = runs(*range(1, 1000))
    assert len(history.registries[HOME]) == MOST
    assert sizes(history)[-15:] == list(range(985, 1000))


def test_registries_are_recorded_apart():
    history = runs(1, 2).with_run(plan_at(MONDAY + 5 * DAY, 7, PARTNER))
    assert (sizes(history), sizes(history, PARTNER)) == ([1, 2], [7])


@pytest.mark.parametrize(
    ("days_ago", "found"), [(0, 20), (1, 10), (10, 10), (11, 1), (19, 1), (20, None)]
)
def test_what_was_stored_is_that_of_the_last_day_which_is_so_long_ago(
    days_ago: int, found: int | None
):
    history = runs(1, 10, 20)
    stored = history.stored_before(MONDAY + 20 * DAY, days_ago * DAY)
    expected: Mapping[RepositoryKey, int] = (
        {} if found is None else {RepositoryKey(HOME, "app"): found, RepositoryKey(HOME, "web"): 1}
    )
    assert stored == expected


def test_registries_together_count_each_with_its_last_run():
    history = runs(1, 3).with_run(plan_at(MONDAY + 2 * DAY, 10, PARTNER))
    history = history.with_deletions({PARTNER: 4})
    together = history.over([HOME, PARTNER])
    assert [(day.at, day.images, day.size, day.deletable, day.deleted) for day in together] == [
        (MONDAY + 1 * DAY, 3, 2, 0, 0),
        (MONDAY + 2 * DAY, 6, 13, 5, 4),
        (MONDAY + 3 * DAY, 6, 15, 6, 0),
    ]
    assert len(history.over([HOME])) == 2
    assert history.over([Registry("000000000000", "eu-west-1")]) == ()
