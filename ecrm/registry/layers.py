"""The blobs of images, from their manifests. A manifest never changes, so each is read once; ECR
may count that reading as a pull."""

from collections.abc import Mapping, Sequence
from typing import Any

from ecrm.aws import Target
from ecrm.aws.cache.facts import Namespace
from ecrm.model.image import Image
from ecrm.model.layers import Blobs, blobs_of
from ecrm.registry.manifests import MEDIA_TYPES, manifests_of

_BLOBS = Namespace("BLOBS", "sha256:[0-9a-f]{64}", may_be_empty=True)
"""The digest of a manifest; identities and sizes of what it stores."""


def blobs(target: Target, repository: str, images: Sequence[Image]) -> Mapping[str, Blobs]:
    """By digest, without those that are not known: of archived images ECR may return no manifest.
    Raises AwsError for any other manifest that cannot be read."""
    known = target.cache.get(_BLOBS, [image.digest for image in images], _read)
    unknown = [image for image in images if image.digest not in known]
    types = MEDIA_TYPES | {image.media_type for image in unknown if image.media_type}
    for manifests in manifests_of(target, repository, unknown, types):
        fresh = {
            digest: found
            for digest, manifest in manifests.items()
            if (found := blobs_of(digest, manifest)) is not None
        }
        target.cache.put(_BLOBS, fresh)
        known |= fresh
    return known


def _read(value: Any) -> Blobs:
    """Raises ValueError or TypeError for what `blobs` did not write."""
    return tuple((int(key), int(size)) for key, size in value)
