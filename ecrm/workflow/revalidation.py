"""Just before a repository's turn: are the facts behind its plan still true?"""

from dataclasses import replace
from datetime import UTC, datetime

from ecrm.errors import IncompleteError
from ecrm.planning.context import PlanningContext
from ecrm.planning.narrowing import SkippedDeletion, still_deletable
from ecrm.planning.plan import Plan, RepositoryPlan
from ecrm.planning.planner import read_and_plan
from ecrm.sources.questions import Questions
from ecrm.workflow.run import Run, read_context

_GONE = "the repository is gone already"


class Revalidation:
    """Scans again and reads a repository again, where the last scan is too old."""

    def __init__(self, run: Run, made: Plan) -> None:
        self._run = replace(run, request=replace(run.request, list_kept=True))
        self._known_at = made.created_at
        self._facts: PlanningContext | None = None
        self._questions = Questions()

    def __call__(
        self, planned: RepositoryPlan
    ) -> tuple[RepositoryPlan, tuple[SkippedDeletion, ...]]:
        now = datetime.now(UTC)
        if now - self._known_at > self._run.config.guards.in_use_max_age:
            questions = Questions()
            facts = read_context(replace(self._run, now=now), questions)
            if missing := [line for read in facts.source_reports for line in read.unread]:
                raise IncompleteError(f"the images in use could not be read again: {missing[0]}")
            # Only a complete scan is kept: the next target asks again where this one failed.
            self._facts, self._known_at, self._questions = facts, now, questions
        if self._facts is None:
            return planned, ()
        facts = replace(self._facts, readings={planned.key: planned.own_readings})
        current = read_and_plan(self._run.inventory, facts, planned.key, self._questions)
        if missing := [line for read in self._questions.source_reports for line in read.unread]:
            raise IncompleteError(f"the images in use could not be read again: {missing[0]}")
        if current is None:
            gone = (SkippedDeletion(decision, _GONE) for decision in planned.deletions)
            return planned.narrowed_to(()), tuple(gone)
        if current.unread:
            raise IncompleteError(f"it could not be read again: {current.unread}")
        return still_deletable(planned, current)
