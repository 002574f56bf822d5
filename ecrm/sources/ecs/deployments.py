"""Earlier deployments of services, where ecrm.yaml asks for them: a rollback by hand needs them.

A deployment names the service revision that it brought, which holds the digests of its images: they
count even if their tags have moved since. What ECS itself rolls back to is read by `services`.
"""

import operator
from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial

from ecrm.aws import Target, items, listing
from ecrm.aws.shapes import TEXT, TIME, record
from ecrm.config import HistorySection
from ecrm.config.quotas import Quota
from ecrm.sources.ecs import cluster_arns, clusters_in
from ecrm.sources.ecs.operations import DESCRIBE_SERVICE_REVISIONS, LIST_CLUSTERS, LIST_SERVICES
from ecrm.sources.ecs.revisions import ServiceRevision, cache_final_revisions, read_revisions
from ecrm.sources.items import (
    SaidToBeGone,
    SeenResource,
    SourceItem,
    TaskDefinitionUse,
    attempt,
    look_twice,
)
from ecrm.sources.source import Reading, Source
from ecrm.sources.task_definitions import DESCRIBE_TASK_DEFINITION

_SECTION = "services"

LIST_SERVICE_DEPLOYMENTS = listing(
    "ecs",
    "ListServiceDeployments",
    "serviceDeployments",
    record(createdAt=TIME, targetServiceRevisionArn=TEXT),
)


def _read_deployments(reading: Reading) -> Iterator[SourceItem]:
    if not reading.config.asks_for(_SECTION):
        return
    found = list(look_twice(partial(_read_services, reading)))
    reading.task_definitions.describe(found)
    yield from (item for item in found if not isinstance(item, ServiceRevision))
    resolved = [item for item in found if isinstance(item, ServiceRevision)]
    cache_final_revisions(reading, resolved)


def _read_services(
    reading: Reading, wanted: Collection[str] | None
) -> Iterator[SourceItem | ServiceRevision]:
    clusters = clusters_in(reading) if wanted is None else cluster_arns(reading.target)
    entries = {
        cluster: reading.config.entry_for("clusters", _name(cluster)) for cluster in clusters
    }
    readers = [
        partial(attempt, partial(_in_cluster, reading, wanted, cluster), cluster)
        for cluster, entry in entries.items()
        if not (entry and entry.exclude)
    ]
    for found in reading.workers.map(operator.call, readers):
        yield from found


def _in_cluster(
    reading: Reading, wanted: Collection[str] | None, cluster: str
) -> Iterator[SourceItem | ServiceRevision]:
    readers = []
    for service in items(reading.target.ecs, LIST_SERVICES, cluster=cluster, maxResults=100):
        if wanted is None or cluster in wanted or service in wanted:
            yield SeenResource(_SECTION, _name(service))
            history = reading.config.entry_for(_SECTION, _name(service))
            if history and history.keep_count:
                read = partial(_history, reading.target, cluster, service, history.keep_count)
                readers.append(partial(attempt, read, service))
    for found in reading.workers.map(operator.call, readers):
        yield from found


def _history(
    target: Target, cluster: str, service: str, number: int
) -> Iterator[SourceItem | ServiceRevision]:
    """The images of the newest successful deployments; in which order ECS lists them is not
    documented. Task definitions may be gone by now: the digests are what counts."""
    listed = items(
        target.ecs,
        LIST_SERVICE_DEPLOYMENTS,
        cluster=cluster,
        service=service,
        status=["SUCCESSFUL"],
        maxResults=100,
    )
    newest = sorted(listed, key=lambda deployment: deployment["createdAt"], reverse=True)
    arns = [deployment["targetServiceRevisionArn"] for deployment in newest]
    user = f"service {_name(cluster)}/{_name(service)} (one of its last {number} deployments)"
    for item in read_revisions(target, dict.fromkeys(list(dict.fromkeys(arns))[:number], user)):
        if isinstance(item, TaskDefinitionUse):
            yield replace(item, may_be_gone=True)
        else:
            yield replace(item, name=service) if isinstance(item, SaidToBeGone) else item


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


_SERVICES = (_SECTION,)

ECS_DEPLOYMENTS = Source(
    "ecs-deployments",
    "ECS deployments",
    _read_deployments,
    dict.fromkeys(
        (
            LIST_CLUSTERS,
            LIST_SERVICES,
            LIST_SERVICE_DEPLOYMENTS,
            DESCRIBE_SERVICE_REVISIONS,
            DESCRIBE_TASK_DEFINITION,
        ),
        _SERVICES,
    ),
    counts="the images of the last deployments of services, where `services` asks for them",
    calls="none; where `services` asks, 1 for each cluster, and 1 for each of these services",
    sections=(
        HistorySection(
            _SECTION,
            noun="service",
            about="ECS services; all are read as they are, this says how many deployments count",
            versions="successful deployments of the service",
            matches="ECS service",
            opt_in="keep_deployments",
        ),
    ),
    # Amazon ECS API Reference, "Request throttling".
    quotas={"ecs_service_deployments": Quota("ecs", ("ListServiceDeployments",), 50, 20)},
)
