"""AWS Organizations: who belongs to it, in a tree of units; only the management account and
delegated administrators may ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import AwsError

if TYPE_CHECKING:
    from .account import Account

Json = dict[str, Any]
_ID = "o-fake123456"
ROOT = "r-fake"
_MOST = 20


@dataclass
class Member:
    id: str
    name: str
    state: str = "ACTIVE"
    path: tuple[str, ...] = (ROOT,)


@dataclass
class Organization:
    """`path` of a member leads from the root to the unit that it is in. Without `shows_paths` it
    answers as endpoints did before `Paths` and `State`."""

    management: str
    members: list[Member] = field(default_factory=list)
    delegated: set[str] = field(default_factory=set)
    shows_paths: bool = True

    def add(self, id_: str, name: str = "", state: str = "ACTIVE", *units: str) -> Member:
        member = Member(id_, name or f"account-{id_}", state, (ROOT, *units))
        self.members.append(member)
        return member

    def row(self, member: Member) -> Json:
        row: Json = {
            "Id": member.id,
            "Arn": f"arn:aws:organizations::{self.management}:account/{_ID}/{member.id}",
            "Name": member.name,
            "Status": member.state,
        }
        if self.shows_paths:
            path = "/".join((_ID, *member.path, member.id))
            row |= {"State": member.state, "Paths": [f"{path}/"]}
        return row


def _of(account: Account) -> Organization:
    organization = account.world.organization
    if organization is None:
        text = "Your account is not a member of an organization."
        raise AwsError("AWSOrganizationsNotInUseException", text)
    if account.address.account not in {organization.management, *organization.delegated}:
        text = "You don't have permissions to access this resource."
        raise AwsError("AccessDeniedException", text)
    return organization


def _page(member: str, rows: Sequence[Json], params: Json) -> Json:
    size = params.get("MaxResults", _MOST)
    if size > _MOST:
        raise AwsError("InvalidInputException", "MaxResults is too large")
    start = int(params.get("NextToken", "0"))
    more = {"NextToken": str(start + size)} if start + size < len(rows) else {}
    return {member: list(rows[start : start + size])} | more


def list_accounts(account: Account, params: Json) -> Json:
    organization = _of(account)
    return _page("Accounts", [organization.row(member) for member in organization.members], params)


def list_accounts_for_parent(account: Account, params: Json) -> Json:
    organization = _of(account)
    found = [one for one in organization.members if one.path[-1] == params["ParentId"]]
    return _page("Accounts", [organization.row(member) for member in found], params)


def list_units_for_parent(account: Account, params: Json) -> Json:
    units = {
        below: None
        for member in _of(account).members
        for above, below in zip(member.path, member.path[1:], strict=False)
        if above == params["ParentId"]
    }
    return _page("OrganizationalUnits", [{"Id": unit, "Name": unit} for unit in units], params)


OPERATIONS: dict[str, Callable[[Account, Json], Json]] = {
    "ListAccounts": list_accounts,
    "ListAccountsForParent": list_accounts_for_parent,
    "ListOrganizationalUnitsForParent": list_units_for_parent,
}
