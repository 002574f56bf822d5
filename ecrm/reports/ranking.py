"""The repositories of a plan as the rows of a table, the largest first. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ecrm.model.pricing import NO_ENTRIES, Prices
from ecrm.model.rule import Action
from ecrm.planning.plan import Plan, RepositoryPlan, Totals, summed
from ecrm.reports.columns import Cell, Column, grid
from ecrm.reports.costs import Costs, costs_of, summed_costs
from ecrm.reports.plans import name_in
from ecrm.reports.text import CYAN, YELLOW, human_size

_FEW, _MANY, _WORTH = 10, 20, 0.01
"""So many of the largest are shown in any case; so many at most; and what part of all that can be
reclaimed each of the others holds."""


@dataclass(frozen=True, slots=True)
class View:
    """How a plan is shown, and at which prices. `top` is how many repositories are shown: None for
    as many as are worth it, 0 for all. `sort` is one of SORTS."""

    width: int = 80
    prices: Prices = NO_ENTRIES
    top: int | None = None
    sort: str = "reclaimable"


@dataclass(frozen=True, slots=True)
class Row:
    """One repository, or several together."""

    name: str
    total: Totals
    used: Totals
    deletable: Totals
    costs: Costs | None

    @property
    def kept(self) -> Totals:
        """What is kept without being in use."""
        return self.total - self.used - self.deletable


SORTS: Mapping[str, Callable[[Row], Any]] = {
    "reclaimable": lambda row: (-row.deletable.size, -row.deletable.images),
    "stored": lambda row: -row.total.size,
    "images": lambda row: -row.deletable.images,
    "cost": lambda row: -row.costs.saved if row.costs else Decimal(0),
    "name": lambda row: row.name,
}
"""What comes first, by the values of --sort."""


def rows_of(plan: Plan, prices: Prices) -> list[Row]:
    """Of all repositories that could be read."""
    return [_row(plan, where, prices) for where in plan.repositories if not where.unread]


def _row(plan: Plan, where: RepositoryPlan, prices: Prices) -> Row:
    return Row(
        name_in(plan, where),
        summed(where.total.values()),
        where.used,
        summed(where.deletable.values()),
        costs_of(where, prices),
    )


def together(name: str, rows: Sequence[Row]) -> Row:
    return Row(
        name,
        summed(row.total for row in rows),
        summed(row.used for row in rows),
        summed(row.deletable for row in rows),
        summed_costs(row.costs for row in rows),
    )


def ranked_repositories(plan: Plan, rows: Sequence[Row], total: Row, view: View) -> Iterator[str]:
    """The lines of the table; what is not worth a line of its own is summed up."""
    ordered = sorted(sorted(rows, key=SORTS["name"]), key=SORTS[view.sort])
    if view.top == 0:
        shown, folded, idle = ordered, [], []
    else:
        work = [row for row in ordered if row.deletable.images]
        idle = [row for row in ordered if not row.deletable.images]
        number = _worth(work, total) if view.top is None else view.top
        # One that is left alone takes no more place than the line that sums it up.
        number += len(work) == number + 1
        shown, folded = work[:number], work[number:]
    cells = [_cells(row) for row in shown]
    if folded:
        cells.append(_cells(together(f"{len(folded):,} more (--all)", folded)))
    if idle:
        cells.append(_cells(together(f"{len(idle):,} with nothing to {verb(plan)}", idle)))
    if len(rows) > 1:
        cells.append(_cells(total))
    return grid(_columns(plan), cells, view.width)


def _worth(work: Sequence[Row], total: Row) -> int:
    """How many of the rows, from the first on, are worth a line."""
    number = _FEW
    for row in work[_FEW:_MANY]:
        if row.deletable.size < _WORTH * total.deletable.size:
            break
        number += 1
    return number


def _columns(plan: Plan) -> Sequence[Column]:
    return (
        Column("REPOSITORY"),
        Column("IMAGES", optional=True),
        Column("STORED"),
        Column("IN USE", optional=True),
        Column(verb(plan).upper()),
        Column("RECLAIMABLE"),
        Column("%"),
        Column("$/MONTH"),
    )


def _cells(row: Row) -> Sequence[Cell]:
    """What would empty a repository is of another color than what leaves something in it."""
    deletable = row.deletable
    color = CYAN if deletable.images < row.total.images else YELLOW
    changes = (
        Cell(f"{deletable.images:,}", color),
        Cell(human_size(deletable.size), color),
        Cell(percent(deletable.size, row.total.size), color),
        Cell(money(row.costs.saved if row.costs else None), color),
    )
    return (
        Cell(row.name),
        Cell(f"{row.total.images:,}"),
        Cell(human_size(row.total.size)),
        Cell(human_size(row.used.size)),
        *(changes if deletable.images else (Cell("-"),) * len(changes)),
    )


def verb(plan: Plan) -> str:
    """What the plan does to the images that it does not keep."""
    actions = {decision.action for where in plan.repositories for decision in where.deletions}
    if actions == {Action.ARCHIVE}:
        return "archive"
    return "remove" if len(actions) > 1 else "delete"


def percent(part: int, whole: int) -> str:
    """Only nothing is 0 %, and only all of it 100 %."""
    rounded = round(100 * part / whole) if whole else 0
    return f"{rounded if part in (0, whole) else min(max(rounded, 1), 99)}%"


def money(amount: Decimal | None) -> str:
    """US dollars; a question mark where they are not known."""
    return "?" if amount is None else f"{amount:,.2f}"
