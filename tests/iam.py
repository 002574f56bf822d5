"""Does a policy allow a call? As IAM decides for one policy that has nothing but `Allow`."""

import fnmatch
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ecrm.workflow.iam_policy import Command, policy
from tests.fake_aws import Call

Policy = Mapping[str, Any]

_STORES = {"s3", "ssm", "sns"}
NEEDS_NO_PERMISSION = "sts:GetCallerIdentity"
_POLICY_FOR: dict[str, Command] = {
    **{str(command): command for command in Command},
    "explain": Command.PLAN,
    "top": Command.PLAN,
    "generate": Command.PLAN,
    "--lifecycle-policies": Command.CHECK,
}


def actions(policy: Policy) -> set[str]:
    return {action for statement in policy["Statement"] for action in statement["Action"]}


def allows(policy: Policy, action: str, resource: str) -> bool:
    """`resource` is an ARN, or `*` for an action that is about none."""
    return action == NEEDS_NO_PERMISSION or any(
        action in statement["Action"]
        and any(_covers(pattern, resource) for pattern in statement["Resource"])
        for statement in policy["Statement"]
    )


def without(policy: Policy, action: str) -> Policy:
    """The policy less one action; a statement that had no other is left out."""
    statements = [
        statement | {"Action": [kept for kept in statement["Action"] if kept != action]}
        for statement in policy["Statement"]
    ]
    return {**policy, "Statement": [statement for statement in statements if statement["Action"]]}


def action_of(call: Call) -> str:
    """The fake calls services as IAM does, and none of its operations has another name there."""
    return f"{call.service}:{call.operation}"


def resource_of(call: Call) -> str:
    """Only actions about one repository are ever allowed by less than `*`."""
    name = call.parameters.get("repositoryName")
    if call.service != "ecr" or not name:
        return "*"
    return f"arn:aws:ecr:{call.region}:{call.account}:repository/{name}"


def _covers(pattern: str, resource: str) -> bool:
    """In IAM `*` is any text and `?` one character, and a bracket is nothing but itself."""
    return fnmatch.fnmatchcase(resource, re.sub(r"\[", "[[]", pattern))


def beyond(calls: Iterable[Call], runs: Iterable[Iterable[object]]) -> set[str]:
    """What was called that the policies for these command lines do not allow.

    What people keep in S3 or SSM is named by options of both; which, is the proof of
    `test_iam_enforcement`.
    """
    commands = {_POLICY_FOR[str(arg)] for args in runs for arg in args if str(arg) in _POLICY_FOR}
    allowed = {NEEDS_NO_PERMISSION}.union(*(actions(policy(command)) for command in commands))
    return {action_of(call) for call in calls if call.service not in _STORES} - allowed
