"""AWS STS: who calls, and credentials for another account."""

from __future__ import annotations

from collections.abc import Callable

from .account import Account, Json
from .address import Address
from .errors import AwsError

_ARN_PARTS = 6


def get_caller_identity(account: Account, _: Json) -> Json:
    return {
        "Arn": account.identity,
        "UserId": "AIDAFAKEFAKEFAKEFAKE",
        "Account": account.address.account,
    }


def assume_role(account: Account, params: Json) -> Json:
    """Credentials of the account in the role's ARN, with the role as the new identity."""
    parts = params["RoleArn"].split(":")
    if len(parts) != _ARN_PARTS or not parts[5].startswith("role/"):
        raise AwsError("ValidationError", f"{params['RoleArn']} is invalid")
    role = parts[5].rpartition("/")[2]
    session = f"assumed-role/{role}/{params['RoleSessionName']}"
    address = Address(parts[4], account.address.region)
    arn = f"arn:{address.partition}:sts::{address.account}:{session}"
    return {
        "Credentials": {
            "AccessKeyId": account.world.issue_key(address.account, arn),
            "SecretAccessKey": "secret",
            "SessionToken": "token",
            "Expiration": "2099-01-01T00:00:00Z",
        },
        "AssumedRoleUser": {"AssumedRoleId": f"AROAFAKE:{params['RoleSessionName']}", "Arn": arn},
    }


OPERATIONS: dict[str, Callable[[Account, Json], Json]] = {
    "AssumeRole": assume_role,
    "GetCallerIdentity": get_caller_identity,
}
