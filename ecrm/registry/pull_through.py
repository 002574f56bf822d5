"""Reads by which rules a registry caches images of other ECR registries."""

from collections.abc import Iterator

from ecrm.aws import Target
from ecrm.aws.calls import items
from ecrm.errors import AwsError, NotAReferenceError
from ecrm.model.pull_through import PullThrough
from ecrm.model.reference import Reference, Registry
from ecrm.registry.operations import DESCRIBE_PULL_THROUGH_CACHE_RULES

_ECR = "ecr"
_ROOT = "ROOT"
_MOST = 1000  # on a page, as AWS's model has it


def pull_through_rules(target: Target) -> Iterator[PullThrough]:
    """Rules for other upstream registries than ECR's are left out. Raises AwsError."""
    operation = DESCRIBE_PULL_THROUGH_CACHE_RULES
    for row in items(target.ecr, operation, registryId=target.registry.account, maxResults=_MOST):
        upstream = _registry(row["upstreamRegistryUrl"])
        if upstream:
            yield PullThrough(
                target.registry,
                _prefix(row["ecrRepositoryPrefix"]),
                upstream,
                _prefix(row["upstreamRepositoryPrefix"]),
            )
        elif row["upstreamRegistry"] == _ECR:
            what = f"the upstream {row['upstreamRegistryUrl']} is no registry that ecrm knows"
            raise AwsError(f"{operation.action}: {what}; upgrade ecrm")


def _registry(url: str) -> Registry | None:
    try:
        return Reference.parse(f"{url.rstrip('/')}/any").registry
    except NotAReferenceError:
        return None


def _prefix(given: str | None) -> str:
    """Without the slash that always follows; without a prefix, all names are meant."""
    return "" if given in (None, _ROOT) else str(given).rstrip("/")
