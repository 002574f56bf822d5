"""Services: their deployments and task sets, and the digests that their revisions resolved.

A service holds on to its images when it is scaled to zero, and during a deployment it holds both
sides: what it came from is what a rollback returns to.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from ecrm.aws import Target, call, chunks, pages
from ecrm.sources.ecs.operations import DESCRIBE_SERVICES, LIST_SERVICES
from ecrm.sources.ecs.revisions import ServiceRevision, read_revisions
from ecrm.sources.items import (
    SaidToBeGone,
    SourceItem,
    TaskDefinitionUse,
    failures,
    look_twice,
)

_SERVICES = 10  # the most that DescribeServices may be asked for


def read_services(target: Target, cluster: str) -> Iterator[SourceItem | ServiceRevision]:
    """The images and task definitions of all services of the cluster with this ARN."""
    return look_twice(partial(_read_services, target, cluster))


def _read_services(
    target: Target, cluster: str, wanted: Collection[str] | None
) -> Iterator[SourceItem | ServiceRevision]:
    users: dict[str, str] = {}
    services: dict[str, str] = {}
    for page in pages(target.ecs, LIST_SERVICES, cluster=cluster, maxResults=100):
        listed = [arn for arn in page["serviceArns"] if wanted is None or arn in wanted]
        for arns in chunks(listed, _SERVICES):
            answer = call(target.ecs, DESCRIBE_SERVICES, cluster=cluster, services=arns)
            yield from failures(answer, DESCRIBE_SERVICES, arns, "services", "serviceArn")
            for service in answer["services"]:
                user = f"service {cluster.rpartition('/')[2]}/{service['serviceName']}"
                yield from _definitions(service, user)
                for revision in service["currentServiceRevisions"]:
                    users[revision["arn"]] = user
                    services[revision["arn"]] = service["serviceArn"]
    for item in read_revisions(target, users):
        # A revision is there for as long as its service, so it is the service that may be gone.
        yield replace(item, name=services[item.name]) if isinstance(item, SaidToBeGone) else item


def _definitions(service: dict[str, Any], user: str) -> Iterator[TaskDefinitionUse]:
    """An EXTERNAL service names its task definitions in task sets alone."""
    if definition := service["taskDefinition"]:
        yield TaskDefinitionUse(definition, user, "service")
    for kind, members in (("deployment", "deployments"), ("task set", "taskSets")):
        for member in service[members]:
            if definition := member["taskDefinition"]:
                why = f"{kind} {member['status'] or ''}".strip()
                yield TaskDefinitionUse(definition, user, why)
