"""What ECS runs, is about to run, and may return to.

Clusters lead to tasks and services; services lead to service revisions, which hold the digests that
a deployment resolved; all of them lead to task definitions, by ARN and whether ACTIVE or INACTIVE;
families lead to the newest ACTIVE revisions. A digest that ECS recorded is what it pulls again; a
tag in a definition is protected as well, since a service without version consistency pulls that.

Task definitions are described one call each, so their quota is what a run waits for. Those of the
families are described while clusters are read, for which ECS has other quotas.
"""

import operator
from collections.abc import Callable, Collection, Iterator
from functools import partial

from ecrm.aws import Target, items
from ecrm.config import HistorySection
from ecrm.config.quotas import Quota
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.sources.ecs.families import family_names, newest_revisions
from ecrm.sources.ecs.operations import (
    DESCRIBE_SERVICE_REVISIONS,
    DESCRIBE_SERVICES,
    DESCRIBE_TASKS,
    LIST_CLUSTERS,
    LIST_SERVICES,
    LIST_TASK_DEFINITION_FAMILIES,
    LIST_TASK_DEFINITIONS,
    LIST_TASKS,
)
from ecrm.sources.ecs.revisions import SERVICE_REVISION, ServiceRevision, cache_final_revisions
from ecrm.sources.ecs.services import read_services
from ecrm.sources.ecs.tasks import read_tasks
from ecrm.sources.items import SeenResource, SourceItem, attempt, look_twice
from ecrm.sources.source import Reading, Source
from ecrm.sources.task_definitions import (
    DESCRIBE_TASK_DEFINITION,
    TASK_DEFINITION,
    TASK_DEFINITION_QUOTA,
)

_Items = list[SourceItem | ServiceRevision]


def read_ecs(reading: Reading) -> Iterator[SourceItem]:
    """All uses by ECS in one account and region; an `exclude` alone leaves anything out."""
    lanes: tuple[Callable[[], _Items], ...] = (
        partial(_in_clusters, reading),
        partial(_in_families, reading),
    )
    found = [item for lane in reading.workers.map(operator.call, lanes) for item in lane]
    reading.task_definitions.describe(found)
    yield from (item for item in found if not isinstance(item, ServiceRevision))
    revisions = [item for item in found if isinstance(item, ServiceRevision)]
    cache_final_revisions(reading, revisions)


def cluster_arns(target: Target) -> Iterator[str]:
    yield from items(target.ecs, LIST_CLUSTERS, maxResults=100)


def clusters_in(reading: Reading) -> Iterator[str]:
    """The ARNs, listed once for all sources."""
    return reading.listed.once(LIST_CLUSTERS, partial(cluster_arns, reading.target))


def names(target: Target) -> Iterator[SeenResource]:
    """Of all clusters and families."""
    for arn in cluster_arns(target):
        yield SeenResource("clusters", _name(arn))
    yield from family_names(target)


def _in_clusters(reading: Reading) -> _Items:
    return attempt(partial(look_twice, partial(_read_clusters, reading)))


def _in_families(reading: Reading) -> _Items:
    found = attempt(partial(newest_revisions, reading))
    reading.task_definitions.describe(found)
    return [*found]


def _read_clusters(
    reading: Reading, wanted: Collection[str] | None
) -> Iterator[SourceItem | ServiceRevision]:
    clusters = []
    for arn in clusters_in(reading) if wanted is None else cluster_arns(reading.target):
        if wanted is not None and arn not in wanted:
            continue
        name = _name(arn)
        yield SeenResource("clusters", name)
        entry = reading.config.entry_for("clusters", name)
        if entry and entry.exclude:
            yield Diagnostic(ReadStatus.EXCLUDED, f"cluster {name}: excluded by clusters")
        else:
            clusters.append(arn)
    reading.progress(f"ECS: {len(clusters)} clusters")
    readers = [
        partial(attempt, partial(read, reading.target, arn), arn)
        for arn in clusters
        for read in (read_tasks, read_services)
    ]
    for found in reading.workers.map(operator.call, readers):
        yield from found


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


_CLUSTERS, _DEFINITIONS = ("clusters",), ("task_definitions",)

ECS = Source(
    name="ecs",
    title="ECS",
    read=read_ecs,
    names=names,
    sections=(
        HistorySection(
            "clusters",
            noun="cluster",
            about="ECS clusters; all are read, this is for leaving one out",
        ),
        HistorySection(
            "task_definitions",
            noun="task definition",
            about="ECS task definitions; all are read, this says how far back",
            versions="revisions of the family",
            matches="task definition family",
        ),
    ),
    operations={
        LIST_CLUSTERS: (),
        LIST_TASKS: _CLUSTERS,
        DESCRIBE_TASKS: _CLUSTERS,
        LIST_SERVICES: _CLUSTERS,
        DESCRIBE_SERVICES: _CLUSTERS,
        DESCRIBE_SERVICE_REVISIONS: _CLUSTERS,
        LIST_TASK_DEFINITION_FAMILIES: (),
        LIST_TASK_DEFINITIONS: _DEFINITIONS,
        DESCRIBE_TASK_DEFINITION: (*_CLUSTERS, *_DEFINITIONS),
    },
    # Amazon ECS API Reference, "Request throttling".
    quotas={
        "ecs_clusters": Quota("ecs", ("ListClusters",), 50, 20),
        "ecs_services": Quota("ecs", ("ListServices", "DescribeServices"), 100, 20),
        "ecs_tasks": Quota("ecs", ("ListTasks", "DescribeTasks"), 100, 20),
        "ecs_task_definitions": TASK_DEFINITION_QUOTA,
        "ecs_service_revisions": Quota("ecs", ("DescribeServiceRevisions",), 50, 20),
    },
    cached=(TASK_DEFINITION, SERVICE_REVISION),
    counts=(
        "running tasks and those that stopped within about an hour; services with their "
        "deployments, task sets and service revisions, also when scaled to zero; the newest "
        "revisions of every task definition family"
    ),
    calls=(
        "2; for each cluster 3, and 1 for each 100 tasks and each 10 services; 1 for each task "
        "definition that is not cached"
    ),
)
