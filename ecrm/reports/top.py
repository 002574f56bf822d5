"""What is stored, by repository, owner, rule or age, with bars. Pure."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Status
from ecrm.model.pricing import Prices
from ecrm.model.printable import printable_json
from ecrm.planning.plan import Plan, RepositoryPlan, Totals
from ecrm.reports.columns import Cell, Column, grid, wrapped
from ecrm.reports.costs import Costs, saved_by
from ecrm.reports.plans import verdict
from ecrm.reports.ranking import SORTS, Row, View, money, percent, rows_of, together
from ecrm.reports.text import CYAN, RED, human_size

_FORMAT = 1
_BAR = 10
_SHOWN = 20
_AGES = (
    ("younger than a week", timedelta(weeks=1)),
    ("a week to a month", timedelta(days=30)),
    ("1 to 3 months", timedelta(days=91)),
    ("3 to 6 months", timedelta(days=182)),
    ("6 to 12 months", timedelta(days=365)),
    ("1 to 2 years", timedelta(days=730)),
    ("older than 2 years", timedelta.max),
)

Groups = Callable[[Plan, Prices], list[Row]]


def top_text(plan: Plan, groups: str, view: View) -> str:
    return "\n".join(_lines(plan, groups, view))


def _lines(plan: Plan, groups: str, view: View) -> Iterator[str]:
    rows = _sorted(GROUPS[groups](plan, view.prices), groups, view)
    total = together("total", rows)
    if not plan.complete:
        yield wrapped(verdict(plan).replace("carried out", "relied on"), view.width, color=RED)
        yield ""
    number = len(rows) if view.top == 0 else view.top or _SHOWN
    number += len(rows) == number + 1
    most = max((row.total.size for row in rows[:number]), default=0)
    cells = [_cells(row, most) for row in rows[:number]]
    if rest := rows[number:]:
        cells.append(_cells(together(f"{len(rest):,} more (--all)", rest), 0))
    yield from grid(_columns(groups), [*cells, _cells(total, 0)], view.width)


def _sorted(rows: list[Row], groups: str, view: View) -> list[Row]:
    """Ages have an order of their own."""
    if groups == "age":
        return rows
    return sorted(sorted(rows, key=SORTS["name"]), key=SORTS[view.sort])


def _columns(groups: str) -> Sequence[Column]:
    return (
        Column(groups.upper()),
        Column("IMAGES"),
        Column("STORED"),
        Column("$/MONTH"),
        Column("RECLAIMABLE"),
        Column("%"),
        Column(""),
    )


def _cells(row: Row, most: int) -> Sequence[Cell]:
    stored = round(_BAR * row.total.size / most) if most else 0
    reclaimable = round(_BAR * row.deletable.size / most) if most else 0
    bar = "█" * reclaimable + "░" * (stored - reclaimable)
    return (
        Cell(row.name),
        Cell(f"{row.total.images:,}"),
        Cell(human_size(row.total.size)),
        Cell(money(row.costs.stored if row.costs else None)),
        Cell(human_size(row.deletable.size), CYAN),
        Cell(percent(row.deletable.size, row.total.size), CYAN),
        Cell(f"{bar:{_BAR}}"),
    )


def top_json(plan: Plan, groups: str, view: View) -> str:
    body = {
        "ecrm_top": _FORMAT,
        "complete": plan.complete,
        "missing": list(plan.unread),
        "by": groups,
        "rows": [
            {
                "name": row.name,
                "images": row.total.images,
                "size": row.total.size,
                "in_use_images": row.used.images,
                "in_use_size": row.used.size,
                "reclaimable_images": row.deletable.images,
                "reclaimable_size": row.deletable.size,
                "monthly_cost": _number(row.costs.stored if row.costs else None),
                "monthly_saving": _number(row.costs.saved if row.costs else None),
            }
            for row in _sorted(GROUPS[groups](plan, view.prices), groups, view)
        ],
    }
    return printable_json(json.dumps(body, indent=2, ensure_ascii=False))


def _number(amount: Decimal | None) -> float | None:
    """US dollars, rounded to the cent."""
    return None if amount is None else float(round(amount, 2))


# -- groups ---------------------------------------------------------------------------------------


def _by_owner(plan: Plan, prices: Prices) -> list[Row]:
    """The part of the name before the first slash."""
    return _grouped(plan, prices, lambda where: where.repository.partition("/")[0])


def _by_rule(plan: Plan, prices: Prices) -> list[Row]:
    return _grouped(plan, prices, lambda where: where.rule)


def _grouped(plan: Plan, prices: Prices, name_of: Callable[[RepositoryPlan], str]) -> list[Row]:
    read = [where for where in plan.repositories if not where.unread]
    groups: dict[str, list[Row]] = defaultdict(list)
    for where, row in zip(read, rows_of(plan, prices), strict=True):
        groups[name_of(where)].append(row)
    return [together(name, rows) for name, rows in groups.items()]


def _by_age(plan: Plan, prices: Prices) -> list[Row]:
    """Of a plan that lists what it keeps."""
    rows: dict[str, list[Row]] = {name: [] for name, _ in _AGES}
    for where in plan.repositories:
        for decision in (*where.kept, *where.deletions):
            age = plan.created_at - decision.image.pushed_at
            name = next(name for name, most in _AGES if age < most)
            rows[name].append(_row_of(decision, where, prices))
    return [together(name, of_age) for name, of_age in rows.items()]


def _row_of(decision: Decision, where: RepositoryPlan, prices: Prices) -> Row:
    size, none = Totals(1, decision.image.size), Totals()
    used = decision.reason is Reason.IN_USE
    costs, price = None, prices.of(where.registry.region)
    if price:
        archived = size.size if decision.image.status is Status.ARCHIVED else 0
        saved = saved_by(decision, price) if decision.deletable else Decimal(0)
        costs = Costs(price.cost(size.size, archived), price.cost(size.size * used), saved)
    deletable = size if decision.deletable else none
    return Row("", size, size if used else none, deletable, costs)


GROUPS: Mapping[str, Groups] = {
    "repository": rows_of,
    "owner": _by_owner,
    "rule": _by_rule,
    "age": _by_age,
}
