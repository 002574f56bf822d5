"""Which image an `imageId` means, and ECR's words for the ones that mean none."""

from __future__ import annotations

import re

from .image import Image
from .store import Store

ImageId = dict[str, str]
_DIGEST = re.compile(r"[a-zA-Z0-9\-_+.]+:[a-fA-F0-9]+")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_.\-]{0,299}")


class FailedIdError(Exception):
    """One entry of the `failures` list of a batch call."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason

    def entry(self, image_id: ImageId) -> dict[str, object]:
        return {"imageId": image_id, "failureCode": self.code, "failureReason": self.reason}


def locate(repository: Store, image_id: ImageId) -> Image:
    """The image; raises FailedIdError when there is none or when tag and digest disagree."""
    digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
    _check_form(digest, tag)
    image = repository.find(digest=digest, tag=tag)
    if digest is not None and tag is not None:
        by_tag = repository.find(tag=tag)
        if by_tag is not None and by_tag is not image:
            raise FailedIdError(
                "ImageTagDoesNotMatchDigest", "Requested image tag does not match the digest"
            )
        image = by_tag
    if image is None:
        raise FailedIdError("ImageNotFound", "Requested image not found")
    return image


def full_id(image: Image, tag: str | None = None) -> ImageId:
    return {"imageDigest": image.digest} | ({"imageTag": tag} if tag else {})


def _check_form(digest: str | None, tag: str | None) -> None:
    if not digest and not tag:
        raise FailedIdError(
            "MissingDigestAndTag", "Invalid request parameters: both digest and tag are missing"
        )
    if digest is not None and not _DIGEST.fullmatch(digest):
        raise FailedIdError("InvalidImageDigest", _form("digest", _DIGEST.pattern))
    if tag is not None and not _TAG.fullmatch(tag):
        raise FailedIdError("InvalidImageTag", _form("tag", _TAG.pattern))


def _form(what: str, pattern: str) -> str:
    return f"Invalid request parameters: image {what} should satisfy the regex '{pattern}'"
