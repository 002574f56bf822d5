"""Who may use the images of a repository without a scan of its own account seeing it.

Pure: DescribeRegistry and the policies become values and lines for people.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ecrm.model.json_text import parse_json
from ecrm.model.organization import Organization
from ecrm.model.pattern import glob_matches
from ecrm.model.reference import Registry
from ecrm.registry.conditions import Limit, account_of, limits_of, only_account

_PULLS = ("ecr:batchgetimage", "ecr:getdownloadurlforlayer")  # IAM does not heed case


@dataclass(frozen=True, slots=True)
class Replication:
    """ECR copies the repositories whose names begin with `prefix` to `destination`.

    With `deletes`, it also repeats deletions there, where somebody else may run the image
    (`deleteReplication` in DescribeRegistry).
    """

    destination: Registry
    prefix: str
    deletes: bool

    def covers(self, repository: str) -> bool:
        return repository.startswith(self.prefix)


class Puller(NamedTuple):
    """Whom a statement lets pull: a line for people, and what each account of them fulfils."""

    text: str
    limits: tuple[Limit, ...] = ()

    def may_be(self, account: str, organization: Organization) -> bool:
        return all(limit.may_hold(account, organization) for limit in self.limits)


class Pullers(NamedTuple):
    """Who outside the account may pull, and why that is not known for certain."""

    known: tuple[Puller, ...] = ()
    unread: tuple[str, ...] = ()

    def why(self, account: str, organization: Organization) -> str:
        """Why this account may be one of them; empty where it cannot. An upper bound: what is not
        understood lets everybody in, and no denial is heeded."""
        if self.unread:
            return f"who may pull is not known: {self.unread[0]}"
        found = (puller for puller in self.known if puller.may_be(account, organization))
        return next((f"{puller.text} may pull" for puller in found), "")


def replications(owner: Registry, configuration: Mapping[str, Any]) -> tuple[Replication, ...]:
    """Read `replicationConfiguration`; a rule without filters covers every repository.

    Raises ValueError for a rule that ecrm does not know.
    """
    return tuple(
        Replication(
            Registry(destination["registryId"] or owner.account, destination["region"]),
            prefix,
            bool(rule["deleteReplication"] and rule["deleteReplication"]["enabled"]),
        )
        for rule in configuration["rules"]
        for destination in rule["destinations"]
        for prefix in [_prefix(entry) for entry in rule["repositoryFilters"]] or [""]
    )


def _prefix(entry: Mapping[str, Any]) -> str:
    if entry["filterType"] != "PREFIX_MATCH":
        raise ValueError(f"a repository filter is of the type {entry['filterType']}")
    if not entry["filter"]:
        raise ValueError("a repository filter is empty")
    return str(entry["filter"])


def cross_account_pullers(owner: Registry, policy: str) -> tuple[Puller, ...]:
    """Who outside the account may pull, by a repository or registry policy's text."""
    try:
        statements = parse_json(policy)["Statement"]
        pullers = {
            puller
            for statement in _list(statements)
            if _lets_pull(statement)
            for puller in _pullers(statement, owner)
        }
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):
        return (Puller("someone, by a policy that ecrm cannot read"),)
    return tuple(sorted(pullers))


def _lets_pull(statement: Mapping[str, Any]) -> bool:
    if statement["Effect"] != "Allow":
        return False
    # `NotAction` allows all the rest.
    if "NotAction" in statement:
        return not all(_covers(pull, statement["NotAction"]) for pull in _PULLS)
    return any(_covers(pull, statement["Action"]) for pull in _PULLS)


def _covers(action: str, patterns: Any) -> bool:
    return any(glob_matches(pattern.lower(), action) for pattern in _list(patterns))


def _pullers(statement: Mapping[str, Any], owner: Registry) -> Iterator[Puller]:
    """But for the account itself, and services that act for it alone: Lambda adds such a statement
    by itself."""
    limits = limits_of(statement.get("Condition") or {})
    for kind, who in _principals(statement):
        account = account_of(who) if kind == "AWS" else ""
        is_ours = kind == "Service" and only_account(limits) == owner.account
        if account != owner.account and not is_ours:
            text = _principal(kind, who) + _condition(statement)
            yield Puller(text, (Limit.to_account(account), *limits) if account else limits)


def _principals(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each with its kind, such as `AWS`; a kind that is empty has words of ours."""
    if "NotPrincipal" in statement:
        yield "", "everyone but a few"
        return
    principal = statement["Principal"]
    if isinstance(principal, str):
        principal = {"AWS": principal}
    for kind, values in principal.items():
        yield from ((kind, value) for value in _list(values))


def _principal(kind: str, value: str) -> str:
    if not kind:
        return value
    if value == "*":
        return "everyone"
    if kind == "Service":
        return f"service {value}"
    account = account_of(value)
    return f"account {account}" if account else f"principal {value}"


def _condition(statement: Mapping[str, Any]) -> str:
    """An organization narrows "everyone" to many; other conditions are left to the reader."""
    condition = statement.get("Condition")
    return f" under the condition {json.dumps(condition, sort_keys=True)}" if condition else ""


def _list(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]
