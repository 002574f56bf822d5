"""Clusters that ecrm.yaml names: contexts of a kubeconfig, and the one that ecrm runs in.

They belong to no target: what account they run in says nothing about whose images they use.
"""

from collections.abc import Callable, Iterator
from functools import partial

from ecrm.config import Kubernetes
from ecrm.errors import AwsError, InputError
from ecrm.model.deadline import Deadline
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import KUBERNETES
from ecrm.sources.items import SourceItem
from ecrm.sources.kubernetes.client import Cluster
from ecrm.sources.kubernetes.client.contexts import context_cluster
from ecrm.sources.kubernetes.client.in_cluster import in_cluster
from ecrm.sources.kubernetes.client.kubeconfig import load
from ecrm.sources.kubernetes.reading import cluster_uses

_HERE = "in-cluster"
_SKIPPED = Diagnostic(ReadStatus.EXCLUDED, "not read, because of --no-external-commands")

Read = Callable[[], Iterator[SourceItem]]


def named_clusters(
    config: Kubernetes, deadline: Deadline, *, contexts: bool = True
) -> Iterator[tuple[str, Read]]:
    """What each cluster is called, and what reads it. Without `contexts` no kubeconfig is read: it
    may name programs to run and files to send, and may be anybody's."""
    for context in config.contexts:
        connect = partial(_context, config, context, deadline)
        advice = f"to leave it out, remove {context} from kubernetes.contexts"
        read = partial(_uses, config, connect, advice) if contexts else lambda: iter([_SKIPPED])
        yield f"context {context}", read
    if config.in_cluster:
        connect = partial(in_cluster, _HERE, deadline=deadline)
        yield (
            _HERE,
            partial(_uses, config, connect, "to leave it out, remove kubernetes.in_cluster"),
        )


def _context(config: Kubernetes, context: str, deadline: Deadline) -> Cluster:
    return context_cluster(load(config.kubeconfig or ""), context, deadline=deadline)


def _uses(config: Kubernetes, connect: Callable[[], Cluster], advice: str) -> Iterator[SourceItem]:
    try:
        cluster = connect()
    except (InputError, AwsError) as error:
        yield Diagnostic(ReadStatus.FAILED, f"{error}; {advice}")
        return
    yield from cluster_uses(KUBERNETES, cluster, config, advice)
