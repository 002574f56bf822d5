"""Deletes or archives the images of one repository, stage by stage and batch by batch.

Each image is in the journal before the call that changes it, and again with AWS's answer before
the next call.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from ecrm.aws import chunks
from ecrm.errors import AccessDenied, AwsError, Gone, OutOfTimeError, OutputError
from ecrm.execution.sparing import why_spared
from ecrm.execution.work import RepositoryWork, all_of
from ecrm.model.decision import Decision
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.model.rule import Action
from ecrm.registry.manifests import BATCH

TIME_IS_OVER = "the time was over before its turn"

_NOT_FOUND = "ImageNotFound"
_HELD_BY_INDEX = "ImageReferencedByManifestList"


def outcomes_of(work: RepositoryWork) -> Generator[Outcome, None, AwsError | None]:
    """One Outcome per image; returns the error that ends the work of this target, if any."""
    left = {decision.image.digest: decision for decision in work.repository.deletions}
    try:
        for outcome in _answers(work):
            del left[outcome.decision.image.digest]
            yield outcome
    except (OutOfTimeError, AwsError) as error:
        yield from all_of(work.repository, left.values(), _status(error), str(error))
        # A denial may be this repository's own policy.
        if not isinstance(error, OutOfTimeError | Gone | AccessDenied):
            return error
    return None


def _status(error: OutOfTimeError | AwsError) -> OutcomeStatus:
    """What the error says of an image that it is about."""
    if isinstance(error, OutOfTimeError):
        return OutcomeStatus.DEFERRED
    return OutcomeStatus.ALREADY_GONE if isinstance(error, Gone) else OutcomeStatus.FAILED


def _answers(work: RepositoryWork) -> Iterator[Outcome]:
    """Stage by stage; images that an index still holds are tried again for as long as that helps.
    Raises OutOfTimeError when the time is over before the end."""
    held: list[Outcome] = []
    for stage in work.repository.stages:
        for batch in _batches(stage):
            yield from _in_time(work, held)
            with work.in_hand():
                yield from _settled(work, _carry_out(work, batch), held)
    while held:
        before, held = held, []
        left = {outcome.decision.image.digest: outcome for outcome in before}
        for batch in _again(work.repository.stages, left):
            yield from _in_time(work, [*held, *left.values()])
            for decision in batch:
                del left[decision.image.digest]
            with work.in_hand():
                yield from _settled(work, _carry_out(work, batch), held)
        if len(held) == len(before):
            yield from _recorded(work, held)
            return


def _again(
    stages: Sequence[Sequence[Decision]], left: Mapping[str, Outcome]
) -> Iterator[Sequence[Decision]]:
    """The batches of what is left, in the order of the stages."""
    for stage in stages:
        yield from _batches([decision for decision in stage if decision.image.digest in left])


def _in_time(work: RepositoryWork, held: list[Outcome]) -> Iterator[Outcome]:
    """Nothing while there is time; then the images that were `held` are deferred, and the error
    defers the rest."""
    if not work.may_go_on():
        deferred = [replace(outcome, status=OutcomeStatus.DEFERRED) for outcome in held]
        yield from _recorded(work, deferred)
        raise OutOfTimeError(TIME_IS_OVER)


def _batches(decisions: Sequence[Decision]) -> Iterator[Sequence[Decision]]:
    """At most 100, all with the same action."""
    for action in (Action.DELETE, Action.ARCHIVE):
        yield from chunks([one for one in decisions if one.action is action], BATCH)


def _settled(
    work: RepositoryWork, outcomes: list[Outcome], held: list[Outcome]
) -> Iterator[Outcome]:
    """The outcomes that are final; the others are added to `held`."""
    settled: list[Outcome] = []
    for outcome in outcomes:
        digest, failed = outcome.decision.image.digest, outcome.status is OutcomeStatus.FAILED
        is_held = failed and outcome.detail.startswith(_HELD_BY_INDEX)
        if is_held:
            work.waiting.add(digest)
        elif failed or outcome.status is OutcomeStatus.SKIPPED:
            work.kept.add(digest)
        (held if is_held else settled).append(outcome)
    yield from _recorded(work, settled)


def _recorded(work: RepositoryWork, outcomes: list[Outcome]) -> Iterator[Outcome]:
    """Yields what has happened even where the journal can no longer be written."""
    try:
        work.journal.record(outcomes)
    except OutputError:
        yield from outcomes
        raise
    yield from outcomes


def _carry_out(work: RepositoryWork, batch: Sequence[Decision]) -> list[Outcome]:
    archives = batch[0].action is Action.ARCHIVE
    planned = work.repository
    images = [one.image for one in batch if one.image.digest not in work.intended]
    manifests: dict[str, str] = {}
    unknown: dict[str, str] = {}
    if images and not archives:
        manifests, unknown = work.deleter.manifests(planned.repository, images)
    outcomes = _kept(work, batch, manifests, unknown)
    spared = work.kept | work.waiting
    left = [decision for decision in batch if decision.image.digest not in spared]
    new = [decision for decision in left if decision.image.digest not in work.intended]
    work.journal.intend(planned.registry, planned.repository, new, manifests, planned.held_by)
    work.intended.update(decision.image.digest for decision in new)
    if archives:
        return outcomes + [_archive(work, decision) for decision in left]
    return outcomes + (_delete(work, left) if left else [])


def _kept(
    work: RepositoryWork,
    batch: Sequence[Decision],
    manifests: Mapping[str, str],
    unknown: Mapping[str, str],
) -> list[Outcome]:
    """The outcomes of images that could not be restored (their manifests are `unknown`), and of
    those that must stay with an image that is kept, or wait with one that is waiting."""
    held_by = work.repository.held_by
    work.waiting.difference_update(decision.image.digest for decision in batch)
    work.kept.update(unknown)
    others = [decision for decision in batch if decision.image.digest not in unknown]
    look = partial(work.deleter.still_there, work.repository.repository)
    spared: list[Decision] = []
    why: dict[str, str] = {}
    while more := why_spared(others, work.repository, manifests, work.kept, look):
        why |= more
        work.kept.update(more)  # so that what belongs to these in turn stays as well
        spared += [decision for decision in others if decision.image.digest in more]
        others = [decision for decision in others if decision.image.digest not in more]
    waits = {
        decision.image.digest: min(holders)
        for decision in others
        if (holders := work.waiting.intersection(held_by.get(decision.image.digest, ())))
    }
    work.waiting.update(waits)
    return [
        *(
            work.outcome(
                decision,
                OutcomeStatus.FAILED,
                f"kept, since there would be no way back: {unknown[decision.image.digest]}",
            )
            for decision in batch
            if decision.image.digest in unknown
        ),
        *(
            work.outcome(decision, OutcomeStatus.SKIPPED, why[decision.image.digest])
            for decision in spared
        ),
        *(
            work.outcome(
                decision,
                OutcomeStatus.FAILED,
                f"{_HELD_BY_INDEX}: it belongs to {waits[decision.image.digest]}, which is kept",
            )
            for decision in others
            if decision.image.digest in waits
        ),
    ]


def _archive(work: RepositoryWork, decision: Decision) -> Outcome:
    try:
        work.deleter.archive(work.repository.repository, decision.image.digest)
    except (OutOfTimeError, AwsError) as error:
        return work.outcome(decision, _status(error), str(error))
    return work.outcome(decision, OutcomeStatus.ARCHIVED)


def _delete(work: RepositoryWork, batch: Sequence[Decision]) -> list[Outcome]:
    digests = [decision.image.digest for decision in batch]
    deleted, refusals = work.deleter.delete(work.repository.repository, digests)
    refused = {refusal.digest: refusal for refusal in refusals}
    present = _unanswered(work, set(digests) - deleted - set(refused))
    outcomes = []
    for decision in batch:
        digest = decision.image.digest
        status, detail = OutcomeStatus.DELETED, ""
        if refusal := refused.get(digest):
            is_gone = refusal.code == _NOT_FOUND
            status = OutcomeStatus.ALREADY_GONE if is_gone else OutcomeStatus.FAILED
            detail = f"{refusal.code}: {refusal.reason}"
        elif digest in present:
            status, detail = OutcomeStatus.FAILED, present[digest]
        outcomes.append(work.outcome(decision, status, detail))
    return outcomes


def _unanswered(work: RepositoryWork, digests: set[str]) -> dict[str, str]:
    """Of the images that AWS's answer leaves out, those that are or may be still there, and why.

    Only an answer counts, so the repository is read again. An error here does not fail the batch:
    what the answer did say has happened.
    """
    silence = "AWS's answer leaves it out, and"
    if not digests:
        return {}
    try:
        present = work.deleter.still_there(work.repository.repository, digests)
    except Gone:
        return {}
    except (AwsError, OutOfTimeError) as error:
        return dict.fromkeys(digests, f"{silence} looking for it failed: {error}")
    return dict.fromkeys(present, f"{silence} it is still there")
