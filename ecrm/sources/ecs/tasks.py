"""Tasks that run, and those that stopped within about the last hour, which ECS may start again."""

from collections.abc import Collection, Iterator
from functools import partial
from typing import Any

from ecrm.aws import Target, call, pages
from ecrm.sources.ecs.operations import DESCRIBE_TASKS, LIST_TASKS
from ecrm.sources.items import SourceItem, TaskDefinitionUse, failures, look_twice, uses_of


def read_tasks(target: Target, cluster: str) -> Iterator[SourceItem]:
    """The images and task definitions of all tasks of the cluster with this ARN; once where the
    hundred tasks of a service are alike."""
    for status in ("RUNNING", "STOPPED"):
        yield from look_twice(partial(_read_tasks, target, cluster, status, set()))


def _read_tasks(
    target: Target, cluster: str, status: str, seen: set[object], wanted: Collection[str] | None
) -> Iterator[SourceItem]:
    which = {"cluster": cluster, "desiredStatus": status}
    for page in pages(target.ecs, LIST_TASKS, **which, maxResults=100):
        arns = [arn for arn in page["taskArns"] if wanted is None or arn in wanted]
        if not arns:
            continue
        answer = call(target.ecs, DESCRIBE_TASKS, cluster=cluster, tasks=arns)
        yield from failures(answer, DESCRIBE_TASKS, arns, "tasks", "taskArn")
        for task in answer["tasks"]:
            user = _user(task, cluster.rpartition("/")[2])
            if (alike := (user, *_runs(task))) not in seen:
                seen.add(alike)
                yield from _uses_of_task(task, user, status)


def _runs(task: dict[str, Any]) -> Iterator[object]:
    """All of a task that its uses are made of."""
    yield task["taskDefinitionArn"]
    for container in task["containers"]:
        yield container["name"], container["image"], container["imageDigest"]


def _uses_of_task(task: dict[str, Any], user: str, status: str) -> Iterator[SourceItem]:
    """A stopped task may outlive its definition, and says itself what it ran."""
    why = f"{status.lower()} task"
    yield TaskDefinitionUse(task["taskDefinitionArn"], user, why, may_be_gone=status == "STOPPED")
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
