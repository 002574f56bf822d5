"""Clusters and the tasks in them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from .definitions import TaskDefinition
from .service import Service

if TYPE_CHECKING:
    from .control import Ecs

RUNNING = "RUNNING"
STOPPED = "STOPPED"
PENDING = "PENDING"


class Task:
    """`containers` maps a container's name to (image as written, digest if it is known)."""

    def __init__(
        self,
        cluster: Cluster,
        definition: TaskDefinition,
        digests: dict[str, str],
        service: Service | None = None,
        started_by: str = "",
    ) -> None:
        self.cluster = cluster
        self.definition = definition
        self.service = service
        self.started_by = started_by
        self.id = f"{next(cluster.serial):032x}"
        self.arn = cluster.ecs.address.arn("ecs", f"task/{cluster.name}/{self.id}")
        self.created = cluster.ecs.clock()
        self.stopped: float | None = None
        self.desired_status = RUNNING
        self.last_status = RUNNING
        self.containers: dict[str, tuple[str, str | None]] = {
            container["name"]: (container["image"], digests.get(container["name"]))
            for container in definition.containers
        }

    @property
    def group(self) -> str:
        owner = f"service:{self.service.name}" if self.service else ""
        return owner or f"family:{self.definition.family}"

    def stop(self) -> None:
        """A stopped task stays visible for a while, with desiredStatus STOPPED."""
        self.desired_status = self.last_status = STOPPED
        self.stopped = self.cluster.ecs.clock()

    def pending(self) -> None:
        """Not pulled yet: no container has a digest."""
        self.last_status = PENDING
        self.containers = {name: (image, None) for name, (image, _) in self.containers.items()}

    def forget(self) -> None:
        """ECS shows stopped tasks for at least an hour, then no more."""
        self.cluster.tasks.pop(self.arn, None)


class Cluster:
    def __init__(self, ecs: Ecs, name: str) -> None:
        self.ecs = ecs
        self.name = name
        self.status = "ACTIVE"
        self.arn = ecs.address.arn("ecs", f"cluster/{name}")
        self.services: dict[str, Service] = {}
        self.tasks: dict[str, Task] = {}
        self.serial = itertools.count(1)

    def service(
        self,
        name: str,
        definition: TaskDefinition | None = None,
        *,
        desired: int = 1,
        controller: str = "ECS",
        revisions: bool = True,
    ) -> Service:
        """A new service whose deployment of `definition` is complete and runs `desired` tasks.

        Without a definition: the service of that name. `controller` is ECS, CODE_DEPLOY or
        EXTERNAL; the last two run task sets. `revisions=False` is a service that was deployed
        before ECS recorded service revisions: it shows none, and its tasks follow the tag.
        """
        if definition is None:
            return self.services[name]
        service = Service(
            self, name, definition, desired=desired, controller=controller, revisions=revisions
        )
        self.services[name] = service
        return service

    def run(
        self,
        definition: TaskDefinition,
        *,
        count: int = 1,
        started_by: str = "",
        service: Service | None = None,
        digests: dict[str, str] | None = None,
    ) -> list[Task]:
        """Starts tasks; each container gets the digest that its image means now, or `digests`."""
        if digests is None:
            digests = self.digests_now(definition)
        made = [Task(self, definition, digests, service, started_by) for _ in range(count)]
        self.tasks.update((task.arn, task) for task in made)
        return made

    def digests_now(self, definition: TaskDefinition) -> dict[str, str]:
        found = {
            container["name"]: self.ecs.resolve(container["image"])
            for container in definition.containers
        }
        return {name: digest for name, digest in found.items() if digest is not None}

    def running(self) -> list[Task]:
        return [task for task in self.tasks.values() if task.desired_status == RUNNING]
