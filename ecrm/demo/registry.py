"""ECR of the sample account, with the answers that real ECR gives where moto's differ."""

import json
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import boto3
from moto.ecr.models import ecr_backends

from ecrm.demo import images
from ecrm.demo.story import ACCOUNT, REGION, STORY

_FOUNDED = timedelta(days=400)


def fill(now: datetime) -> None:
    client = boto3.client("ecr")
    backend: Any = ecr_backends[ACCOUNT][REGION]
    for name in STORY["repositories"]:
        client.create_repository(repositoryName=name)
        repository = backend.repositories[name]
        repository.created_at = now - _FOUNDED
        for item in images.pushed(name).values():
            _put(backend, name, item)
            _complete(repository.images[-1], item, now)
            repository.layers.update(item.layers)
    for name, policy in STORY["lifecycle_policies"].items():
        text = json.dumps(policy)
        client.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=text)
    backend.batch_delete_image = partial(_batch_delete_image, backend)


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
    """What only the backend can be told: moto shows every attribute that DescribeImages has."""
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
    repository_name: str,
    registry_id: str | None = None,
    image_ids: list[dict[str, str]] | None = None,
) -> dict[str, Any]:
    repository = backend._get_repository(repository_name, registry_id)  # noqa: SLF001
    deleted: list[dict[str, str]] = []
    failures: list[dict[str, Any]] = []
    for wanted in image_ids or ():
        image = _find(repository, wanted)
        if image is None:
            failures.append(_failure(wanted, "ImageNotFound", "Requested image not found"))
        elif "imageDigest" in wanted and image.image_digest in _children(repository):
            failures.append(
                _failure(
                    wanted,
                    "ImageReferencedByManifestList",
                    "Requested image referenced by manifest list",
                )
            )
        else:
            deleted += _delete(repository, image, wanted)
    return {"imageIds": deleted, "failures": failures}


def _delete(repository: Any, image: Any, wanted: dict[str, str]) -> list[dict[str, str]]:
    """By tag only the tag goes, and the image with its last one; by digest it goes at once."""
    tags = list(image.image_tags) if "imageDigest" in wanted else [wanted["imageTag"]]
    for tag in tags:
        image.remove_tag(tag)
    if not image.image_tags:
        repository.images.remove(image)
    digest = {"imageDigest": image.image_digest}
    return [digest | {"imageTag": tag} for tag in tags] or [digest]


def _find(repository: Any, wanted: dict[str, str]) -> Any:
    digest, tag = wanted.get("imageDigest"), wanted.get("imageTag")
    for image in repository.images:
        if digest in (None, image.image_digest) and (tag is None or tag in image.image_tags):
            return image
    return None


def _children(repository: Any) -> set[str]:
    return {
        child["digest"]
        for image in repository.images
        if image.image_manifest_media_type == images.INDEX
        for child in json.loads(image.image_manifest)["manifests"]
    }


def _failure(wanted: dict[str, str], code: str, reason: str) -> dict[str, Any]:
    return {"imageId": wanted, "failureCode": code, "failureReason": reason}
