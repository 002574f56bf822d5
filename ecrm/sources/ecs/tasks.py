"""Tasks that run, and those that stopped within about the last hour, which ECS may start again."""

from collections.abc import Iterator
from typing import Any

from ecrm.aws import Target, call, pages
from ecrm.sources.ecs.operations import DESCRIBE_TASKS, LIST_TASKS
from ecrm.sources.items import SourceItem, TaskDefinitionUse, failures, uses_of


def read_tasks(target: Target, cluster: str) -> Iterator[SourceItem]:
    """The images and task definitions of all tasks of the cluster with this ARN; once where the
    hundred tasks of a service are alike."""
    seen: set[object] = set()
    for status in ("RUNNING", "STOPPED"):
        listing = pages(
            target.ecs,
            LIST_TASKS,
            cluster=cluster,
            desiredStatus=status,
            maxResults=100,
        )
        for page in listing:
            if arns := page["taskArns"]:
                answer = call(target.ecs, DESCRIBE_TASKS, cluster=cluster, tasks=arns)
                yield from failures(answer, DESCRIBE_TASKS, arns, "tasks")
                for task in answer["tasks"]:
                    user = _user(task, cluster.rpartition("/")[2])
                    if (alike := (status, user, *_runs(task))) not in seen:
                        seen.add(alike)
                        yield from _uses_of_task(task, user, f"{status.lower()} task")


def _runs(task: dict[str, Any]) -> Iterator[object]:
    """All of a task that its uses are made of."""
    yield task["taskDefinitionArn"]
    for container in task["containers"]:
        yield container["name"], container["image"], container["imageDigest"]


def _uses_of_task(task: dict[str, Any], user: str, why: str) -> Iterator[SourceItem]:
    yield TaskDefinitionUse(task["taskDefinitionArn"], user, why)
    for container in task["containers"]:
        yield from uses_of(
            container["image"],
            source="ecs",
            user=user,
            why=why,
            path=(f"container {container['name'] or '?'}",),
            digest=container["imageDigest"],
        )


def _user(task: dict[str, Any], cluster: str) -> str:
    """The service that started the task, so that its hundred tasks are one user; else the task."""
    kind, _, name = (task["group"] or "").partition(":")
    if kind == "service":
        return f"service {cluster}/{name}"
    return f"task {cluster}/{task['taskArn'].rpartition('/')[2]}"
