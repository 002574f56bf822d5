"""What bytes cost in a region."""

from decimal import Decimal

import pytest

from ecrm.model.pattern import NamePattern
from ecrm.model.pricing import KNOWN, Price, Prices, RegionPrice

GB = 10**9


def entry(region: str, standard: str, archive: str | None = None) -> RegionPrice:
    pattern = NamePattern(region, is_glob=True)
    return RegionPrice(pattern, Decimal(standard), Decimal(archive) if archive else None)


def test_a_region_whose_price_was_not_seen_has_none():
    assert Prices().of("us-east-1") == Price(Decimal("0.10"), Decimal("0.10"))
    assert Prices().of("eu-west-1") == Price(Decimal("0.10"))
    for region in ("cn-north-1", "us-gov-west-1", "xx-new-1"):
        assert Prices().of(region) is None


def test_the_first_entry_that_matches_overrides_the_table():
    prices = Prices((entry("eu-*", "0.12"), entry("eu-west-1", "9"), entry("cn-*", "0.2", "0.1")))
    assert prices.of("eu-west-1") == Price(Decimal("0.12"))
    assert prices.of("cn-north-1") == Price(Decimal("0.2"), Decimal("0.1"))
    assert prices.of("us-east-1") == KNOWN["us-east-1"]


@pytest.mark.parametrize(
    ("price", "cost", "saved"),
    [
        (Price(Decimal("0.10"), Decimal("0.04")), "0.88", "0.60"),
        (Price(Decimal("0.10")), "1.00", "0"),  # an archive whose price is not known
        (Price(Decimal("0.10"), Decimal("0.10")), "1.00", "0"),
        (Price(Decimal("0.10"), Decimal("0.20")), "1.20", "0"),
    ],
)
def test_archived_bytes_cost_what_the_archive_costs(price: Price, cost: str, saved: str):
    assert price.cost(10 * GB, archived=2 * GB) == Decimal(cost)
    assert price.cost(10 * GB) == 10 * price.standard
    assert price.saved_by_archiving(10 * GB) == Decimal(saved)
