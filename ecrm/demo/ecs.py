"""ECS of the sample account: task definitions, services, and the tasks that they run.

moto's ECS resolves no tag to a digest and has no service revisions, so its reads are answered here,
once moto has decided whether the caller may ask.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from moto.core.responses import ActionResult
from moto.ecs.responses import EC2ContainerServiceResponse

from ecrm.demo.images import pushed
from ecrm.demo.story import ACCOUNT, CLUSTER, HOST, REGION, SIDECAR, STORY, Fields

_ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
_SIDECAR_DIGEST = f"sha256:{hashlib.sha256(SIDECAR.encode()).hexdigest()}"
_FILTERS = {"familyPrefix": "family", "status": "status", "desiredStatus": "lastStatus"}

_Records = dict[str, Fields]
"""By ARN."""
_Answer = Callable[[Any], ActionResult]


def answering(now: datetime) -> AbstractContextManager[object]:
    """While this is entered, moto's ECS holds what the story says."""
    definitions = _definitions(now)
    families = {definition["family"]: definition for definition in definitions.values()}
    services: _Records = {}
    revisions: _Records = {}
    tasks: _Records = {}
    for name, deployments in STORY["services"].items():
        service = _service(name, deployments, now)
        services[service["serviceArn"]] = service
        for deployment in deployments:
            definition = definitions[_definition_arn(name, deployment)]
            revision = _revision(name, deployment, definition)
            revisions[revision["serviceRevisionArn"]] = revision
            tasks |= {t["taskArn"]: t for t in _tasks(name, deployment, definition, now)}
    return patch.multiple(
        EC2ContainerServiceResponse,
        create=True,
        list_clusters=_listing("clusterArns", {f"{_ARN}:cluster/{CLUSTER}": {}}),
        list_services=_listing("serviceArns", services),
        list_tasks=_listing("taskArns", tasks, desiredStatus="RUNNING"),
        list_task_definitions=_listing("taskDefinitionArns", definitions, status="ACTIVE"),
        list_task_definition_families=_listing("families", families),
        describe_services=_describing("services", services),
        describe_tasks=_describing("tasks", tasks),
        describe_service_revisions=_describing(
            "serviceRevisions", revisions, "serviceRevisionArns"
        ),
        describe_task_definition=lambda request: ActionResult(
            {"taskDefinition": definitions[request.params["taskDefinition"]]}
        ),
    )


def _listing(member: str, records: _Records, **defaults: str) -> _Answer:
    def answer(request: Any) -> ActionResult:
        asked = defaults | request.params
        wanted = {_FILTERS[name]: asked[name] for name in _FILTERS.keys() & asked}
        arns = [arn for arn, record in records.items() if wanted.items() <= record.items()]
        return ActionResult({member: arns[::-1] if asked.get("sort") == "DESC" else arns})

    return answer


def _describing(member: str, records: _Records, asked: str = "") -> _Answer:
    """Services are also known by their bare names."""
    known = {arn.rpartition("/")[2]: record for arn, record in records.items()}

    def answer(request: Any) -> ActionResult:
        arns = {arn: arn.rpartition("/")[2] for arn in request.params[asked or member]}
        found = [known[name] for name in arns.values() if name in known]
        missing = [arn for arn, name in arns.items() if name not in known]
        failures = [{"arn": arn, "reason": "MISSING"} for arn in missing]
        return ActionResult({member: found, "failures": failures})

    return answer


def _definitions(now: datetime) -> _Records:
    """Each family's oldest revision first."""
    found = {}
    for family, revisions in STORY["task_definitions"].items():
        for number, revision in enumerate(revisions, start=1):
            image = f"{HOST}/{revision['repository']}:{revision['tag']}"
            containers = {family: image} | ({"logs": SIDECAR} if "sidecar" in revision else {})
            arn = f"{_ARN}:task-definition/{family}:{number}"
            found[arn] = {
                "taskDefinitionArn": arn,
                "family": family,
                "revision": number,
                "status": revision.get("status", "ACTIVE"),
                "registeredAt": now - timedelta(days=revision["age"]),
                "containerDefinitions": [
                    {"name": name, "image": image} for name, image in containers.items()
                ],
            }
    return found


def _service(name: str, deployments: list[Fields], now: datetime) -> Fields:
    return {
        "serviceArn": f"{_ARN}:service/{CLUSTER}/{name}",
        "serviceName": name,
        "status": "ACTIVE",
        "createdAt": now - timedelta(days=380),
        "taskDefinition": _definition_arn(name, deployments[0]),
        "deployments": [
            {
                "status": "ACTIVE" if place else "PRIMARY",
                "rolloutState": "IN_PROGRESS" if deployments[place + 1 :] else "COMPLETED",
                "taskDefinition": _definition_arn(name, deployment),
                "runningCount": deployment["running"],
                "createdAt": now - timedelta(days=deployment["age"]),
            }
            for place, deployment in enumerate(deployments)
        ],
        "currentServiceRevisions": [
            {"arn": _revision_arn(name, deployment)} for deployment in deployments
        ],
    }


def _revision(name: str, deployment: Fields, definition: Fields) -> Fields:
    return {
        "serviceRevisionArn": _revision_arn(name, deployment),
        "taskDefinition": _definition_arn(name, deployment),
        "containerImages": [
            {"containerName": container["name"]} | _resolved(container, deployment)
            for container in definition["containerDefinitions"]
        ],
    }


def _tasks(name: str, deployment: Fields, definition: Fields, now: datetime) -> Iterator[Fields]:
    for number in range(deployment["running"]):
        task_id = hashlib.sha256(f"{deployment['id']} {number}".encode()).hexdigest()[:32]
        yield {
            "taskArn": f"{_ARN}:task/{CLUSTER}/{task_id}",
            "taskDefinitionArn": _definition_arn(name, deployment),
            "group": f"service:{name}",
            "lastStatus": "RUNNING",
            "startedAt": now - timedelta(days=deployment["age"]),
            "containers": [
                {"name": container["name"], "lastStatus": "RUNNING"}
                | _resolved(container, deployment)
                for container in definition["containerDefinitions"]
            ],
        }


def _resolved(container: Fields, deployment: Fields) -> Fields:
    """`image` as written, and `imageDigest`, to which it was resolved for the deployment."""
    image = container["image"]
    if image == SIDECAR:
        return {"image": image, "imageDigest": _SIDECAR_DIGEST}
    repository = image.removeprefix(f"{HOST}/").partition(":")[0]
    return {"image": image, "imageDigest": pushed(repository)[deployment["image"]].digest}


def _definition_arn(service: str, deployment: Fields) -> str:
    return f"{_ARN}:task-definition/{service}:{deployment['revision']}"


def _revision_arn(service: str, deployment: Fields) -> str:
    return f"{_ARN}:service-revision/{CLUSTER}/{service}/{deployment['id']}"
