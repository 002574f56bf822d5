"""Tasks that run, and those that stopped within about the last hour, which ECS may start again."""

from collections.abc import Iterator
from typing import Any

from ecrm.aws import Target, call, pages
from ecrm.sources.ecs.definitions import TaskDefinitionUse
from ecrm.sources.items import Found, failures, uses_of


def read_tasks(target: Target, cluster: str) -> Iterator[Found | TaskDefinitionUse]:
    """The images and task definitions of all tasks of the cluster with this ARN; once where the
    hundred tasks of a service are alike."""
    told: set[object] = set()
    for status in ("RUNNING", "STOPPED"):
        listing = pages(
            target.ecs,
            "ListTasks",
            cluster=cluster,
            desiredStatus=status,
            PaginationConfig={"PageSize": 100},
        )
        for page in listing:
            if arns := page.get("taskArns"):
                answer = call(target.ecs, "DescribeTasks", cluster=cluster, tasks=arns)
                yield from failures(answer, "ecs:DescribeTasks", arns, "tasks")
                for task in answer.get("tasks", ()):
                    user = _user(task, cluster.rpartition("/")[2])
                    if (alike := (status, user, *_runs(task))) not in told:
                        told.add(alike)
                        yield from _uses_of_task(task, user, f"{status.lower()} task")


def _runs(task: dict[str, Any]) -> Iterator[object]:
    """All of a task that its uses are made of."""
    yield task.get("taskDefinitionArn")
    for it in task.get("containers", ()):
        yield it.get("name"), it.get("image"), it.get("imageDigest")


def _uses_of_task(task: dict[str, Any], user: str, why: str) -> Iterator[Found | TaskDefinitionUse]:
    definition = task.get("taskDefinitionArn")
    if definition:
        yield TaskDefinitionUse(definition, user, why)
    for container in task.get("containers", ()):
        yield from uses_of(
            container.get("image"),
            source="ecs",
            user=user,
            why=why,
            path=(f"container {container.get('name', '?')}",),
            digest=container.get("imageDigest"),
        )


def _user(task: dict[str, Any], cluster: str) -> str:
    """The service that started the task, so that its hundred tasks are one user; else the task."""
    kind, _, name = task.get("group", "").partition(":")
    if kind == "service":
        return f"service {cluster}/{name}"
    return f"task {cluster}/{task['taskArn'].rpartition('/')[2]}"
