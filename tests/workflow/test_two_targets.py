"""A run of two targets that hold a repository of the same name, with a home apart from both."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest

from ecrm.aws import Target
from ecrm.errors import GuardError, IncompleteError, NotDeletedError, UsageError
from ecrm.execution.restore import Restored, Result
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.model.reference import Registry
from ecrm.planning.plan import Plan
from ecrm.reports import PLAN_FORMATS
from ecrm.reports.images import images_json
from ecrm.reports.outcomes import outcomes_table
from ecrm.reports.restored import RestoreReport, restored_table
from ecrm.reports.text import escaped
from ecrm.workflow import commands as workflow
from ecrm.workflow.connections import Connection, Connections
from tests.fake_aws import FOREVER, FakeAws, Fault, Repository, days_ago
from tests.stubs import new_session

HOME = Registry("111111111111", "us-east-1")
NORTH = Registry("222222222222", "eu-north-1")
SOUTH = Registry("333333333333", "eu-south-1")
TARGETS = (NORTH, SOUTH)
RULES = "repositories: [{name_pattern: '*', expires: 30d}]\n"
JOURNAL = "s3://ecrm/journals/one"


class Accounts:
    """Each target has an `app` with two old images and one that is in use; all of ecrm's own files
    are in a bucket of the home."""

    def __init__(self, aws: FakeAws) -> None:
        self.aws = aws
        self.connected: list[Registry] = []
        self.apps = {registry: self._app(registry) for registry in TARGETS}
        home = aws.account(HOME.account, HOME.region)
        home.s3.put("ecrm", "ecrm.yaml", RULES)
        self.files = home.s3

    def _app(self, registry: Registry) -> Repository:
        account = self.aws.account(registry.account, registry.region)
        app = account.ecr.repository("app")
        app.push(f"{registry.region}-v1", pushed=days_ago(100))
        app.push(f"{registry.region}-v2", pushed=days_ago(90))
        used = app.push(f"{registry.region}-v3", pushed=days_ago(80))
        account.ecs.cluster("prod").service("web", account.ecs.task_definition("web", used))
        return app

    def _connection(self, registry: Registry) -> Connection:
        def connect() -> Target:
            self.connected.append(registry)
            settings = self.aws.client_args(registry.account, registry.region)
            del settings["endpoint_url"]  # the variable says it
            return Target(registry, new_session(**settings))

        return Connection(connect, registry)

    def connections(self, *targets: Registry) -> Connections:
        return Connections(
            self._connection(HOME), tuple(self._connection(target) for target in targets)
        )

    @property
    def images(self) -> dict[Registry, int]:
        return {registry: len(app) for registry, app in self.apps.items()}


@pytest.fixture
def accounts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Accounts]:
    monkeypatch.delenv("ECRM_CACHE_DIR", raising=False)
    with FakeAws() as aws:
        for name, value in aws.env().items():
            monkeypatch.setenv(name, value)
        yield Accounts(aws)


def request() -> workflow.Request:
    return workflow.Request(
        config="s3://ecrm/ecrm.yaml", journal=JOURNAL, state="s3://ecrm/state", cache=False
    )


def planned(accounts: Accounts, *targets: Registry) -> Plan:
    with workflow.start(request(), lambda _: None, accounts.connections(*targets)) as run:
        return workflow.plan(run)


def delete(
    accounts: Accounts,
    confirm: Callable[[Plan, str], None] = lambda *_: None,
    on_outcome: Callable[[Outcome], None] = lambda _: None,
    targets: tuple[Registry, ...] = TARGETS,
) -> None:
    with workflow.start(request(), lambda _: None, accounts.connections(*targets)) as run:
        workflow.plan_and_delete(
            run, None, show=lambda _: None, confirm=confirm, on_outcome=on_outcome
        )


def restore(accounts: Accounts, *targets: Registry) -> list[Restored]:
    return list(
        workflow.restore(request(), JOURNAL, (), lambda *_: True, accounts.connections(*targets))
    )


def test_the_plan_has_a_row_for_each_repository_with_its_registry(accounts: Accounts):
    assert (
        click.unstyle(PLAN_FORMATS["table"](planned(accounts, *TARGETS))).partition("\n\n")[0]
        == """\
 REPOSITORY                  | TYPE   | TOTAL     | EXPIRED    | KEEP
-----------------------------+--------+-----------+------------+-----------
 222222222222/eu-north-1/app | Image  | 3 (30 MB) | -2 (20 MB) | 1 (10 MB)
 333333333333/eu-south-1/app | Image  | 3 (30 MB) | -2 (20 MB) | 1 (10 MB)"""
    )


def test_of_one_target_the_name_alone_is_shown(accounts: Accounts):
    table = PLAN_FORMATS["table"](planned(accounts, SOUTH))
    assert table.splitlines()[2].startswith(" app ")


def test_delete_deletes_in_both_and_keeps_its_files_at_home(accounts: Accounts):
    outcomes: list[Outcome] = []
    delete(accounts, on_outcome=outcomes.append)
    assert accounts.images == {NORTH: 1, SOUTH: 1}
    assert {outcome.status for outcome in outcomes} == {OutcomeStatus.DELETED}
    assert (
        outcomes_table(outcomes, TARGETS, len(outcomes))
        == """\
 REPOSITORY                  | DELETED
-----------------------------+-----------
 222222222222/eu-north-1/app | 2 (20 MB)
 333333333333/eu-south-1/app | 2 (20 MB)

Deleted 4 (40 MB) of 4 images."""
    )
    folders = {key.partition("/")[0] for key in accounts.files.texts("ecrm")}
    assert folders == {"ecrm.yaml", "journals", "state"}
    assert {call.account for call in accounts.aws.calls.of("s3", "PutObject")} == {HOME.account}


def test_nothing_is_deleted_where_the_prompt_is_declined(accounts: Accounts):
    def decline(plan: Plan, _: str) -> None:
        raise UsageError(f"no to {plan.deletable.images}")

    with pytest.raises(UsageError, match="no to 4"):
        delete(accounts, confirm=decline)
    assert not accounts.aws.calls.of("ecr", "BatchDeleteImage")


def test_the_failure_of_one_target_leaves_the_work_of_the_other_done(accounts: Accounts):
    denied = Fault.denied()
    accounts.aws.fault("ecr", "BatchDeleteImage", denied, times=FOREVER, account=NORTH.account)
    outcomes: list[Outcome] = []
    with pytest.raises(NotDeletedError, match="2 of 4 images not done") as failure:
        delete(accounts, on_outcome=outcomes.append)
    assert failure.value.exit_code == 4
    assert accounts.images == {NORTH: 3, SOUTH: 1}
    assert {(outcome.registry, outcome.status) for outcome in outcomes} == {
        (NORTH, OutcomeStatus.FAILED),
        (SOUTH, OutcomeStatus.DELETED),
    }


EVERYONE = {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}


def deny_ecs(accounts: Accounts, registry: Registry) -> None:
    fault = Fault.denied()
    accounts.aws.fault("ecs", "ListClusters", fault, times=FOREVER, account=registry.account)


def test_b42_what_a_hole_cannot_hurt_is_cleaned_and_the_run_says_what_it_left(accounts: Accounts):
    deny_ecs(accounts, SOUTH)
    made, outcomes = planned(accounts, *TARGETS), list[Outcome]()
    with pytest.raises(IncompleteError) as error:
        delete(accounts, on_outcome=outcomes.append)
    assert accounts.images == {NORTH: 1, SOUTH: 3}
    assert {(outcome.registry, outcome.status) for outcome in outcomes} == {
        (NORTH, OutcomeStatus.DELETED)
    }
    unread, left, last = str(error.value).splitlines()
    assert unread.startswith("333333333333/eu-south-1: ecs:ListClusters is denied")
    own = "333333333333/eu-south-1 could not be read, and the repository is its own"
    assert left == f"333333333333/eu-south-1/app: {own}"
    assert last == "these repositories were left alone, and the others were cleaned"
    text = click.unstyle(PLAN_FORMATS["table"](made))
    verdict = (
        "INCOMPLETE: 1 thing could not be read, so nothing can be deleted from 1 of 2 repositories."
    )
    assert (text.splitlines()[0], text.splitlines()[-1]) == (verdict, verdict)
    assert f"\n\nLeft alone:\n  {left}\n\n" in text
    assert "2 (20 MB) of 6 (60 MB) images can be deleted, in 2 repositories of " in text
    assert "\n2 (20 MB) more are in repositories that are left alone.\n" in text
    rows = json.loads(PLAN_FORMATS["json"](made))
    assert [(row["complete"], row["missing"]) for row in rows] == [(True, []), (False, [own])]
    assert f"\n## Left alone\n\n- {escaped(left)}\n" in PLAN_FORMATS["markdown"](made)
    shown = click.unstyle(PLAN_FORMATS["text"](made))
    assert f"\nLeft alone:\n  {left[:20]}" in shown
    assert "\n2 (20 MB) of what is reclaimable are in repositories that are left alone.\n" in shown
    images = json.loads(images_json(made))["images"]
    assert [image["registry"] for image in images] == [str(NORTH)] * 2


def test_b42_what_a_hole_may_hurt_is_left_alone(accounts: Accounts):
    deny_ecs(accounts, SOUTH)
    accounts.apps[NORTH].policy = json.dumps({"Statement": [EVERYONE]})
    with pytest.raises(IncompleteError, match="nothing was deleted, since the plan is incomplete"):
        delete(accounts)
    assert accounts.images == {NORTH: 3, SOUTH: 3}


def test_an_image_that_failed_counts_more_than_what_could_not_be_read(accounts: Accounts):
    deny_ecs(accounts, SOUTH)
    denied = Fault.denied()
    accounts.aws.fault("ecr", "BatchDeleteImage", denied, times=FOREVER, account=NORTH.account)
    with pytest.raises(NotDeletedError, match="2 of 2 images not done"):
        delete(accounts)


def test_guards_count_what_is_carried_out_alone(accounts: Accounts):
    deny_ecs(accounts, SOUTH)
    with (
        workflow.start(
            replace(request(), guards=(("max_images", 1),)),
            lambda _: None,
            accounts.connections(*TARGETS),
        ) as run,
        pytest.raises(GuardError, match="guard max_images: 2 images would be deleted"),
    ):
        workflow.plan_and_delete(
            run, None, show=lambda *_: None, confirm=lambda *_: None, on_outcome=lambda _: None
        )


def test_restore_puts_each_image_back_into_its_registry(accounts: Accounts):
    before = {registry: {image.digest for image in app} for registry, app in accounts.apps.items()}
    delete(accounts)
    back = restore(accounts, *TARGETS)
    after = {registry: {image.digest for image in app} for registry, app in accounts.apps.items()}
    assert after == before
    assert {image.result for image in back} == {Result.RESTORED}
    assert restored_table(RestoreReport(back, len(back))).splitlines()[2:4] == [
        " 222222222222/eu-north-1/app | 2          |             |                 |",
        " 333333333333/eu-south-1/app | 2          |             |                 |",
    ]


def test_restore_refuses_what_is_of_a_registry_that_the_run_does_not_have(accounts: Accounts):
    delete(accounts)
    with pytest.raises(UsageError) as error:
        restore(accounts, SOUTH)
    assert str(error.value) == (
        f"{JOURNAL} has images of 222222222222/eu-north-1, and this is 333333333333/eu-south-1"
    )
    assert not accounts.aws.calls.of("ecr", "PutImage")


def test_restore_connects_to_no_other_registries_than_those_of_the_journal(accounts: Accounts):
    delete(accounts, targets=(SOUTH,))
    accounts.connected.clear()
    assert len(restore(accounts, *TARGETS)) == 2
    assert set(accounts.connected) == {HOME, SOUTH}


def test_a_run_of_several_targets_is_named_after_its_home(accounts: Accounts):
    for targets, name in ((TARGETS, HOME), ((SOUTH,), SOUTH)):
        with workflow.start(request(), lambda _: None, accounts.connections(*targets)) as run:
            assert workflow.run_name(run).endswith(f"Z-{name.account}-{name.region}")


def test_the_home_is_connected_only_where_its_files_are_needed(accounts: Accounts, tmp_path: Path):
    config = tmp_path / "ecrm.yaml"
    config.write_text(RULES)
    local = workflow.Request(config=str(config), state=str(tmp_path / "state"), cache=False)
    with workflow.start(local, lambda _: None, accounts.connections(*TARGETS)) as run:
        workflow.review(run)
    assert accounts.connected == list(TARGETS)


def test_the_calls_of_all_connections_are_counted_once_each(accounts: Accounts):
    north = accounts._connection(NORTH)
    connections = Connections(north, (north, accounts._connection(SOUTH)))
    assert connections.counted().calls.total() == 0
    for connection in connections.targets:
        connection().call_counter.called("ecr:DescribeImages")
        connection().call_counter.refused()
    counted = connections.counted()
    assert (counted.calls, counted.throttled) == ({"ecr:DescribeImages": 2}, 2)
