"""Who may use the images of a repository without a scan of its own account seeing it.

Pure: DescribeRegistry and the policies become values and lines for people.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ecrm.model.json_text import parse_json
from ecrm.model.pattern import glob_matches
from ecrm.model.reference import Registry

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


class Pullers(NamedTuple):
    """Who outside the account may pull, and why that is not known for certain."""

    known: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


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


def cross_account_pullers(owner: Registry, policy: str) -> tuple[str, ...]:
    """Who outside the account may pull, by a repository or registry policy's text."""
    try:
        statements = parse_json(policy)["Statement"]
        pullers = {
            who + _condition(statement)
            for statement in _list(statements)
            if _lets_pull(statement)
            for who in _principals(statement)
            if who != f"account {owner.account}" and not _is_ours(who, statement, owner)
        }
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):
        return ("someone, by a policy that ecrm cannot read",)
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


def _principals(statement: Mapping[str, Any]) -> Iterator[str]:
    if "NotPrincipal" in statement:
        yield "everyone but a few"
        return
    principal = statement["Principal"]
    if isinstance(principal, str):
        principal = {"AWS": principal}
    for kind, values in principal.items():
        for value in _list(values):
            yield _principal(kind, value)


def _principal(kind: str, value: str) -> str:
    if value == "*":
        return "everyone"
    if kind == "Service":
        return f"service {value}"
    parts = value.split(":")
    account = parts[4] if len(parts) > 4 else value  # noqa: PLR2004 - an ARN's account
    return f"account {account}" if account.isdigit() else f"principal {value}"


def _is_ours(who: str, statement: Mapping[str, Any], owner: Registry) -> bool:
    """A service that acts for our own account alone: Lambda adds such a statement by itself."""
    accounts = re.findall(r"(?<!\d)\d{12}(?!\d)", json.dumps(statement.get("Condition", {})))
    return who.startswith("service ") and set(accounts) == {owner.account}


def _condition(statement: Mapping[str, Any]) -> str:
    """An organization narrows "everyone" to many; other conditions are left to the reader."""
    condition = statement.get("Condition")
    return f" under the condition {json.dumps(condition, sort_keys=True)}" if condition else ""


def _list(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]
