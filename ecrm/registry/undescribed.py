"""What DescribeImages leaves out about an image and its manifest says."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from ecrm.aws import Target
from ecrm.errors import AwsError
from ecrm.model.image import Image, Status
from ecrm.model.json_text import parse_json
from ecrm.model.media_types import INDEX_MEDIA_TYPES
from ecrm.model.reference import is_digest
from ecrm.registry.manifests import MEDIA_TYPES, manifests_of

_OCI_INDEX = "application/vnd.oci.image.index.v1+json"
_OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def with_media_types(target: Target, repository: str, images: Sequence[Image]) -> list[Image]:
    """The images; those that DescribeImages gives no media type of, as their manifests describe
    them: one of them may be an index, or refer to another image.

    Raises AwsError for one whose manifest cannot be read, but for an archived one, which ECR may
    not return and whose children it refuses to delete.
    """
    untyped = [image for image in images if image.media_type is None]
    texts = dict(
        chain.from_iterable(
            found.items() for found in manifests_of(target, repository, untyped, MEDIA_TYPES)
        )
    )
    for image in untyped:
        if image.digest not in texts and image.status is not Status.ARCHIVED:
            what = "it has no media type, and its manifest cannot be read"
            raise AwsError(f"ecr:BatchGetImage: {repository}@{image.digest}: {what}")
    return [
        _described(f"{repository}@{image.digest}", image, texts[image.digest])
        if image.digest in texts
        else image
        for image in images
    ]


def subject_of(manifest: str) -> str | None:
    """The digest that the manifest names as its `subject`; raises ValueError where it cannot be
    understood."""
    members = parse_json(manifest)
    subject = _member(members, "subject", dict)
    return _digest(subject) if subject else None


def _described(where: str, image: Image, manifest: str) -> Image:
    try:
        members = parse_json(manifest)
        is_index = _member(members, "manifests", list) is not None
        usual = _OCI_INDEX if is_index else _OCI_MANIFEST
        media_type = _member(members, "mediaType", str) or usual
        config = _member(members, "config", dict) or {}
        of_config = _member(config, "mediaType", str)
        artifact_type = _member(members, "artifactType", str) or of_config
        subject = subject_of(manifest)
    except ValueError as error:
        raise AwsError(f"{where}: the manifest cannot be understood: {error}") from error
    if is_index and media_type not in INDEX_MEDIA_TYPES:
        what = f"an index of the media type {media_type}, which ecrm does not know; upgrade ecrm"
        raise AwsError(f"{where}: {what}")
    return image._replace(
        media_type=media_type,
        artifact_type=image.artifact_type or artifact_type,
        subject=image.subject or subject,
    )


def _member(members: Any, name: str, kind: type) -> Any:
    """None where it is left out."""
    if not isinstance(members, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 - a file's fault, not the code's
    value = members.get(name)
    if value is not None and type(value) is not kind:
        raise ValueError(f"{name} is {value!r:.60}")
    return value


def _digest(subject: dict[str, Any]) -> str:
    digest = _member(subject, "digest", str)
    if digest is None or not is_digest(digest):
        raise ValueError(f"the digest of its subject is {digest!r:.60}")
    return str(digest)
