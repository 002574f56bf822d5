"""Manifests in ECR, and which images an index names.

What an index names never changes, so it is remembered: ECR may count every reading of a manifest
as a pull.
"""

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

from ecrm.aws import Target, call, chunks
from ecrm.aws.cache import Namespace
from ecrm.errors import AwsError
from ecrm.model.image import Image, Links, Status
from ecrm.model.media_types import INDEX_MEDIA_TYPES
from ecrm.registry.operations import BATCH_GET_IMAGE

BATCH = 100
"""The most images that one BatchGetImage or BatchDeleteImage may name."""
MEDIA_TYPES = INDEX_MEDIA_TYPES | {
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
}
INDEX = Namespace("INDEX", "sha256:[0-9a-f]{64}", may_be_empty=True)
"""The digest of an index, and those of its children."""
_NOT_FOUND = "ImageNotFound"


def children(target: Target, repository: str, indexes: Sequence[Image]) -> Links:
    """The digests that each of these indexes names; an index that is gone meanwhile has none.

    Raises AwsError for a manifest that cannot be read: what is unknown must not be deleted. An
    archived index cannot be pulled, so it may not be readable; that makes none of its children
    deletable, since ECR refuses to delete a child of an index that is there.
    """
    links = target.cache.get(INDEX, [it.digest for it in indexes], _cached)
    unknown = [it for it in indexes if it.digest not in links]
    for archived in (False, True):
        digests = [it.digest for it in unknown if (it.status is Status.ARCHIVED) is archived]
        for chunk in chunks(digests, BATCH):
            found = manifests(target, repository, chunk, INDEX_MEDIA_TYPES, strict=not archived)
            fresh = {it: _children(repository, it, text) for it, text in found.items()}
            proven = {it: fresh[it] for it, text in found.items() if _digest(text) == it}
            target.cache.put(INDEX, proven)
            links |= fresh
    return links


def manifests(
    target: Target,
    repository: str,
    digests: Sequence[str],
    media_types: Iterable[str] = MEDIA_TYPES,
    *,
    strict: bool = True,
) -> dict[str, str]:
    """The manifests, verbatim, of at most 100 images; those that are gone are left out.

    Raises AwsError for one that ECR does not give for another reason, unless not `strict`.
    """
    answer = call(
        target.ecr,
        BATCH_GET_IMAGE,
        **repository_of(target, repository),
        imageIds=[{"imageDigest": digest} for digest in digests],
        acceptedMediaTypes=sorted(media_types),
    )
    found = {it["imageId"]["imageDigest"]: it["imageManifest"] for it in answer["images"]}
    refused = {digest_of(failure): failure for failure in answer["failures"]}
    for digest in digests if strict else ():
        failure = refused.get(digest, {})
        if digest not in found and failure.get("failureCode") != _NOT_FOUND:
            why = failure.get("failureReason") or "AWS's answer leaves it out"
            raise AwsError(f"ecr:BatchGetImage: {repository}@{digest}: {why}")
    return found


def repository_of(target: Target, repository: str) -> dict[str, str]:
    """The parameters that name a repository in every call to ECR."""
    return {"registryId": target.registry.account, "repositoryName": repository}


def digest_of(failure: dict[str, Any]) -> str:
    """Which image an entry of `failures` is about."""
    return str(failure["imageId"]["imageDigest"] or "")


def _children(repository: str, digest: str, manifest: str) -> tuple[str, ...]:
    try:
        return tuple(child["digest"] for child in json.loads(manifest)["manifests"] or ())
    except (ValueError, KeyError, TypeError) as error:
        raise AwsError(f"{repository}@{digest}: the manifest is no index ({error!r})") from error


def _digest(manifest: str) -> str:
    return f"sha256:{sha256(manifest.encode()).hexdigest()}"


def _cached(value: Any) -> tuple[str, ...]:
    """Raises ValueError for what is not as `children` keeps it."""
    if not all(isinstance(digest, str) for digest in value):
        raise ValueError("no digests")
    return tuple(value)
