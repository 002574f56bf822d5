"""Manifests in ECR, and the children of indexes.

The children of an index never change, so they are cached: ECR may count every reading of a manifest
as a pull.
"""

from base64 import urlsafe_b64decode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from typing import Any, NamedTuple

from ecrm.aws import Target, call, chunks
from ecrm.aws.cache.facts import Namespace
from ecrm.errors import AwsError, Gone
from ecrm.model.image import Image, Links, Status
from ecrm.model.json_text import parse_json
from ecrm.model.media_types import INDEX_MEDIA_TYPES
from ecrm.model.reference import is_digest
from ecrm.registry.operations import BATCH_GET_IMAGE, DESCRIBE_IMAGES
from ecrm.registry.own_readings import remembered

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
    links = target.cache.get(INDEX, [index.digest for index in indexes], _digests)
    unknown = [index for index in indexes if index.digest not in links]
    for found in manifests_of(target, repository, unknown, INDEX_MEDIA_TYPES):
        fresh = {digest: _children(repository, digest, found[digest]) for digest in found}
        target.cache.put(INDEX, fresh)
        links |= fresh
    return links


def manifests_of(
    target: Target, repository: str, images: Sequence[Image], media_types: Iterable[str]
) -> Iterator[dict[str, str]]:
    """The manifests, verbatim, batch by batch; of archived images only those that ECR returns.

    The images were listed a moment ago, so one that is said to be gone is looked for once more:
    raises AwsError if ECR still describes it.
    """
    for archived in (False, True):
        alike = [image for image in images if (image.status is Status.ARCHIVED) is archived]
        for batch in chunks(alike, BATCH):
            digests = [image.digest for image in batch]
            with remembered(target, repository, batch):
                found = manifests(target, repository, digests, media_types, strict=not archived)
            for digest in () if archived else digests:
                if digest not in found:
                    _confirm_gone(target, repository, digest)
            yield found


def _confirm_gone(target: Target, repository: str, digest: str) -> None:
    which = {"imageIds": [{"imageDigest": digest}], "filter": {"imageStatus": "ANY"}}
    with suppress(Gone):
        call(target.ecr, DESCRIBE_IMAGES, **repository_of(target, repository), **which)
        what = f"{BATCH_GET_IMAGE.action}: {repository}@{digest}: {_NOT_FOUND}"
        raise AwsError(f"{what}; but AWS still names it; try again")


def manifests(
    target: Target,
    repository: str,
    digests: Sequence[str],
    media_types: Iterable[str] = MEDIA_TYPES,
    *,
    strict: bool = True,
) -> dict[str, str]:
    """The manifests, verbatim, of at most 100 images; deleted images are left out.

    Raises AwsError for one that ECR does not return for another reason, unless not `strict`, and
    for one whose digest is not the one that was asked for.
    """
    read = read_manifests(target, repository, digests, media_types)
    for why in (*read.other.values(), *(read.refused.values() if strict else ())):
        raise AwsError(why)
    return read.found


class Manifests(NamedTuple):
    """Manifests by digest, verbatim. `refused` says why ECR does not return one, and `other` that
    it returned one of another digest; deleted images are in none of these."""

    found: dict[str, str]
    refused: dict[str, str]
    other: dict[str, str]


def read_manifests(
    target: Target, repository: str, digests: Sequence[str], media_types: Iterable[str]
) -> Manifests:
    """Of at most 100 images. Raises AwsError where none can be read."""
    answer = call(
        target.ecr,
        BATCH_GET_IMAGE,
        **repository_of(target, repository),
        imageIds=[{"imageDigest": digest} for digest in digests],
        acceptedMediaTypes=sorted(media_types),
    )
    found = {
        digest: str(row["imageManifest"])
        for row in answer["images"]
        if (digest := digest_of(row)) in digests
    }
    failures = {digest_of(failure): failure for failure in answer["failures"]}
    read = Manifests({}, {}, {})
    for digest in digests:
        where = f"ecr:BatchGetImage: {repository}@{digest}"
        failure = failures.get(digest, {})
        if digest in found and has_digest(found[digest], digest):
            read.found[digest] = found[digest]
        elif digest in found:
            what = f"AWS's answer is another manifest, {_digest(found[digest])}; try again"
            read.other[digest] = f"{where}: {what}"
        elif failure.get("failureCode") != _NOT_FOUND:
            why = failure.get("failureReason") or "AWS's answer leaves it out"
            read.refused[digest] = f"{where}: {why}"
    return read


def has_digest(manifest: str, digest: str) -> bool:
    """Whether this is the very text that has this digest."""
    return digest in (_digest(manifest), _payload_digest(manifest))


def refuse_unknown_indexes(target: Target, repository: str, images: Sequence[Image]) -> None:
    """Raises AwsError for an index of a media type that ecrm does not know, or whose manifest
    cannot be read: its children would look as if no index held them."""
    unknown = [image for image in images if image.media_type not in (None, *MEDIA_TYPES)]
    types = {image.digest: str(image.media_type) for image in unknown}
    for found in manifests_of(target, repository, unknown, types.values()):
        for digest, text in found.items():
            _refuse_index(f"{repository}@{digest}", types[digest], text)


def _refuse_index(where: str, media_type: str, manifest: str) -> None:
    try:
        members = parse_json(manifest)
    except ValueError as error:
        raise AwsError(f"{where}: the manifest is not JSON: {error}") from error
    if not isinstance(members, dict):
        raise AwsError(f"{where}: the manifest is not an object")
    if "manifests" in members:
        what = f"an index of the media type {media_type}, which ecrm does not know; upgrade ecrm"
        raise AwsError(f"{where}: {what}")


def repository_of(target: Target, repository: str) -> dict[str, str]:
    """The parameters that name a repository in every call to ECR."""
    return {"registryId": target.registry.account, "repositoryName": repository}


def digest_of(row: dict[str, Any]) -> str:
    """Which image a row of `images` or `failures` is about."""
    return str(row["imageId"]["imageDigest"] or "")


def _children(repository: str, digest: str, manifest: str) -> tuple[str, ...]:
    try:
        return _digests([child["digest"] for child in parse_json(manifest)["manifests"] or ()])
    except (ValueError, KeyError, TypeError) as error:
        raise AwsError(
            f"{repository}@{digest}: the manifest is not an index ({error!r})"
        ) from error


def _digest(manifest: str) -> str:
    """A text that no file can hold has none."""
    return f"sha256:{sha256(manifest.encode(errors='replace')).hexdigest()}"


def _payload_digest(manifest: str) -> str | None:
    """The digest of a signed manifest of Docker's schema 1, which is that of its payload: the text
    up to `formatLength` and then `formatTail`, as the signature says. None for any other.

    Docker, "Image Manifest Version 2, Schema 1", "Signed Manifests".
    """
    try:
        protected = parse_json(manifest)["signatures"][0]["protected"]
        format_ = parse_json(_decoded(protected).decode())
        text = manifest.encode()
        payload = text[: format_["formatLength"]] + _decoded(format_["formatTail"])
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    return f"sha256:{sha256(payload).hexdigest()}"


def _decoded(text: str) -> bytes:
    """Base64 for URLs, without padding."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _digests(value: Any) -> tuple[str, ...]:
    """Raises ValueError for what is not a digest, as in a value that `children` did not write."""
    for digest in value:
        if not (isinstance(digest, str) and is_digest(digest)):
            raise ValueError(f"{digest!r} is not sha256: and 64 hexadecimal digits")
    return tuple(value)
