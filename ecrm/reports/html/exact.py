"""What layers are really worth, where they were read: ranges, in bytes and in dollars."""

from collections.abc import Iterable
from decimal import Decimal

from ecrm.model.humanize import human_size
from ecrm.model.layers import Range, TrueBytes, freed_in, stored_in
from ecrm.model.reference import Registry
from ecrm.reports.html.text import dollars
from ecrm.reports.html.values import Report


def stored(report: Report) -> dict[Registry, Range]:
    return {registry: stored_in(found) for registry, found in _by_registry(report).items()}


def freed(report: Report) -> dict[Registry, Range]:
    return {registry: freed_in(found) for registry, found in _by_registry(report).items()}


def _by_registry(report: Report) -> dict[Registry, list[TrueBytes]]:
    found: dict[Registry, list[TrueBytes]] = {}
    for key, exact in report.exact.items():
        found.setdefault(key.registry, []).append(exact)
    return found


def sizes_text(ranges: Iterable[Range]) -> str:
    whole = sum(ranges, Range())
    return _between(human_size(whole.low), human_size(whole.high))


def dollars_text(report: Report, ranges: dict[Registry, Range]) -> str:
    low = high = Decimal(0)
    for registry, of_registry in ranges.items():
        price = report.prices.of(registry.region)
        if price is None:
            return dollars(None)
        low, high = low + price.cost(of_registry.low), high + price.cost(of_registry.high)
    return _between(dollars(low), dollars(high))


def _between(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"
