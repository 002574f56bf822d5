"""Just before a repository's turn: are the facts behind its plan still true?

What is read again are the accounts and regions that may use its images, where the last reading of
one of them is too old. With one target, that is always this one.
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ecrm.aws import Target
from ecrm.errors import IncompleteError
from ecrm.model.humanize import days
from ecrm.model.reference import Registry
from ecrm.planning.consumers import Consumers
from ecrm.planning.context import PlanningContext
from ecrm.planning.holes import REPLICATION, unread_uses
from ecrm.planning.narrowing import SkippedDeletion, still_deletable
from ecrm.planning.plan import Plan, RepositoryPlan
from ecrm.planning.planner import read_and_plan
from ecrm.sources.questions import Questions
from ecrm.workflow.run import Run, read_context

log = logging.getLogger(__name__)

_GONE = "the repository is gone already"
_MINUTE = timedelta(minutes=1)


def warn_of_slow_reading(run: Run, made: Plan) -> None:
    """What takes longer to read than it is valid is read again before every repository."""
    took, max_age = datetime.now(UTC) - made.created_at, run.config.guards.in_use_max_age
    if made.deletable.images and took > max_age > timedelta(0):
        enough = math.ceil(2 * took / _MINUTE)
        log.warning(
            "reading what is in use took %s, longer than guards.in_use_max_age (%s), so it may be "
            "read again before every repository; set guards.in_use_max_age: %dm",
            *(days(took), days(max_age), enough),
        )


class Revalidation:
    """Scans again and reads a repository again, where the last scan is too old. `left_alone` has a
    line for each repository that was left alone because of what could not be read again."""

    def __init__(self, run: Run, made: Plan) -> None:
        self._run = replace(run, request=replace(run.request, list_kept=True))
        self._is_one_target = len(made.scanned) <= 1
        self._known_at = made.created_at
        self._read_at: dict[Registry, datetime] = {}
        self._facts: PlanningContext | None = None
        self._questions = Questions()
        self.left_alone: list[str] = []

    def __call__(
        self, planned: RepositoryPlan
    ) -> tuple[RepositoryPlan, tuple[SkippedDeletion, ...]]:
        facts = self._facts_for(planned, datetime.now(UTC))
        if facts is None:
            return planned, ()
        if unread := self._unread(planned, facts):
            self.left_alone.append(f"{planned.key}: {unread[0]}")
            return _none(planned, f"could not be read again: {unread[0]}")
        facts = replace(facts, readings={planned.key: planned.own_readings})
        current = read_and_plan(self._run.inventory, facts, planned.key, self._questions)
        if missing := [line for read in self._questions.source_reports for line in read.unread]:
            raise IncompleteError(f"the images in use could not be read again: {missing[0]}")
        if current is None:
            return _none(planned, _GONE)
        if current.unread:
            raise IncompleteError(f"it could not be read again: {current.unread}")
        return still_deletable(planned, current)

    def _facts_for(self, planned: RepositoryPlan, now: datetime) -> PlanningContext | None:
        """None while the plan itself is young enough."""
        facts = self._facts
        if facts is None or self._is_one_target:
            return self._read_all(now) if self._is_old(self._known_at, now) else facts
        stale = self._stale(planned, facts, now)
        # Whose cache a use goes through, only the rules of all targets say.
        if stale and facts.scan.pull_through:
            return self._read_all(now)
        return self._read_some(facts, stale, now) if stale else facts

    def _is_old(self, read_at: datetime, now: datetime) -> bool:
        return now - read_at > self._run.config.guards.in_use_max_age

    def _read_all(self, now: datetime) -> PlanningContext:
        questions = Questions()
        facts = read_context(replace(self._run, now=now), questions)
        missing = [line for read in facts.source_reports for line in read.unread]
        if missing and self._is_one_target:
            raise IncompleteError(f"the images in use could not be read again: {missing[0]}")
        # Of one target, only a complete scan is kept: what failed is asked again.
        self._facts, self._known_at, self._questions = facts, now, questions
        self._read_at = {target.registry: now for target in self._run.targets}
        return facts

    def _stale(
        self, planned: RepositoryPlan, facts: PlanningContext, now: datetime
    ) -> Sequence[Target]:
        """The targets that may use images of the repository and were read too long ago."""
        old = [
            target
            for target in self._run.targets
            if self._is_old(self._read_at[target.registry], now)
        ]
        if not old or facts.scan.pull_through:
            return old
        exposed = Consumers(self._run.inventory, facts).exposure(planned)
        organization = facts.organization
        return [target for target in old if exposed.why(target.registry.account, organization)]

    def _read_some(
        self, facts: PlanningContext, stale: Sequence[Target], now: datetime
    ) -> PlanningContext:
        """With what these targets use by now, and all that was known to be in use: one more use
        never adds a deletion."""
        fresh = read_context(replace(self._run, now=now, targets=tuple(stale)))
        again = {None, *(target.registry for target in stale)}
        every_time = {REPLICATION, *(report.source for report in self._run.target_reports)}
        kept = (
            report
            for report in facts.source_reports
            if report.registry not in again and report.source not in every_time
        )
        reports = (*kept, *fresh.source_reports)
        known = set(facts.scan.uses)
        new = tuple(use for use in fresh.scan.uses if use not in known)
        scan = replace(fresh.scan, uses=(*facts.scan.uses, *new), source_reports=reports)
        uses = facts.uses.plus(new)
        self._facts = replace(fresh, scan=scan, uses=uses, source_reports=reports)
        self._read_at |= dict.fromkeys((target.registry for target in stale), now)
        return self._facts

    def _unread(self, planned: RepositoryPlan, facts: PlanningContext) -> tuple[str, ...]:
        holes = [report for report in facts.source_reports if report.unread]
        if not holes:
            return ()
        exposed = Consumers(self._run.inventory, facts).exposure(planned)
        return unread_uses(holes, exposed, facts.organization)


def _none(planned: RepositoryPlan, why: str) -> tuple[RepositoryPlan, tuple[SkippedDeletion, ...]]:
    skipped = (SkippedDeletion(decision, why) for decision in planned.deletions)
    return planned.narrowed_to(()), tuple(skipped)
