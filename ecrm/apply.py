"""Carries out a plan. Decides nothing: it deletes what the plan names, in the plan's order, and
tells what AWS answered about each image."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

from ecrm.aws import chunks
from ecrm.errors import AccessDenied, AwsError, Gone, IncompleteError
from ecrm.model import Answer, Decision, Outcome
from ecrm.plan import Plan, RepositoryPlan
from ecrm.reference import Registry
from ecrm.registry import BATCH, Deleter

_NOT_FOUND = "ImageNotFound"
_HELD_BY_INDEX = "ImageReferencedByManifestList"


def apply(plan: Plan, deleter_for: Callable[[Registry], Deleter]) -> Iterator[Outcome]:
    """One Outcome per deletion of the plan, as the answers come in."""
    if not plan.complete:
        raise IncompleteError(f"nothing was deleted; the plan is incomplete: {plan.missing[0]}")
    deleters: dict[Registry, Deleter] = {}
    stopped_by: AwsError | None = None
    for repository in plan.repositories:
        if repository.registry not in deleters:
            deleters[repository.registry] = deleter_for(repository.registry)
        if stopped_by:
            why = f"not tried, since it went wrong before: {stopped_by}"
            yield from _all(repository, repository.deletions, Answer.FAILED, why)
        else:
            stopped_by = yield from _empty(repository, deleters[repository.registry])


def _empty(
    repository: RepositoryPlan, deleter: Deleter
) -> Generator[Outcome, None, AwsError | None]:
    """Delete what goes from one repository; returns the error that ends the whole run, if any."""
    left = {decision.image.digest: decision for decision in repository.deletions}
    try:
        for outcome in _answers(repository, deleter):
            del left[outcome.decision.image.digest]
            yield outcome
    except Gone as error:
        yield from _all(repository, left.values(), Answer.GONE, str(error))
    except AccessDenied as error:  # may be this repository's own policy
        yield from _all(repository, left.values(), Answer.FAILED, str(error))
    except AwsError as error:
        yield from _all(repository, left.values(), Answer.FAILED, str(error))
        return error
    return None


def _answers(repository: RepositoryPlan, deleter: Deleter) -> Iterator[Outcome]:
    """Wave by wave; what an index still held is tried again for as long as that helps."""
    held: list[Outcome] = []
    for wave in repository.waves:
        for batch in chunks(wave, BATCH):
            yield from _settled(_delete(repository, batch, deleter), held)
    while held:
        again = [outcome.decision for outcome in held]
        before, held = held, []
        for batch in chunks(again, BATCH):
            yield from _settled(_delete(repository, batch, deleter), held)
        if len(held) == len(before):
            yield from held
            return


def _settled(outcomes: Iterable[Outcome], held: list[Outcome]) -> Iterator[Outcome]:
    for outcome in outcomes:
        if outcome.answer is Answer.FAILED and outcome.detail.startswith(_HELD_BY_INDEX):
            held.append(outcome)
        else:
            yield outcome


def _delete(
    repository: RepositoryPlan, batch: Sequence[Decision], deleter: Deleter
) -> list[Outcome]:
    digests = [decision.image.digest for decision in batch]
    deleted, refusals = deleter.delete(repository.repository, digests)
    refused = {refusal.digest: refusal for refusal in refusals}
    unanswered = set(digests) - deleted - set(refused)
    # Only what AWS says counts; where it says nothing, the repository is looked at.
    present = deleter.still_there(repository.repository, unanswered) if unanswered else set()
    outcomes = []
    for decision in batch:
        digest = decision.image.digest
        answer, detail = Answer.DELETED, ""
        if digest in refused:
            answer = Answer.GONE if refused[digest].code == _NOT_FOUND else Answer.FAILED
            detail = f"{refused[digest].code}: {refused[digest].reason}"
        elif digest in present:
            answer, detail = Answer.FAILED, "AWS's answer leaves it out, and it is still there"
        outcomes.append(_outcome(repository, decision, answer, detail))
    return outcomes


def _all(
    repository: RepositoryPlan, decisions: Iterable[Decision], answer: Answer, detail: str
) -> Iterator[Outcome]:
    return (_outcome(repository, decision, answer, detail) for decision in decisions)


def _outcome(
    repository: RepositoryPlan, decision: Decision, answer: Answer, detail: str
) -> Outcome:
    return Outcome(repository.registry, repository.repository, decision, answer, detail)
