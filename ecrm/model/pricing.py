"""What ECR charges for storage, by region, and what bytes cost by that. Pure.

ECR bills a layer once per repository, and the sizes that it reports count it in every image. So the
cost of such sizes is at most what is billed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from ecrm.model.pattern import NamePattern

GIGABYTE = 10**9


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars a month for 10^9 bytes. `archive` is None where it is not known; it is never more
    than `standard`."""

    standard: Decimal
    archive: Decimal | None = None

    def cost(self, size: int, archived: int = 0) -> Decimal:
        """At most so much a month for `size` bytes, of which `archived` are in archive storage."""
        archive = self.standard if self.archive is None else self.archive
        return (self.standard * (size - archived) + archive * archived) / GIGABYTE

    def saved_by_archiving(self, size: int) -> Decimal:
        """At least so much less a month; nothing where the price of archive storage is not
        known."""
        archive = self.standard if self.archive is None else self.archive
        return max(self.standard - archive, Decimal(0)) * size / GIGABYTE


@dataclass(frozen=True, slots=True)
class RegionPrice:
    """An entry of `pricing`: the price in the regions that the glob covers."""

    region: NamePattern
    standard: Decimal
    archive: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of all regions. The first of `entries` that matches overrides the table."""

    entries: tuple[RegionPrice, ...] = ()

    def of(self, region: str) -> Price | None:
        """None where the price is not known."""
        for entry in self.entries:
            if entry.region.matches(region):
                return Price(entry.standard, entry.archive)
        return KNOWN.get(region)


NO_ENTRIES = Prices()

DATED = "2026-09-11"
"""When the table was last compared with https://aws.amazon.com/ecr/pricing/, which names one price
for standard storage. That of archive storage is of the price list of us-east-1 (offer AmazonECR, up
to 150 TB)."""

_STANDARD = Decimal("0.10")
_COMMERCIAL = """
    us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 sa-east-1
    eu-central-1 eu-north-1 eu-south-1 eu-west-1 eu-west-2 eu-west-3
    ap-east-1 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2
    af-south-1 me-south-1
"""

KNOWN: Mapping[str, Price] = {
    **dict.fromkeys(_COMMERCIAL.split(), Price(_STANDARD)),
    "us-east-1": Price(_STANDARD, archive=Decimal("0.10")),
}
"""China, GovCloud and regions that are newer are left out: their prices were not seen."""
