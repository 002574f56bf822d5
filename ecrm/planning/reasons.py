"""The reasons to keep images, as functions, in the order in which they are asked. Pure.

`REASONS` come in two phases:

    for its own sake      in use, a tag of keep_tag_patterns, pushed or pulled lately, min_age, and
                          then the newest keep_count of the tagged images that are left; with them
                          all that they hold and all that refers to them
    for what it is        an archived image, an artifact; with them, again, what belongs to them

An image that is kept for what it is takes no slot of keep_count, although keep_count comes first.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, product

from ecrm.model.decision import Decision, Reason
from ecrm.model.humanize import days
from ecrm.model.image import Image, Kind, Status
from ecrm.model.pattern import glob_matches
from ecrm.model.rule import Rule
from ecrm.planning.graph import ImageGraph, is_artifact, own_tags
from ecrm.planning.uses import RepositoryUses


@dataclass(frozen=True, slots=True)
class RepositoryView:
    """All that the decisions about one repository depend on; `images` are newest first."""

    images: Mapping[str, Image]
    graph: ImageGraph
    uses: RepositoryUses
    rule: Rule
    now: datetime
    min_age: timedelta


Kept = Mapping[str, Decision]
"""By digest, what the reasons before have kept."""

KeepReason = Callable[[RepositoryView, Kept], Iterator[Decision]]
"""The decisions to keep that one reason makes. One about an image that is kept already is dropped,
and so is a second one about the same image."""


# -- for its own sake -----------------------------------------------------------------------------


def _in_use(view: RepositoryView, _: Kept) -> Iterator[Decision]:
    """Its digest or one of its tags is in use."""
    for image in view.images.values():
        if uses := view.uses.of(image):
            yield Decision(image, Reason.IN_USE, uses=uses)


def _index_of_used(view: RepositoryView, kept: Kept) -> Iterator[Decision]:
    """What runs may be recorded by the digest of the platform image while the next pull asks for
    the index, so the indexes of an image in use are in use."""
    for digest, decision in sorted(kept.items(), reverse=True):
        for index in view.graph.ancestors(digest):
            yield decision._replace(image=view.images[index], related=digest)


def _tag_matches(view: RepositoryView, kept: Kept) -> Iterator[Decision]:
    patterns = view.rule.keep_tag_patterns
    for image in _left(view, kept):
        for tag, pattern in product(image.tags if own_tags(image) else (), patterns):
            if glob_matches(pattern, tag):
                yield Decision(image, Reason.KEEP_TAG, f"{tag} matches {pattern}")
                break


def _pushed_lately(view: RepositoryView, kept: Kept) -> Iterator[Decision]:
    """A referrer is kept or deleted with its subject, so its own age means nothing."""
    for image in _left(view, kept):
        age = _age(view, image)
        if age <= view.rule.expires and image.digest not in view.graph.followers:
            yield Decision(image, Reason.PUSHED, _compared(age, view.rule.expires))


def _pulled_lately(view: RepositoryView, kept: Kept) -> Iterator[Decision]:
    """A pull of an index, of a platform image or of a signature is recorded on that one alone, so
    all that must stay with the image is looked at. Never pulled does not mean old."""
    if (window := view.rule.keep_pulled_within) is None:
        return
    for image in _left(view, kept):
        if image.digest in view.graph.followers:
            continue
        members = view.graph.keep_closure([image.digest])
        pulls = [(at, member) for member in members if (at := view.images[member].pulled_at)]
        if pulls and (pulled := max(pulls))[0] >= view.now - window:
            pulled_at, member = pulled
            detail = _compared(view.now - pulled_at, window)
            related = member if member != image.digest else None
            yield Decision(image, Reason.PULLED, detail, related)


def _younger_than_guard(view: RepositoryView, kept: Kept) -> Iterator[Decision]:
    """The guard min_age, which referrers are asked about too."""
    for image in _left(view, kept):
        if (age := _age(view, image)) < view.min_age:
            yield Decision(image, Reason.MIN_AGE, _compared(age, view.min_age))


def _newest(view: RepositoryView, kept: Kept) -> Iterator[Decision]:
    """The newest keep_count of the tagged images that nothing else keeps, for its own sake or for
    what it is. Indexes come first: what they keep takes no slot of the single images."""
    if not (slots := view.rule.keep_count):
        return
    kept_anyway = (decision.image.digest for decision in _for_what_it_is(view))
    kept_with = view.graph.keep_closure([*kept, *kept_anyway])
    countable = _countable(view)
    for kind, is_typed in product((Kind.INDEX, Kind.IMAGE, Kind.ARTIFACT), (False, True)):
        counted = 0
        for image in countable[kind, is_typed]:
            if image.digest in kept_with:
                continue
            if counted == slots:
                break
            counted += 1
            yield Decision(image, Reason.KEEP_COUNT, f"{counted} of {slots}")
            kept_with |= view.graph.keep_closure([image.digest])


def _countable(view: RepositoryView) -> Mapping[tuple[Kind, bool], list[Image]]:
    """The tagged images that can take a slot, newest first, by kind and whether they have an
    artifact type.

    fujiwara/ecrm judges no image without an artifact type and no index with one; counted apart,
    these take no slot from an image that it would keep.
    """
    found: dict[tuple[Kind, bool], list[Image]] = defaultdict(list)
    for image in view.images.values():
        judged = image.status is Status.ACTIVE and not view.graph.is_referrer(image.digest)
        if judged and own_tags(image):
            found[image.kind, image.artifact_type is not None].append(image)
    return found


# -- for what it is -------------------------------------------------------------------------------


def _archived_or_artifact(view: RepositoryView, _: Kept) -> Iterator[Decision]:
    return _for_what_it_is(view)


def _for_what_it_is(view: RepositoryView) -> Iterator[Decision]:
    """Archived images and artifacts, unless the rule opts in to deleting them. One that belongs to
    an index or to a subject is kept or deleted with it instead."""
    for image in view.images.values():
        if image.status is not Status.ACTIVE and not archived_long(view, image):
            yield Decision(image, Reason.ARCHIVED)
        elif is_artifact(image) and not view.rule.delete_artifacts and not _belongs(view, image):
            yield Decision(image, Reason.ARTIFACT, image.artifact_type or "")


# -- in both phases -------------------------------------------------------------------------------


def _dependents(view: RepositoryView, kept: Kept) -> Iterator[Decision]:
    """At any depth: children of kept indexes, then referrers of kept images."""
    found = set(kept)
    level = sorted(kept)
    while level:
        children = (
            Decision(view.images[child], Reason.CHILD, related=index)
            for index in level
            for child in view.graph.children.get(index, ())
        )
        referrers = (
            Decision(view.images[referrer], Reason.REFERRER, related=subject)
            for subject in level
            for referrer in view.graph.referrers.get(subject, ())
        )
        next_level = []
        for decision in chain(children, referrers):
            if decision.image.digest not in found:
                found.add(decision.image.digest)
                next_level.append(decision.image.digest)
                yield decision
        level = next_level


def _left(view: RepositoryView, kept: Kept) -> Iterator[Image]:
    return (image for digest, image in view.images.items() if digest not in kept)


def _age(view: RepositoryView, image: Image) -> timedelta:
    """Since its push, or since it was restored from the archive."""
    restored_at = image.activated_at
    return view.now - (max(image.pushed_at, restored_at) if restored_at else image.pushed_at)


def _belongs(view: RepositoryView, image: Image) -> bool:
    """To a subject, or to an index that does not, in turn, belong to this image. One with a tag of
    its own is an image in its own right, whichever index lists it."""
    if view.graph.is_referrer(image.digest):
        return True
    indexes = set(view.graph.indexes_of(image.digest))
    return not own_tags(image) and not indexes <= view.graph.keep_closure([image.digest])


def archived_long(view: RepositoryView, image: Image) -> bool:
    after = view.rule.delete_archived_after
    return bool(
        image.status is Status.ARCHIVED
        and after is not None
        and image.archived_at
        and image.archived_at <= view.now - after
    )


def _compared(age: timedelta, limit: timedelta) -> str:
    return f"{days(age)} of {days(limit)}"


REASONS: tuple[KeepReason, ...] = (
    _in_use,
    _index_of_used,
    _tag_matches,
    _pushed_lately,
    _pulled_lately,
    _younger_than_guard,
    _newest,
    _dependents,
    _archived_or_artifact,
    _dependents,
)
