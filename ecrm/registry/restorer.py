"""ECR: puts images back that `Deleter` deleted or archived."""

from collections.abc import Sequence

from ecrm.aws import Target, call, chunks
from ecrm.aws.errors import code_of
from ecrm.errors import AwsError
from ecrm.model.image import Image
from ecrm.registry import images as registry
from ecrm.registry.manifests import repository_of
from ecrm.registry.operations import (
    BATCH_CHECK_LAYER_AVAILABILITY,
    DESCRIBE_IMAGES,
    PUT_IMAGE,
    UPDATE_IMAGE_STORAGE_CLASS,
)

_LAYERS = 100  # the most that one BatchCheckLayerAvailability may name
_ABOUT_ONE_IMAGE = frozenset(
    {
        "ImageAlreadyExistsException",
        "ImageDigestDoesNotMatchException",
        "ImageNotFoundException",
        "ImageStorageClassUpdateNotSupportedException",
        "ImageTagAlreadyExistsException",
        "InvalidParameterException",
        "LayersNotFoundException",
        "LimitExceededException",
        "ReferencedImagesNotFoundException",
        "ValidationException",
    }
)


class RestoreRehearsal:
    """Reads what a Restorer would, and changes nothing: every put and activation would succeed."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def images(self, repository: str) -> list[Image]:
        """The images that the repository holds now."""
        return registry.images(self._target, repository)

    def layers(self, repository: str, digests: Sequence[str]) -> dict[str, str]:
        """Whether ECR has these blobs: AVAILABLE, UNAVAILABLE, ARCHIVED, or AWS's refusal."""
        found = dict.fromkeys(digests, "not answered")
        for chunk in chunks(digests, _LAYERS):
            answer = call(
                self._target.ecr,
                BATCH_CHECK_LAYER_AVAILABILITY,
                **repository_of(self._target, repository),
                layerDigests=list(chunk),
            )
            for layer in answer["layers"]:
                found[layer["layerDigest"]] = layer["layerAvailability"]
            for failure in answer["failures"]:
                found[failure["layerDigest"]] = failure["failureCode"] or ""
        return found

    def put(
        self, repository: str, image: Image, manifest: str, tag: str | None = None
    ) -> str | None:
        """As `Restorer.put`."""
        del repository, image, manifest, tag
        return None

    def activate(self, repository: str, digest: str) -> None:
        """As `Restorer.activate`."""


class Restorer(RestoreRehearsal):
    """Puts images of one target back."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._ecr = target.writing_ecr()

    def put(
        self, repository: str, image: Image, manifest: str, tag: str | None = None
    ) -> str | None:
        """Put an image back, with one tag or none; again with another tag adds that tag.

        ECR would move a tag away from the image that has it now; so that is asked just before, and
        the digest of another image that has the tag is returned instead. None is success.
        """
        holder = self._holder(repository, tag) if tag else None
        if holder not in (None, image.digest):
            return holder
        optional = {"imageManifestMediaType": image.media_type, "imageTag": tag}
        try:
            answer = call(
                self._ecr,
                PUT_IMAGE,
                **repository_of(self._target, repository),
                imageManifest=manifest,
                imageDigest=image.digest,
                **{name: value for name, value in optional.items() if value},
            )
        except AwsError as error:
            if code_of(error) == "ImageAlreadyExistsException":  # an answer was lost on its way
                return None
            raise
        stored = answer["image"]["imageId"]["imageDigest"]
        if stored != image.digest:
            raise AwsError(f"ecr:PutImage: AWS stored it as {stored}")
        return None

    def activate(self, repository: str, digest: str) -> None:
        """Begin to bring an archived image back, which "typically takes up to 20 minutes"."""
        call(
            self._ecr,
            UPDATE_IMAGE_STORAGE_CLASS,
            **repository_of(self._target, repository),
            imageId={"imageDigest": digest},
            targetStorageClass="STANDARD",
        )

    def _holder(self, repository: str, tag: str) -> str | None:
        """The digest that has the tag at this moment."""
        try:
            answer = call(
                self._target.ecr,
                DESCRIBE_IMAGES,
                **repository_of(self._target, repository),
                imageIds=[{"imageTag": tag}],
            )
        except AwsError as error:
            if code_of(error) == "ImageNotFoundException":
                return None
            raise
        return next((detail["imageDigest"] for detail in answer["imageDetails"]), None)


def is_about_one_image(error: AwsError) -> bool:
    """Whether AWS refused this image, and may well take another."""
    return code_of(error) in _ABOUT_ONE_IMAGE
