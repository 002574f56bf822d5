"""How much was stored and deleted, day by day, so that a report can show where it leads. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from ecrm.model.reference import Registry, RepositoryKey, RepositoryName
from ecrm.planning.plan import Plan, summed

DAILY = timedelta(days=14)
"""For how long every day is kept; of older ones, one a week."""
MOST = 66
"""Of one registry: 14 days, and a year of weeks."""


@dataclass(frozen=True, slots=True)
class DayTotals:
    """The last run of a day in one registry. `size` and `deletable` are bytes before a deletion,
    `deleted` those that the runs of the day deleted; `repositories` are bytes stored in each."""

    at: datetime
    images: int
    size: int
    deletable: int
    deleted: int = 0
    repositories: Mapping[RepositoryName, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TotalsHistory:
    """Of each registry, the oldest day first."""

    registries: Mapping[Registry, tuple[DayTotals, ...]] = field(default_factory=dict)

    def with_run(self, plan: Plan) -> "TotalsHistory":
        """A complete plan of a later moment, which replaces that of the same day."""
        found = dict(self.registries)
        for registry in plan.targets:
            day, earlier = _day(plan, registry), list(found.get(registry, ()))
            if earlier and earlier[-1].at.date() == day.at.date():
                day = replace(day, deleted=earlier.pop().deleted)
            kept = _thinned(earlier, day.at.date())
            found[registry] = (*kept, day)[-MOST:]
        return TotalsHistory(found)

    def with_deletions(self, deleted: Mapping[Registry, int]) -> "TotalsHistory":
        """Bytes that the last recorded run deleted."""
        found = dict(self.registries)
        for registry, size in deleted.items():
            if days := found.get(registry):
                last = replace(days[-1], deleted=days[-1].deleted + size)
                found[registry] = (*days[:-1], last)
        return TotalsHistory(found)

    def stored_before(self, at: datetime, span: timedelta) -> Mapping[RepositoryKey, int]:
        """Bytes of each repository on the last recorded day that is at least so long ago."""
        found: dict[RepositoryKey, int] = {}
        for registry, days in self.registries.items():
            for day in days:
                if day.at <= at - span:
                    found = {key: size for key, size in found.items() if key.registry != registry}
                    found |= {
                        RepositoryKey(registry, name): size
                        for name, size in day.repositories.items()
                    }
        return found

    def over(self, registries: Iterable[Registry]) -> tuple[DayTotals, ...]:
        """The days of these registries together; where one has no run, its last one counts."""
        chosen = [self.registries.get(registry, ()) for registry in registries]
        ends = sorted({day.at.date() for days in chosen for day in days})
        return tuple(_together(chosen, end) for end in ends)


def _day(plan: Plan, registry: Registry) -> DayTotals:
    here = [one for one in plan.repositories if one.registry == registry]
    totals = {one.repository: summed(one.total.values()) for one in here}
    whole = summed(totals.values())
    deletable = summed(kind for one in here for kind in one.deletable.values())
    sizes = {name: total.size for name, total in totals.items()}
    return DayTotals(plan.created_at, whole.images, whole.size, deletable.size, repositories=sizes)


def _thinned(days: Iterable[DayTotals], today: date) -> list[DayTotals]:
    """Every day of the last two weeks; of each week before, the last day, with what the whole week
    deleted."""
    kept: list[DayTotals] = []
    for day in days:
        is_old = today - day.at.date() > DAILY
        if is_old and kept and _week(kept[-1]) == _week(day):
            day = replace(day, deleted=day.deleted + kept.pop().deleted)  # noqa: PLW2901 - that day
        kept.append(day)
    return kept


def _week(day: DayTotals) -> tuple[int, int]:
    year, week, _ = day.at.isocalendar()
    return year, week


def _together(registries: Iterable[tuple[DayTotals, ...]], end: date) -> DayTotals:
    last = [
        until[-1] for days in registries if (until := [day for day in days if day.at.date() <= end])
    ]
    return DayTotals(
        max(day.at for day in last),
        sum(day.images for day in last),
        sum(day.size for day in last),
        sum(day.deletable for day in last),
        sum(day.deleted for day in last if day.at.date() == end),
    )
