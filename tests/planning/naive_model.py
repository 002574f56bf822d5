"""The rules once more, as plainly and as slowly as they can be written.

Made from the text of the rules alone, to be compared with `ecrm.planning.retention`; it shares no
code with that. Every question is asked of every image again and again until no answer changes.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from ecrm.model.image import Image, Status
from ecrm.model.rule import Rule

INDEX_TYPES = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
]
CONTAINER_TYPES = [
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
]
SOCI_V1 = "application/vnd.amazon.soci.index.v1+json"

Children = Mapping[str, Sequence[str]]


def kept(
    images: Sequence[Image],
    children: Children,
    *,
    used_digests: Sequence[str],
    used_tags: Sequence[str],
    rule: Rule,
    now: datetime,
    min_age: timedelta,
) -> set[str]:
    """The digests of the images that are kept."""
    found = {image.digest: image for image in images}

    def first_reasons(image: Image) -> bool:
        return (
            image.digest in used_digests
            or any(tag in used_tags for tag in image.tags)
            or a_tag_matches(image, rule.keep_tag_patterns)
            or (not goes_with_a_subject(image, found) and is_fresh(image, rule, now))
            or (
                not goes_with_a_subject(image, found)
                and pulled_lately(image, found, children, rule, now)
            )
            or newest_moment(image) > now - min_age
        )

    stay = {image.digest for image in images if first_reasons(image)}
    stay |= indexes_of_used(found, children, used_digests, used_tags)
    for_what_they_are = {
        image.digest
        for image in images
        if is_kept_for_what_it_is(image, found, children, rule, now)
    }
    stay = win_places(stay, for_what_they_are, found, children, rule)
    return with_what_belongs(stay | for_what_they_are, found, children)


# ---- what belongs together


def named_by_tag(tag: str) -> str | None:
    """The digest that a referrers tag or a tag of cosign names."""
    match = re.fullmatch(r"sha256-([0-9a-f]{64})(\.sig|\.att|\.sbom)?", tag)
    return f"sha256:{match.group(1)}" if match else None


def has_own_tag(image: Image) -> bool:
    """A tag that holds the digest of the image it is on names that image."""
    return any(named_by_tag(tag) in (None, image.digest) for tag in image.tags)


def named_subjects(image: Image) -> set[str]:
    """Whatever this image says it refers to."""
    named = {named_by_tag(tag) for tag in image.tags} | {image.subject}
    return {subject for subject in named if subject is not None and subject != image.digest}


def is_made_to_refer(image: Image) -> bool:
    """It exists for its subject alone: a tag of its own makes it an image in its own right, unless
    its manifest names the subject."""
    return image.subject is not None or (bool(named_subjects(image)) and not has_own_tag(image))


def goes_with_a_subject(image: Image, found: Mapping[str, Image]) -> bool:
    """Made to refer to an image that is there, and not, in the end, to itself."""
    if not is_made_to_refer(image):
        return False
    present = named_subjects(image) & set(found)
    if not present:
        return False
    reached = set(present)
    for _ in range(len(found)):
        for digest in list(reached):
            if is_made_to_refer(found[digest]):
                reached |= named_subjects(found[digest]) & set(found)
    return image.digest not in reached


def is_child(image: Image, found: Mapping[str, Image], children: Children) -> bool:
    return any(
        image.digest in named
        for index, named in children.items()
        if index in found and index != image.digest
    )


def is_referrer(image: Image, found: Mapping[str, Image], children: Children) -> bool:
    soci_alone = image.artifact_type == SOCI_V1 and not is_child(image, found, children)
    return is_made_to_refer(image) or soci_alone


def with_what_belongs(start: set[str], found: Mapping[str, Image], children: Children) -> set[str]:
    """Children and referrers of what is kept, until there are no more."""
    result = set(start)

    def grow() -> set[str]:
        more = set(result)
        for digest in result:
            more |= {child for child in children.get(digest, ()) if child in found}
        for image in found.values():
            if named_subjects(image) & result:
                more.add(image.digest)
        return more

    while (more := grow()) != result:
        result = more
    return result


# ---- the reasons


def a_tag_matches(image: Image, patterns: Sequence[str]) -> bool:
    """A tag that only says what the image refers to protects nothing on its own."""
    return has_own_tag(image) and any(
        matches(pattern, tag) for pattern in patterns for tag in image.tags
    )


def matches(pattern: str, text: str) -> bool:
    if pattern == "":
        return text == ""
    if pattern[0] == "*":
        return any(matches(pattern[1:], text[start:]) for start in range(len(text) + 1))
    return text != "" and pattern[0] in ("?", text[0]) and matches(pattern[1:], text[1:])


def is_fresh(image: Image, rule: Rule, now: datetime) -> bool:
    return newest_moment(image) >= now - rule.expires


def newest_moment(image: Image) -> datetime:
    """When it was pushed, or restored from the archive."""
    moments = [image.pushed_at, image.activated_at]
    return max(moment for moment in moments if moment is not None)


def pulled_lately(
    image: Image, found: Mapping[str, Image], children: Children, rule: Rule, now: datetime
) -> bool:
    """A pull of any member of the family is one of the image."""
    if rule.keep_pulled_within is None:
        return False
    for digest in with_what_belongs({image.digest}, found, children):
        pulled_at = found[digest].pulled_at
        if pulled_at is not None and pulled_at >= now - rule.keep_pulled_within:
            return True
    return False


def indexes_of_used(
    found: Mapping[str, Image],
    children: Children,
    used_digests: Sequence[str],
    used_tags: Sequence[str],
) -> set[str]:
    used = {
        image.digest
        for image in found.values()
        if image.digest in used_digests or any(tag in used_tags for tag in image.tags)
    }
    while True:
        holders = {
            index for index, named in children.items() if index in found and used & set(named)
        }
        if holders <= used:
            return used
        used |= holders


def is_artifact(image: Image) -> bool:
    kinds = [None, *CONTAINER_TYPES]
    if image.media_type not in INDEX_TYPES:
        kinds.append(SOCI_V1)
    return image.artifact_type not in kinds


def is_kept_for_what_it_is(
    image: Image, found: Mapping[str, Image], children: Children, rule: Rule, now: datetime
) -> bool:
    if image.status == Status.ACTIVATING:
        return True
    if image.status == Status.ARCHIVED and not archived_long(image, rule, now):
        return True
    return (
        is_artifact(image)
        and not rule.delete_artifacts
        and not is_referrer(image, found, children)
        and (has_own_tag(image) or not is_part_of_an_index(image, found, children))
    )


def is_part_of_an_index(image: Image, found: Mapping[str, Image], children: Children) -> bool:
    """Of one that is not, in turn, there for this image."""
    must_stay_with = with_what_belongs({image.digest}, found, children)
    return any(
        image.digest in named
        for index, named in children.items()
        if index in found and index not in must_stay_with
    )


def archived_long(image: Image, rule: Rule, now: datetime) -> bool:
    if rule.delete_archived_after is None or image.archived_at is None:
        return False
    return image.archived_at <= now - rule.delete_archived_after


def win_places(
    stay: set[str],
    for_what_they_are: set[str],
    found: Mapping[str, Image],
    children: Children,
    rule: Rule,
) -> set[str]:
    """keep_count, for each kind that is counted apart; indexes first."""

    def is_index(image: Image) -> bool:
        return image.media_type in INDEX_TYPES

    def is_typed(image: Image) -> bool:
        return image.artifact_type is not None

    kinds: list[Callable[[Image], bool]] = [
        lambda image: is_index(image) and not is_typed(image),
        lambda image: is_index(image) and is_typed(image),
        lambda image: not is_index(image) and not is_typed(image),
        lambda image: image.artifact_type in CONTAINER_TYPES and not is_index(image),
        lambda image: is_artifact(image) and not is_index(image),
    ]
    for is_of_kind in kinds:
        for _ in range(rule.keep_count):
            settled = with_what_belongs(stay | for_what_they_are, found, children)
            runners = [
                image
                for image in found.values()
                if is_of_kind(image)
                and has_own_tag(image)
                and image.status == Status.ACTIVE
                and not is_referrer(image, found, children)
                and (rule.delete_artifacts or not is_artifact(image))
                and image.digest not in settled
            ]
            if runners:
                newest = max(image.pushed_at for image in runners)
                stay = stay | {min(image.digest for image in runners if image.pushed_at == newest)}
    return stay
