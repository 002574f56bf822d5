"""Before each repository's deletion, what is in use is read again where that is too old."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ecrm.config import Config, Guards
from ecrm.errors import AwsError, Gone, IncompleteError
from ecrm.model.image import Image, OwnReading
from ecrm.model.pattern import ALL
from ecrm.model.scan import Diagnostic, ReadStatus, Scan
from ecrm.planning.context import PlanningContext
from ecrm.planning.plan import Plan, RepositoryPlan
from ecrm.planning.planner import make_plan, planning_context, read_and_plan
from ecrm.sources.items import Question
from ecrm.sources.questions import Questions
from ecrm.workflow import revalidation
from ecrm.workflow.request import Request
from ecrm.workflow.revalidation import Revalidation
from ecrm.workflow.run import Run
from tests.values import (
    APP,
    HOME,
    NOW,
    PARTNER,
    RULE,
    RepositoryIndex,
    Shelf,
    digest,
    facts,
    image,
    numbered,
    read,
    use,
)

HELD = {"app": RepositoryIndex((image("old", "v1"),))}
ACCOUNTS = Shelf({HOME: HELD, PARTNER: HELD})
CONFIG = Config(repositories=(RULE,), guards=Guards(in_use_max_age=timedelta(minutes=10)))
FAILED = Diagnostic(ReadStatus.FAILED, "ecs:ListTasks timed out")


@pytest.fixture
def run() -> Run:
    return Run(Request(), CONFIG, (), ACCOUNTS, NOW, lambda _: None)


def test_b15_a_scan_that_failed_for_one_target_is_not_trusted_for_the_next(run, monkeypatch):
    made = make_plan(ACCOUNTS, facts(ACCOUNTS), ALL, lambda _: None)
    made = replace(made, created_at=datetime.now(UTC) - timedelta(hours=1))
    failed = facts(ACCOUNTS, source_reports=(read(HOME, "ecs", FAILED),))
    complete = facts(ACCOUNTS, use("app:v1", where=PARTNER), keep_all=True)
    contexts = iter([failed, failed, complete])
    monkeypatch.setattr(revalidation, "read_context", lambda *_: next(contexts))
    revalidate = Revalidation(run, made)
    for planned in made.repositories:
        with pytest.raises(IncompleteError, match="ecs:ListTasks timed out"):
            revalidate(planned)
    left, skipped = revalidate(made.repositories[1])
    assert (left.key.registry, left.deletions, len(skipped)) == (PARTNER, (), 1)


TEN_MINUTES = timedelta(minutes=10)
MOMENT = timedelta(microseconds=1)


@dataclass
class Day:
    """An account, and what its clock and its scans say as a test proceeds."""

    images: tuple[Image, ...]
    monkeypatch: pytest.MonkeyPatch
    max_age: timedelta = TEN_MINUTES
    now: datetime = NOW
    used: list[str] = field(default_factory=list)
    unread: str = ""
    left_open: bool = False
    scans: list[datetime] = field(default_factory=list)
    held: dict[str, RepositoryIndex] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.hold(*self.images)
        day = self

        class Clock(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
                assert tz is not None
                return day.now

        self.monkeypatch.setattr(revalidation, "datetime", Clock)
        self.monkeypatch.setattr(revalidation, "read_context", self.facts)

    def hold(self, *images: Image) -> None:
        self.held["app"] = RepositoryIndex(images)

    def break_down(self, error: AwsError) -> None:
        self.held["app"] = RepositoryIndex(error)

    def facts(self, run: Run, questions: Questions | None = None) -> PlanningContext:
        """As `read_context`, with the scan that the test wants."""
        if questions and self.left_open:
            question = Question((use("app:v1").reference,), list)
            questions.add(question, lambda _: ([], read(HOME, "lambda", FAILED)))
        self.scans.append(run.now)
        notes = (Diagnostic(ReadStatus.FAILED, self.unread),) if self.unread else ()
        uses = tuple(map(use, self.used))
        scan = Scan(run.now, uses, (read(HOME, "ecs", *notes, references=len(uses)),))
        keep_all = run.request.list_kept
        return planning_context(scan, run.inventory, run.config, run.now, keep_all=keep_all)

    def begin(self) -> tuple[Revalidation, Plan]:
        """A plan of this moment, and what looks at it again."""
        config = Config(repositories=(RULE,), guards=Guards(in_use_max_age=self.max_age))
        run = Run(Request(), config, (), Shelf({HOME: self.held}), self.now, lambda _: None)
        made = make_plan(run.inventory, self.facts(run), ALL, run.progress)
        self.scans.clear()
        return Revalidation(run, made), made


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> Day:
    """Two deletable images, and nothing in use."""
    return Day((numbered(1, "v1"), numbered(2, "v2")), monkeypatch)


def deletable(planned: RepositoryPlan) -> list[str]:
    return sorted(decision.image.digest for decision in planned.deletions)


def test_what_is_as_old_as_the_guard_allows_is_not_read_again(day):
    look, made = day.begin()
    day.now += TEN_MINUTES
    (planned,) = made.repositories
    day.used = ["app:v1"]
    assert look(planned) == (planned, ())
    assert day.scans == []


def test_what_is_any_older_is_read_again(day):
    look, made = day.begin()
    day.now += TEN_MINUTES + MOMENT
    day.used = ["app:v1"]
    left, skipped = look(made.repositories[0])
    assert deletable(left) == [digest(2)]
    assert [skip.decision.image.digest for skip in skipped] == [digest(1)]
    assert skipped[0].why.startswith("now in use")
    assert day.scans == [day.now]  # uses and ages are of this moment


def test_who_may_pull_is_not_asked_again_since_nobody_sees_the_answer(day):
    look, made = day.begin()
    day.held["app"] = replace(day.held["app"], cross_account_pullers=AssertionError("asked"))
    day.now += TEN_MINUTES + MOMENT
    left, skipped = look(made.repositories[0])
    assert (deletable(left), skipped) == ([digest(1), digest(2)], ())


def test_the_age_is_that_of_the_last_reading(day):
    look, made = day.begin()
    for minutes, scans in ((9, 0), (2, 1), (10, 1), (1, 2), (10, 2)):
        day.now += timedelta(minutes=minutes)
        look(made.repositories[0])
        assert len(day.scans) == scans


def test_once_uses_were_read_again_every_repository_is_looked_at_by_them(day):
    """The next one's turn comes within the ten minutes, and its plan is from before them."""
    look, made = day.begin()
    day.now += timedelta(minutes=11)
    day.used = ["app:v1"]
    look(made.repositories[0])
    day.now += timedelta(minutes=1)
    left, _ = look(made.repositories[0])
    assert deletable(left) == [digest(2)]
    assert len(day.scans) == 1


def test_an_image_that_was_tagged_meanwhile_is_skipped(day):
    look, made = day.begin()
    day.hold(numbered(1, "v1", "stable"), numbered(2, "v2"))
    day.now += timedelta(minutes=11)
    left, skipped = look(made.repositories[0])
    assert deletable(left) == [digest(2)]
    assert [skip.why for skip in skipped] == ["its tags have changed from v1 to v1, stable"]


def test_what_became_old_enough_meanwhile_is_not_deleted(day):
    day.hold(numbered(1, "v1"), numbered(2, "v2", days=29))
    look, made = day.begin()
    day.now += timedelta(days=5)
    left, skipped = look(made.repositories[0])
    assert (deletable(left), skipped) == ([digest(1)], ())


def test_uses_that_cannot_be_read_again_end_the_run(day):
    look, made = day.begin()
    day.now += timedelta(minutes=11)
    day.unread = "ecs:ListTasks: oops"
    with pytest.raises(IncompleteError) as raised:
        look(made.repositories[0])
    assert str(raised.value) == "the images in use could not be read again: ecs:ListTasks: oops"


def test_a_question_that_cannot_be_asked_again_ends_the_run(day):
    look, made = day.begin()
    day.now += timedelta(minutes=11)
    day.left_open = True
    with pytest.raises(IncompleteError) as raised:
        look(made.repositories[0])
    assert str(raised.value) == "the images in use could not be read again: ecs:ListTasks timed out"


def test_b45_the_readings_that_a_plan_knows_of_are_known_when_it_is_looked_at_again(
    day, monkeypatch
):
    contexts: list[PlanningContext] = []

    def noted(inventory: Shelf, facts: PlanningContext, *more: Any) -> RepositoryPlan | None:
        contexts.append(facts)
        return read_and_plan(inventory, facts, *more)

    monkeypatch.setattr(revalidation, "read_and_plan", noted)
    look, made = day.begin()
    day.now += timedelta(minutes=11)
    readings = {digest(1): OwnReading(NOW, NOW, None)}
    look(replace(made.repositories[0], own_readings=readings))
    assert [facts.readings for facts in contexts] == [{APP: readings}]


def test_a_repository_that_cannot_be_read_again_ends_the_run(day):
    look, made = day.begin()
    day.now += timedelta(minutes=11)
    day.break_down(AwsError("ecr:DescribeImages: oops"))
    with pytest.raises(IncompleteError) as raised:
        look(made.repositories[0])
    assert str(raised.value) == "it could not be read again: ecr:DescribeImages: oops"


def test_b36_of_a_repository_that_seems_gone_everything_is_skipped(day):
    """If it is gone, that costs nothing; if it is not, what is in use by now is not known."""
    look, made = day.begin()
    day.now += timedelta(minutes=11)
    day.break_down(Gone("there is no repository app"))
    left, skipped = look(made.repositories[0])
    assert (deletable(left), left.deletable) == ([], {})
    assert [skip.decision for skip in skipped] == list(made.repositories[0].deletions)
    assert {skip.why for skip in skipped} == {"the repository is gone already"}


def test_b36_of_a_repository_that_seems_empty_everything_is_skipped(day):
    look, made = day.begin()
    day.now += timedelta(minutes=11)
    day.hold()
    left, skipped = look(made.repositories[0])
    assert deletable(left) == []
    assert {skip.why for skip in skipped} == {"it is gone already"}


def test_a_plan_that_was_made_from_a_file_keeps_its_own_time(day):
    """The uses of a plan are as old as the plan."""
    look, made = day.begin()
    day.now += timedelta(minutes=11)
    fresh = Revalidation(look._run, replace(made, created_at=day.now))
    day.used = ["app:v1"]
    assert fresh(made.repositories[0]) == (made.repositories[0], ())
