"""ECS operations that answer by name or ARN, each name on its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.fake_aws.account import Account, Json
from tests.fake_aws.errors import AwsError, invalid

from . import views
from .definitions import INACTIVE

MOST = {"clusters": 100, "tasks": 100, "services": 10, "serviceRevisionArns": 20}
MOST_DEPLOYMENTS = 20


def describe_clusters(account: Account, params: Json) -> Json:
    ecs = account.ecs
    names = _names(params, "clusters") if params.get("clusters") else ["default"]

    def look(name: str) -> Json | None:
        try:
            return views.cluster(ecs.existing_cluster(name))
        except AwsError:
            return None

    return _each("clusters", names, look, lambda name: _arn(account, "cluster", name))


def describe_tasks(account: Account, params: Json) -> Json:
    cluster = account.ecs.existing_cluster(params.get("cluster"))
    place = f"task/{cluster.name}"

    def look(name: str) -> Json | None:
        task = cluster.tasks.get(_arn(account, place, name))
        return views.task(task) if task else None

    return _each("tasks", _names(params, "tasks"), look, lambda name: _arn(account, place, name))


def describe_services(account: Account, params: Json) -> Json:
    cluster = account.ecs.existing_cluster(params.get("cluster"))
    place = f"service/{cluster.name}"

    def look(name: str) -> Json | None:
        service = cluster.services.get(name.rpartition("/")[2])
        return views.service(service) if service else None

    return _each(
        "services", _names(params, "services"), look, lambda name: _arn(account, place, name)
    )


def describe_service_revisions(account: Account, params: Json) -> Json:
    def look(arn: str) -> Json | None:
        revision = account.ecs.revisions.get(arn)
        return views.service_revision(revision) if revision else None

    return _each("serviceRevisions", _names(params, "serviceRevisionArns"), look, str)


def describe_service_deployments(account: Account, params: Json) -> Json:
    def look(arn: str) -> Json | None:
        record = account.ecs.records.get(arn)
        return views.service_deployment(record) if record else None

    return _each("serviceDeployments", _names(params, "serviceDeploymentArns"), look, str)


def describe_task_definition(account: Account, params: Json) -> Json:
    """ACTIVE and INACTIVE alike."""
    found = account.ecs.existing_definition(params["taskDefinition"])
    return {"taskDefinition": views.task_definition(found), "tags": []}


def deregister_task_definition(account: Account, params: Json) -> Json:
    name = params["taskDefinition"]
    if ":" not in name:
        raise invalid("Invalid revision number. Number: ")
    found = account.ecs.existing_definition(name)
    if found.status != INACTIVE:
        account.ecs.deregister(found)
    return {"taskDefinition": views.task_definition(found)}


def _names(params: Json, member: str) -> list[str]:
    names: list[str] = params[member]
    most = MOST.get(member, MOST_DEPLOYMENTS)
    if not names:
        raise invalid(f"{member} cannot be empty.")
    if len(names) > most:
        raise invalid(f"{member} can have at most {most} entries.")
    return names


def _each(
    member: str,
    names: list[str],
    look: Callable[[str], Json | None],
    arn: Callable[[str], str],
) -> dict[str, Any]:
    """What is there, and a MISSING failure for each name that is not."""
    found = [(name, look(name)) for name in names]
    return {
        member: [content for _, content in found if content is not None],
        "failures": [
            {"arn": arn(name), "reason": "MISSING"} for name, content in found if content is None
        ],
    }


def _arn(account: Account, place: str, name: str) -> str:
    return name if name.startswith("arn:") else account.address.arn("ecs", f"{place}/{name}")
