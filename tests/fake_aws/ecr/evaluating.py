"""What a lifecycle policy does, worked out from the user guide alone, plainly, image by image.

Nothing of ecrm is used, so that the two can be compared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tests.fake_aws.errors import invalid

from .image import ARCHIVED, Image

DAY = 86_400
Json = dict[str, Any]


@dataclass
class Preview:
    """`waits` is how often it is asked about before it is done; `status` is what it ends with."""

    text: str
    results: list[Json]
    waits: int
    status: str = "COMPLETE"

    def asked(self) -> str:
        if self.waits > 0:
            self.waits -= 1
            return "IN_PROGRESS"
        return self.status


def matched(rules: list[Json], images: list[Image], now: float) -> list[tuple[Image, Json]]:
    """Each image that a rule takes, and that rule, oldest image first."""
    taken = []
    for image in sorted(images, key=Image.order):
        for rule in sorted(rules, key=lambda rule: int(rule["rulePriority"])):
            seen = [other for other in images if _is_about(rule["selection"], other)]
            if image in seen:
                if _is_due(rule["selection"], image, seen, now):
                    taken.append((image, rule))
                break  # no rule of lower priority can take it
    return taken


def _is_about(selection: Json, image: Image) -> bool:
    wanted = "archive" if image.status == ARCHIVED else "standard"
    if selection.get("storageClass", "standard") != wanted:
        return False
    if selection["tagStatus"] == "untagged":
        return image.tags == ()
    if selection["tagStatus"] == "any":
        return True
    filters = [f"^{re.escape(prefix)}" for prefix in selection.get("tagPrefixList", [])]
    wildcards = [pattern.split("*") for pattern in selection.get("tagPatternList", [])]
    filters += [f"^{'.*'.join(map(re.escape, pieces))}$" for pieces in wildcards]
    return all(any(re.search(pattern, tag) for tag in image.tags) for pattern in filters)


def _is_due(selection: Json, image: Image, seen: list[Image], now: float) -> bool:
    number, kind = int(selection["countNumber"]), selection["countType"]
    if kind == "imageCountMoreThan":
        mine = image.activated or image.pushed
        # Equals are taken, too: which of them ECR keeps is not known.
        newer = [
            other
            for other in seen
            if other is not image and (other.activated or other.pushed) >= mine
        ]
        return len(seen) > number and len(newer) >= number
    if kind == "sinceImagePushed":
        start = image.pushed
    elif kind == "sinceImageTransitioned":
        start = image.archived or 0
    elif kind == "sinceImagePulled":
        start = image.pulled or image.pushed
        if image.activated and image.activated > start:
            start = image.activated
    else:
        raise invalid(f"countType '{kind}' is unknown")
    return now - start > number * DAY
