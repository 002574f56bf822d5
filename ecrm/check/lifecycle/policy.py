"""A lifecycle policy as frozen values, and which images a rule is about."""

from dataclasses import dataclass
from enum import StrEnum

from ecrm.model.image import Image, Status
from ecrm.model.pattern import glob_matches
from ecrm.registry.lifecycle_preview import LifecycleAction


class TagStatus(StrEnum):
    TAGGED = "tagged"
    UNTAGGED = "untagged"
    ANY = "any"


class StorageClass(StrEnum):
    STANDARD = "standard"
    ARCHIVE = "archive"


class CountType(StrEnum):
    COUNT = "imageCountMoreThan"
    PUSHED = "sinceImagePushed"
    PULLED = "sinceImagePulled"
    TRANSITIONED = "sinceImageTransitioned"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which images a rule identifies (by tags and storage class), and which of them it matches.

    `number` is how many of the newest it spares, or an age in days.
    """

    tag_status: TagStatus
    count_type: CountType
    number: int
    storage_class: StorageClass = StorageClass.STANDARD
    prefixes: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()

    def identifies(self, image: Image) -> bool:
        """Whether the image "matches the tagging requirements" of the rule.

        An image that is being restored has left the archive, so it counts as standard.
        """
        archived = image.status is Status.ARCHIVED
        if archived is not (self.storage_class is StorageClass.ARCHIVE):
            return False
        if self.tag_status is TagStatus.ANY:
            return True
        if self.tag_status is TagStatus.UNTAGGED:
            return not image.tags
        return self._fits_tags(image.tags)

    def _fits_tags(self, tags: tuple[str, ...]) -> bool:
        """Every entry must fit some tag. No tag has a `?`, and in a pattern it stands for itself,
        so a pattern with one fits nothing."""
        by_prefix = all(any(tag.startswith(prefix) for tag in tags) for prefix in self.prefixes)
        return by_prefix and all(
            "?" not in pattern and any(glob_matches(pattern, tag) for tag in tags)
            for pattern in self.patterns
        )

    def __str__(self) -> str:
        named = " and ".join((*(f"{prefix}*" for prefix in self.prefixes), *self.patterns))
        which = {
            TagStatus.TAGGED: f"images tagged {named}",
            TagStatus.UNTAGGED: "untagged images",
            TagStatus.ANY: "all images",
        }[self.tag_status]
        days = f"more than {self.number} day{'s' * (self.number != 1)} ago"
        return {
            CountType.COUNT: f"{which} but the newest {self.number}",
            CountType.PUSHED: f"{which} pushed {days}",
            CountType.PULLED: f"{which} last pulled {days}",
            CountType.TRANSITIONED: f"{which} archived {days}",
        }[self.count_type]


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """One rule; the lowest `priority` comes first."""

    priority: int
    selection: Selection
    action: LifecycleAction
    description: str = ""

    def __str__(self) -> str:
        """Such as `rule 1 "Keep ten" (all images but the newest 10)`."""
        words = " ".join("".join(c if c.isprintable() else " " for c in self.description).split())
        named = f' "{words}"' if words else ""
        return f"rule {self.priority}{named} ({self.selection})"


@dataclass(frozen=True, slots=True)
class LifecyclePolicy:
    """The rules in the order of their priorities."""

    rules: tuple[LifecycleRule, ...]

    def rule_about(self, image: Image) -> LifecycleRule | None:
        """The one rule that can touch the image: "An image that matches the tagging requirements
        of a rule cannot be expired or archived by a rule with a lower priority"."""
        return next((rule for rule in self.rules if rule.selection.identifies(image)), None)
