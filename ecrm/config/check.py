"""What `ecrm check` asks for: the `check` section of ecrm.yaml as frozen values.

Every rule of `check` has a level. A limit that is None is not checked. Limits named `total`
are of everything that a run sees, the others of each repository; sizes are in bytes.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from ecrm.config.document import Node
from ecrm.config.schema import key, one_map
from ecrm.config.values import BYTES, COUNT, DURATION, MONEY, Reader, scalar


class Level(StrEnum):
    """How much a violation matters: errors alone change the exit code."""

    OFF = "off"
    WARNING = "warning"
    ERROR = "error"


def _level(node: Node) -> Level:
    """A bare `off` is false to YAML 1.1, and means what it says here."""
    text = scalar(node, LEVEL.what, "str", "bool")
    if text not in tuple(Level):
        raise node.location.error(f"{text!r} is not a level; write {LEVEL.what}")
    return Level(text)


# A bare `off` is false to whoever reads YAML 1.1, and a text in YAML 1.2.
LEVEL = Reader("off, warning or error", _level, schema={"enum": [*map(str, Level), False]})


def _level_key(default: Level) -> Any:
    return key(LEVEL, "how much a violation matters; errors alone fail", default)


@dataclass(frozen=True, slots=True)
class Plain:
    """A rule that has nothing to set but its level."""

    level: Level = _level_key(Level.ERROR)


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Images that ECR's own policies will reach `within` this time are warnings."""

    level: Level = _level_key(Level.ERROR)
    within: timedelta = key(
        DURATION,
        "an image in use that a policy reaches within this time is a warning",
        timedelta(days=7),
    )


@dataclass(frozen=True, slots=True)
class Overdue:
    """How much may be deletable, and for how long: no image for `longer_than`."""

    level: Level = _level_key(Level.WARNING)
    max_images: int | None = key(COUNT, "how many images of one repository may be deletable")
    max_bytes: int | None = key(BYTES, "how many bytes of one repository may be deletable")
    max_total_images: int | None = key(COUNT, "how many images may be deletable in all")
    max_total_bytes: int | None = key(BYTES, "how many bytes may be deletable in all")
    longer_than: timedelta | None = key(
        DURATION, "how long an image may have been deletable", timedelta(days=30)
    )


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may be stored, and cost, in US dollars a month at `price` per 10^9 bytes.

    The price is that of most regions: https://aws.amazon.com/ecr/pricing/.
    """

    level: Level = _level_key(Level.ERROR)
    max_bytes: int | None = key(BYTES, "how many bytes one repository may hold")
    max_total_bytes: int | None = key(BYTES, "how many bytes all repositories may hold")
    max_monthly_cost: Decimal | None = key(
        MONEY, "how much one repository may cost a month, in US dollars"
    )
    max_total_monthly_cost: Decimal | None = key(
        MONEY, "how much all repositories may cost a month, in US dollars"
    )
    price: Decimal = key(MONEY, "US dollars for 1 GB (10^9 bytes) a month", Decimal("0.10"))


def _rule(description: str, default: object) -> Any:
    return field(default=default, metadata={"key": one_map(description, default)})


@dataclass(frozen=True, slots=True)
class Checks:
    """The rules of `ecrm check`, most urgent first."""

    missing_image: Plain = _rule(
        "images in use or named in a file must be in ECR, and not archived", Plain()
    )
    pending_deletion: Plain = _rule(
        "the current rules must not delete an image that a file names", Plain()
    )
    lifecycle: Lifecycle = _rule(
        "ECR's own lifecycle policies must spare images that are in use or to be kept", Lifecycle()
    )
    overdue: Overdue = _rule("deletable images must be deleted in time", Overdue())
    budget: Budget = _rule("stored images must stay below the limits", Budget())
    mutable_tag: Plain = _rule(
        "a tag in use must not be movable, nor have moved", Plain(Level.WARNING)
    )
    unmanaged: Plain = _rule(
        "every repository must have a rule, and every entry must match something",
        Plain(Level.WARNING),
    )

    def limited(self, rules: Collection[str]) -> "Checks":
        """The same, with all rules off but these."""
        off = (name for name in RULES_OF_CHECK if name not in rules)
        return replace(
            self, **{name: replace(getattr(self, name), level=Level.OFF) for name in off}
        )

    def level(self, rule: str) -> Level:
        found: Plain | Lifecycle | Overdue | Budget = getattr(self, rule)
        return found.level


CHECK = one_map("what `ecrm check` looks for; it never changes what is deleted", Checks())

RULES_OF_CHECK: Mapping[str, str] = {name: rule.description for name, rule in CHECK.keys.items()}
"""The requirement of each rule of `check`, in words."""
