"""The ECR of one account in one region."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.fake_aws.address import Address
from tests.fake_aws.errors import AwsError
from tests.fake_aws.times import Clock

from .repository import Repository


class Registry:
    """`policy` and the rules are what the `Describe` and `Get` calls answer, as AWS writes them."""

    def __init__(self, address: Address, clock: Clock) -> None:
        self.address = address
        self.clock = clock
        self.repositories: dict[str, Repository] = {}
        self.policy: str | None = None
        self.replication_rules: list[dict[str, Any]] = []
        self.pull_through_rules: list[dict[str, Any]] = []
        self.pull_time_exclusions: list[str] = []

    def repository(
        self,
        name: str,
        *,
        mutability: str | None = None,
        mutable_tags: Sequence[str] = (),
    ) -> Repository:
        """The repository of that name, made when it is first asked for.

        `mutable_tags` are the wildcard filters of IMMUTABLE_WITH_EXCLUSION (or, there meaning
        the opposite, of MUTABLE_WITH_EXCLUSION).
        """
        found = self.repositories.get(name)
        if found is None:
            found = self.repositories[name] = Repository(name, self.address, self.clock)
        if mutability is not None:
            found.mutability = mutability
            found.mutable_tags = tuple(mutable_tags)
        return found

    def replicate(
        self, *destinations: Address, prefix: str | None = None, deletes: bool = False
    ) -> None:
        """Adds a replication rule; it is only shown, nothing is copied."""
        rule: dict[str, Any] = {
            "destinations": [
                {"region": place.region, "registryId": place.account} for place in destinations
            ]
        }
        if prefix is not None:
            rule["repositoryFilters"] = [{"filter": prefix, "filterType": "PREFIX_MATCH"}]
        if deletes:
            rule["deleteReplication"] = {"enabled": True}
        self.replication_rules.append(rule)

    def existing(self, name: str) -> Repository:
        found = self.repositories.get(name)
        if found is None:
            raise AwsError(
                "RepositoryNotFoundException",
                f"The repository with name '{name}' does not exist in the registry with id "
                f"'{self.address.account}'",
            )
        return found
