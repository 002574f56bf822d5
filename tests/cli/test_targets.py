"""`ecrm targets`, and what of the command line is about many accounts."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cli.driving import Ecrm
from tests.fake_aws import FOREVER, FakeAws, Fault, days_ago
from tests.iam import NEEDS_NO_PERMISSION, actions, allows

HOME, TEAM = "123456789012", "222222222222"
CONFIG = """
    targets:
      organization: {}
      scan: {role: ecrm-scan}
      registries: [{account: self, regions: [us-east-1, eu-west-1]}]
    repositories: [{name_pattern: "*", expires: 30d}]
    guards: {nothing_in_use: false}
    """


@pytest.fixture
def aws(ecrm: Ecrm, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    with FakeAws() as aws:
        for name, value in aws.env().items():
            monkeypatch.setenv(name, value)
        for region in ("us-east-1", "eu-west-1"):
            aws.account(region=region).ecr.repository("app").push("v1", pushed=days_ago(90))
        aws.organization().add(TEAM, "team")
        aws.role(TEAM, "ecrm-scan")
        ecrm.config(CONFIG)
        yield aws


def test_it_lists_the_accounts_and_scans_none(ecrm: Ecrm, aws: FakeAws):
    ran = ecrm("targets")
    assert ran.code == 0
    assert ran.out == (
        """\
 ACCOUNT      | NAME       | STATUS   | SCANNED              | PLANNED
--------------+------------+----------+----------------------+----------------------
 123456789012 | management | ok       | eu-west-1, us-east-1 | eu-west-1, us-east-1
 222222222222 | team       | ok       | eu-west-1, us-east-1 |

2 accounts, 0 of them cannot be read.
"""
    )
    assert {call.service for call in aws.calls} == {"sts", "ec2", "organizations"}


def test_what_cannot_be_reached_makes_the_exit_code_1(ecrm: Ecrm, aws: FakeAws):
    aws.world.roles.clear()
    ran = ecrm("targets", "--format", "json")
    assert ran.code == 1
    team = ran.json["accounts"][1]
    assert (team["status"], team["scanned"]) == ("denied", [])
    assert "make the role there (`ecrm iam-policy --as stackset`)" in team["notes"][0]["text"]


def test_without_targets_it_is_the_account_of_the_credentials(ecrm: Ecrm, aws: FakeAws):
    ecrm.config("repositories: []")
    accounts = ecrm("targets", "--format", "json").json["accounts"]
    assert [(one["account"], one["planned"]) for one in accounts] == [(HOME, ["us-east-1"])]


def test_a_plan_may_be_of_some_registries(ecrm: Ecrm, aws: FakeAws):
    plan = ecrm.plan("--account", "manage*", "--region-filter", "eu-*,ap-*")
    assert [repository["registry"] for repository in plan["repositories"]] == [f"{HOME}/eu-west-1"]
    assert len(ecrm.plan()["repositories"]) == 2
    ran = ecrm("plan", "--account", TEAM)
    assert (ran.code, ran.out) == (2, "")
    assert "leave no registry of" in ran.err
    ran = ecrm("plan", "--from", "a.json", "--account", HOME)
    assert (ran.code, ran.errors) == (
        2,
        ["ecrm: error: --account and --region-filter are for AWS, not for --from"],
    )


def test_generate_writes_the_organization_when_it_is_asked_to(ecrm: Ecrm, aws: FakeAws):
    assert ecrm("generate", "--yes", "--organization", "-c", "new.yaml").code == 0
    ran = ecrm("targets", "-c", "new.yaml", "--format", "json")
    assert (ran.code, len(json.loads(ran.out)["accounts"])) == (0, 2)


def test_policies_of_other_accounts_are_printed(ecrm: Ecrm, aws: FakeAws):
    made = ecrm("iam-policy", "--as", "stackset", "--principal", HOME).json
    assert made["Resources"]["Role"]["Properties"]["RoleName"] == "ecrm-scan"
    assert ecrm("iam-policy", "--as", "role", "--for", "scan").json["Statement"]
    ran = ecrm("iam-policy", "--as", "trust")
    assert ran.code == 2
    assert "--as trust needs --principal" in ran.err


def test_the_printed_policies_are_enough_and_allow_nothing_else(ecrm: Ecrm, aws: FakeAws):
    """Each identity has what is printed for it, and no more."""
    aws.role(HOME, "ecrm-delete")
    entry = f'accounts: [{{id: "{HOME}", role: ecrm-scan}}]'
    config = CONFIG.replace("eu-west-1]", "eu-west-1], role: ecrm-delete")
    ecrm.config(config.replace("scan: {", f"{entry}\n      scan: {{"))
    aws.role(HOME, "ecrm-scan")
    whole = {
        "user": ecrm("iam-policy", "--for", "delete", "--account", HOME).json,
        "ecrm-scan": ecrm("iam-policy", "--as", "role", "--for", "plan").json,
        "ecrm-delete": ecrm("iam-policy", "--as", "role", "--for", "delete").json,
    }
    made: dict[str, set[str]] = {name: set() for name in whole}

    def guarded(request: Any, answer: Callable[[Any], Any]) -> Any:
        kind, name, *_ = request.identity.split(":")[5].split("/")
        name = "user" if kind == "user" else name
        action = f"{request.service}:{request.operation}"
        made[name].add(action)
        resource = request.parameters.get("RoleArn") or request.resource
        if allows(whole[name], action, resource):
            return answer(request)
        return Fault.denied().apply(request, answer)

    aws.fault("*", "*", Fault(guarded), times=FOREVER)
    ran = ecrm("delete", "--yes")
    assert (ran.code, ran.errors) == (0, [])
    assert made["user"] - {NEEDS_NO_PERMISSION} == {"organizations:ListAccounts", "sts:AssumeRole"}
    assert made["ecrm-delete"] == actions(whole["ecrm-delete"])
    assert "ecs:ListClusters" in made["ecrm-scan"]
