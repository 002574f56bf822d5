"""What it takes to delete the images of one repository, and what is known of them so far."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from ecrm.model.decision import Decision
from ecrm.model.image import Links
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.model.reference import Registry
from ecrm.planning.plan import RepositoryPlan
from ecrm.registry.deleter import Deleter


class Journal(Protocol):
    """Takes what is about to happen and what has happened; both raise OutputError."""

    def intend(
        self,
        registry: Registry,
        repository: str,
        decisions: Sequence[Decision],
        manifests: Mapping[str, str],
        held_by: Links,
    ) -> None: ...

    def record(self, outcomes: Sequence[Outcome]) -> None: ...


@dataclass(frozen=True, slots=True)
class RepositoryWork:
    """One repository, and what it takes to change it. `intended` are the digests that are in the
    journal already; `kept` are those that are kept after all: spared or refused; `waiting` are
    those that ECR refused for now, and that are tried again."""

    repository: RepositoryPlan
    deleter: Deleter
    journal: Journal
    may_go_on: Callable[[], bool]
    in_hand: Callable[[], AbstractContextManager[object]]
    intended: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)

    def outcome(self, decision: Decision, status: OutcomeStatus, detail: str = "") -> Outcome:
        planned = self.repository
        return Outcome(planned.registry, planned.repository, decision, status, detail)


def all_of(
    planned: RepositoryPlan, decisions: Iterable[Decision], status: OutcomeStatus, detail: str
) -> Iterator[Outcome]:
    return (
        Outcome(planned.registry, planned.repository, decision, status, detail)
        for decision in decisions
    )
