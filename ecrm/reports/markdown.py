"""A plan as Markdown: for a report, a comment on a pull request, a page of a wiki."""

import re
from collections.abc import Iterable, Iterator

from ecrm.planning.holes import left_alone
from ecrm.planning.plan import Plan
from ecrm.reports.plans import LEFT_ALONE, REASONS, name_in, notes, rows, sources, totals, verdict
from ecrm.reports.text import escaped, human_size, human_totals

_BAR = 30
_CODE = re.compile(r"[\w./:@-]+", re.ASCII)


def plan_markdown(plan: Plan) -> str:
    return "\n".join(_lines(plan))


def _lines(plan: Plan) -> Iterator[str]:
    yield "# ECR images" if plan.complete else f"# INCOMPLETE: ECR images\n\n**{verdict(plan)}**"
    yield from ("", *map(escaped, totals(plan)), "")
    if plan.total.size:
        yield from (_bar(plan), "")
    yield "| Repository | Type | Total | Expired | Keep |"
    yield "|---|---|--:|--:|--:|"
    for where, kind, total, deletable in rows(plan):
        expired = f"**{human_totals(deletable)}**" if deletable.images else ""
        cells = (
            _name(name_in(plan, where)),
            kind,
            human_totals(total),
            expired,
            human_totals(total - deletable),
        )
        yield f"| {' | '.join(cells)} |"
    yield from bullets("Could not be read", plan.unread)
    yield from bullets(LEFT_ALONE, left_alone(plan))
    kept = (f"{number} {REASONS[reason]}" for reason, number in plan.kept_by_reason.items())
    yield from bullets("Kept images", kept)
    yield from bullets("Sources", sources(plan))
    yield from bullets("Notes", notes(plan))
    if not plan.complete:
        yield from ("", f"**{verdict(plan)}**")


def _bar(plan: Plan) -> str:
    """The share of the bytes that can be deleted, and how many; at least one block of any."""
    size, whole = plan.deletable.size, plan.total.size
    filled = max(round(_BAR * size / whole), bool(size))
    bar = "█" * filled + "░" * (_BAR - filled)
    return f"`{bar}` {human_size(size)} of {human_size(whole)} ({size / whole:.0%})"


def _name(text: str) -> str:
    return f"`{text}`" if _CODE.fullmatch(text) else escaped(text)


def bullets(heading: str, lines: Iterable[str]) -> Iterator[str]:
    """A section with one item a line; nothing where there are none."""
    items = [f"- {escaped(line)}" for line in lines]
    if items:
        yield from ("", f"## {heading}", "", *items)
