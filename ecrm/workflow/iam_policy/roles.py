"""Roles that a run assumes in other accounts: whom they trust, what a session may do at most, and a
template that makes them everywhere."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ecrm.aws import Operation
from ecrm.aws.targets.regions import DESCRIBE_REGIONS
from ecrm.aws.targets.roles import ASSUME_ROLE
from ecrm.errors import UsageError
from ecrm.registry import operations as ecr
from ecrm.sources import SOURCES

_READS = re.compile(r"[\w-]+:(?:BatchGet|Describe|Get|List|Search)")


def session_policy() -> str:
    """What a scan role may do at most, whatever its own policies allow: the verbs of all that ecrm
    reads. IAM takes no more than 2,048 characters."""
    actions = {_verb(operation.action) for operation in _reads()}
    statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": statement}, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Trust:
    """Who may assume a role: `principal` is an account id or the ARN of a role or user."""

    principal: str
    external_id: str | None = None
    organization: str | None = None


def trust_policy(trust: Trust, partition: str) -> dict[str, Any]:
    """Raises UsageError for a principal that is neither an account id nor an ARN."""
    principal = trust.principal
    if re.fullmatch(r"[0-9]{12}", principal):
        principal = f"arn:{partition}:iam::{principal}:root"
    if not re.fullmatch(r"arn:[\w-]+:(iam|sts)::[0-9]{12}:\S+", principal):
        raise UsageError(f"--principal {principal} is neither an account id nor the ARN of a role")
    wanted = {"sts:ExternalId": trust.external_id, "aws:PrincipalOrgID": trust.organization}
    condition = {name: value for name, value in wanted.items() if value}
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": ASSUME_ROLE.action,
    }
    if condition:
        statement["Condition"] = {"StringEquals": condition}
    return {"Version": "2012-10-17", "Statement": [statement]}


def stack_set(role: str, trust: dict[str, Any], policy: dict[str, Any]) -> dict[str, Any]:
    """A CloudFormation template with the role; as a stack set it makes the role everywhere."""
    path, _, name = f"/{role}".rpartition("/")
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The role by which ecrm reads which images are in use",
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": name,
                    "Path": f"{path}/",
                    "AssumeRolePolicyDocument": trust,
                    "Policies": [{"PolicyName": "ecrm", "PolicyDocument": policy}],
                },
            }
        },
        "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}},
    }


def _reads() -> Iterator[Operation]:
    yield DESCRIBE_REGIONS
    yield from (operation for source in SOURCES for operation in source.operations)
    declared = (value for value in vars(ecr).values() if isinstance(value, Operation))
    yield from (operation for operation in declared if not operation.writes)


def _verb(action: str) -> str:
    """Such as `ecs:Describe*`; whole for a verb with which something that writes may begin."""
    found = _READS.match(action)
    return f"{found[0]}*" if found else action
