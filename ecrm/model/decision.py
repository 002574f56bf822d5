"""Whether one image is kept or deleted, and why."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from ecrm.model.image import Image
from ecrm.model.reference import Digest
from ecrm.model.rule import Action
from ecrm.model.use import Use


class Reason(StrEnum):
    """Why an image is kept or deletable, in the order in which the reasons are asked."""

    IN_USE = "in_use"
    KEEP_TAG = "keep_tag_pattern"
    PUSHED = "recently_pushed"
    PULLED = "recently_pulled"
    MIN_AGE = "min_age"
    KEEP_COUNT = "keep_count"
    CHILD = "child_of_kept_index"
    REFERRER = "referrer_of_kept_image"
    ARTIFACT = "artifact"
    ARCHIVED = "archived"
    UNSCANNED = "unscanned_consumers"

    EXPIRED = "expired"
    UNTAGGED = "untagged"
    INDEX_DELETABLE = "index_deletable"
    SUBJECT_DELETABLE = "subject_deletable"
    SUBJECT_MISSING = "subject_missing"
    ARCHIVED_LONG = "archived_long"


WORDS: Mapping[Reason, str] = {
    Reason.IN_USE: "in use",
    Reason.KEEP_TAG: "with a tag of keep_tag_patterns",
    Reason.PUSHED: "pushed within expires",
    Reason.PULLED: "pulled within keep_pulled_within",
    Reason.MIN_AGE: "younger than guards.min_age",
    Reason.KEEP_COUNT: "within keep_count",
    Reason.CHILD: "part of an index that is kept",
    Reason.REFERRER: "referring to an image that is kept",
    Reason.ARTIFACT: "not a container image",
    Reason.ARCHIVED: "archived",
    Reason.UNSCANNED: "in a repository whose deletions ECR replicates",
    Reason.EXPIRED: "expired",
    Reason.UNTAGGED: "untagged",
    Reason.INDEX_DELETABLE: "part of an index that is deleted",
    Reason.SUBJECT_DELETABLE: "referring to an image that is deleted",
    Reason.SUBJECT_MISSING: "referring to an image that is gone",
    Reason.ARCHIVED_LONG: "archived for longer than delete_archived_after",
}
"""Each reason for people, as what the images are."""


class Decision(NamedTuple):
    """What becomes of one image, and the evidence; a tuple, as Image is.

    `related` is the digest of the image that decides about this one (its index, its child in use,
    its subject); `uses` are those that keep it; `detail` states the numbers or names that a
    rule compared, such as "v1.2 matches v*".
    """

    image: Image
    reason: Reason
    detail: str = ""
    related: Digest | None = None
    uses: tuple[Use, ...] = ()
    action: Action = Action.KEEP

    @property
    def deletable(self) -> bool:
        return self.action is not Action.KEEP
