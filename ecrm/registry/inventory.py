"""The registries of a run, read from AWS for planning and checking."""

from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Any

from ecrm.aws import Client, Operation, Target, call
from ecrm.errors import AwsError, Gone
from ecrm.model.image import Image, Links, OwnReadings
from ecrm.model.reference import Registry, RepositoryKey, display_name
from ecrm.registry.access import Pullers, Replication, cross_account_pullers, replications
from ecrm.registry.images import images, repositories
from ecrm.registry.lifecycle_preview import lifecycle_policy
from ecrm.registry.manifests import children, refuse_unknown_indexes, repository_of
from ecrm.registry.operations import (
    DESCRIBE_REGISTRY,
    GET_REGISTRY_POLICY,
    GET_REPOSITORY_POLICY,
)
from ecrm.registry.own_readings import own_readings
from ecrm.registry.tag_mutability import Mutability, mutability_from
from ecrm.registry.undescribed import with_media_types


class Inventory:
    """Reads the registries of a run's targets, through clients that cannot write."""

    def __init__(self, targets: Iterable[Target]) -> None:
        self._targets = {target.registry: target for target in targets}
        self._registry_policies: dict[Registry, Pullers] = {}
        self._reading_policy = Lock()
        self._described: dict[RepositoryKey, dict[str, Any]] = {}

    @property
    def registries(self) -> tuple[Registry, ...]:
        return tuple(self._targets)

    @property
    def workers(self) -> int:
        return min((target.workers for target in self._targets.values()), default=1)

    def repositories(self, registry: Registry, only: str | None = None) -> list[str]:
        found = repositories(self._targets[registry], only)
        self._described |= {RepositoryKey(registry, name): row for name, row in found.items()}
        return list(found)

    def images(self, registry: Registry, repository: str) -> list[Image]:
        """Raises AwsError also for an index of a media type that ecrm does not know, and for an
        image without one whose manifest cannot be read."""
        target = self._targets[registry]
        found = with_media_types(target, repository, images(target, repository))
        refuse_unknown_indexes(target, repository, found)
        return found

    def children(self, registry: Registry, repository: str, indexes: Sequence[Image]) -> Links:
        return children(self._targets[registry], repository, indexes)

    def own_readings(
        self, registry: Registry, repository: str, images: Sequence[Image]
    ) -> OwnReadings:
        return own_readings(self._targets[registry], repository, images)

    def replications(self, registry: Registry) -> tuple[Replication, ...]:
        answer = call(self._targets[registry].ecr, DESCRIBE_REGISTRY)
        try:
            return replications(registry, answer["replicationConfiguration"])
        except ValueError as error:
            what = f"{registry}: {error}, which ecrm does not know; upgrade ecrm"
            raise AwsError(f"{DESCRIBE_REGISTRY.action}: {what}") from error

    def cross_account_pullers(self, registry: Registry, repository: str) -> Pullers:
        """By the repository's policy and the registry's. Raises no AwsError: a policy that cannot
        be read is `unread`, and hides nothing that the other one says."""
        ecr = self._targets[registry].ecr
        with self._reading_policy:  # once, although many repositories are asked about at once
            if registry not in self._registry_policies:
                self._registry_policies[registry] = _cross_account_pullers(
                    registry, ecr, GET_REGISTRY_POLICY
                )
        where = repository_of(self._targets[registry], repository)
        own = _cross_account_pullers(registry, ecr, GET_REPOSITORY_POLICY, **where)
        others = self._registry_policies[registry]
        known, unread = own.known + others.known, own.unread + others.unread
        return Pullers(tuple(dict.fromkeys(known)), tuple(dict.fromkeys(unread)))

    def lifecycle_policy(self, registry: Registry, repository: str) -> str | None:
        return lifecycle_policy(self._targets[registry], repository)

    def mutability(self, registry: Registry, repository: str) -> Mutability:
        """From the listing of repositories, which is read only if it was not before."""
        key = RepositoryKey(registry, repository)
        if key not in self._described:
            self.repositories(registry, repository)
        if (row := self._described.get(key)) is None:
            raise Gone(f"there is no repository {repository} in {registry}")
        try:
            return mutability_from(row)
        except ValueError as error:
            name = display_name(key, self.registries)
            what = f"{name}: {error}, which ecrm does not know; upgrade ecrm"
            raise AwsError(f"ecr:DescribeRepositories: {what}") from error


def _cross_account_pullers(
    registry: Registry, ecr: Client, operation: Operation, **where: str
) -> Pullers:
    try:
        return Pullers(cross_account_pullers(registry, call(ecr, operation, **where)["policyText"]))
    except Gone:  # also where there is no policy
        return Pullers()
    except AwsError as error:
        return Pullers(unread=(str(error),))
