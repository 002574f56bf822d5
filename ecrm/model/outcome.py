"""What AWS answered about one image of a plan."""

from dataclasses import dataclass
from enum import StrEnum

from ecrm.model.decision import Decision
from ecrm.model.reference import Registry, RepositoryKey


class OutcomeStatus(StrEnum):
    """What became of one image that a plan deletes or archives."""

    DELETED = "deleted"
    ARCHIVED = "archived"
    ALREADY_GONE = "already gone"
    SKIPPED = "skipped"
    DEFERRED = "deferred"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one image. `detail` is AWS's words, or why the image
    was skipped or deferred."""

    registry: Registry
    repository: str
    decision: Decision
    status: OutcomeStatus
    detail: str = ""

    @property
    def key(self) -> RepositoryKey:
        return RepositoryKey(self.registry, self.repository)
