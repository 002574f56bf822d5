"""AWS STS: who calls, and credentials for another account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .address import Address
from .errors import AwsError

if TYPE_CHECKING:
    from .account import Account

Json = dict[str, Any]
_ARN_PARTS = 6


@dataclass
class Role:
    """Whom a role trusts: anybody with the external id, if one is wanted, who is of these accounts,
    if any are named. Its sessions last so many seconds."""

    external_id: str | None = None
    trusted: tuple[str, ...] = ()
    seconds: float = 3600.0


def get_caller_identity(account: Account, _: Json) -> Json:
    return {
        "Arn": account.identity,
        "UserId": "AIDAFAKEFAKEFAKEFAKE",
        "Account": account.address.account,
    }


def assume_role(account: Account, params: Json) -> Json:
    """Credentials of the account in the role's ARN, with the role as the new identity; only for
    whom the role trusts, where there is such a role."""
    parts = params["RoleArn"].split(":")
    if len(parts) != _ARN_PARTS or not parts[5].startswith("role/"):
        raise AwsError("ValidationError", f"{params['RoleArn']} is invalid")
    trust = account.world.roles.get(params["RoleArn"])
    if trust is None or not _trusts(trust, account, params):
        raise AwsError(
            "AccessDenied",
            f"User: {account.identity} is not authorized to perform: sts:AssumeRole on resource: "
            f"{params['RoleArn']}",
            403,
        )
    role = parts[5].rpartition("/")[2]
    expires = account.world.clock() + trust.seconds
    session = f"assumed-role/{role}/{params['RoleSessionName']}"
    address = Address(parts[4], account.address.region)
    arn = f"arn:{address.partition}:sts::{address.account}:{session}"
    return {
        "Credentials": {
            "AccessKeyId": account.world.issue_key(address.account, arn, expires),
            "SecretAccessKey": "secret",
            "SessionToken": "token",
            "Expiration": datetime.fromtimestamp(expires, UTC).isoformat(),
        },
        "AssumedRoleUser": {"AssumedRoleId": f"AROAFAKE:{params['RoleSessionName']}", "Arn": arn},
    }


def _trusts(role: Role, account: Account, params: Json) -> bool:
    is_of_them = not role.trusted or account.address.account in role.trusted
    return is_of_them and role.external_id in (None, params.get("ExternalId"))


OPERATIONS: dict[str, Callable[[Account, Json], Json]] = {
    "AssumeRole": assume_role,
    "GetCallerIdentity": get_caller_identity,
}
