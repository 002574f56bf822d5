"""What ECS runs, is about to run, and may return to.

Clusters lead to tasks and services; services lead to service revisions, which hold the digests that
a deployment resolved; all of them lead to task definitions, by ARN and whether ACTIVE or INACTIVE;
families lead to the newest ACTIVE revisions. A digest that ECS recorded is what it pulls again; a
tag in a definition is protected as well, since a service without version consistency pulls that.

Task definitions are described one call each, so their quota is what a run waits for. Those of the
families are asked for while clusters are read, for which ECS has other quotas.
"""

from collections.abc import Iterator
from functools import partial

from ecrm.aws import Target, map_concurrently, pages, run_all
from ecrm.config import Config, entry_for
from ecrm.model.scan import Diagnostic, Progress, ReadStatus
from ecrm.sources.ecs.definitions import Definitions, TaskDefinitionUse, newest_revisions
from ecrm.sources.ecs.revisions import ServiceRevision, cache_final_revisions
from ecrm.sources.ecs.services import read_services
from ecrm.sources.ecs.tasks import read_tasks
from ecrm.sources.items import Found, SeenResource, attempt


def ecs_uses(target: Target, config: Config, progress: Progress) -> Iterator[Found]:
    """All uses by ECS in one account and region; an `exclude` alone leaves anything out."""
    definitions = Definitions(target, progress)
    lanes = (
        partial(_in_clusters, target, config, progress),
        partial(_in_families, target, config, progress, definitions),
    )
    found = [it for lane in run_all(lanes, target.workers, target.rate_limiter.stop) for it in lane]
    runs = [it for it in found if isinstance(it, TaskDefinitionUse)]
    definitions.read(runs)
    yield from (it for it in found if not isinstance(it, TaskDefinitionUse | ServiceRevision))
    yield from definitions.uses(runs)
    cache_final_revisions(
        target, definitions, [it for it in found if isinstance(it, ServiceRevision)]
    )


def _in_clusters(
    target: Target, config: Config, progress: Progress
) -> list[Found | TaskDefinitionUse | ServiceRevision]:
    return attempt(partial(_read_clusters, target, config, progress), lasting=True)


def _in_families(
    target: Target, config: Config, progress: Progress, definitions: Definitions
) -> list[Found | TaskDefinitionUse | ServiceRevision]:
    found: list[Found | TaskDefinitionUse | ServiceRevision] = []
    found += attempt(partial(newest_revisions, target, config, progress), lasting=True)
    definitions.read(it for it in found if isinstance(it, TaskDefinitionUse))
    return found


def _read_clusters(
    target: Target, config: Config, progress: Progress
) -> Iterator[Found | TaskDefinitionUse | ServiceRevision]:
    clusters = []
    for page in pages(target.ecs, "ListClusters", PaginationConfig={"PageSize": 100}):
        for arn in page.get("clusterArns", ()):
            name = arn.rpartition("/")[2]
            yield SeenResource("clusters", name)
            entry = entry_for(config.clusters, name)
            if entry and entry.exclude:
                yield Diagnostic(ReadStatus.EXCLUDED, f"cluster {name}: excluded by clusters")
            else:
                clusters.append(arn)
    progress(f"ECS: {len(clusters)} clusters")
    readers = [
        partial(read, target, arn) for arn in clusters for read in (read_tasks, read_services)
    ]
    for found in map_concurrently(attempt, readers, target.workers):
        yield from found
