"""What `ecrm check` asks for: the `check` section of ecrm.yaml as frozen values.

Every rule of `check` has a level. A limit that is None is not checked. Limits named `total`
are of everything that a run sees, the others of each repository; sizes are in bytes.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum


class Level(StrEnum):
    """How much a violation matters: errors alone change the exit code."""

    OFF = "off"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Plain:
    """A rule that has nothing to set but its level."""

    level: Level


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Images that ECR's own policies will reach `within` this time are warnings."""

    level: Level = Level.ERROR
    within: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Overdue:
    """How much may be deletable, and for how long: no image for `longer_than`."""

    level: Level = Level.WARNING
    max_images: int | None = None
    max_bytes: int | None = None
    max_total_images: int | None = None
    max_total_bytes: int | None = None
    longer_than: timedelta | None = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may be stored, and cost, in US dollars a month at `price` per 10^9 bytes.

    The price is that of most regions: https://aws.amazon.com/ecr/pricing/.
    """

    level: Level = Level.ERROR
    max_bytes: int | None = None
    max_total_bytes: int | None = None
    max_monthly_cost: Decimal | None = None
    max_total_monthly_cost: Decimal | None = None
    price: Decimal = Decimal("0.10")


@dataclass(frozen=True, slots=True)
class Checks:
    """The rules of `ecrm check`, most urgent first."""

    missing_image: Plain = Plain(Level.ERROR)
    pending_deletion: Plain = Plain(Level.ERROR)
    lifecycle: Lifecycle = Lifecycle()
    overdue: Overdue = Overdue()
    budget: Budget = Budget()
    mutable_tag: Plain = Plain(Level.WARNING)
    unmanaged: Plain = Plain(Level.WARNING)

    def level(self, rule: str) -> Level:
        found: Plain | Lifecycle | Overdue | Budget = getattr(self, rule)
        return found.level
