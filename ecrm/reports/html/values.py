"""What a report shows, and the sums that it shows. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from ecrm.check.values import Findings
from ecrm.model.decision import Decision, Reason
from ecrm.model.layers import TrueBytes
from ecrm.model.pricing import Prices
from ecrm.model.reference import RepositoryKey, display_name
from ecrm.planning.plan import Plan, RepositoryPlan, Totals
from ecrm.planning.totals_history import TotalsHistory
from ecrm.reports.costs import Costs, costs_of, summed_costs


@dataclass(frozen=True, slots=True)
class Forecast:
    """What could be deleted that many days later if nothing is pushed or deleted, and dollars a
    month that this would save."""

    days: int
    deletable: Totals
    saved: Decimal | None


@dataclass(frozen=True, slots=True)
class Report:
    """`plan` lists the kept images; `unmanaged` are the repositories that no rule matches, all
    images of which are kept. `owners` has a name for each of both. `findings` are None where no
    rule of `check` was looked at; `exact` is empty where no layers were read."""

    plan: Plan
    version: str
    prices: Prices
    unmanaged: tuple[RepositoryPlan, ...] = ()
    owners: Mapping[RepositoryKey, str] = field(default_factory=dict)
    forecast: tuple[Forecast, ...] = ()
    findings: Findings | None = None
    history: TotalsHistory = field(default_factory=TotalsHistory)
    exact: Mapping[RepositoryKey, TrueBytes] = field(default_factory=dict)


class Fate(StrEnum):
    """What becomes of bytes, in the order in which pictures stack them."""

    USED = "in use"
    KEPT = "kept by rules"
    DELETABLE = "reclaimable"
    UNMANAGED = "unmanaged"


@dataclass(frozen=True, slots=True)
class Amounts:
    """Of some images: how many, their bytes by what becomes of them, and what they cost, None where
    a price is not known."""

    images: int = 0
    deletable: int = 0
    sizes: Mapping[Fate, int] = field(default_factory=dict)
    costs: Costs | None = Costs()  # noqa: RUF009 - it is frozen

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(
            self.images + other.images,
            self.deletable + other.deletable,
            {fate: self.size(fate) + other.size(fate) for fate in Fate},
            summed_costs((self.costs, other.costs)),
        )

    def size(self, fate: Fate) -> int:
        return self.sizes.get(fate, 0)

    @property
    def cost(self) -> Decimal | None:
        return self.costs.stored if self.costs else None

    @property
    def saved(self) -> Decimal | None:
        return self.costs.saved if self.costs else None

    @property
    def stored(self) -> int:
        return sum(self.sizes.values())

    @property
    def reclaimable(self) -> int:
        return self.size(Fate.DELETABLE)

    @property
    def share(self) -> float:
        """Of the bytes that are stored, how many can be reclaimed."""
        return self.reclaimable / self.stored if self.stored else 0.0


def total(amounts: Iterable[Amounts]) -> Amounts:
    return sum(amounts, Amounts())


AGES = (7, 30, 90, 180, 365)
"""Days at which the classes of age end; the last class has no end."""


@dataclass(frozen=True, slots=True)
class RepositoryFigures:
    """One repository. `ages` are bytes by class of age and by what becomes of them."""

    planned: RepositoryPlan
    name: str
    owner: str
    amounts: Amounts
    ages: tuple[Mapping[Fate, int], ...]
    is_managed: bool
    exact: TrueBytes | None = None

    @property
    def decisions(self) -> tuple[Decision, ...]:
        return (*self.planned.deletions, *self.planned.kept)


def figures(report: Report) -> tuple[RepositoryFigures, ...]:
    """All repositories that could be read, from which most can be reclaimed first."""
    plans = [(planned, True) for planned in report.plan.repositories]
    plans += [(planned, False) for planned in report.unmanaged]
    found = (
        _figures(report, planned, is_managed=is_managed)
        for planned, is_managed in plans
        if not planned.unread
    )
    return tuple(
        sorted(
            found,
            key=lambda one: (-one.amounts.reclaimable, -one.amounts.stored, one.planned.key),
        )
    )


def _figures(report: Report, planned: RepositoryPlan, *, is_managed: bool) -> RepositoryFigures:
    ages: tuple[dict[Fate, int], ...] = tuple({} for _ in (*AGES, None))
    fates = dict(_fates(planned)) if is_managed else {}
    for decision in (*planned.deletions, *planned.kept):
        image = decision.image
        fate = fates.get(image.digest, Fate.UNMANAGED)
        bytes_by_fate = ages[age_class(report.plan.created_at, image.pushed_at)]
        bytes_by_fate[fate] = bytes_by_fate.get(fate, 0) + image.size
    amounts = Amounts(
        planned.images,
        len(planned.deletions),
        {fate: sum(of_age.get(fate, 0) for of_age in ages) for fate in Fate},
        costs_of(planned, report.prices),
    )
    name = display_name(planned.key, report.plan.targets)
    owner = report.owners.get(planned.key, "")
    exact = report.exact.get(planned.key)
    return RepositoryFigures(planned, name, owner, amounts, ages, is_managed, exact)


def age_class(now: datetime, pushed_at: datetime) -> int:
    age = now - pushed_at
    return sum(age > timedelta(days=days) for days in AGES)


def _fates(planned: RepositoryPlan) -> Iterator[tuple[str, Fate]]:
    """By digest. An image is in use, too, if it belongs to one that is."""
    kept = {decision.image.digest: decision for decision in planned.kept}
    for decision in planned.deletions:
        yield decision.image.digest, Fate.DELETABLE
    for digest, decision in kept.items():
        root, seen = decision, {digest}
        while root.related in kept and root.related not in seen:
            seen.add(root.related)
            root = kept[root.related]
        yield digest, Fate.USED if root.reason is Reason.IN_USE else Fate.KEPT


def by_owner(repositories: Iterable[RepositoryFigures]) -> dict[str, list[RepositoryFigures]]:
    """Whoever stores most comes first."""
    found: dict[str, list[RepositoryFigures]] = {}
    for one in repositories:
        found.setdefault(one.owner, []).append(one)

    def stored(owner: str) -> int:
        return sum(one.amounts.stored for one in found[owner])

    return {owner: found[owner] for owner in sorted(found, key=lambda one: (-stored(one), one))}
