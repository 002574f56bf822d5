"""All that a cluster needs, read resource by resource; see `resources`."""

from collections.abc import Iterator

from ecrm.config import Kubernetes
from ecrm.errors import AccessDenied, AwsError
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use
from ecrm.sources.items import SourceItem
from ecrm.sources.kubernetes.client.cluster import Cluster, Resource
from ecrm.sources.kubernetes.history import RevisionHistory
from ecrm.sources.kubernetes.objects import object_uses
from ecrm.sources.kubernetes.resources import KUBERNETES_OWN, custom_resources

_ALLOW = "`ecrm kubernetes manifest` prints the role that allows it"


def cluster_uses(
    source: str, cluster: Cluster, config: Kubernetes, advice: str
) -> Iterator[SourceItem]:
    """What the cluster needs, each use once; `advice` is what to do where it cannot be read.

    What may not be listed is one note in the end. A cluster that fails in any other way is asked
    nothing else.
    """
    seen: set[SourceItem] = set()
    denied: list[str] = []
    for group, plural in (*KUBERNETES_OWN, *custom_resources(config)):
        try:
            resource = KUBERNETES_OWN.get((group, plural)) or cluster.find(group, plural)
            for item in _uses(source, cluster, resource, config) if resource else ():
                if item not in seen:
                    seen.add(item)
                    yield item
        except AccessDenied as error:
            denied.append(error.action)
        except AwsError as error:
            yield Diagnostic(ReadStatus.FAILED, f"{error}; {advice}")
            break
    if denied:
        text = f"cluster {cluster.name}: ecrm may not {', '.join(denied)}; {_ALLOW}; {advice}"
        yield Diagnostic(ReadStatus.FAILED, text)


def _uses(
    source: str, cluster: Cluster, resource: Resource, config: Kubernetes
) -> Iterator[SourceItem]:
    """What is known to be of no private ECR registry is left out."""
    history = RevisionHistory(config.history)

    def items() -> Iterator[SourceItem]:
        for page in cluster.pages(resource):
            for found in page:
                yield from history.add(object_uses(source, cluster.name, resource, found))
        yield from history.kept()

    for item in items():
        if not (isinstance(item, Use) and item.reference.is_elsewhere):
            yield item
