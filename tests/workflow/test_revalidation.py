"""Before each repository's turn: what is too old is read again, and a plan can only shrink."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from ecrm.config import Config, Guards
from ecrm.errors import AwsError, Gone, IncompleteError
from ecrm.model.image import Image
from ecrm.model.pattern import NamePattern
from ecrm.model.reference import Reference, Registry
from ecrm.model.rule import Rule
from ecrm.model.scan import Diagnostic, ReadStatus, Scan, SourceReport
from ecrm.model.use import Use
from ecrm.planning.plan import Plan, RepositoryPlan
from ecrm.planning.planner import PlanningContext, make_plan, planning_context
from ecrm.workflow import revalidation as revalidate
from ecrm.workflow.revalidation import Revalidation
from ecrm.workflow.run import Request, Run
from tests.stubs import HOST, NOW, REGISTRY, digest
from tests.values import numbered

TEN_MINUTES = timedelta(minutes=10)
MOMENT = timedelta(microseconds=1)
RULE = Rule(NamePattern("*", is_glob=True), timedelta(days=30))


@dataclass
class Shelf:
    """One repository, `app`, whose images or error a test may change."""

    repository_indexes: list[Image] | AwsError
    registries: tuple[Registry, ...] = (REGISTRY,)
    workers: int = 1

    def repositories(self, registry: Registry, only: str | None = None) -> Sequence[str]:
        return ["app"]

    def images(self, registry: Registry, repository: str) -> Sequence[Image]:
        if isinstance(self.repository_indexes, AwsError):
            raise self.repository_indexes
        return self.repository_indexes

    def children(
        self, registry: Registry, repository: str, indexes: Sequence[Image]
    ) -> Mapping[str, tuple[str, ...]]:
        return {}

    def replications(self, registry: Registry) -> Sequence[object]:
        return ()

    def cross_account_pullers(self, registry: Registry, repository: str) -> Sequence[str]:
        return ()


@dataclass
class Day:
    """An account, and what its clock and its scans say as a test goes on."""

    shelf: Shelf
    monkeypatch: pytest.MonkeyPatch
    max_age: timedelta = TEN_MINUTES
    now: datetime = NOW
    used: list[str] = field(default_factory=list)
    unread: str = ""
    scans: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        day = self

        class Clock(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
                assert tz is not None
                return day.now

        self.monkeypatch.setattr(revalidate, "datetime", Clock)
        self.monkeypatch.setattr(revalidate, "facts_of", self.facts)

    def facts(self, run: Run) -> PlanningContext:
        """As `facts_of`, with the scan that the test wants."""
        self.scans.append(run.now)
        notes = (Diagnostic(ReadStatus.FAILED, self.unread),) if self.unread else ()
        uses = tuple(Use(Reference.parse(it), "file", "web", "listed") for it in self.used)
        scan = Scan(run.now, uses, (SourceReport(REGISTRY, "ecs", len(uses), notes),))
        keep_all = run.request.list_kept
        return planning_context(scan, run.inventory, run.config, run.now, keep_all=keep_all)

    def begin(self) -> tuple[Revalidation, Plan]:
        """A plan of this moment, and what looks at it again."""
        config = Config(repositories=(RULE,), guards=Guards(in_use_max_age=self.max_age))
        run = Run(Request(), config, (), self.shelf, self.now, lambda _: None)  # type: ignore[arg-type]
        made = make_plan(run.inventory, self.facts(run), None, run.progress)
        self.scans.clear()
        return Revalidation(run, made), made


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> Day:
    """Two images that go, and nothing in use."""
    return Day(Shelf([numbered(1, "v1"), numbered(2, "v2")]), monkeypatch)


def going(planned: RepositoryPlan) -> list[str]:
    return sorted(it.image.digest for it in planned.deletions)


def test_what_is_as_old_as_the_guard_allows_is_not_read_again(day):
    look, made = day.begin()
    day.now += TEN_MINUTES
    (planned,) = made.repositories
    day.used = [f"{HOST}/app:v1"]
    assert look(planned) == (planned, ())
    assert day.scans == []


def test_what_is_any_older_is_read_again(day):
    look, made = day.begin()
    day.now += TEN_MINUTES + MOMENT
    day.used = [f"{HOST}/app:v1"]
    left, skipped = look(made.repositories[0])
    assert going(left) == [digest(2)]
    assert [it.decision.image.digest for it in skipped] == [digest(1)]
    assert day.scans == [day.now]  # uses and ages are of this moment


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
    day.used = [f"{HOST}/app:v1"]
    look(made.repositories[0])
    day.now += timedelta(minutes=1)
    left, _ = look(made.repositories[0])
    assert going(left) == [digest(2)]
    assert len(day.scans) == 1


def test_an_image_that_was_tagged_meanwhile_is_spared(day):
    look, made = day.begin()
    day.shelf.repository_indexes = [numbered(1, "v1", "stable"), numbered(2, "v2")]
    day.now += timedelta(minutes=11)
    left, skipped = look(made.repositories[0])
    assert going(left) == [digest(2)]
    assert [it.why for it in skipped] == ["its tags have changed from v1 to v1, stable"]


def test_what_became_old_enough_meanwhile_does_not_go(day):
    day.shelf.repository_indexes = [numbered(1, "v1"), numbered(2, "v2", days=29)]
    look, made = day.begin()
    day.now += timedelta(days=5)
    left, skipped = look(made.repositories[0])
    assert (going(left), skipped) == ([digest(1)], ())


def test_uses_that_cannot_be_read_again_end_the_run(day):
    look, made = day.begin()
    day.now += timedelta(minutes=11)
    day.unread = "ecs:ListTasks: oops"
    with pytest.raises(IncompleteError) as raised:
        look(made.repositories[0])
    assert str(raised.value) == "what is in use could not be read again: ecs:ListTasks: oops"


def test_a_repository_that_cannot_be_read_again_ends_the_run(day):
    look, made = day.begin()
    day.now += timedelta(minutes=11)
    day.shelf.repository_indexes = AwsError("ecr:DescribeImages: oops")
    with pytest.raises(IncompleteError) as raised:
        look(made.repositories[0])
    assert str(raised.value) == "it could not be read again: ecr:DescribeImages: oops"


def test_a_repository_that_is_gone_is_left_as_it_was_planned(day):
    """ECR's answers then say that its images are gone."""
    look, made = day.begin()
    day.now += timedelta(minutes=11)
    day.shelf.repository_indexes = Gone("there is no repository app")
    assert look(made.repositories[0]) == (made.repositories[0], ())


def test_a_plan_that_was_made_from_a_file_keeps_its_own_time(day):
    """The uses of a plan are as old as the plan."""
    look, made = day.begin()
    day.now += timedelta(minutes=11)
    fresh = Revalidation(look._run, replace(made, created_at=day.now))
    day.used = [f"{HOST}/app:v1"]
    assert fresh(made.repositories[0]) == (made.repositories[0], ())
