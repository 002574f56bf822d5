"""The ECS of one account in one region."""

from __future__ import annotations

from typing import Any

from tests.fake_aws.address import Address
from tests.fake_aws.errors import AwsError
from tests.fake_aws.times import Clock

from .cluster import Cluster
from .definitions import INACTIVE, ImageName, Resolve, TaskDefinition, containers_of
from .service import DeploymentRecord, Service, ServiceRevision


class Ecs:
    """Build with `cluster` and `task_definition`; everything else hangs on what they return."""

    def __init__(self, address: Address, clock: Clock, resolve: Resolve) -> None:
        self.address = address
        self.clock = clock
        self.resolve = resolve
        self.clusters: dict[str, Cluster] = {}
        self.definitions: dict[str, TaskDefinition] = {}
        self.revisions: dict[str, ServiceRevision] = {}
        self.records: dict[str, DeploymentRecord] = {}
        self._newest: dict[str, int] = {}
        self._in_order: list[TaskDefinition] = []

    def cluster(self, name: str = "default") -> Cluster:
        """The cluster of that name, made when it is first asked for."""
        if name not in self.clusters:
            self.clusters[name] = Cluster(self, name)
        return self.clusters[name]

    def task_definition(
        self,
        family: str,
        *images: ImageName,
        containers: list[dict[str, Any]] | None = None,
        version_consistency: str | None = None,
    ) -> TaskDefinition:
        """Registers the next revision of the family, one container per image.

        `containers` are whole containerDefinitions for what the images alone cannot say.
        """
        number = self._newest[family] = self._newest.get(family, 0) + 1
        arn = self.address.arn("ecs", f"task-definition/{family}:{number}")
        parts = containers_of(images, version_consistency) if containers is None else containers
        made = TaskDefinition(arn, family, number, parts, self.clock())
        self.definitions[made.name] = made
        return made

    def in_order(self) -> list[TaskDefinition]:
        """All that were ever registered, of which none is forgotten; sorted when there are more."""
        if len(self._in_order) != len(self.definitions):
            self._in_order = sorted(self.definitions.values(), key=TaskDefinition.order)
        return self._in_order

    def deregister(self, definition: TaskDefinition) -> None:
        """INACTIVE: still describable, and what uses it goes on running."""
        definition.status = INACTIVE
        definition.deregistered = self.clock()

    def forget_revisions(self, service: Service) -> None:
        gone = [arn for arn, revision in self.revisions.items() if revision.service is service]
        for arn in gone:
            del self.revisions[arn]

    def existing_cluster(self, name: str | None) -> Cluster:
        """By name or ARN; no name means `default`."""
        found = self.clusters.get((name or "default").rpartition("/")[2])
        if found is None or ((name or "").startswith("arn:") and found.arn != name):
            raise AwsError("ClusterNotFoundException", "Cluster not found.")
        return found

    def existing_definition(self, name: str) -> TaskDefinition:
        """By ARN, `family:revision`, or family, which means its newest ACTIVE revision."""
        short = name.rpartition("/")[2]
        found = self.definitions.get(short)
        if ":" not in short:
            family = [item for item in self.definitions.values() if item.family == short]
            active = [item for item in family if item.status != INACTIVE]
            found = max(active, key=TaskDefinition.order, default=None)
        if found is None or (name.startswith("arn:") and found.arn != name):
            raise AwsError("ClientException", "Unable to describe task definition.")
        return found

    def in_use(self) -> set[str]:
        """ARNs of the task definitions that an active service or a task refers to."""
        clusters = self.clusters.values()
        tasks = {task.definition.arn for cluster in clusters for task in cluster.running()}
        parts = (
            part
            for cluster in clusters
            for service in cluster.services.values()
            for part in service.parts
        )
        return tasks | {part.definition.arn for part in parts}
