"""A plan as people read it at a terminal: the answer first, then the largest repositories. Pure.

What is shown fits `View.width`; fujiwara/ecrm's table of the same plan is in `plans`.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain

from ecrm.model.pricing import DATED
from ecrm.model.reference import display_name
from ecrm.planning.holes import left_alone
from ecrm.planning.plan import Plan
from ecrm.reports.columns import Cell, Column, grid, wrapped
from ecrm.reports.costs import Costs, unpriced
from ecrm.reports.plans import (
    LEFT_ALONE,
    charges_for_archive,
    kept_lines,
    notes,
    source_lines,
    spared_totals,
    verdict,
)
from ecrm.reports.ranking import Row, View, money, percent, ranked_repositories, rows_of, together
from ecrm.reports.text import CYAN, RED, YELLOW, count, human_size, human_totals, painted

_NAMES = 5
_NOTES = 10
_BAR = 20


def plan_text(plan: Plan, view: View = View()) -> str:  # noqa: B008 - it is frozen
    """First whether the plan is complete, then how much is stored, used, kept and reclaimable, and
    where most of it is."""
    return "\n".join(chain.from_iterable(_blocks(plan, view)))


def _blocks(plan: Plan, view: View) -> Iterator[Iterable[str]]:
    width = view.width
    incomplete = "" if plan.complete else wrapped(verdict(plan), width, color=RED)
    if incomplete:
        yield incomplete, ""
    yield wrapped(_title(plan), width), ""
    rows = rows_of(plan, view.prices)
    total = together("total", rows)
    yield grid(_COLUMNS, _answer(total), width)
    yield _remarks(plan, view)
    if rows:
        yield ("",)
        yield ranked_repositories(plan, rows, total, view)
    yield _section("Kept images:", kept_lines(plan), width)
    yield _section("Sources:", source_lines(plan), width)
    yield _section("Notes:", _few(list(notes(plan)), view), width, YELLOW)
    yield _section("Could not be read:", plan.unread, width, RED)
    yield _section(f"{LEFT_ALONE}:", left_alone(plan), width, RED)
    if incomplete:
        yield "", incomplete


def _title(plan: Plan) -> str:
    targets = ", ".join(map(str, plan.targets))
    if plan.complete:
        return f"Complete plan of {targets}"
    return f"Plan of {targets}, by what is known"


_COLUMNS = (
    *map(Column, ("", "IMAGES", "SIZE", "%", "$/MONTH")),
    Column("", optional=True),
)


def _answer(row: Row) -> Iterator[Sequence[Cell]]:
    stored, used, kept, saved = _four(row.costs)
    for name, totals, cost, color in (
        ("stored", row.total, stored, 0),
        ("in use", row.used, used, 0),
        ("kept", row.kept, kept, 0),
        ("reclaimable", row.deletable, saved, CYAN),
    ):
        bar = round(_BAR * totals.size / row.total.size) if row.total.size else 0
        yield (
            Cell(f"  {name}"),
            Cell(f"{totals.images:,}", color),
            Cell(human_size(totals.size), color),
            Cell(percent(totals.size, row.total.size), color),
            Cell(money(cost), color),
            Cell(f"{'█' * bar:{_BAR}}"),
        )


def _four(costs: Costs | None) -> Sequence[Decimal | None]:
    """Of what is stored, in use, kept besides that, and saved."""
    if costs is None:
        return (None,) * 4
    kept = max(costs.stored - costs.used - costs.saved, Decimal(0))
    return costs.stored, costs.used, kept, costs.saved


def _remarks(plan: Plan, view: View) -> Iterator[str]:
    """What the numbers count, and what they leave out."""
    unknown = unpriced(plan, view.prices)
    spared = spared_totals(plan)
    remarks = []
    if spared.images:
        what = f"{human_totals(spared)} of what is reclaimable"
        remarks.append(f"{what} are in repositories that are left alone.")
    remarks += charges_for_archive(plan)
    if {target.region for target in plan.targets} - set(unknown):
        remarks.append(
            f"Costs are at most these: ECR bills shared layers once. Prices are of {DATED}."
        )
    if unknown:
        remarks.append(
            f"No price of {', '.join(unknown)} is known; name it under `pricing` in ecrm.yaml."
        )
    if plan.unmanaged:
        names = [display_name(key, plan.targets) for key in plan.unmanaged[:_NAMES]]
        rest = len(plan.unmanaged) - len(names)
        more = f" and {rest:,} more" if rest else ""
        number = count(len(plan.unmanaged), "repository", "repositories")
        remarks.append(f"Not counted: {number} that no rule matches: {', '.join(names)}{more}.")
    if remarks:
        yield ""
    for remark in remarks:
        yield wrapped(remark, view.width)


def _section(heading: str, lines: Iterable[str], width: int, color: int = 0) -> Iterator[str]:
    """A heading and its lines; nothing where there are none."""
    shown = [wrapped(line, width, "  ", "  ") for line in lines]
    if shown:
        yield from ("", painted(heading, color) if color else heading, *shown)


def _few(lines: Sequence[str], view: View) -> Sequence[str]:
    if view.top == 0 or len(lines) <= _NOTES + 1:
        return lines
    return *lines[:_NOTES], f"{len(lines) - _NOTES:,} more (--all)"
