"""ECR operations that pull: manifests, and whether layers are still there."""

from __future__ import annotations

from tests.fake_aws.account import Account, Json, repository_of
from tests.fake_aws.errors import too_long

from .image import ACTIVE, Image
from .naming import FailedIdError, ImageId, full_id, locate
from .repository import Repository

MOST_IDS = 100


def batch_get_image(account: Account, params: Json) -> Json:
    """An answer per id. Each image that is handed out counts as pulled."""
    repository = repository_of(account, params)
    ids: list[ImageId] = checked_ids(params)
    accepted = params.get("acceptedMediaTypes")
    images, failures = [], []
    for image_id in ids:
        try:
            image = _readable(locate(repository, image_id), accepted)
        except FailedIdError as failure:
            failures.append(failure.entry(image_id))
        else:
            images.append(as_json(repository, image, image_id.get("imageTag")))
            _count_pull(account, params, image)
    return {"images": images, "failures": failures}


def batch_check_layer_availability(account: Account, params: Json) -> Json:
    repository = repository_of(account, params)
    digests = params["layerDigests"]
    if len(digests) > MOST_IDS:
        raise too_long("layerDigests", MOST_IDS)
    return {"layers": [_layer(repository, digest) for digest in digests], "failures": []}


def checked_ids(params: Json) -> list[ImageId]:
    ids: list[ImageId] = params["imageIds"]
    if len(ids) > MOST_IDS:
        raise too_long("imageIds", MOST_IDS)
    return ids


def as_json(repository: Repository, image: Image, tag: str | None) -> Json:
    return {
        "registryId": repository.address.account,
        "repositoryName": repository.name,
        "imageId": full_id(image, tag),
        "imageManifest": image.manifest,
        "imageManifestMediaType": image.media_type,
    }


def _readable(image: Image, accepted: list[str] | None) -> Image:
    if image.status != ACTIVE:
        raise FailedIdError("ImageInaccessible", f"Requested image is {image.status.lower()}")
    if accepted and image.media_type not in accepted:
        raise FailedIdError("ImageNotFound", "Requested image not found")
    return image


def _count_pull(account: Account, params: Json, image: Image) -> None:
    world = account.world
    excluded = account.registry(params).pull_time_exclusions
    if world.reading_counts_as_pull and account.identity not in excluded:
        image.pulled = round(world.clock(), 3)


def _layer(repository: Repository, digest: str) -> Json:
    size = repository.layer_size(digest)
    if size is None:
        return {"layerDigest": digest, "layerAvailability": "UNAVAILABLE"}
    return {"layerDigest": digest, "layerAvailability": "AVAILABLE", "layerSize": size}
