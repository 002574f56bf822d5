"""Where it leads: what becomes reclaimable, and what earlier runs saw."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from ecrm.model.humanize import human_size
from ecrm.reports.html.markup import Markup
from ecrm.reports.html.pictures import Point, line
from ecrm.reports.html.text import dollar_tick, dollars, figure, size_tick, table
from ecrm.reports.html.values import Report, RepositoryFigures

_MONTH = timedelta(days=30)
_TO_COMPARE = 2


def forecast(report: Report) -> Markup | None:
    """None where nobody looked ahead."""
    if not report.forecast:
        return None
    costs = all(one.saved is not None for one in report.forecast)
    points = []
    for one in report.forecast:
        value = float(one.saved or 0) if costs else float(one.deletable.size)
        words = dollars(one.saved) if costs else human_size(one.deletable.size)
        points.append(Point(one.days, value, f"+{one.days} d" if one.days else "now", words))
    what = "Dollars a month" if costs else "Bytes"
    rows = (
        (
            f"in {one.days} days" if one.days else "now",
            f"{one.deletable.images:,}",
            human_size(one.deletable.size),
            dollars(one.saved),
        )
        for one in report.forecast
    )
    return figure(
        "If nobody cleans up",
        f"{what} reclaimable in the next {report.forecast[-1].days} days, with nothing pushed",
        line(
            points,
            dollar_tick if costs else size_tick,
            "Line: what becomes reclaimable; numbers below",
            "gone",
        ),
        table(("When", "Images", "Bytes", "$ a month"), rows, "Reclaimable later"),
    )


def history(report: Report) -> Markup | None:
    """None before there are two days to compare."""
    days = report.history.over(report.plan.targets)
    if len(days) < _TO_COMPARE:
        return None
    points = [
        Point(
            day.at.timestamp() / 86400,
            day.size,
            f"{day.at:%d %b}",
            human_size(day.size),
            is_marked=bool(day.deleted),
        )
        for day in days
    ]
    rows = (
        (
            f"{day.at:%Y-%m-%d}",
            f"{day.images:,}",
            human_size(day.size),
            human_size(day.deletable),
            human_size(day.deleted) if day.deleted else "",
        )
        for day in reversed(days)
    )
    head = ("Day", "Images", "Stored", "Reclaimable", "Deleted")
    return figure(
        "What earlier runs saw",
        "Bytes of repositories with a rule; a dashed line is a day on which ecrm deleted",
        line(points, size_tick, "Line: bytes stored by day; numbers below", "used"),
        table(head, rows, "Bytes by day"),
    )


def trends(report: Report, repositories: Sequence[RepositoryFigures]) -> Mapping[str, int]:
    """By name, how many bytes more are stored than a month ago; repositories that were recorded
    then alone."""
    before = report.history.stored_before(report.plan.created_at, _MONTH)
    return {
        one.name: one.amounts.stored - before[one.planned.key]
        for one in repositories
        if one.planned.key in before
    }


def change(size: int | None) -> str:
    """With its sign; empty where nothing was recorded."""
    if size is None:
        return ""
    sign = "+" if size > 0 else "−" if size < 0 else "±"
    return f"{sign}{human_size(abs(size))}"
