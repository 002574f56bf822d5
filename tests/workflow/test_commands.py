"""What commands do between the stages: what enters the usage history and where a journal is."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ecrm.aws import Target
from ecrm.config import Config, Guards
from ecrm.errors import UsageError
from ecrm.execution.journal.sinks import FileSink
from ecrm.execution.journal.writing import Journal
from ecrm.execution.restore import Restored, Result
from ecrm.model.reference import Registry
from ecrm.model.scan import Diagnostic, ReadStatus, SourceReport
from ecrm.planning.guards import WHOLE, Stop
from ecrm.planning.plan import Plan
from ecrm.workflow import cleanup
from ecrm.workflow import commands as workflow
from ecrm.workflow.connections import Connection, Connections
from ecrm.workflow.request import Request
from ecrm.workflow.run import Run
from ecrm.workflow.usage_history import last_usage, record_usage
from tests.stubs import NOW, REGISTRY, Stubs, session
from tests.values import deletable, numbered, plan_of, repository_plan

UNREAD = SourceReport(REGISTRY, "ecs", 0, (Diagnostic(ReadStatus.FAILED, "ecs:ListTasks: oops"),))
DENIED = SourceReport(REGISTRY, "ecs", 0, (Diagnostic(ReadStatus.DENIED, "ecs:ListTasks: denied"),))


def in_use(number: int, **more: object) -> Plan:
    """A plan that deletes one image of two; `in_use` images are in use."""
    app = repository_plan("app", [deletable(numbered(1))])
    return plan_of(app, in_use={REGISTRY: number}, **more)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run of one target that has left nothing behind yet."""
    request = Request(state=str(tmp_path / "state"))
    config = Config(guards=Guards(max_in_use_drop=50))
    inventory: object = None
    targets = (Target(REGISTRY, session()),)
    return Run(request, config, targets, inventory, NOW, lambda _: None)  # type: ignore[arg-type]


def stops(run: Run, made: Plan) -> tuple[Stop, ...]:
    """The guards that stop this plan when it is reviewed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cleanup, "plan", lambda _: made)
        return cleanup.review(run).stops


def usage_history(run: Run) -> dict[Registry, int]:
    last = last_usage(str(run.request.state))
    return {target: usage[WHOLE] for target, usage in last.items()}


def asked(run: Run, **changes: object) -> Run:
    return replace(run, request=replace(run.request, **changes))  # type: ignore[arg-type]


# What was in use


def test_what_a_complete_plan_found_in_use_is_added_to_the_usage_history(run):
    assert stops(run, in_use(10)) == ()
    assert usage_history(run) == {REGISTRY: 10}


@pytest.mark.parametrize("read", [UNREAD, DENIED], ids=["failed", "denied"])
def test_an_incomplete_plan_adds_nothing_to_the_usage_history(run, read):
    """It has seen too little: measured by it, the next real drop would look like none."""
    stops(run, in_use(10, source_reports=(read,)))
    assert usage_history(run) == {}


def test_an_incomplete_plan_leaves_the_usage_history_of_the_last_complete_one(run):
    stops(run, in_use(10))
    stops(run, in_use(9, source_reports=(UNREAD,)))
    assert usage_history(run) == {REGISTRY: 10}


def test_a_repository_that_was_not_read_makes_a_plan_incomplete_for_the_usage_history(run):
    unread = repository_plan("app", unread="ecr:DescribeImages: oops")
    stops(run, replace(in_use(10), repositories=(unread,)))
    assert usage_history(run) == {}


def test_a_drop_is_not_added_to_the_usage_history_so_that_the_next_run_notices_it(run):
    stops(run, in_use(10))
    for _ in range(2):
        (stop,) = stops(run, in_use(4))
        assert stop.guard == "max_in_use_drop"
        assert usage_history(run) == {REGISTRY: 10}
    assert stops(run, in_use(5)) == ()
    assert usage_history(run) == {REGISTRY: 5}


def test_a_drop_of_one_target_keeps_the_numbers_of_all(run):
    other = Registry("999999999999", "us-east-1")
    record_usage(str(run.request.state), {REGISTRY: {WHOLE: 10}, other: {WHOLE: 10}}, NOW, last={})
    stops(run, replace(in_use(11), in_use={REGISTRY: 11, other: 1}))
    assert usage_history(run) == {REGISTRY: 10, other: 10}


@pytest.mark.parametrize(
    "changes",
    [{"scan": False}, {"now": NOW}, {"now": timedelta(days=30)}],
    ids=["no scan", "another time", "a later time"],
)
def test_what_a_run_did_not_see_today_is_neither_recorded_nor_compared(run, changes):
    stops(run, in_use(10))
    assert stops(asked(run, **changes), in_use(1)) == ()
    assert usage_history(run) == {REGISTRY: 10}


def test_a_snapshot_is_neither_recorded_nor_compared(run):
    stops(run, in_use(10))
    assert stops(replace(run, targets=()), in_use(1)) == ()
    assert usage_history(run) == {REGISTRY: 10}


# Restoring


@pytest.fixture
def aws() -> Iterator[Stubs]:
    """The account that is home and target, in which nothing must be asked for."""
    with Stubs() as stubs:
        yield stubs


@pytest.fixture
def journal(tmp_path: Path) -> Callable[..., str]:
    """Writes a journal of a run over these registries, which deleted one image in each."""

    def written(*registries: Registry) -> str:
        path = tmp_path / "journal.jsonl"
        with Journal(FileSink(path), lambda: NOW) as journal:
            journal.begin(version="1", targets=registries, config="c")
            for registry in registries:
                journal.intend(registry, "app", [deletable(numbered(1))], {}, {})
            journal.end(complete=True)
        return str(path)

    return written


def restore(aws: Stubs, journal: str) -> list[Restored]:
    home = Connection(lambda: aws.target)
    return list(
        workflow.restore(
            Request(cache=False), journal, (), lambda *_: True, Connections(home, (home,))
        )
    )


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
        restore(aws, path)
    assert str(raised.value) == f"{path} has images of {other}, and this is {REGISTRY}"
    assert aws.calls == []


def test_the_error_names_every_target_of_the_journal(aws, journal):
    first, second = Registry("999999999999", "a-b-1"), Registry("999999999999", "a-b-2")
    with pytest.raises(
        UsageError, match="has images of 999999999999/a-b-1, 999999999999/a-b-2, and this"
    ):
        restore(aws, journal(first, second))


def test_a_journal_of_this_account_and_region_is_restored_from(aws, journal):
    for _ in ("shown first", "done"):
        aws.answer(
            "DescribeImages",
            {"imageDetails": []},
            registryId=REGISTRY.account,
            repositoryName="app",
            filter={"imageStatus": "ANY"},
            maxResults=1000,
        )
    (outcome,) = restore(aws, journal(REGISTRY))
    assert (outcome.registry, outcome.result) == (REGISTRY, Result.FAILED)
    assert outcome.detail.startswith("the journal has no manifest of it")
