"""What commands do between the stages: what is put on record, and where a journal belongs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ecrm.aws import Target
from ecrm.config import Config, Guards
from ecrm.errors import UsageError
from ecrm.execution.journal import FileSink, Journal
from ecrm.execution.restore import Restored, Result
from ecrm.model.reference import Registry
from ecrm.model.scan import Diagnostic, ReadStatus, SourceReport
from ecrm.planning.plan import Plan
from ecrm.workflow import commands as workflow
from ecrm.workflow.run import Request, Run
from ecrm.workflow.usage_history import last_in_use, record_in_use
from tests.stubs import NOW, REGISTRY, Stubs, session
from tests.values import going, numbered, plan_of, repository_plan

UNREAD = SourceReport(REGISTRY, "ecs", 0, (Diagnostic(ReadStatus.FAILED, "ecs:ListTasks: oops"),))
DENIED = SourceReport(REGISTRY, "ecs", 0, (Diagnostic(ReadStatus.DENIED, "ecs:ListTasks: denied"),))


def in_use(number: int, **more: object) -> Plan:
    """A plan that deletes one image of two, with so many in use."""
    app = repository_plan("app", [going(numbered(1))])
    return plan_of(app, in_use={REGISTRY: number}, **more)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run of one target that has left nothing behind yet."""
    request = Request(state=str(tmp_path / "state"))
    config = Config(guards=Guards(max_in_use_drop=50))
    inventory: object = None
    targets = (Target(REGISTRY, session()),)
    return Run(request, config, targets, inventory, NOW, lambda _: None)  # type: ignore[arg-type]


def on_record(run: Run) -> dict[Registry, int]:
    return last_in_use(str(run.request.state))


def asked(run: Run, **changes: object) -> Run:
    return replace(run, request=replace(run.request, **changes))  # type: ignore[arg-type]


# What was in use


def test_what_a_complete_plan_found_in_use_is_put_on_record(run):
    assert workflow.guard_stops(run, in_use(10)) == ()
    assert on_record(run) == {REGISTRY: 10}


@pytest.mark.parametrize("read", [UNREAD, DENIED], ids=["failed", "denied"])
def test_an_incomplete_plan_puts_nothing_on_record(run, read):
    """It has seen too little: measured by it, the next real drop would look like none."""
    workflow.guard_stops(run, in_use(10, source_reports=(read,)))
    assert on_record(run) == {}


def test_an_incomplete_plan_leaves_the_record_of_the_last_complete_one(run):
    workflow.guard_stops(run, in_use(10))
    workflow.guard_stops(run, in_use(9, source_reports=(UNREAD,)))
    assert on_record(run) == {REGISTRY: 10}


def test_a_repository_that_was_not_read_makes_a_plan_incomplete_for_the_record_too(run):
    unread = repository_plan("app", unread="ecr:DescribeImages: oops")
    workflow.guard_stops(run, replace(in_use(10), repositories=(unread,)))
    assert on_record(run) == {}


def test_a_drop_is_not_put_on_record_so_that_the_next_run_notices_it_as_well(run):
    workflow.guard_stops(run, in_use(10))
    for _ in range(2):
        (stop,) = workflow.guard_stops(run, in_use(4))
        assert stop.guard == "max_in_use_drop"
        assert on_record(run) == {REGISTRY: 10}
    assert workflow.guard_stops(run, in_use(5)) == ()
    assert on_record(run) == {REGISTRY: 5}


def test_a_drop_of_one_target_keeps_the_numbers_of_all(run):
    other = Registry("999999999999", "us-east-1")
    record_in_use(str(run.request.state), {REGISTRY: 10, other: 10}, NOW)
    workflow.guard_stops(run, replace(in_use(11), in_use={REGISTRY: 11, other: 1}))
    assert on_record(run) == {REGISTRY: 10, other: 10}


@pytest.mark.parametrize(
    "changes",
    [{"scan": False}, {"now": NOW}, {"now": timedelta(days=30)}],
    ids=["no scan", "another time", "a later time"],
)
def test_what_a_run_did_not_see_today_is_neither_recorded_nor_compared(run, changes):
    workflow.guard_stops(run, in_use(10))
    assert workflow.guard_stops(asked(run, **changes), in_use(1)) == ()
    assert on_record(run) == {REGISTRY: 10}


def test_a_snapshot_is_neither_recorded_nor_compared(run):
    workflow.guard_stops(run, in_use(10))
    assert workflow.guard_stops(replace(run, targets=()), in_use(1)) == ()
    assert on_record(run) == {REGISTRY: 10}


# Restoring


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubs]:
    """The account that the request leads to, in which nothing must be asked for."""
    with Stubs() as stubs:

        @contextmanager
        def connected(request: Request) -> Iterator[Target]:
            yield stubs.target

        monkeypatch.setattr(workflow, "connected", connected)
        yield stubs


@pytest.fixture
def journal(tmp_path: Path) -> Callable[..., str]:
    """Writes a journal of a run over these registries, which deleted one image in the first."""

    def written(*registries: Registry) -> str:
        path = tmp_path / "journal.jsonl"
        with Journal(FileSink(path), lambda: NOW) as journal:
            journal.begin(version="1", targets=registries, config="c")
            journal.intend(registries[0], "app", [going(numbered(1))], {})
            journal.end(complete=True)
        return str(path)

    return written


def restore(journal: str) -> list[Restored]:
    return list(workflow.restore(Request(), journal, ()))


@pytest.mark.parametrize(
    "other",
    [
        Registry(REGISTRY.account, "eu-west-1"),
        Registry("999999999999", REGISTRY.region),
        Registry("999999999999", "eu-west-1"),
    ],
    ids=["another region", "another account", "another of both"],
)
def test_nothing_is_restored_from_a_journal_of_somewhere_else(aws, journal, other):
    path = journal(other)
    with pytest.raises(UsageError) as raised:
        restore(path)
    assert str(raised.value) == f"{path} is of {other}, and this is {REGISTRY}"
    assert aws.calls == []


def test_the_error_names_every_target_of_the_journal(aws, journal):
    first, second = Registry("999999999999", "a-b-1"), Registry("999999999999", "a-b-2")
    with pytest.raises(UsageError, match="is of 999999999999/a-b-1, 999999999999/a-b-2, and this"):
        restore(journal(first, second))


def test_a_journal_of_this_account_and_region_is_restored_from(aws, journal):
    aws.answer(
        "DescribeImages",
        {"imageDetails": []},
        registryId=REGISTRY.account,
        repositoryName="app",
        filter={"imageStatus": "ANY"},
        maxResults=1000,
    )
    (outcome,) = restore(journal(REGISTRY))
    assert (outcome.registry, outcome.result) == (REGISTRY, Result.FAILED)
    assert outcome.detail.startswith("the journal has no manifest of it")
