"""Before each repository's deletion, what is in use is read again where that is too old."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ecrm.config import Config, Guards
from ecrm.errors import AwsError, Gone, IncompleteError
from ecrm.model.image import Image, OwnReading
from ecrm.model.pattern import ALL
from ecrm.model.pull_through import PullThrough
from ecrm.model.reference import Registry
from ecrm.model.scan import Diagnostic, ReadStatus, Scan
from ecrm.planning.context import PlanningContext
from ecrm.planning.plan import Plan, RepositoryPlan
from ecrm.planning.planner import make_plan, planning_context, read_and_plan
from ecrm.registry.access import Puller
from ecrm.registry.conditions import Limit
from ecrm.sources.items import Question
from ecrm.sources.questions import Questions
from ecrm.workflow import revalidation
from ecrm.workflow.request import Request
from ecrm.workflow.revalidation import Revalidation, warn_of_slow_reading
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


def test_b15_what_could_not_be_read_again_stops_only_what_it_could_hurt(run, monkeypatch):
    """It is said for each repository, and not trusted for any that it may hurt."""
    made = make_plan(ACCOUNTS, facts(ACCOUNTS), ALL, lambda _: None)
    made = replace(made, created_at=datetime.now(UTC) - timedelta(hours=1))
    failed = facts(
        ACCOUNTS,
        use("app:v1", where=PARTNER),
        source_reports=(read(HOME, "ecs", FAILED), read(PARTNER)),
        keep_all=True,
    )
    contexts = iter([failed])
    monkeypatch.setattr(revalidation, "read_context", lambda *_: next(contexts))
    revalidate = Revalidation(run, made)
    home, partner = made.repositories
    left, (skipped,) = revalidate(home)
    own = f"{HOME} could not be read, and the repository is its own"
    assert (left.deletions, skipped.why) == ((), f"could not be read again: {own}")
    assert revalidate.left_alone == [f"{HOME}/app: {own}"]
    left, (skipped,) = revalidate(partner)
    assert left.deletions == ()
    assert skipped.why.startswith("now in use by ")
    assert len(revalidate.left_alone) == 1


def test_b15_of_one_target_a_scan_that_failed_is_made_again(run, monkeypatch):
    alone = Shelf({HOME: HELD})
    made = make_plan(alone, facts(alone), ALL, lambda _: None)
    made = replace(made, created_at=datetime.now(UTC) - timedelta(hours=1))
    failed = facts(alone, source_reports=(read(HOME, "ecs", FAILED),))
    complete = facts(alone, use("app:v1"), keep_all=True)
    contexts = iter([failed, failed, complete])
    monkeypatch.setattr(revalidation, "read_context", lambda *_: next(contexts))
    revalidate = Revalidation(replace(run, inventory=alone), made)
    for _ in range(2):
        with pytest.raises(IncompleteError, match="ecs:ListTasks timed out"):
            revalidate(made.repositories[0])
    left, skipped = revalidate(made.repositories[0])
    assert (left.deletions, len(skipped)) == ((), 1)


@dataclass(frozen=True)
class Account:
    """As far as `Run.targets` are looked at."""

    registry: Registry


@dataclass
class Many:
    """HOME is planned, and PARTNER and a third account are scanned, too; PARTNER may pull `open`.
    A test says what is in use in which of them, and what cannot be read."""

    monkeypatch: pytest.MonkeyPatch
    now: datetime = NOW
    used: dict[Registry, tuple[str, ...]] = field(default_factory=dict)
    unread: dict[Registry, str] = field(default_factory=dict)
    rules: tuple[PullThrough, ...] = ()
    scans: list[set[Registry]] = field(default_factory=list)

    def __post_init__(self) -> None:
        day = self

        class Clock(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
                assert tz is not None
                return day.now

        self.monkeypatch.setattr(revalidation, "datetime", Clock)
        self.monkeypatch.setattr(revalidation, "read_context", self.facts)

    def facts(self, run: Run, _: Questions | None = None) -> PlanningContext:
        registries = {target.registry for target in run.targets}
        self.scans.append(registries)
        reports = [
            read(one, "ecs", *([FAILED] if one in self.unread else []))
            for one in sorted(registries)
        ]
        uses = tuple(use(text) for one in registries for text in self.used.get(one, ()))
        scan = Scan(run.now, uses, tuple(reports), self.rules)
        keep_all = run.request.list_kept
        return planning_context(scan, run.inventory, run.config, run.now, keep_all=keep_all)

    def begin(self) -> tuple[Revalidation, RepositoryPlan, RepositoryPlan]:
        """What looks again, and the plans of `open` and of `shut`."""
        partners = Puller("a partner", (Limit.to_account(PARTNER.account),))
        images = (image("old", "v1"), image("older", "v2"))
        held = {
            "open": RepositoryIndex(images, cross_account_pullers=(partners,)),
            "shut": RepositoryIndex(images),
        }
        targets: Any = tuple(map(Account, (HOME, PARTNER, THIRD)))
        run = Run(Request(), CONFIG, targets, Shelf({HOME: held}), self.now, lambda _: None)
        made = make_plan(run.inventory, self.facts(run), ALL, run.progress)
        self.scans.clear()
        may_be_pulled, own = made.repositories
        return Revalidation(run, made), may_be_pulled, own


THIRD = Registry("888888888888", "eu-west-1")
EVERYBODY = {HOME, PARTNER, THIRD}


def tags(left: RepositoryPlan) -> list[str]:
    return sorted(decision.image.tags[0] for decision in left.deletions)


def test_only_who_may_use_a_repository_is_read_again(monkeypatch):
    many = Many(monkeypatch)
    look, may_be_pulled, own = many.begin()
    assert look(own) == (own, ())
    many.now += timedelta(minutes=11)
    look(own)
    assert many.scans == [EVERYBODY]
    many.now += timedelta(minutes=11)
    many.used = {PARTNER: ("open:v1",), THIRD: ("shut:v1",)}
    assert tags(look(own)[0]) == ["v1", "v2"]
    assert tags(look(may_be_pulled)[0]) == ["v2"]
    assert many.scans == [EVERYBODY, {HOME}, {PARTNER}]
    assert tags(look(may_be_pulled)[0]) == ["v2"]
    assert len(many.scans) == 3


def test_what_was_known_to_be_in_use_stays_so_in_this_run(monkeypatch):
    many = Many(monkeypatch, used={HOME: ()})
    look, may_be_pulled, own = many.begin()
    many.now += timedelta(minutes=11)
    many.used = {PARTNER: ("open:v1",)}
    assert tags(look(may_be_pulled)[0]) == ["v2"]
    many.now += timedelta(minutes=11)
    many.used = {PARTNER: ("open:v2",), HOME: ("shut:v1",)}
    assert tags(look(may_be_pulled)[0]) == []
    assert tags(look(own)[0]) == ["v2"]
    assert many.scans == [EVERYBODY, {HOME, PARTNER}]


def test_where_a_cache_is_known_all_are_read_again(monkeypatch):
    many = Many(monkeypatch, rules=(PullThrough(THIRD, "a", PARTNER, "b"),))
    look, _, own = many.begin()
    for number in (1, 2):
        many.now += timedelta(minutes=11)
        look(own)
        assert many.scans == [EVERYBODY] * number


def test_b42_an_account_that_cannot_be_read_again_stops_what_it_may_use(monkeypatch):
    many = Many(monkeypatch)
    look, may_be_pulled, own = many.begin()
    many.now += timedelta(minutes=11)
    look(own)
    many.now += timedelta(minutes=11)
    many.unread = {PARTNER: "oops"}
    left, skipped = look(may_be_pulled)
    assert (tags(left), len(skipped)) == ([], 2)
    assert look.left_alone == [f"{HOME}/open: {PARTNER} could not be read, and a partner may pull"]
    assert tags(look(own)[0]) == ["v1", "v2"]
    many.unread = {}
    many.now += timedelta(minutes=11)
    assert tags(look(may_be_pulled)[0]) == ["v1", "v2"]


@pytest.mark.parametrize(
    ("took", "message"),
    [
        (timedelta(minutes=10), ""),
        (
            timedelta(minutes=12, seconds=31),
            (
                "reading what is in use took 13 minutes, longer than guards.in_use_max_age (10 "
                "minutes), so it may be read again before every repository; set "
                "guards.in_use_max_age: 26m"
            ),
        ),
    ],
)
def test_reading_that_takes_longer_than_it_is_valid_is_said_at_the_beginning(
    run, monkeypatch, caplog, took, message
):
    many = Many(monkeypatch)
    many.now += took
    made = make_plan(ACCOUNTS, facts(ACCOUNTS), ALL, lambda _: None)
    warn_of_slow_reading(run, made)
    warn_of_slow_reading(run, replace(made, repositories=()))
    assert caplog.messages == ([message] if message else [])


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
