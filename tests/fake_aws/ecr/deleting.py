"""BatchDeleteImage, with the refusals that ECR gives."""

from __future__ import annotations

from tests.fake_aws.account import Account, Json, repository_of

from .fetching import checked_ids
from .image import Image
from .naming import FailedIdError, ImageId, full_id, locate
from .repository import Repository


def batch_delete_image(account: Account, params: Json) -> Json:
    """By digest: the image with all its tags. By tag: the tag, and the image with its last one.

    Whether an index protects its children is asked once, before any deletion: an index that the
    same call deletes does not free its children.
    """
    repository = repository_of(account, params)
    ids = checked_ids(params)
    protected = _children_of_indexes(repository, ids)
    deleted: list[ImageId] = []
    failures = []
    for image_id in ids:
        try:
            deleted += _delete(repository, image_id, protected)
        except FailedIdError as failure:
            failures.append(failure.entry(image_id))
    return {"imageIds": deleted, "failures": failures}


def _children_of_indexes(repository: Repository, ids: list[ImageId]) -> dict[str, list[str]]:
    """Digest of each image asked for that an index names -> digests of those indexes."""
    found = (
        repository.find(digest=image_id.get("imageDigest"), tag=image_id.get("imageTag"))
        for image_id in ids
    )
    parents = {image.digest: sorted(repository.parents_of(image)) for image in found if image}
    return {digest: indexes for digest, indexes in parents.items() if indexes}


def _delete(
    repository: Repository, image_id: ImageId, protected: dict[str, list[str]]
) -> list[ImageId]:
    image = locate(repository, image_id)
    tag = image_id.get("imageTag")
    if tag is not None and len(image.tags) > 1:
        repository.drop_tag(tag)
        return [full_id(image, tag)]
    if image.digest in protected:
        raise FailedIdError(
            "ImageReferencedByManifestList",
            f"Requested image referenced by manifest list: [{', '.join(protected[image.digest])}]",
        )
    repository.remove(image)
    return _gone(image)


def _gone(image: Image) -> list[ImageId]:
    """One entry per tag, or one with the digest alone."""
    return [full_id(image, tag) for tag in image.tags] or [full_id(image)]
