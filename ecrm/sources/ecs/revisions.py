"""Service revisions: which digests the containers of a deployment were resolved to.

A revision is as it was made, but ECS resolves its images only when its first task starts. So it is
remembered only when it has a digest for every container of its task definition.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ecrm.aws import Target, call, chunks
from ecrm.aws.cache import Namespace
from ecrm.errors import Gone
from ecrm.model.scan import Diagnostic
from ecrm.sources.ecs.definitions import Definitions, TaskDefinitionUse
from ecrm.sources.items import Found, failures, uses_of

_AT_ONCE = 20  # the most that DescribeServiceRevisions may be asked for


@dataclass(frozen=True, slots=True)
class ServiceRevision:
    """A revision as AWS just described it: `taskDefinition`, and `containerImages`, a list of
    `containerName`, `image` and `imageDigest`."""

    arn: str
    revision: Mapping[str, Any]


def read_revisions(
    target: Target, users: Mapping[str, str]
) -> Iterator[Found | TaskDefinitionUse | ServiceRevision]:
    """The images of the service revisions in `users`, which tells whose each ARN is."""
    known = target.cache.get(Namespace.SERVICE_REVISION, users, _cached)
    for arn, revision in known.items():
        yield from _uses(arn, revision, users[arn])
    for arns in chunks(sorted(users.keys() - known.keys()), _AT_ONCE):
        try:
            yield from _read(target, users, arns)
        except Gone:  # one service may be, and that says nothing about those of the others
            for arn in arns:
                with suppress(Gone):
                    yield from _read(target, users, [arn])


def cache_final_revisions(
    target: Target, definitions: Definitions, resolved: Sequence[ServiceRevision]
) -> None:
    """Keep what cannot change any more for the next run."""
    final = {}
    for it in resolved:
        images = it.revision["containerImages"]
        containers = definitions.containers(it.revision["taskDefinition"])
        whole = not isinstance(containers, Diagnostic) and len(images) == len(containers)
        if whole and all(image.get("imageDigest") for image in images):
            final[it.arn] = it.revision
    target.cache.put(Namespace.SERVICE_REVISION, final)


def _read(
    target: Target, users: Mapping[str, str], arns: Sequence[str]
) -> Iterator[Found | TaskDefinitionUse | ServiceRevision]:
    answer = call(target.ecs, "DescribeServiceRevisions", serviceRevisionArns=arns)
    yield from failures(answer, "ecs:DescribeServiceRevisions", arns, "serviceRevisions")
    for it in answer.get("serviceRevisions", ()):
        arn = it["serviceRevisionArn"]
        revision = _slim(it)
        yield from _uses(arn, revision, users[arn])
        if revision.get("taskDefinition") and revision["containerImages"]:
            yield ServiceRevision(arn, revision)


def _slim(revision: Mapping[str, Any]) -> dict[str, Any]:
    of_image = ("containerName", "image", "imageDigest")
    images = [
        {key: image[key] for key in of_image if key in image}
        for image in revision.get("containerImages", ())
    ]
    definition = revision.get("taskDefinition")
    return {"containerImages": images} | ({"taskDefinition": definition} if definition else {})


def _uses(arn: str, revision: Mapping[str, Any], user: str) -> Iterator[Found | TaskDefinitionUse]:
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
