"""Service revisions: which digests the containers of a deployment were resolved to.

A revision is as it was made, but ECS resolves its images only when its first task starts. So it is
remembered only when it has a digest for every container of its task definition.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ecrm.aws import Target, call, chunks
from ecrm.aws.cache.facts import Namespace, arn_pattern
from ecrm.errors import Gone
from ecrm.sources.ecs.operations import DESCRIBE_SERVICE_REVISIONS
from ecrm.sources.items import SourceItem, TaskDefinitionUse, attempt, failures, uses_of
from ecrm.sources.source import Reading

SERVICE_REVISION = Namespace(
    "SERVICE_REVISION",
    arn_pattern("ecs") + "service-revision/[A-Za-z0-9_-]+/[A-Za-z0-9_-]+/[0-9]+",
    ("taskDefinition", "containerImages", "containerName", "image", "imageDigest"),
    ("image", "imageDigest"),
)
_AT_ONCE = 20  # the most that DescribeServiceRevisions may be asked for


@dataclass(frozen=True, slots=True)
class ServiceRevision:
    """A revision as AWS just described it: `taskDefinition`, and `containerImages`, a list of
    `containerName`, `image` and `imageDigest`."""

    arn: str
    revision: Mapping[str, Any]


def read_revisions(
    target: Target, users: Mapping[str, str]
) -> Iterator[SourceItem | ServiceRevision]:
    """The images of the service revisions in `users`, which tells whose each ARN is. What is said
    to be gone has the ARN of the revision as its name."""
    known = target.cache.get(SERVICE_REVISION, users, _cached)
    for arn, revision in known.items():
        yield from _uses(arn, revision, users[arn])
    for arns in chunks(sorted(users.keys() - known.keys()), _AT_ONCE):
        try:
            yield from _read(target, users, arns)
        except Gone:  # one service may be, and that says nothing about those of the others
            for arn in arns:
                yield from attempt(partial(_read, target, users, [arn]), arn)


def cache_final_revisions(reading: Reading, resolved: Sequence[ServiceRevision]) -> None:
    """Keep what cannot change any more for the next run."""
    final = {}
    for service_revision in resolved:
        revision = service_revision.revision
        images = revision["containerImages"]
        containers = reading.task_definitions.containers(revision["taskDefinition"])
        whole = isinstance(containers, list) and len(images) == len(containers)
        if whole and all(image.get("imageDigest") for image in images):
            final[service_revision.arn] = revision
    reading.target.cache.put(SERVICE_REVISION, final)


def _read(
    target: Target, users: Mapping[str, str], arns: Sequence[str]
) -> Iterator[SourceItem | ServiceRevision]:
    answer = call(target.ecs, DESCRIBE_SERVICE_REVISIONS, serviceRevisionArns=arns)
    name = "serviceRevisionArn"
    yield from failures(answer, DESCRIBE_SERVICE_REVISIONS, arns, "serviceRevisions", name)
    for described in answer["serviceRevisions"]:
        arn = described[name]
        revision = _final(described)
        yield from _uses(arn, revision, users.get(arn, "service"))
        if revision.get("taskDefinition") and revision["containerImages"]:
            yield ServiceRevision(arn, revision)


def _final(revision: Mapping[str, Any]) -> dict[str, Any]:
    """What a revision has, as the cache keeps it."""
    images = [
        {key: text for key, text in image.items() if text is not None}
        for image in revision["containerImages"]
    ]
    definition = revision["taskDefinition"]
    return {"containerImages": images} | ({"taskDefinition": definition} if definition else {})


def _uses(arn: str, revision: Mapping[str, Any], user: str) -> Iterator[SourceItem]:
    why = f"service revision {arn.rpartition('/')[2]}"
    if definition := revision.get("taskDefinition"):
        yield TaskDefinitionUse(definition, user, why)
    for image in revision["containerImages"]:
        yield from uses_of(
            image.get("image"),
            source="ecs",
            user=user,
            why=why,
            path=(f"container {image.get('containerName', '?')}",),
            digest=image.get("imageDigest"),
        )


def _cached(value: Any) -> dict[str, Any]:
    """Raises ValueError for what is not as `remember` keeps it."""
    texts = [value["taskDefinition"]] + [
        text for image in value["containerImages"] for text in image.values()
    ]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("no service revision")
    return dict(value)
