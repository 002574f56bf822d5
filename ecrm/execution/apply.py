"""Carries out a plan. Decides nothing: it deletes or archives what the plan names, in the plan's
order, one repository after the other.

An error that is not about one image or one repository ends the work of its target; the other
targets' work goes on. When the time is over, the batch in hand is the last one, and all that is
left is DEFERRED.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import cache

from ecrm.errors import AwsError, EcrmError, IncompleteError, InputError, OutOfTimeError
from ecrm.execution.deletion import TIME_IS_OVER, outcomes_of
from ecrm.execution.work import Journal, RepositoryWork, all_of
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.model.reference import Registry
from ecrm.planning.holes import applicable
from ecrm.planning.narrowing import SkippedDeletion
from ecrm.planning.plan import Plan, RepositoryPlan
from ecrm.registry.deleter import Deleter

__all__ = ["Journal", "Revalidation", "apply"]

Revalidation = Callable[[RepositoryPlan], tuple[RepositoryPlan, tuple[SkippedDeletion, ...]]]
"""What of a repository's plan still holds just before its deletion. Raises EcrmError where that is
not known; it is then called again for the next target, and must not take what it could not read
for unused."""


def apply(
    plan: Plan,
    deleter_for: Callable[[Registry], Deleter],
    journal: Journal,
    revalidate: Revalidation,
    may_go_on: Callable[[], bool] = lambda: True,
    *,
    in_hand: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Iterator[Outcome]:
    """One Outcome per image that the plan deletes or archives, as the answers come in. Raises
    IncompleteError for a plan that is not `applicable` as a whole. `may_go_on` is asked before each
    repository and each call that changes something; `in_hand` is entered around each batch and its
    outcomes."""
    if applicable(plan) != plan:
        raise IncompleteError(f"nothing was deleted; the plan is incomplete: {plan.unread[0]}")
    deleter_of = cache(deleter_for)
    ended: dict[Registry, EcrmError] = {}
    for planned in plan.repositories:
        if not planned.stages:
            continue
        if error := ended.get(planned.registry):
            why = f"not tried after an earlier error: {error}"
            yield from all_of(planned, planned.deletions, OutcomeStatus.FAILED, why)
            continue
        try:
            repository, skipped = _revalidated(planned, revalidate, may_go_on)
        except OutOfTimeError as error:
            yield from all_of(planned, planned.deletions, OutcomeStatus.DEFERRED, str(error))
            continue
        except (AwsError, IncompleteError, InputError) as error:
            yield from all_of(planned, planned.deletions, OutcomeStatus.FAILED, str(error))
            ended[planned.registry] = error
            continue
        for skip in skipped:
            yield from all_of(repository, [skip.decision], OutcomeStatus.SKIPPED, skip.why)
        deleter = deleter_of(repository.registry)
        work = RepositoryWork(repository, deleter, journal, may_go_on, in_hand)
        ending = yield from outcomes_of(work)
        if ending:
            ended[planned.registry] = ending


def _revalidated(
    planned: RepositoryPlan, revalidate: Revalidation, may_go_on: Callable[[], bool]
) -> tuple[RepositoryPlan, tuple[SkippedDeletion, ...]]:
    if not may_go_on():
        raise OutOfTimeError(TIME_IS_OVER)
    return revalidate(planned)
