"""What AWS answered about one image of a plan."""

from dataclasses import dataclass
from enum import StrEnum

from ecrm.model.decision import Decision
from ecrm.model.reference import Registry


class OutcomeStatus(StrEnum):
    """What came of one image that a plan wanted gone."""

    DELETED = "deleted"
    ARCHIVED = "archived"
    ALREADY_GONE = "gone already"
    SKIPPED = "spared"
    DEFERRED = "left for the next run"
    FAILED = "not done"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What AWS answered about one image. `detail` is AWS's words, or why we spared or left it."""

    registry: Registry
    repository: str
    decision: Decision
    answer: OutcomeStatus
    detail: str = ""
