"""PutImage: what ECR checks before it takes a manifest."""

from __future__ import annotations

from fnmatch import fnmatchcase

from tests.fake_aws.account import Account, Json, repository_of
from tests.fake_aws.errors import AwsError, invalid

from .fetching import as_json
from .image import ACTIVE, Image, described
from .manifest import sha256
from .repository import Repository


def put_image(account: Account, params: Json) -> Json:
    repository = repository_of(account, params)
    image, tag = _offered(repository, params), params.get("imageTag")
    _check_tag(repository, image, tag)
    known = repository.find(digest=image.digest)
    if known is not None and known.status != ACTIVE:
        repository.set_status(known, ACTIVE)  # pushing again restores at once
    elif known is not None and (tag is None or tag in known.tags):
        raise AwsError(
            "ImageAlreadyExistsException",
            f"Image with digest '{image.digest}' and tag '{tag}' already exists in the repository "
            f"with name '{repository.name}' in registry with id '{repository.address.account}'",
        )
    _check_layers(repository, image)
    _check_children(repository, image)
    stored = repository.add(image, (tag,) if tag else ())
    return {"image": as_json(repository, stored, tag)}


def _offered(repository: Repository, params: Json) -> Image:
    """The image that the request describes, not stored yet; its digest is verified."""
    text = params["imageManifest"]
    digest = sha256(text)
    if params.get("imageDigest", digest) != digest:
        raise AwsError(
            "ImageDigestDoesNotMatchException",
            f"The specified digest '{params['imageDigest']}' does not match the digest '{digest}' "
            "of the image manifest",
        )
    image = Image(repository, digest, text, round(repository.clock(), 3))
    image.media_type = params.get("imageManifestMediaType", "")
    try:
        described(image)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise invalid(
            "Invalid parameter at 'ImageManifest' failed to satisfy constraint: "
            "'Invalid JSON syntax'"
        ) from error
    return image


def _check_tag(repository: Repository, image: Image, tag: str | None) -> None:
    holder = repository.find(tag=tag)
    if tag is None or holder is None or holder.digest == image.digest:
        return
    if _immutable(repository, tag):
        raise AwsError(
            "ImageTagAlreadyExistsException",
            f"The image tag '{tag}' already exists in the '{repository.name}' repository and "
            "cannot be overwritten because the tag is immutable.",
        )


def _immutable(repository: Repository, tag: str) -> bool:
    excluded = any(fnmatchcase(tag, pattern) for pattern in repository.mutable_tags)
    return repository.mutability.startswith("IMMUTABLE") != excluded


def _check_layers(repository: Repository, image: Image) -> None:
    missing = [layer for layer in image.layers if repository.layer_size(layer) is None]
    if missing:
        raise AwsError(
            "LayersNotFoundException",
            f"Layers with digests '{missing}' required for pushing image into repository with "
            f"name '{repository.name}' in the registry with id '{repository.address.account}' "
            "do not exist",
        )


def _check_children(repository: Repository, image: Image) -> None:
    missing = [child for child in image.children if repository.find(digest=child) is None]
    if missing:
        raise AwsError(
            "ReferencedImagesNotFoundException",
            f"Images with digests '{missing}' required for pushing image into repository with "
            f"name '{repository.name}' in the registry with id '{repository.address.account}' "
            "do not exist",
        )
