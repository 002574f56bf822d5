"""Plan, show, refuse, confirm, delete: in this order, whoever asks for it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from ecrm.aws.storage import read_text
from ecrm.errors import GuardError, IncompleteError, InputError
from ecrm.model.outcome import Outcome
from ecrm.model.version import version
from ecrm.planning.guards import Stop, drops, stops, usage
from ecrm.planning.holes import applicable, left_alone
from ecrm.planning.plan import Plan
from ecrm.planning.plan_file import (
    Dropped,
    believable_readings,
    narrowed,
    plan_text,
    read_plan,
    refuse_unfit,
)
from ecrm.planning.planner import make_plan
from ecrm.sources.questions import Questions
from ecrm.workflow.deleting import delete, raise_if_failed
from ecrm.workflow.known_accounts import note_accounts
from ecrm.workflow.repository_names import record_names
from ecrm.workflow.revalidation import warn_of_slow_reading
from ecrm.workflow.run import Run, open_journal, read_context, state_of
from ecrm.workflow.state import USAGE_HISTORY, USAGE_HISTORY_OF_FILES, distrust_of_state
from ecrm.workflow.totals_history import history_with
from ecrm.workflow.usage_history import last_usage, record_usage

log = logging.getLogger(__name__)

_NOT_RUN = (
    "nothing was deleted: what external_commands and kubernetes.contexts protect is not known "
    "without asking them (--no-external-commands)"
)
_LEFT_ALONE = "these repositories were left alone, and the others were cleaned"


@dataclass(frozen=True, slots=True)
class ApprovedPlan:
    """A file or object in S3 that `plan --out` wrote, and how old it may be."""

    location: str
    max_age: timedelta


@dataclass(frozen=True, slots=True)
class Review:
    """A plan, the guards that stop `delete` from applying it, and what of an approved plan it does
    not delete any more."""

    plan: Plan
    stops: tuple[Stop, ...]
    dropped: tuple[Dropped, ...] = ()


def plan_and_delete(
    run: Run,
    approved: ApprovedPlan | None,
    *,
    show: Callable[[Review], None],
    confirm: Callable[[Plan, str], None],
    on_outcome: Callable[[Outcome], None],
) -> Plan:
    """Delete what a plan of now, and `approved` if given, both want deleted.

    `confirm` is called before the first deletion, if there is one, with the plan and where its
    journal will be, and raises to cancel it; `on_outcome` is called for every image of the plan.
    Raises IncompleteError or GuardError before any deletion; and afterwards NotDeletedError if an
    image failed, or else IncompleteError if something could not be read, and repositories were left
    alone that it could hurt. Returns the plan that it applied.
    """
    if why := distrust_of_state(state_of(run)):
        raise InputError(f"{why}; nothing was deleted")
    reviewed = review(run, approved)
    show(reviewed)
    warn_of_slow_reading(run, reviewed.plan)
    unread, to_apply = reviewed.plan.unread, applicable(reviewed.plan)
    if unread and not to_apply.deletable.images:
        reason = "nothing was deleted, since the plan is incomplete"
        raise IncompleteError("\n".join((*unread, reason)))
    if reviewed.stops:
        raise GuardError("\n".join((*map(str, reviewed.stops), "nothing was deleted")))
    if run.skips_commands:
        raise IncompleteError(_NOT_RUN)
    journal = open_journal(run) if to_apply.deletable.images else None
    if journal:
        confirm(to_apply, journal.location)
    if _overrides_drop(run) and _has_history(run):
        _accept_usage(run, to_apply)
    if journal:
        log.info("the journal is %s", journal.location)
        outcomes, unread_since = delete(run, to_apply, journal, on_outcome)
        raise_if_failed(outcomes)
        unread = (*unread, *left_alone(reviewed.plan), *unread_since)
    if unread:
        raise IncompleteError("\n".join((*unread, _LEFT_ALONE)))
    return to_apply


def review(run: Run, approved: ApprovedPlan | None = None) -> Review:
    """A plan of now, or what still holds of an approved one, and its guards.

    How much is in use is recorded for the next run, unless it has dropped: the next run must
    notice that, too. Nor does a plan under another limit than that of ecrm.yaml change the record.
    """
    to_review, dropped = (plan(run), ()) if approved is None else _still_approved(run, approved)
    _remember_names(run, to_review)
    if approved is None:
        history_with(run, to_review)
    return Review(to_review, _stops(run, to_review), dropped)


def reviewed(run: Run, made: Plan) -> Review:
    """A plan that lists kept images and was just made, and its guards."""
    _remember_names(run, made)
    return Review(made, _stops(replace(run, request=replace(run.request, list_kept=True)), made))


def _remember_names(run: Run, made: Plan) -> None:
    if made.complete and run.targets and not run.request.only:
        planned = (planned.repository for planned in made.repositories)
        record_names(state_of(run), [*planned, *(key.repository for key in made.unmanaged)])
    folder = state_of(run)
    if run.organization.paths and not distrust_of_state(folder):
        note_accounts(folder, run.organization.paths, run.home)


def plan(run: Run) -> Plan:
    """Which images to keep and which to delete, in every repository of every target."""
    questions = Questions()
    # Reasons to keep are shown then, and who uses an image is one of them.
    context = read_context(run, None if run.request.list_kept else questions)
    return make_plan(run.inventory, context, run.request.only, run.progress, questions)


def plan_file(made: Plan) -> str:
    return plan_text(made, version())


def _still_approved(run: Run, approved: ApprovedPlan) -> tuple[Plan, tuple[Dropped, ...]]:
    """The deletions of a plan file that a plan of now has, too, and those that it does not have."""
    location = approved.location
    old_plan = read_plan(read_text(location, run.home), location)
    questions = Questions()
    context = read_context(replace(run, request=replace(run.request, list_kept=True)), questions)
    context = replace(context, readings=believable_readings(old_plan))
    current = make_plan(run.inventory, context, run.request.only, run.progress, questions)
    refuse_unfit(old_plan, location, current, run.now, approved.max_age)
    covers = run.request.only.covers
    named = tuple(planned for planned in old_plan.repositories if covers(planned.repository))
    return narrowed(current, replace(old_plan, repositories=named))


def _stops(run: Run, to_review: Plan) -> tuple[Stop, ...]:
    """Of what may be applied. None for an incomplete plan of which nothing may, which is refused
    anyway and says too little about what is in use."""
    is_refused = not to_review.complete
    to_review = applicable(to_review)
    if is_refused and not to_review.deletable.images:
        return ()
    guards = run.config.guards
    if not _has_history(run):
        return stops(to_review, guards, {})
    folder = state_of(run)
    try:
        last = last_usage(folder, run.home, _usage_history(run))
    except InputError as error:
        log.warning("%s", error)
        is_stop = guards.max_in_use_drop is not None and to_review.deletable.images
        go_on = "mend or remove it, or go on once with --no-guards"
        unreadable = (Stop("max_in_use_drop", str(error), go_on),) if is_stop else ()
        return unreadable + stops(to_review, guards, {})
    if not _overrides_drop(run) and not any(drops(to_review, guards, last)):
        used = usage(to_review)
        record_usage(folder, used, run.now, run.home, _usage_history(run), last=last)
    return stops(to_review, guards, last)


def _has_history(run: Run) -> bool:
    """Whether this run may be compared with the last one; not where kept images are listed, since
    then all questions are asked, and more is counted. Warns of a folder that others can write to.
    """
    request = run.request
    if not run.targets or run.skips_commands or request.now is not None or request.list_kept:
        return False
    if why := distrust_of_state(state_of(run)):
        log.warning("%s; so a drop of what is in use cannot be noticed", why)
    return not why


def _usage_history(run: Run) -> str:
    return USAGE_HISTORY if run.request.scan else USAGE_HISTORY_OF_FILES


def _overrides_drop(run: Run) -> bool:
    request = run.request
    return request.no_guards or "max_in_use_drop" in dict(request.guards)


def _accept_usage(run: Run, to_apply: Plan) -> None:
    """Whoever deletes although less is in use, or the record cannot be read, wants it so."""
    folder = state_of(run)
    try:
        last = last_usage(folder, run.home, _usage_history(run))
    except InputError:
        last = {}
    record_usage(folder, usage(to_apply), run.now, run.home, _usage_history(run), last=last)
