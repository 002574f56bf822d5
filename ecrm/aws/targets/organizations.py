"""Who belongs to an organization of AWS Organizations.

`State` tells an account's state since `Status` was retired (September 2026); older endpoints have
only the latter. `Paths` lead from the organization to an account; where they are missing, what is
below a root or a unit is walked.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecrm.aws import UPPER_NEXT_TOKEN, Client, items, listing
from ecrm.aws.shapes import TEXT, ListOf, matching, optional, record
from ecrm.model.organization import Organization

_ACCOUNT = record(
    Id=TEXT,
    Arn=matching(r"arn:[\w-]+:organizations::[0-9]{12}:account/o-\w+/[0-9]{12}", "an account's"),
    Name=optional(TEXT),
    State=optional(TEXT),
    Status=optional(TEXT),
    Paths=optional(ListOf(TEXT)),
)
LIST_ACCOUNTS = listing(
    "organizations", "ListAccounts", "Accounts", _ACCOUNT, tokens=UPPER_NEXT_TOKEN
)
LIST_ACCOUNTS_FOR_PARENT = listing(
    "organizations", "ListAccountsForParent", "Accounts", record(Id=TEXT), tokens=UPPER_NEXT_TOKEN
)
LIST_UNITS_FOR_PARENT = listing(
    "organizations",
    "ListOrganizationalUnitsForParent",
    "OrganizationalUnits",
    record(Id=TEXT),
    tokens=UPPER_NEXT_TOKEN,
)
OPERATIONS = (LIST_ACCOUNTS, LIST_ACCOUNTS_FOR_PARENT, LIST_UNITS_FOR_PARENT)

_PAGE = 20  # the most that ListAccounts gives at once
_AT_REST = ("SUSPENDED", "CLOSED")


@dataclass(frozen=True, slots=True)
class Member:
    """An account of the organization; `above` are the ids of all that it is below of. `paths` are
    as `aws:PrincipalOrgPaths` has them; none where they are not known."""

    id: str
    name: str
    state: str
    above: frozenset[str]
    paths: tuple[str, ...] = ()
    organization: str = ""
    is_management: bool = False

    @property
    def is_at_rest(self) -> bool:
        """Nothing can run there, and nobody can look. Any other state, also one that ecrm does not
        know, must be read."""
        return self.state in _AT_REST

    def is_of(self, ids: Collection[str]) -> bool:
        return self.id in ids or not self.above.isdisjoint(ids)


def members(client: Client, asked: Collection[str]) -> list[Member]:
    """Everybody, of whom `above` is known at least as far as `asked` names roots and units."""
    rows = list(items(client, LIST_ACCOUNTS, MaxResults=_PAGE))
    walked: dict[str, set[str]] = {}
    if any(not row["Paths"] for row in rows):
        walked = {parent: _below(client, parent) for parent in asked if not parent.isdigit()}
    return [_member(row, walked) for row in rows]


def _member(row: Mapping[str, Any], walked: Mapping[str, Collection[str]]) -> Member:
    # arn:aws:organizations::MANAGEMENT:account/ORGANIZATION/ID
    *_, management, resource = row["Arn"].split(":")
    ways = [
        [step for step in path.split("/") if step and not step.isdigit()] for path in row["Paths"]
    ]
    return Member(
        row["Id"],
        row["Name"] or "",
        row["State"] or row["Status"] or "",
        frozenset(step for way in ways for step in way)
        | {parent for parent, below in walked.items() if row["Id"] in below},
        tuple(f"{'/'.join(way)}/" for way in ways),
        organization=resource.split("/")[1],
        is_management=management == row["Id"],
    )


def organization_of(members: Sequence[Member]) -> Organization:
    """As access policies speak of it."""
    ids = {member.organization for member in members}
    return Organization(
        ids.pop() if len(ids) == 1 else "", {member.id: member.paths for member in members}
    )


def _below(client: Client, parent: str) -> set[str]:
    """The ids of all accounts below a root or a unit, at any depth."""
    found = {row["Id"] for row in items(client, LIST_ACCOUNTS_FOR_PARENT, ParentId=parent)}
    for unit in items(client, LIST_UNITS_FOR_PARENT, ParentId=parent):
        found |= _below(client, unit["Id"])
    return found
