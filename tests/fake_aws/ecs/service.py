"""Services: deployments, the revisions they pin, task sets, roll-backs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .definitions import TaskDefinition

if TYPE_CHECKING:
    from .cluster import Cluster, Task

PRIMARY = "PRIMARY"
ACTIVE = "ACTIVE"


@dataclass(eq=False)
class ServiceRevision:
    """What a deployment pinned: immutable, with the digest of each image at that moment."""

    arn: str
    service: Service
    definition: TaskDefinition
    images: list[dict[str, str]]
    created: float

    def digests(self) -> dict[str, str]:
        return {
            image["containerName"]: image["imageDigest"]
            for image in self.images
            if "imageDigest" in image
        }


@dataclass(eq=False)
class Part:
    """What runs a task definition within a service: a deployment or a task set."""

    id: str
    definition: TaskDefinition
    created: float
    status: str = PRIMARY
    tasks: list[Task] = field(default_factory=list)


@dataclass(eq=False)
class Deployment(Part):
    revision: ServiceRevision | None = None
    rollout: str = "IN_PROGRESS"


@dataclass(eq=False)
class TaskSet(Part):
    arn: str = ""


@dataclass(eq=False)
class DeploymentRecord:
    """The history that ListServiceDeployments and DescribeServiceDeployments show."""

    arn: str
    sources: list[ServiceRevision]
    target: ServiceRevision
    status: str
    created: float
    rolled_back_to: ServiceRevision | None = None


class Service:
    """`deployments` holds what is deployed now, newest first; `history` every deployment ever."""

    def __init__(
        self,
        cluster: Cluster,
        name: str,
        definition: TaskDefinition,
        *,
        desired: int,
        controller: str,
        revisions: bool,
    ) -> None:
        self.cluster = cluster
        self.name = name
        self.desired = desired
        self.controller = controller
        self.status = ACTIVE
        self.arn = cluster.ecs.address.arn("ecs", f"service/{cluster.name}/{name}")
        self.created = cluster.ecs.clock()
        self.deployments: list[Deployment] = []
        self.task_sets: list[TaskSet] = []
        self.history: list[DeploymentRecord] = []
        self._records_revisions = revisions
        if controller == "ECS":
            self.deploy(definition)
        else:
            self.task_set(definition, status=PRIMARY)

    @property
    def definition(self) -> TaskDefinition | None:
        """The top-level `taskDefinition`; an EXTERNAL service has none."""
        if self.controller == "EXTERNAL":
            return None
        primary = [part for part in self.parts if part.status == PRIMARY]
        return primary[0].definition if primary else None

    @property
    def parts(self) -> list[Part]:
        return [*self.deployments, *self.task_sets]

    @property
    def tasks(self) -> list[Task]:
        return [task for part in self.parts for task in part.tasks if task.stopped is None]

    def deploy(self, definition: TaskDefinition, *, finished: bool = True) -> Deployment:
        """A new deployment. Unfinished, the old and the new one run side by side."""
        for older in self.deployments:
            older.status = ACTIVE
        revision = self._revise(definition)
        number = f"{next(self.cluster.serial):019d}"
        now = self.cluster.ecs.clock()
        made = Deployment(f"ecs-svc/{number}", definition, now, revision=revision)
        if revision:
            self._record(revision, number)
        self.deployments.insert(0, made)
        self.scale(self.desired)
        if finished:
            self.finish()
        return made

    def finish(self) -> None:
        """The newest deployment becomes the only one; the tasks of the others stop."""
        newest, *older = self.deployments
        newest.rollout = "COMPLETED"
        self._end(older)
        self.deployments = [newest]
        if self.history:
            self.history[-1].status = "SUCCESSFUL"

    def roll_back(self) -> None:
        """The unfinished deployment is given up; the one before it is primary again."""
        failed, kept, *older = self.deployments
        self._end([failed, *older])
        self.deployments = [kept]
        kept.status = PRIMARY
        if self.history:
            self.history[-1].status = "ROLLBACK_SUCCESSFUL"
            self.history[-1].rolled_back_to = kept.revision

    def scale(self, desired: int) -> None:
        """New tasks get what the deployment pinned, whatever the tag means by now."""
        self.desired = desired
        for part in self.parts:
            running = [task for task in part.tasks if task.stopped is None]
            for task in running[desired:]:
                task.stop()
            part.tasks = running[:desired]
            if part.status == PRIMARY:
                self._start(part, desired - len(part.tasks))

    def task_set(self, definition: TaskDefinition, *, status: str = ACTIVE) -> TaskSet:
        """Blue and green of CODE_DEPLOY and EXTERNAL services: PRIMARY, ACTIVE or DRAINING."""
        number = f"{next(self.cluster.serial):019d}"
        place = f"task-set/{self.cluster.name}/{self.name}/ecs-svc/{number}"
        arn = self.cluster.ecs.address.arn("ecs", place)
        now = self.cluster.ecs.clock()
        made = TaskSet(f"ecs-svc/{number}", definition, now, status, arn=arn)
        made.tasks = self.cluster.run(definition, count=self.desired, service=self)
        self.task_sets.append(made)
        return made

    def end_task_set(self, task_set: TaskSet) -> None:
        """The end of a blue/green deployment: the other task set is primary."""
        self._end([task_set])
        self.task_sets.remove(task_set)
        for other in self.task_sets:
            other.status = PRIMARY

    def delete(self) -> None:
        """Describable for a while as INACTIVE, no longer listed; its revisions are gone."""
        self.status = "INACTIVE"
        self._end(self.parts)
        self.deployments, self.task_sets, self.history = [], [], []
        self.cluster.ecs.forget_revisions(self)

    def _start(self, part: Part, count: int) -> None:
        digests = self.cluster.digests_now(part.definition)
        if isinstance(part, Deployment) and part.revision:
            digests |= part.revision.digests()
        part.tasks += self.cluster.run(part.definition, count=count, service=self, digests=digests)

    def _end(self, parts: Sequence[Part]) -> None:
        for part in parts:
            for task in part.tasks:
                task.stop()

    def _revise(self, definition: TaskDefinition) -> ServiceRevision | None:
        if not self._records_revisions:
            return None
        ecs = self.cluster.ecs
        number = f"{next(self.cluster.serial):019d}"
        arn = ecs.address.arn("ecs", f"service-revision/{self.cluster.name}/{self.name}/{number}")
        images = definition.resolved(ecs.resolve)
        revision = ServiceRevision(arn, self, definition, images, ecs.clock())
        ecs.revisions[arn] = revision
        return revision

    def _record(self, target: ServiceRevision, number: str) -> None:
        ecs = self.cluster.ecs
        sources = [item.revision for item in self.deployments if item.revision]
        arn = ecs.address.arn("ecs", f"service-deployment/{self.cluster.name}/{self.name}/{number}")
        record = DeploymentRecord(arn, sources, target, "IN_PROGRESS", ecs.clock())
        self.history.append(record)
        ecs.records[arn] = record
