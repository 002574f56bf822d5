"""ECS operations that answer ARNs, page by page."""

from __future__ import annotations

from collections.abc import Iterable

from tests.fake_aws.account import Account, Json
from tests.fake_aws.errors import AwsError, invalid
from tests.fake_aws.paging import Listing

from .cluster import Cluster, Task
from .definitions import ACTIVE, INACTIVE, TaskDefinition
from .service import Service

LARGEST_PAGE = 100
SERVICES_PAGE = 10


def list_clusters(account: Account, params: Json) -> Json:
    """A deleted cluster is INACTIVE: describable, but not listed."""
    clusters = account.ecs.clusters.values()
    arns = [cluster.arn for cluster in clusters if cluster.status != "INACTIVE"]
    return _page(params, "clusterArns", arns, "ListClusters")


def list_tasks(account: Account, params: Json) -> Json:
    """Without desiredStatus only the tasks that should run."""
    cluster = account.ecs.existing_cluster(params.get("cluster"))
    if "serviceName" in params:
        existing_service(cluster, params["serviceName"])
    arns = [task.arn for task in cluster.tasks.values() if _wanted(task, params)]
    return _page(params, "taskArns", arns, f"ListTasks {cluster.arn}")


def list_services(account: Account, params: Json) -> Json:
    cluster = account.ecs.existing_cluster(params.get("cluster"))
    services = cluster.services.values()
    arns = [service.arn for service in services if service.status != "INACTIVE"]
    return _page(params, "serviceArns", arns, f"ListServices {cluster.arn}", SERVICES_PAGE)


def list_task_definition_families(account: Account, params: Json) -> Json:
    """INACTIVE: families that have no ACTIVE revision at all."""
    prefix, status = params.get("familyPrefix", ""), params.get("status", ACTIVE)
    definitions = account.ecs.definitions.values()
    every = {item.family for item in definitions if item.family.startswith(prefix)}
    active = {item.family for item in definitions if item.status == ACTIVE}
    chosen = {"ALL": every, ACTIVE: every & active, INACTIVE: every - active}[status]
    return _page(params, "families", chosen, f"ListTaskDefinitionFamilies {prefix} {status}")


def list_task_definitions(account: Account, params: Json) -> Json:
    """`familyPrefix` is, whatever its name, a whole family name.

    INACTIVE ones are listed as long as an active task or service still refers to them.
    """
    status, family = params.get("status", ACTIVE), params.get("familyPrefix")
    found = [item for item in account.ecs.in_order() if item.status == status]
    if family is not None:
        found = [item for item in found if item.family == family]
    if status == INACTIVE:
        in_use = account.ecs.in_use()
        found = [item for item in found if item.arn in in_use]
    descending = params.get("sort", "ASC") == "DESC"
    scope = f"ListTaskDefinitions {family} {status} {descending}"
    listing = Listing(scope, found, TaskDefinition.order, descending=descending)
    page, token = listing.page(params.get("nextToken"), _size(params, LARGEST_PAGE))
    content: Json = {"taskDefinitionArns": [item.arn for item in page]}
    return content | {"nextToken": token} if token else content


def list_service_deployments(account: Account, params: Json) -> Json:
    cluster = account.ecs.existing_cluster(params.get("cluster"))
    service = existing_service(cluster, params["service"])
    statuses = params.get("status")
    # The record's place in the history is its age: newest first.
    found = [
        (place, record)
        for place, record in enumerate(service.history)
        if not statuses or record.status in statuses
    ]
    scope = f"ListServiceDeployments {service.arn}"
    listing = Listing(scope, found, lambda item: (item[0],), descending=True)
    page, token = listing.page(params.get("nextToken"), _size(params, LARGEST_PAGE))
    content: Json = {
        "serviceDeployments": [
            {
                "serviceDeploymentArn": record.arn,
                "serviceArn": service.arn,
                "clusterArn": cluster.arn,
                "createdAt": record.created,
                "targetServiceRevisionArn": record.target.arn,
                "status": record.status,
            }
            for _, record in page
        ]
    }
    return content | {"nextToken": token} if token else content


def existing_service(cluster: Cluster, name: str) -> Service:
    found = cluster.services.get(name.rpartition("/")[2])
    if found is None:
        raise AwsError("ServiceNotFoundException", "Service not found.")
    return found


def _wanted(task: Task, params: Json) -> bool:
    owner = task.service.name if task.service else None
    facts = {
        "desiredStatus": task.desired_status,
        "family": task.definition.family,
        "startedBy": task.started_by,
        "serviceName": owner,
    }
    asked = {"desiredStatus": "RUNNING"} | {key: params[key] for key in facts if key in params}
    if "serviceName" in asked:
        asked["serviceName"] = asked["serviceName"].rpartition("/")[2]
    return all(facts[key] == value for key, value in asked.items())


def _page(
    params: Json, member: str, names: Iterable[str], scope: str, default: int = LARGEST_PAGE
) -> Json:
    listing = Listing(scope, sorted(names), lambda name: (name,))
    found, token = listing.page(params.get("nextToken"), _size(params, default))
    content: Json = {member: found}
    return content | {"nextToken": token} if token else content


def _size(params: Json, default: int) -> int:
    size = int(params.get("maxResults", default))
    if not 1 <= size <= LARGEST_PAGE:
        raise invalid(f"maxResults must be between 1 and {LARGEST_PAGE}.")
    return size
