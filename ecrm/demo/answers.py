"""What real AWS would answer where moto has nothing to say.

ECS's service revisions and deployments, and its task definitions in the order that was asked for,
come from the story. All other services, which the
account does not use, answer that they hold nothing, without moto being loaded for each.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import botocore.handlers
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.model import OperationModel
from moto.core.botocore_stubber import MockRawResponse

from ecrm.demo import services
from ecrm.demo.story import ACCOUNT, SERVICES, Deployment, Service

_LIVING_IN_MOTO = frozenset({"ecr", "ecs", "lambda", "sts", "iam", "ec2", "organizations"})
_READS = ("List", "Describe", "Get", "BatchGet", "Search")
_EMPTY = frozenset(
    {
        ("ecr", "DescribePullThroughCacheRules"),
        ("ecr", "DescribeRepositoryCreationTemplates"),
        ("ecr", "ListPullTimeUpdateExclusions"),
        ("ecs", "ListDaemons"),
        ("ecs", "ListDaemonTaskDefinitions"),
        ("ecs", "ListServicesByNamespace"),
        ("lambda", "ListProvisionedConcurrencyConfigs"),
    }
)

# Where ECR may not be asked what a lifecycle policy would do, ecrm evaluates it itself.
_DENIED = frozenset({("ecr", "StartLifecyclePolicyPreview")})

Fields = dict[str, Any]
_Answer = Callable[[datetime, Mapping[str, Any]], Fields]


@contextmanager
def given(now: datetime) -> Iterator[None]:
    """botocore asks us first, in every session that is made meanwhile."""
    handler = ("before-call", partial(_answer, now))
    botocore.handlers.BUILTIN_HANDLERS.append(handler)
    try:
        yield
    finally:
        botocore.handlers.BUILTIN_HANDLERS.remove(handler)


def _answer(
    now: datetime, model: OperationModel, params: Mapping[str, Any], **_: Any
) -> tuple[AWSResponse, Fields] | None:
    """None leaves the call to moto."""
    service, operation = model.service_model.service_name, model.name
    status = 200
    if service == "ecs" and operation in _ECS:
        fields = _ECS[operation](now, json.loads(params["body"]))
    elif (service, operation) in _EMPTY or (
        service not in _LIVING_IN_MOTO and operation.startswith(_READS)
    ):
        fields = _nothing(model)
    elif (service, operation) in _DENIED:
        status, fields = 400, {"Error": _denial(f"{service}:{operation}")}
    else:
        return None
    metadata = {"HTTPStatusCode": status, "HTTPHeaders": {}, "RetryAttempts": 0}
    http = AWSResponse(params["url"], status, HTTPHeaders(), MockRawResponse(b"{}"))
    return http, fields | {"ResponseMetadata": metadata}


def _denial(action: str) -> Fields:
    text = f"User: arn:aws:iam::{ACCOUNT}:user/demo is not authorized to perform: {action}"
    return {"Code": "AccessDeniedException", "Message": text}


def _nothing(model: OperationModel) -> Fields:
    members = model.output_shape.members if model.output_shape else {}
    empty: dict[str, Callable[[], Any]] = {"list": list, "map": dict}
    return {
        name: empty[shape.type_name]()
        for name, shape in members.items()
        if shape.type_name in empty
    }


def _list_definitions(_now: datetime, asked: Mapping[str, Any]) -> Fields:
    family, status = asked.get("familyPrefix"), asked.get("status", "ACTIVE")
    found = [
        arn
        for arn, revision in services.revisions().items()
        if family in (None, revision.family)
        and status == ("ACTIVE" if revision.active else "INACTIVE")
    ]
    return {"taskDefinitionArns": found[::-1] if asked.get("sort") == "DESC" else found}


def _list_deployments(now: datetime, asked: Mapping[str, Any]) -> Fields:
    name = asked["service"].rpartition("/")[2]
    found = [_brief(now, *each) for each in _history() if each[0].name == name]
    wanted = asked.get("status") or [brief["status"] for brief in found]
    return {"serviceDeployments": [brief for brief in found if brief["status"] in wanted]}


def _describe_deployments(now: datetime, asked: Mapping[str, Any]) -> Fields:
    known = {services.service_deployment_arn(*each): each for each in _history()}
    arns = asked["serviceDeploymentArns"]
    return {
        "serviceDeployments": [_full(now, *known[arn]) for arn in arns if arn in known],
        "failures": _missing(arns, known),
    }


def _describe_revisions(now: datetime, asked: Mapping[str, Any]) -> Fields:
    known = {services.service_revision_arn(*each): each for each in _history()}
    arns = asked["serviceRevisionArns"]
    return {
        "serviceRevisions": [_revision(now, *known[arn]) for arn in arns if arn in known],
        "failures": _missing(arns, known),
    }


_ECS: dict[str, _Answer] = {
    "ListTaskDefinitions": _list_definitions,
    "ListServiceDeployments": _list_deployments,
    "DescribeServiceDeployments": _describe_deployments,
    "DescribeServiceRevisions": _describe_revisions,
}


def _history() -> list[tuple[Service, Deployment]]:
    return [(service, each) for service in SERVICES for each in service.deployments]


def _brief(now: datetime, service: Service, deployment: Deployment) -> Fields:
    began = now - timedelta(days=deployment.age)
    ended = {} if deployment.under_way else {"finishedAt": began + timedelta(minutes=6)}
    return {
        "serviceDeploymentArn": services.service_deployment_arn(service, deployment),
        "serviceArn": services.service_arn(service),
        "clusterArn": services.CLUSTER_ARN,
        "createdAt": began,
        "startedAt": began,
        "targetServiceRevisionArn": services.service_revision_arn(service, deployment),
        "status": "IN_PROGRESS" if deployment.under_way else "SUCCESSFUL",
        **ended,
    }


def _full(now: datetime, service: Service, deployment: Deployment) -> Fields:
    fields = _brief(now, service, deployment)
    del fields["targetServiceRevisionArn"]
    older = service.deployments[service.deployments.index(deployment) + 1 :]
    return fields | {
        "targetServiceRevision": services.revision_counts(service, deployment),
        "sourceServiceRevisions": [services.revision_counts(service, each) for each in older],
    }


def _revision(now: datetime, service: Service, deployment: Deployment) -> Fields:
    return {
        "serviceRevisionArn": services.service_revision_arn(service, deployment),
        "serviceArn": services.service_arn(service),
        "clusterArn": services.CLUSTER_ARN,
        "taskDefinition": services.task_definition_arn(service, deployment),
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "createdAt": now - timedelta(days=deployment.age),
        "containerImages": [
            {"containerName": name, "image": image, "imageDigest": digest}
            for name, image, digest in services.containers(service, deployment)
        ],
    }


def _missing(arns: list[str], known: Mapping[str, object]) -> list[dict[str, str]]:
    return [{"arn": arn, "reason": "MISSING"} for arn in arns if arn not in known]
