"""The policies that accounts need so that a run can scan them."""

import json
from typing import Any

import pytest

from ecrm.errors import UsageError
from ecrm.workflow.configuration import parse
from ecrm.workflow.iam_policy import Besides, Command, PolicyScope, policy, role_policy
from ecrm.workflow.iam_policy.roles import Trust, session_policy, stack_set, trust_policy
from ecrm.workflow.permissions import role_of_account

CONFIG = """
targets:
  organization: {}
  scan: {role: sec/ecrm-scan, external_id: 7f3c}
  accounts: [{id: "222222222222", role: [hop, inner]}]
  registries: [{account: self, regions: [us-east-1], role: ecrm-delete}]
repositories: [{name_pattern: "prod/*", expires: 1d}]
"""
PLACE = PolicyScope(account="111111111111")


def actions(document: dict[str, Any]) -> set[str]:
    return {action for statement in document["Statement"] for action in statement["Action"]}


def statement(document: dict[str, Any], sid: str) -> dict[str, Any]:
    return next(found for found in document["Statement"] if found["Sid"] == sid)


@pytest.mark.usefixtures("every_source")
def test_a_session_policy_fits_and_lets_nothing_write():
    text = session_policy()
    assert len(text) <= 2048
    [allowed] = [json.loads(text)["Statement"]]
    wild = [action for action in allowed["Action"] if action.endswith("*")]
    assert all(
        action.split(":")[1][:-1] in ("BatchGet", "Describe", "Get", "List", "Search")
        for action in wild
    )
    writes = {"ecr:BatchDeleteImage", "ecr:PutImage", "ecr:UpdateImageStorageClass"}
    assert not writes & set(allowed["Action"])
    assert {"ecr:BatchGet*", "ecs:List*", "ec2:Describe*"} <= set(wild)


def test_a_run_may_assume_the_first_role_of_each_chain():
    config = parse(CONFIG, "ecrm.yaml")
    reads = policy(Command.PLAN, config, PLACE, Besides())
    scan = ["arn:aws:iam::*:role/sec/ecrm-scan", "arn:aws:iam::222222222222:role/hop"]
    assert statement(reads, "AssumeRoles")["Resource"] == scan
    assert statement(reads, "ListAccounts")["Action"] == [
        "organizations:ListAccounts",
        "organizations:ListAccountsForParent",
        "organizations:ListOrganizationalUnitsForParent",
    ]
    deletes = policy(Command.DELETE, config, PLACE, Besides())
    own = "arn:aws:iam::111111111111:role/ecrm-delete"
    assert statement(deletes, "AssumeRoles")["Resource"] == [*scan, own]


def test_who_lists_by_a_role_needs_no_right_to_list():
    listed = CONFIG.replace("organization: {}", "organization: {role: lister}")
    found = policy(Command.SCAN, parse(listed, "ecrm.yaml"), PLACE, Besides())
    assert "organizations:ListAccounts" not in actions(found)
    assert "arn:aws:iam::111111111111:role/lister" in statement(found, "AssumeRoles")["Resource"]


def test_without_targets_no_role_is_assumed():
    found = policy(Command.DELETE, parse("repositories: []", "ecrm.yaml"), PLACE, Besides())
    assert not actions(found) & {"sts:AssumeRole", "ec2:DescribeRegions"}


def test_a_role_that_scans_reads_and_one_that_deletes_only_deletes():
    config = parse(CONFIG, "ecrm.yaml")
    scans = actions(role_policy(Command.PLAN, config, PLACE))
    assert {"ec2:DescribeRegions", "ecs:ListClusters", "ecr:DescribeImages"} <= scans
    assert "ecr:BatchDeleteImage" not in scans
    deletes = role_policy(Command.DELETE, config, PLACE)
    assert actions(deletes) == {"ecr:BatchDeleteImage"}
    [only] = deletes["Statement"]
    assert only["Resource"] == ["arn:aws:ecr:*:111111111111:repository/prod/*"]
    assert "ecr:PutImage" in actions(role_policy(Command.RESTORE, config, PLACE))


def test_a_trust_policy_names_whom_it_trusts():
    trust = Trust("111111111111", "7f3c", "o-a1b2c3d4e5")
    assert trust_policy(trust, "aws-cn")["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws-cn:iam::111111111111:root"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"sts:ExternalId": "7f3c", "aws:PrincipalOrgID": "o-a1b2c3d4e5"}
            },
        }
    ]
    [bare] = trust_policy(Trust("arn:aws:iam::111111111111:role/ecrm"), "aws")["Statement"]
    assert bare["Principal"] == {"AWS": "arn:aws:iam::111111111111:role/ecrm"}
    assert "Condition" not in bare
    with pytest.raises(UsageError, match="neither an account id nor the ARN"):
        trust_policy(Trust("*"), "aws")


def test_a_stack_set_has_both(tmp_path: Any):
    (tmp_path / "ecrm.yaml").write_text(CONFIG)
    path = str(tmp_path / "ecrm.yaml")
    made = role_of_account("stackset", Command.SCAN, path, PLACE, trust=Trust("111111111111"))
    properties = made["Resources"]["Role"]["Properties"]
    assert (properties["Path"], properties["RoleName"]) == ("/sec/", "ecrm-scan")
    trusted = role_of_account("trust", Command.SCAN, path, PLACE, trust=Trust("111111111111"))
    assert properties["AssumeRolePolicyDocument"] == trusted
    assert trusted["Statement"][0]["Condition"] == {"StringEquals": {"sts:ExternalId": "7f3c"}}
    [only] = properties["Policies"]
    role = role_of_account("role", Command.SCAN, path, PLACE, trust=Trust(""))
    assert only["PolicyDocument"] == role


def test_a_role_is_named_as_targets_name_it_or_by_default():
    for role, path, name in (
        ("ecrm-scan", "/", "ecrm-scan"),
        ("a/b/ecrm", "/a/b/", "ecrm"),
    ):
        properties = stack_set(role, {}, {})["Resources"]["Role"]["Properties"]
        assert (properties["Path"], properties["RoleName"]) == (path, name)
