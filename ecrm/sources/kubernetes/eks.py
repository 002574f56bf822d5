"""Amazon EKS: all clusters of a target."""

from collections.abc import Collection, Iterator
from functools import partial

from ecrm.config.quotas import Quota
from ecrm.errors import AccessDenied, AwsError, Gone
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.sources.gaps import attempt_where_offered
from ecrm.sources.items import SaidToBeGone, SeenResource, SourceItem, attempt, look_twice
from ecrm.sources.kubernetes.client.eks import (
    DESCRIBE_CLUSTER,
    LIST_CLUSTERS,
    eks_cluster,
    eks_names,
)
from ecrm.sources.kubernetes.reading import cluster_uses
from ecrm.sources.source import Reading, Source

_NAME = "eks"
EKS_CLUSTERS = "eks_clusters"
"""What reports call the names of the clusters that EKS lists."""
_ADVICE = (
    "to read it, give ecrm's role an access entry (`ecrm kubernetes manifest`), run ecrm where the "
    "endpoint answers, or scan in a job of the cluster (docs/kubernetes.md); to leave it out, name "
    "it in kubernetes.exclude_clusters"
)


def _read(reading: Reading) -> Iterator[SourceItem]:
    read = partial(look_twice, partial(_clusters, reading))
    yield from attempt_where_offered(reading.target, LIST_CLUSTERS, read)


def _clusters(
    reading: Reading, wanted: Collection[str] | None
) -> Iterator[SourceItem | SaidToBeGone]:
    names = [name for name in eks_names(reading.target) if wanted is None or name in wanted]
    yield from (SeenResource(EKS_CLUSTERS, name) for name in names)
    for found in reading.workers.map(partial(_cluster, reading), names):
        yield from found


def _cluster(reading: Reading, name: str) -> list[SourceItem]:
    if not reading.config.kubernetes.reads_cluster(name):
        text = f"EKS cluster {name}: excluded by kubernetes.exclude_clusters"
        return [Diagnostic(ReadStatus.EXCLUDED, text)]
    reading.progress(f"EKS: cluster {name}")
    return attempt(partial(_uses, reading, name), name)


def _uses(reading: Reading, name: str) -> Iterator[SourceItem]:
    try:
        cluster = eks_cluster(reading.target, name)
    except (AccessDenied, Gone):
        raise
    except AwsError as error:
        yield Diagnostic(ReadStatus.FAILED, f"{error}; {_ADVICE}")
        return
    yield from cluster_uses(_NAME, cluster, reading.config.kubernetes, _ADVICE)


EKS = Source(
    name=_NAME,
    title="Amazon EKS",
    read=_read,
    operations={LIST_CLUSTERS: (), DESCRIBE_CLUSTER: ()},
    counts=(
        "in every cluster: pods with all their containers and image volumes, by what runs and by "
        "what is written; Deployments, StatefulSets, DaemonSets, Jobs, CronJobs and the like, also "
        "when scaled to zero, with the revisions that the cluster keeps for rollbacks; the custom "
        "resources of Argo, Knative, Tekton and KEDA, and those that `kubernetes` names"
    ),
    calls=(
        "1 for each 100 clusters, 1 for each cluster; in the cluster itself 1 for each 500 objects "
        "of a kind"
    ),
    quotas={"eks": Quota("eks", (), 10, 10)},
)
