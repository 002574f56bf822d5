"""Carries out a plan. Decides nothing: it deletes or archives what the plan names, in the plan's
order, writes down each image before and after the call, and tells what AWS answered.

Where the time is over, the batch in hand is the last, and what is left is told as LEFT."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from ecrm.aws import chunks
from ecrm.errors import (
    AccessDenied,
    AwsError,
    EcrmError,
    Gone,
    IncompleteError,
    InputError,
    OutOfTimeError,
    OutputError,
)
from ecrm.model.decision import Decision
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.model.reference import Registry
from ecrm.model.rule import Action
from ecrm.planning.plan import Plan, RepositoryPlan, SkippedDeletion
from ecrm.registry.deleter import Deleter
from ecrm.registry.manifests import BATCH

_NOT_FOUND = "ImageNotFound"
_HELD_BY_INDEX = "ImageReferencedByManifestList"
_OVER = "the time was over before its turn"

Revalidation = Callable[[RepositoryPlan], tuple[RepositoryPlan, tuple[SkippedDeletion, ...]]]
"""What of a repository's plan still holds when its turn comes; raises EcrmError if that cannot be
known any more."""


class Journal(Protocol):
    """Where is written what is about to happen and what has happened; raises OutputError."""

    def intend(
        self,
        registry: Registry,
        repository: str,
        decisions: Sequence[Decision],
        manifests: Mapping[str, str],
    ) -> None: ...

    def answer(self, outcomes: Sequence[Outcome]) -> None: ...


def apply(
    plan: Plan,
    deleter_for: Callable[[Registry], Deleter],
    journal: Journal,
    revalidate: Revalidation,
    may_go_on: Callable[[], bool] = lambda: True,
) -> Iterator[Outcome]:
    """One Outcome per image that the plan wants gone, as the answers come in. `may_go_on` is asked
    before each repository and each call that would change something."""
    if not plan.complete:
        raise IncompleteError(f"nothing was deleted; the plan is incomplete: {plan.unread[0]}")
    deleters: dict[Registry, Deleter] = {}
    stopped_by: EcrmError | None = None
    for planned in plan.repositories:
        if not planned.stages:
            continue
        if stopped_by:
            why = f"not tried, since it went wrong before: {stopped_by}"
            yield from _all(planned, planned.deletions, OutcomeStatus.FAILED, why)
            continue
        try:
            repository, skipped = _begun(planned, revalidate, may_go_on)
        except OutOfTimeError as error:
            yield from _all(planned, planned.deletions, OutcomeStatus.DEFERRED, str(error))
            continue
        except (AwsError, IncompleteError, InputError) as error:
            yield from _all(planned, planned.deletions, OutcomeStatus.FAILED, str(error))
            stopped_by = error
            continue
        for it in skipped:
            yield _outcome(repository, it.decision, OutcomeStatus.SKIPPED, it.why)
        if repository.registry not in deleters:
            deleters[repository.registry] = deleter_for(repository.registry)
        work = _Work(repository, deleters[repository.registry], journal, may_go_on)
        stopped_by = yield from _empty(work)


def _begun(
    planned: RepositoryPlan, revalidate: Revalidation, may_go_on: Callable[[], bool]
) -> tuple[RepositoryPlan, tuple[SkippedDeletion, ...]]:
    if not may_go_on():
        raise OutOfTimeError(_OVER)
    return revalidate(planned)


@dataclass(frozen=True, slots=True)
class _Work:
    """One repository, and what it takes to change it. `intended` is in the journal already."""

    repository: RepositoryPlan
    deleter: Deleter
    journal: Journal
    may_go_on: Callable[[], bool]
    intended: set[str] = field(default_factory=set)


def _empty(work: _Work) -> Generator[Outcome, None, AwsError | None]:
    """Take away what goes from one repository; returns the error that ends the run, if any."""
    left = {decision.image.digest: decision for decision in work.repository.deletions}
    try:
        for outcome in _answers(work):
            del left[outcome.decision.image.digest]
            yield outcome
    except OutOfTimeError as error:
        yield from _all(work.repository, left.values(), OutcomeStatus.DEFERRED, str(error))
    except Gone as error:
        yield from _all(work.repository, left.values(), OutcomeStatus.ALREADY_GONE, str(error))
    except AccessDenied as error:  # may be this repository's own policy
        yield from _all(work.repository, left.values(), OutcomeStatus.FAILED, str(error))
    except AwsError as error:
        yield from _all(work.repository, left.values(), OutcomeStatus.FAILED, str(error))
        return error
    return None


def _answers(work: _Work) -> Iterator[Outcome]:
    """Wave by wave; what an index still held is tried again for as long as that helps. Raises
    OutOfTimeError where the time is over before the end."""
    held: list[Outcome] = []
    for stage in work.repository.stages:
        for batch in _batches(stage):
            yield from _in_time(work, held)
            yield from _settled(work, _carry_out(work, batch), held)
    while held:
        before, held = held, []
        waiting = {outcome.decision.image.digest: outcome for outcome in before}
        for batch in _batches([outcome.decision for outcome in before]):
            yield from _in_time(work, [*held, *waiting.values()])
            for decision in batch:
                del waiting[decision.image.digest]
            yield from _settled(work, _carry_out(work, batch), held)
        if len(held) == len(before):
            yield from _recorded(work, held)
            return


def _in_time(work: _Work, held: list[Outcome]) -> Iterator[Outcome]:
    """Nothing, while there is time; then what was `held` is left, as the rest is by the error."""
    if not work.may_go_on():
        yield from _recorded(work, [replace(it, answer=OutcomeStatus.DEFERRED) for it in held])
        raise OutOfTimeError(_OVER)


def _batches(decisions: Sequence[Decision]) -> Iterator[Sequence[Decision]]:
    """At most 100, all with the same action."""
    for action in (Action.DELETE, Action.ARCHIVE):
        yield from chunks([it for it in decisions if it.action is action], BATCH)


def _settled(work: _Work, outcomes: list[Outcome], held: list[Outcome]) -> Iterator[Outcome]:
    """Those that will not change any more; the others are put aside."""
    settled: list[Outcome] = []
    for outcome in outcomes:
        refused = outcome.answer is OutcomeStatus.FAILED and outcome.detail.startswith(
            _HELD_BY_INDEX
        )
        (held if refused else settled).append(outcome)
    yield from _recorded(work, settled)


def _recorded(work: _Work, outcomes: list[Outcome]) -> Iterator[Outcome]:
    """What has happened is told even where it can no longer be written down."""
    try:
        work.journal.answer(outcomes)
    except OutputError:
        yield from outcomes
        raise
    yield from outcomes


def _carry_out(work: _Work, batch: Sequence[Decision]) -> list[Outcome]:
    archives = batch[0].action is Action.ARCHIVE
    name = work.repository.repository
    new = [it for it in batch if it.image.digest not in work.intended]
    images = [it.image for it in new]
    manifests = work.deleter.manifests(name, images) if images and not archives else {}
    work.journal.intend(work.repository.registry, name, new, manifests)
    work.intended.update(image.digest for image in images)
    return [_archive(work, it) for it in batch] if archives else _delete(work, batch)


def _archive(work: _Work, decision: Decision) -> Outcome:
    try:
        work.deleter.archive(work.repository.repository, decision.image.digest)
    except OutOfTimeError as error:
        return _outcome(work.repository, decision, OutcomeStatus.DEFERRED, str(error))
    except Gone as error:
        return _outcome(work.repository, decision, OutcomeStatus.ALREADY_GONE, str(error))
    except AwsError as error:
        return _outcome(work.repository, decision, OutcomeStatus.FAILED, str(error))
    return _outcome(work.repository, decision, OutcomeStatus.ARCHIVED)


def _delete(work: _Work, batch: Sequence[Decision]) -> list[Outcome]:
    digests = [decision.image.digest for decision in batch]
    deleted, refusals = work.deleter.delete(work.repository.repository, digests)
    refused = {refusal.digest: refusal for refusal in refusals}
    left = _left_by_silence(work, set(digests) - deleted - set(refused))
    outcomes = []
    for decision in batch:
        digest = decision.image.digest
        answer, detail = OutcomeStatus.DELETED, ""
        if digest in refused:
            answer = (
                OutcomeStatus.ALREADY_GONE
                if refused[digest].code == _NOT_FOUND
                else OutcomeStatus.FAILED
            )
            detail = f"{refused[digest].code}: {refused[digest].reason}"
        elif digest in left:
            answer, detail = OutcomeStatus.FAILED, left[digest]
        outcomes.append(_outcome(work.repository, decision, answer, detail))
    return outcomes


def _left_by_silence(work: _Work, unanswered: set[str]) -> dict[str, str]:
    """Only what AWS says counts; where it says nothing, the repository is looked at.

    What is still there, or may be, and why. An error here is no error of the whole batch: what the
    answer did tell has happened.
    """
    silence = "AWS's answer leaves it out, and"
    if not unanswered:
        return {}
    try:
        present = work.deleter.still_there(work.repository.repository, unanswered)
    except Gone:
        return {}
    except (AwsError, OutOfTimeError) as error:
        return dict.fromkeys(unanswered, f"{silence} looking for it failed: {error}")
    return dict.fromkeys(present, f"{silence} it is still there")


def _all(
    repository: RepositoryPlan, decisions: Iterable[Decision], answer: OutcomeStatus, detail: str
) -> Iterator[Outcome]:
    return (_outcome(repository, decision, answer, detail) for decision in decisions)


def _outcome(
    repository: RepositoryPlan, decision: Decision, answer: OutcomeStatus, detail: str = ""
) -> Outcome:
    return Outcome(repository.registry, repository.repository, decision, answer, detail)
