"""What the images of a plan cost a month, and what carrying it out saves. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from ecrm.model.decision import Decision
from ecrm.model.image import Status
from ecrm.model.pricing import Price, Prices
from ecrm.model.rule import Action
from ecrm.planning.plan import Plan, RepositoryPlan


@dataclass(frozen=True, slots=True)
class Costs:
    """US dollars a month, at most (see model.pricing); `saved` is for the whole plan."""

    stored: Decimal = Decimal(0)
    used: Decimal = Decimal(0)
    saved: Decimal = Decimal(0)

    def __add__(self, other: "Costs") -> "Costs":
        return Costs(self.stored + other.stored, self.used + other.used, self.saved + other.saved)


def costs_of(where: RepositoryPlan, prices: Prices) -> Costs | None:
    """None where the price in its region is not known."""
    price = prices.of(where.registry.region)
    if price is None:
        return None
    size = sum(totals.size for totals in where.total.values())
    saved = (saved_by(decision, price) for decision in where.deletions)
    return Costs(
        stored=price.cost(size, where.archived.size),
        used=price.cost(where.used.size),
        saved=sum(saved, Decimal(0)),
    )


def summed_costs(costs: Iterable[Costs | None]) -> Costs | None:
    """None where one of them is not known."""
    total = Costs()
    for each in costs:
        if each is None:
            return None
        total += each
    return total


def unpriced(plan: Plan, prices: Prices) -> list[str]:
    """The regions whose prices are not known."""
    return sorted({target.region for target in plan.targets if prices.of(target.region) is None})


def saved_by(decision: Decision, price: Price) -> Decimal:
    size = decision.image.size
    if decision.action is Action.ARCHIVE:
        return price.saved_by_archiving(size)
    return price.cost(size, size if decision.image.status is Status.ARCHIVED else 0)
