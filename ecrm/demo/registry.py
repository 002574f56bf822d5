"""ECR of the sample account, corrected where moto differs from ECR."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import boto3
from moto.ecr.models import ecr_backends

from ecrm.demo import images
from ecrm.demo.story import ACCOUNT, REGION, STORY

_FOUNDED = timedelta(days=400)


def fill(now: datetime, deleted: Mapping[str, Collection[str]]) -> None:
    """All of the story but, of each repository, the deleted digests."""
    client = boto3.client("ecr")
    backend: Any = ecr_backends[ACCOUNT][REGION]
    for name in STORY["repositories"]:
        client.create_repository(repositoryName=name)
        repository = backend.repositories[name]
        repository.created_at = now - _FOUNDED
        for item in images.pushed(name).values():
            if item.digest in deleted.get(name, ()):
                repository.layers.update(item.layers)
                continue
            _put(backend, name, item)
            _complete(repository.images[-1], item, now)
            repository.layers.update(item.layers)
    for name, policy in STORY["lifecycle_policies"].items():
        text = json.dumps(policy)
        client.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=text)
    backend.batch_delete_image = partial(_batch_delete_image, backend, backend.batch_delete_image)


def deletions() -> dict[str, list[str]]:
    """The digests of the story that each repository does not hold now."""
    backend: Any = ecr_backends[ACCOUNT][REGION]
    return {
        name: sorted(
            {item.digest for item in images.pushed(name).values()}
            - {image.get_image_digest() for image in backend.repositories[name].images}
        )
        for name in STORY["repositories"]
    }


def _put(backend: Any, repository: str, item: images.Pushed) -> None:
    for tag in item.tags or (None,):
        backend.put_image(
            repository_name=repository,
            image_manifest=item.text,
            image_tag=tag,
            image_manifest_mediatype=item.manifest["mediaType"],
            digest=item.digest,
        )


def _complete(image: Any, item: images.Pushed, now: datetime) -> None:
    """Sets what no call can set: moto shows every attribute that DescribeImages has."""
    sample = item.sample

    def ago(days: float) -> int:
        return int((now - timedelta(days=days)).timestamp())

    image.image_pushed_at = ago(sample.age)
    image.get_image_size_in_bytes = lambda: item.size
    image.image_status = "ACTIVE"
    if item.artifact_type:
        image.artifact_media_type = item.artifact_type
    if subject := item.manifest.get("subject"):
        image.subject_manifest_digest = subject["digest"]
    if sample.pulled is not None:
        image.last_recorded_pull_time = ago(sample.pulled)
    if sample.archived is not None:
        image.image_status = "ARCHIVED"
        image.last_archived_at = ago(sample.archived)


def _batch_delete_image(
    backend: Any,
    delete: Callable[..., dict[str, Any]],
    repository_name: str,
    registry_id: str | None = None,
    image_ids: Sequence[dict[str, str]] = (),
) -> dict[str, Any]:
    """As moto, which would also delete a child of an index, and leaves untagged images out of its
    answer."""
    deleted: list[Any] = []
    failures: list[Any] = []
    for wanted in image_ids:
        digest = wanted.get("imageDigest")
        if digest in _children(backend._get_repository(repository_name, registry_id)):  # noqa: SLF001
            failures.append(
                {
                    "imageId": wanted,
                    "failureCode": "ImageReferencedByManifestList",
                    "failureReason": "Requested image referenced by manifest list",
                }
            )
            continue
        answer = delete(repository_name, registry_id, [wanted])
        failures += answer["failures"]
        deleted += answer["imageIds"] or ([] if answer["failures"] else [wanted])
    return {"imageIds": deleted, "failures": failures}


def _children(repository: Any) -> set[str]:
    return {
        child["digest"]
        for image in repository.images
        if image.image_manifest_media_type == images.INDEX
        for child in json.loads(image.image_manifest)["manifests"]
    }
