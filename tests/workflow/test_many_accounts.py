"""A run over an organization: a registry in one account, and users in others."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ecrm.errors import AwsError, IncompleteError, NotDeletedError, UsageError
from ecrm.execution.restore import Result
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.model.reference import Registry
from ecrm.model.scan import ReadStatus
from ecrm.planning.plan import Plan
from ecrm.workflow import commands as workflow
from ecrm.workflow.connections import Narrowing
from tests.fake_aws import FOREVER, FakeAws, Fault, Image, Repository, days_ago

HOME = "111111111111"
PROD = "222222222222"
TEAM = "333333333333"
EAST, WEST = "us-east-1", "eu-west-1"
EVERYBODY = json.dumps(
    {
        "Statement": {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "ecr:*",
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-fake123456"}},
        }
    }
)
"""A policy that lets the organization of the fake in."""
UNPROTECTED = "what only it uses is not protected"
CONFIG = """
repositories: [{name_pattern: '*', expires: 30d}]
targets:
  organization: {}
  scan: {role: ecrm-scan, external_id: 7f3c}
  registries:
    - {account: "222222222222", regions: [us-east-1, eu-west-1], role: ecrm-delete}
"""


class World:
    """The home is the management account; PROD has a registry in two regions, whose images TEAM
    uses, too. In each `app` an old image is used by TEAM, and two are not used."""

    def __init__(self, aws: FakeAws, folder: Any) -> None:
        self.aws, self.folder = aws, folder
        self.organization = aws.organization(HOME)
        for account, name in ((PROD, "prod"), (TEAM, "team")):
            self.organization.add(account, name)
            aws.role(account, "ecrm-scan", external_id="7f3c")
        aws.role(PROD, "ecrm-delete")
        self.apps: dict[str, Repository] = {}
        self.used: dict[str, Image] = {}
        for region in (EAST, WEST):
            app = aws.account(PROD, region).ecr.repository("app")
            app.push(f"{region}-1", pushed=days_ago(100))
            app.push(f"{region}-2", pushed=days_ago(100))
            self.used[region] = app.push(f"{region}-3", pushed=days_ago(100))
            app.policy = EVERYBODY
            self.apps[region] = app
        team = aws.account(TEAM, WEST)
        for region, image in self.used.items():
            team.ecs.cluster("c").service(region, team.ecs.task_definition(region, image))

    def request(self, config: str = CONFIG, **more: Any) -> workflow.Request:
        return workflow.Request(
            config_text=config, state=str(self.folder / "state"), cache=False, **more
        )

    def plan(self, config: str = CONFIG, **more: Any) -> Plan:
        with workflow.start(self.request(config, **more), lambda _: None) as run:
            return workflow.plan(run)

    def delete(self, config: str = CONFIG, **more: Any) -> list[Outcome]:
        outcomes: list[Outcome] = []
        journal = str(self.folder / "journal")
        with workflow.start(self.request(config, journal=journal, **more), lambda _: None) as run:
            workflow.plan_and_delete(
                run,
                None,
                show=lambda _: None,
                confirm=lambda *_: None,
                on_outcome=outcomes.append,
            )
        return outcomes

    @property
    def left(self) -> dict[str, int]:
        return {region: len(app) for region, app in self.apps.items()}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[World]:
    monkeypatch.delenv("ECRM_CACHE_DIR", raising=False)
    with FakeAws() as aws:
        for name, value in aws.env(HOME, EAST).items():
            monkeypatch.setenv(name, value)
        yield World(aws, tmp_path)


def unread(plan: Plan) -> list[str]:
    return [
        f"{report.registry}: {line}" for report in plan.source_reports for line in report.unread
    ]


def test_every_use_protects_wherever_it_runs(world: World):
    plan = world.plan()
    assert plan.complete
    assert plan.targets == (Registry(PROD, WEST), Registry(PROD, EAST))
    assert [len(repository.deletions) for repository in plan.repositories] == [2, 2]


def test_only_registries_are_planned_and_only_their_role_writes(world: World):
    world.aws.account(TEAM, EAST).ecr.repository("theirs").push("old", pushed=days_ago(100))
    outcomes = world.delete()
    assert {outcome.status for outcome in outcomes} == {OutcomeStatus.DELETED}
    assert world.left == {EAST: 1, WEST: 1}
    assumed = world.aws.calls.of("sts", "AssumeRole")
    scans = [call for call in assumed if call.parameters["RoleArn"].endswith("ecrm-scan")]
    assert {call.parameters["RoleArn"].split(":")[4] for call in scans} == {PROD, TEAM}
    assert all("Policy" in call.parameters for call in scans)
    [deletes] = [call for call in assumed if call not in scans]
    assert "Policy" not in deletes.parameters


def test_images_come_back_by_the_role_of_their_registry(world: World):
    world.delete()
    world.aws.calls.clear()
    request = world.request()
    back = list(workflow.restore(request, str(world.folder / "journal"), (), lambda *_: True))
    assert [image.result for image in back] == [Result.RESTORED] * 4
    assert world.left == {EAST: 3, WEST: 3}
    assert {call.parameters["RoleArn"] for call in world.aws.calls.of("sts", "AssumeRole")} == {
        f"arn:aws:iam::{PROD}:role/ecrm-scan",
        f"arn:aws:iam::{PROD}:role/ecrm-delete",
    }
    assert not world.aws.calls.of("organizations")


def test_nothing_is_restored_where_the_registry_cannot_be_reached(world: World):
    world.delete()
    del world.aws.world.roles[f"arn:aws:iam::{PROD}:role/ecrm-scan"]
    back = workflow.restore(world.request(), str(world.folder / "journal"), (), lambda *_: True)
    with pytest.raises(AwsError, match=f"{PROD}: sts:AssumeRole is denied"):
        list(back)


def test_a_registry_without_a_role_to_delete_by_is_only_planned(world: World):
    config = CONFIG.replace(", role: ecrm-delete", "")
    assert world.plan(config).deletable.images == 4
    with pytest.raises(UsageError, match=r"222222222222 \(prod\) has no role that may delete"):
        world.delete(config)
    assert world.left == {EAST: 3, WEST: 3}


def test_the_plan_may_be_narrowed_and_the_scan_not(world: World):
    for narrowing, planned in (
        (Narrowing(regions=("eu-*",)), [Registry(PROD, WEST)]),
        (Narrowing(accounts=("pro?",), regions=("us-*", "ap-*")), [Registry(PROD, EAST)]),
        (Narrowing(accounts=(TEAM, PROD)), [Registry(PROD, WEST), Registry(PROD, EAST)]),
    ):
        plan = world.plan(narrowing=narrowing)
        assert list(plan.targets) == planned
        assert [len(repository.deletions) for repository in plan.repositories] == [2] * len(planned)
    with pytest.raises(UsageError) as error:
        world.plan(narrowing=Narrowing(accounts=("team",)))
    assert str(error.value) == (
        "--account and --region-filter leave no registry of 222222222222/us-east-1, "
        "222222222222/eu-west-1"
    )


def test_targets_without_a_registry_plan_nothing(world: World):
    with pytest.raises(UsageError, match=r"name one under targets\.registries"):
        world.plan("targets: {scan: {role: a}}")


# -- bad weather ----------------------------------------------------------------------------------


def test_an_account_that_cannot_be_reached_is_data(world: World):
    """A role that is missing, and one that wants another external id, look the same."""
    world.aws.role(TEAM, "ecrm-scan", external_id="other")
    plan = world.plan()
    [line] = unread(plan)
    assert line == (
        "333333333333/us-east-1: 333333333333 (team): sts:AssumeRole is denied; allow it: User: "
        "arn:aws:iam::111111111111:user/ecrm is not authorized to perform: sts:AssumeRole on "
        "resource: arn:aws:iam::333333333333:role/ecrm-scan; make the role there (`ecrm iam-policy "
        "--as stackset`), or exclude the account"
    )
    [denied] = [report for report in plan.source_reports if report.source == "account"]
    assert (denied.registry, denied.status) == (Registry(TEAM, EAST), ReadStatus.DENIED)
    assert all(repository.unread_uses for repository in plan.repositories)
    with pytest.raises(IncompleteError):
        world.delete(no_guards=True)
    assert world.left == {EAST: 3, WEST: 3}


def test_a_hole_holds_up_only_those_repositories_that_it_could_pull_from(world: World):
    """No policy of the other one lets anybody in."""
    world.apps[WEST].policy = None
    world.aws.role(TEAM, "ecrm-scan", external_id="other")
    with pytest.raises(IncompleteError):
        world.delete(no_guards=True)
    assert world.left == {EAST: 3, WEST: 0}


def test_what_is_excluded_or_suspended_has_a_line(world: World):
    world.organization.add("444444444444", "old", "SUSPENDED")
    world.organization.add("555555555555", "sand", "ACTIVE", "ou-fake-sandbox1")
    plan = world.plan(CONFIG.replace("{}", "{exclude: [ou-fake-sandbox1]}"))
    assert plan.complete
    reports = [report for report in plan.source_reports if report.source == "account"]
    assert {report.status for report in reports} == {ReadStatus.EXCLUDED}
    assert [note.text for report in reports for note in report.notes] == [
        "444444444444 (old): suspended: nothing can run there",
        f"555555555555 (sand): excluded by targets.organization.exclude; {UNPROTECTED}",
    ]


def test_credentials_that_expire_in_the_middle_of_a_run_are_renewed(world: World):
    """Of a session with less than ten minutes left, botocore asks for the next one at each call."""
    world.aws.role(TEAM, "ecrm-scan", external_id="7f3c", seconds=60)
    assert world.plan().deletable.images == 4
    assumed = [
        call
        for call in world.aws.calls.of("sts", "AssumeRole")
        if TEAM in call.parameters["RoleArn"]
    ]
    assert len(assumed) > 10


def test_credentials_that_are_not_renewed_leave_a_hole(world: World):
    role = world.aws.role(TEAM, "ecrm-scan", external_id="7f3c", seconds=60)

    def leave() -> None:
        """The account leaves the organization, and the trust with it."""
        role.external_id = "other"

    world.aws.after("ecs", "ListClusters", leave, account=TEAM)
    plan = world.plan()
    assert not plan.complete
    assert "sts:AssumeRole is denied" in plan.unread[0]


def test_a_region_that_is_denied_leaves_a_hole_and_one_that_is_not_enabled_a_line(world: World):
    """By a service control policy; a region that is not enabled refuses credentials instead."""
    entry = (
        '  accounts: [{id: "333333333333", role: ecrm-scan, regions: [ap-south-1, ap-east-1]}]\n'
    )
    world.aws.account(TEAM, "ap-south-1")
    world.aws.disable(TEAM, "ap-east-1")
    world.aws.fault("ecs", "*", Fault.denied(), times=FOREVER, account=TEAM, region="ap-south-1")
    plan = world.plan(CONFIG + entry)
    assert {line.partition(": ")[0] for line in unread(plan)} == {"333333333333/ap-south-1"}
    lines = [
        (str(report.registry), report.notes[0].text)
        for report in plan.source_reports
        if report.source == "account"
    ]
    assert lines == [
        ("333333333333/ap-east-1", "333333333333 (team): ap-east-1 is not enabled there")
    ]


def test_an_account_that_hangs_does_not_hold_the_rest(world: World, monkeypatch: Any):
    """Its time limit ends its scan; everybody else's is whole."""
    world.aws.account(TEAM, EAST)
    limit = "\n  account_time_limit: 0s"
    plan = world.plan(CONFIG + limit)
    assert not plan.complete
    assert all("account_time_limit is over" in line for line in plan.unread)


def test_one_registry_that_fails_leaves_the_other_cleaned(world: World):
    denied = Fault.denied()
    world.aws.fault("ecr", "BatchDeleteImage", denied, times=FOREVER, region=EAST)
    with pytest.raises(NotDeletedError) as error:
        world.delete()
    assert error.value.exit_code == 4
    assert world.left == {EAST: 3, WEST: 1}


def test_who_may_not_list_the_organization_is_told_who_may(world: World):
    assert world.aws.world.organization
    world.aws.world.organization = replace(world.organization, management=PROD)
    with pytest.raises(AwsError, match="only the management account and delegated administrators"):
        world.plan()
    world.aws.role(PROD, "ecrm-list")
    listed = f"organization: {{role: 'arn:aws:iam::{PROD}:role/ecrm-list'}}"
    config = CONFIG.replace("organization: {}", listed)
    assert world.plan(config).complete


def test_an_account_that_two_places_name_is_scanned_once(world: World):
    """By its own entry, which is more exact."""
    entry = '  accounts: [{id: "333333333333", role: other, regions: [eu-west-1]}]\n'
    world.aws.role(TEAM, "other")
    plan = world.plan(CONFIG + entry)
    assert plan.complete
    ecs = [report.registry for report in plan.source_reports if report.source == "ecs"]
    assert len(ecs) == len(set(ecs))


def test_throttling_that_does_not_end_leaves_a_hole(world: World, monkeypatch: Any):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    world.aws.fault(
        "sts",
        "AssumeRole",
        Fault.throttle(),
        times=FOREVER,
        when=lambda params: TEAM in params["RoleArn"],
    )
    assert "333333333333 (team): sts:AssumeRole: AWS still throttles" in world.plan().unread[0]
    world.aws.clear_weather()
    world.aws.fault("organizations", "ListAccounts", Fault.throttle(), times=FOREVER)
    with pytest.raises(AwsError, match="organizations:ListAccounts: AWS still throttles"):
        world.plan()


def test_a_time_limit_is_a_time_limit_of_the_scan_alone(world: World):
    config = CONFIG + f"  account_time_limit: {timedelta(hours=1).seconds}s"
    assert {outcome.status for outcome in world.delete(config)} == {OutcomeStatus.DELETED}
