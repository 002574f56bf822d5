"""How ECS shows what it has. Absent members are absent, as in the real answers."""

from __future__ import annotations

from tests.fake_aws.account import Json

from .cluster import Cluster, Task
from .definitions import TaskDefinition
from .service import Deployment, DeploymentRecord, Service, ServiceRevision, TaskSet


def cluster(item: Cluster) -> Json:
    return {
        "clusterArn": item.arn,
        "clusterName": item.name,
        "status": item.status,
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": len(item.running()),
        "pendingTasksCount": 0,
        "activeServicesCount": len(item.services),
    }


def task(item: Task) -> Json:
    shown: Json = {
        "taskArn": item.arn,
        "clusterArn": item.cluster.arn,
        "taskDefinitionArn": item.definition.arn,
        "desiredStatus": item.desired_status,
        "lastStatus": item.last_status,
        "group": item.group,
        "launchType": "FARGATE",
        "createdAt": item.created,
        "containers": [
            _container(item, name, image, digest)
            for name, (image, digest) in item.containers.items()
        ],
    }
    if item.started_by:
        shown["startedBy"] = item.started_by
    if item.stopped is not None:
        shown["stoppedAt"] = item.stopped
    return shown


def _container(item: Task, name: str, image: str, digest: str | None) -> Json:
    shown: Json = {
        "containerArn": f"{item.arn.replace(':task/', ':container/')}/{name}",
        "taskArn": item.arn,
        "name": name,
        "image": image,
        "lastStatus": item.last_status,
    }
    return shown | {"imageDigest": digest} if digest else shown


def service(item: Service) -> Json:
    shown: Json = {
        "serviceArn": item.arn,
        "serviceName": item.name,
        "clusterArn": item.cluster.arn,
        "status": item.status,
        "desiredCount": item.desired,
        "runningCount": len(item.tasks),
        "pendingCount": 0,
        "launchType": "FARGATE",
        "createdAt": item.created,
        "deploymentController": {"type": item.controller},
        "deployments": [_deployment(item, part) for part in item.deployments],
        "events": [],
    }
    if item.definition is not None:
        shown["taskDefinition"] = item.definition.arn
    if item.task_sets:
        shown["taskSets"] = [_task_set(item, part) for part in item.task_sets]
    revisions = [part for part in item.deployments if part.revision]
    if revisions:
        shown["currentServiceRevisions"] = [_current(item, part) for part in revisions]
        shown["currentServiceDeployment"] = item.history[-1].arn
    return shown


def _deployment(owner: Service, part: Deployment) -> Json:
    return {
        "id": part.id,
        "status": part.status,
        "taskDefinition": part.definition.arn,
        "desiredCount": owner.desired,
        "runningCount": len(part.tasks),
        "pendingCount": 0,
        "failedTasks": 0,
        "createdAt": part.created,
        "rolloutState": part.rollout,
    }


def _current(owner: Service, part: Deployment) -> Json:
    return {
        "arn": part.revision.arn if part.revision else "",
        "requestedTaskCount": owner.desired,
        "runningTaskCount": len(part.tasks),
        "pendingTaskCount": 0,
    }


def _task_set(owner: Service, part: TaskSet) -> Json:
    return {
        "id": part.id,
        "taskSetArn": part.arn,
        "serviceArn": owner.arn,
        "clusterArn": owner.cluster.arn,
        "status": part.status,
        "taskDefinition": part.definition.arn,
        "runningCount": len(part.tasks),
        "createdAt": part.created,
    }


def service_revision(item: ServiceRevision) -> Json:
    return {
        "serviceRevisionArn": item.arn,
        "serviceArn": item.service.arn,
        "clusterArn": item.service.cluster.arn,
        "taskDefinition": item.definition.arn,
        "containerImages": item.images,
        "createdAt": item.created,
    }


def service_deployment(item: DeploymentRecord) -> Json:
    shown: Json = {
        "serviceDeploymentArn": item.arn,
        "serviceArn": item.target.service.arn,
        "clusterArn": item.target.service.cluster.arn,
        "createdAt": item.created,
        "status": item.status,
        "targetServiceRevision": {"arn": item.target.arn},
        "sourceServiceRevisions": [{"arn": source.arn} for source in item.sources],
    }
    if item.rolled_back_to is not None:
        shown["rollback"] = {"serviceRevisionArn": item.rolled_back_to.arn}
    return shown


def task_definition(item: TaskDefinition) -> Json:
    shown: Json = {
        "taskDefinitionArn": item.arn,
        "family": item.family,
        "revision": item.revision,
        "status": item.status,
        "containerDefinitions": item.containers,
        "registeredAt": item.registered,
    }
    if item.deregistered is not None:
        shown["deregisteredAt"] = item.deregistered
    return shown
