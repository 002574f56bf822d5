"""Carries out the plan of a run: with a journal, and with facts that are young enough."""

from collections.abc import Callable, Sequence

from ecrm.aws.pace import Pace
from ecrm.errors import NotDeletedError
from ecrm.execution.apply import apply
from ecrm.execution.journal.writing import Journal
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.model.version import version
from ecrm.planning.plan import Plan
from ecrm.registry.deleter import Deleter
from ecrm.workflow.revalidation import Revalidation
from ecrm.workflow.run import Run
from ecrm.workflow.totals_history import record_deletions


def delete(
    run: Run, to_apply: Plan, journal: Journal, on_outcome: Callable[[Outcome], None]
) -> tuple[list[Outcome], list[str]]:
    """Apply a plan of this run, recording everything in a journal; also what was left alone."""
    outcomes: list[Outcome] = []
    revalidation = Revalidation(run, to_apply)
    targets = {target.registry: target for target in run.targets}
    pace = Pace("ECR images", to_apply.deletable.images)
    with journal:
        journal.begin(version=version(), targets=to_apply.targets, config=to_apply.config)
        for outcome in apply(
            to_apply,
            lambda registry: Deleter(targets[registry]),
            journal,
            revalidation,
            run.request.deadline.may_begin,
            in_hand=run.request.in_hand,
        ):
            outcomes.append(outcome)
            on_outcome(outcome)
            run.progress(pace.one_more())
        journal.end(
            complete=all(outcome.status is not OutcomeStatus.DEFERRED for outcome in outcomes)
        )
    record_deletions(run, outcomes)
    return outcomes, revalidation.left_alone


def raise_if_failed(outcomes: Sequence[Outcome]) -> None:
    failed = [outcome for outcome in outcomes if outcome.status is OutcomeStatus.FAILED]
    if failed:
        raise NotDeletedError(
            f"{len(failed)} of {len(outcomes)} images not done, the first because of "
            f"{failed[0].detail}"
        )
