"""ECS of the sample account: task definitions, services and what they run."""

import hashlib
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import boto3
from moto.ecs.models import ecs_backends

from ecrm.demo import images
from ecrm.demo.story import (
    ACCOUNT,
    CLUSTER,
    REGION,
    REVISIONS,
    SERVICES,
    SIDECAR,
    Deployment,
    Revision,
    Service,
)

_ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
CLUSTER_ARN = f"{_ARN}:cluster/{CLUSTER}"
_SIDECAR_DIGEST = f"sha256:{hashlib.sha256(SIDECAR.encode()).hexdigest()}"


def fill(now: datetime) -> None:
    client = boto3.client("ecs")
    backend: Any = ecs_backends[ACCOUNT][REGION]
    client.create_cluster(clusterName=CLUSTER)
    for revision in REVISIONS:
        _register(client, revision)
    for service in SERVICES:
        _create(client, backend, service, now)
        for deployment in service.deployments:
            _run(client, backend, service, deployment, now)
    # Their key in moto is their ARN, and _run gave them the ids that they keep.
    tasks = backend.tasks[CLUSTER].values()
    backend.tasks[CLUSTER] = {task.task_arn: task for task in tasks}
    for arn, revision in revisions().items():
        _complete(backend.describe_task_definition(arn), revision, now)
        if not revision.active:
            client.deregister_task_definition(taskDefinition=arn)


def revisions() -> dict[str, Revision]:
    """By ARN, each family's oldest first."""
    seen: Counter[str] = Counter()
    found = {}
    for revision in REVISIONS:
        seen[revision.family] += 1
        found[f"{_ARN}:task-definition/{revision.family}:{seen[revision.family]}"] = revision
    return found


def service_arn(service: Service) -> str:
    return f"{_ARN}:service/{CLUSTER}/{service.name}"


def service_revision_arn(service: Service, deployment: Deployment) -> str:
    return f"{_ARN}:service-revision/{CLUSTER}/{service.name}/{_number(service, deployment)}"


def service_deployment_arn(service: Service, deployment: Deployment) -> str:
    path = f"{CLUSTER}/{service.name}/{_hex('deployment', service, deployment)[:21]}"
    return f"{_ARN}:service-deployment/{path}"


def task_definition_arn(service: Service, deployment: Deployment) -> str:
    return f"{_ARN}:task-definition/{service.name}:{deployment.revision}"


def containers(service: Service, deployment: Deployment) -> list[tuple[str, str, str]]:
    """(name, image as written, digest that it was resolved to) of each container."""
    family = [revision for revision in REVISIONS if revision.family == service.name]
    revision = family[deployment.revision - 1]
    digest = images.pushed(revision.repository)[deployment.sample].digest
    found = [(service.name, _uri(revision), digest)]
    return [*found, ("logs", SIDECAR, _SIDECAR_DIGEST)] if revision.sidecar else found


def revision_counts(service: Service, deployment: Deployment) -> dict[str, Any]:
    newest = service.deployments[0]
    wanted = service.desired if deployment is newest else deployment.running
    return {
        "arn": service_revision_arn(service, deployment),
        "requestedTaskCount": wanted,
        "runningTaskCount": deployment.running,
        "pendingTaskCount": wanted - deployment.running,
    }


def _register(client: Any, revision: Revision) -> None:
    own = {"name": revision.family, "image": _uri(revision), "essential": True}
    logs = {"name": "logs", "image": SIDECAR, "essential": False}
    client.register_task_definition(
        family=revision.family,
        cpu="512",
        memory="1024",
        containerDefinitions=[
            definition | {"cpu": 256, "memory": 512}
            for definition in ((own, logs) if revision.sidecar else (own,))
        ],
    )


def _complete(definition: Any, revision: Revision, now: datetime) -> None:
    """Fargate comes last, since moto would want a network for each task that it runs."""
    definition.network_mode = "awsvpc"
    definition.requires_compatibilities = ["FARGATE"]
    definition.compatibilities = ["EC2", "FARGATE"]
    definition.registered_at = now - timedelta(days=revision.age)


def _create(client: Any, backend: Any, service: Service, now: datetime) -> None:
    newest = service.deployments[0]
    client.create_service(
        cluster=CLUSTER,
        serviceName=service.name,
        taskDefinition=task_definition_arn(service, newest),
        desiredCount=service.desired,
        launchType="FARGATE",
        platformVersion="1.4.0",
    )
    made = backend.services[f"{CLUSTER}:{service.name}"]
    made.created_at = now - timedelta(days=380)
    made.running_count = sum(deployment.running for deployment in service.deployments)
    made.pending_count = newest.under_way * (service.desired - newest.running)
    made.deployments = [_deployment(service, each, now) for each in service.deployments]
    made.current_service_deployment = service_deployment_arn(service, newest)
    made.current_service_revisions = [
        revision_counts(service, each) for each in service.deployments
    ]


def _deployment(service: Service, deployment: Deployment, now: datetime) -> dict[str, Any]:
    counts = revision_counts(service, deployment)
    began = now - timedelta(days=deployment.age)
    is_newest = deployment is service.deployments[0]
    state = "IN_PROGRESS" if deployment.under_way else "COMPLETED"
    return {
        "id": f"ecs-svc/{_number(service, deployment)}",
        "status": "PRIMARY" if is_newest else "ACTIVE",
        "taskDefinition": task_definition_arn(service, deployment),
        "desiredCount": counts["requestedTaskCount"],
        "pendingCount": counts["pendingTaskCount"],
        "runningCount": counts["runningTaskCount"],
        "failedTasks": 0,
        "createdAt": began,
        "updatedAt": began,
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "rolloutState": state,
    }


def _run(
    client: Any, backend: Any, service: Service, deployment: Deployment, now: datetime
) -> None:
    answer = client.run_task(
        cluster=CLUSTER,
        taskDefinition=task_definition_arn(service, deployment),
        count=deployment.running,
        launchType="FARGATE",
        platformVersion="1.4.0",
        group=f"service:{service.name}",
        startedBy=f"ecs-svc/{_number(service, deployment)}",
    )
    for number, made in enumerate(answer["tasks"]):
        task = backend.tasks[CLUSTER][made["taskArn"]]
        task.id = _hex("task", service, deployment, number)[:32]
        # moto would stop a task that has been described a few times.
        task._transitions = []  # noqa: SLF001
        task.created_at = task.started_at = now - timedelta(days=deployment.age)
        task.containers = [
            _container(task.task_arn, *each) for each in containers(service, deployment)
        ]


def _container(task_arn: str, name: str, image: str, digest: str) -> dict[str, Any]:
    return {
        "containerArn": f"{task_arn.replace(':task/', ':container/')}/{_hex(task_arn, name)[:32]}",
        "taskArn": task_arn,
        "name": name,
        "image": image,
        "imageDigest": digest,
        "lastStatus": "RUNNING",
        "healthStatus": "HEALTHY",
    }


def _uri(revision: Revision) -> str:
    return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{revision.repository}:{revision.tag}"


def _number(service: Service, deployment: Deployment) -> int:
    return int(_hex("revision", service, deployment)[:15], 16) + 10**18


def _hex(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()
