"""ecrm also keeps what fujiwara/ecrm keeps with the same ecrm.yaml.

The model is of what its `planner.go` does with the images that DescribeImages lists unless asked
for archived ones. Among images of one second it takes them by digest, since AWS promises no order.
"""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings

from ecrm.model.image import Image, Status
from tests.planning.naive_model import matches
from tests.planning.test_retention_properties import children_of, named_subjects
from tests.strategies import Case, cases, examples
from tests.values import DOCKER_CONFIG, DOCKER_LIST, NOW, OCI_CONFIG, OCI_INDEX, SOCI_V1

ITS_IMAGES = (OCI_CONFIG, DOCKER_CONFIG)
RELEASES = {"before it knew Docker's lists": (OCI_INDEX,), "0.7": (OCI_INDEX, DOCKER_LIST)}


def is_its_index(image: Image, formats: Sequence[str]) -> bool:
    return image.artifact_type is None and image.media_type in formats


def it_would_keep(case: Case, formats: Sequence[str]) -> set[str]:
    """Of the images that it judges; it deletes a SOCI index only with its image."""
    listed = sorted(case.images, key=lambda image: (-image.pushed_at.timestamp(), image.digest))
    listed = [image for image in listed if image.status is Status.ACTIVE]
    used = {named.digest for named in case.named if named.digest}
    indexes = _stay(case, used, [image for image in listed if is_its_index(image, formats)])
    used |= {child for index in indexes for child in children_of(case, index)}
    images = _stay(case, used, [image for image in listed if image.artifact_type in ITS_IMAGES])
    soci = {image.digest for image in listed if image.artifact_type == SOCI_V1}
    return indexes | images | soci


def _stay(case: Case, used: set[str], newest_first: Sequence[Image]) -> set[str]:
    used_tags = {named.tag for named in case.named}
    stay, counted = set(), 0
    for image in newest_first:
        in_use = image.digest in used or used_tags & set(image.tags)
        patterns = case.rule.keep_tag_patterns
        has_tag = any(matches(pattern, tag) for pattern in patterns for tag in image.tags)
        if in_use or has_tag or image.pushed_at >= NOW - case.rule.expires:
            stay.add(image.digest)
        elif image.tags:
            counted += 1
            if counted <= case.rule.keep_count:
                stay.add(image.digest)
    return stay


def goes_with_others(case: Case, gone: set[str]) -> set[str]:
    """Referrers of images that are deleted or gone, with all that belongs to these referrers."""
    there = {image.digest for image in case.images}
    found = {
        image.digest
        for image in case.images
        if image.artifact_type == SOCI_V1
        or (named_subjects(image) and not named_subjects(image) & (there - gone))
    }
    while more := {child for parent in found for child in children_of(case, parent)} - found:
        found |= more
    return found


@pytest.mark.parametrize("release", RELEASES)
@settings(max_examples=examples(400))
@given(case=cases())
def test_nothing_that_fujiwara_ecrm_keeps_is_deleted_but_referrers_of_deleted_images(release, case):
    formats = RELEASES[release]
    unknown = {image.digest for image in case.images if image.media_type == DOCKER_LIST} - set(
        formats
    )
    if DOCKER_LIST not in formats:
        # What it does not judge is kept there for ever; here it takes a slot of the indexes.
        images = (
            image._replace(tags=()) if image.digest in unknown else image for image in case.images
        )
        case = replace(case, images=tuple(images))
    gone = case.gone()
    wrongly = (gone & it_would_keep(case, formats)) - goes_with_others(case, gone)
    assert not wrongly
