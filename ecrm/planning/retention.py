"""One repository: images, uses, a rule and the time become one decision per image.

`decide` asks the reasons to keep in the order of design and README:

    1  in use                       its digest, a tag of it, or an image that it is the index of
    2  a tag matches                keep_tag_patterns
    3  pushed (or restored) lately  expires;  pulled lately  keep_pulled_within;  and the guard
                                    min_age, which referrers are asked about too
    4  among the newest             keep_count, indexes and single images counted apart
    5  child of an index that stays
    6  referrer of an image that stays
    7  an artifact, or archived

What none of them keeps is deletable. Pure: no clock, no AWS.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product

from ecrm.model.decision import Decision, Reason
from ecrm.model.humanize import days
from ecrm.model.image import Image, Kind, Links, Status
from ecrm.model.media_types import INDEX_MEDIA_TYPES
from ecrm.model.pattern import glob_matches
from ecrm.model.rule import Action, Rule
from ecrm.planning.graph import ImageGraph, image_graph, is_artifact, own_tags
from ecrm.planning.uses import RepositoryUses


def needs_manifests(
    images: Iterable[Image], uses: RepositoryUses, rule: Rule, now: datetime
) -> bool:
    """Whether the decisions depend on which images are children of which.

    Reading a manifest may count as a pull, so a repository in which everything stays on its own
    account is spared that.
    """
    images = list(images)
    if not any(image.media_type in INDEX_MEDIA_TYPES for image in images):
        return False
    return any(decision.deletable for decision in decide(images, {}, uses, rule, now))


def decide(
    images: Iterable[Image],
    manifests: Links,
    uses: RepositoryUses,
    rule: Rule,
    now: datetime,
    *,
    min_age: timedelta = timedelta(0),
) -> list[Decision]:
    """One decision per image, newest first. `manifests` gives the children of each index.

    `min_age` is the guard: nothing that was pushed or restored within it ever goes.
    """
    newest_first = {image.digest: image for image in sorted(images, key=_age_order)}
    graph = image_graph(newest_first, manifests)
    repo = _Repository(newest_first, graph, uses, rule, now, min_age)
    kept: dict[str, Decision] = {}
    _keep_each(repo, kept, _kept_alone)
    _keep_indexes_of_used(repo, kept)
    for_what_they_are: dict[str, Decision] = {}
    _keep_each(repo, for_what_they_are, _kept_for_what_it_is)
    _keep_newest(repo, kept, for_what_they_are)
    _keep_dependents(repo, kept)
    kept = for_what_they_are | kept
    _keep_dependents(repo, kept)
    return [kept.get(image.digest) or _goes(repo, image) for image in newest_first.values()]


@dataclass(frozen=True, slots=True)
class _Repository:
    """All that the decisions about one repository depend on; `images` are newest first."""

    images: Mapping[str, Image]
    graph: ImageGraph
    uses: RepositoryUses
    rule: Rule
    now: datetime
    min_age: timedelta


def _keep_each(
    repo: _Repository,
    kept: dict[str, Decision],
    reason: Callable[[_Repository, Image], Decision | None],
) -> None:
    for digest, image in repo.images.items():
        if digest not in kept and (decision := reason(repo, image)):
            kept[digest] = decision


def _age_order(image: Image) -> tuple[float, str]:
    """Newest first; by digest where the second of the push is the same."""
    return (-image.pushed_at.timestamp(), image.digest)


def _kept_alone(repo: _Repository, image: Image) -> Decision | None:
    """Reasons 1 to 3. A referrer stays and goes with its subject, so its age says nothing."""
    if used_by := repo.uses.of(image):
        return Decision(image, Reason.IN_USE, uses=used_by)
    for tag in image.tags if own_tags(image) else ():
        for pattern in repo.rule.keep_tag_patterns:
            if glob_matches(pattern, tag):
                return Decision(image, Reason.KEEP_TAG, f"{tag} matches {pattern}")
    restored = image.activated_at
    age = repo.now - (max(image.pushed_at, restored) if restored else image.pushed_at)
    if image.digest not in repo.graph.followers:
        if age <= repo.rule.expires:
            return Decision(image, Reason.PUSHED, _compared(age, repo.rule.expires))
        if pulled := _pulled_lately(repo, image):
            return pulled
    if age < repo.min_age:
        return Decision(image, Reason.MIN_AGE, _compared(age, repo.min_age))
    return None


def _pulled_lately(repo: _Repository, image: Image) -> Decision | None:
    """A pull of an index, of a platform image or of a signature is recorded on that one alone,
    so the whole family is asked. An image that was never pulled is not old for that."""
    if (window := repo.rule.keep_pulled_within) is None:
        return None
    members = repo.graph.keep_closure([image.digest])
    pulls = [(at, member) for member in members if (at := repo.images[member].pulled_at)]
    if not pulls:
        return None
    pulled_at, member = max(pulls)
    if pulled_at < repo.now - window:
        return None
    detail = _compared(repo.now - pulled_at, window)
    return Decision(image, Reason.PULLED, detail, member if member != image.digest else None)


def _keep_indexes_of_used(repo: _Repository, kept: dict[str, Decision]) -> None:
    """What runs may be recorded by the digest of the platform image while the next pull asks for
    the index, so the indexes of an image in use are in use."""
    used = {digest: by for digest, by in kept.items() if by.reason is Reason.IN_USE}
    for digest, by in sorted(used.items()):
        for index in repo.graph.ancestors(digest):
            if index not in used:
                kept[index] = by._replace(image=repo.images[index], related=digest)


def _keep_newest(repo: _Repository, kept: dict[str, Decision], stay_anyway: Iterable[str]) -> None:
    """Reason 4. Indexes come first: what they keep is not counted among the single images."""
    if not (places := repo.rule.keep_count):
        return
    stays = repo.graph.keep_closure([*kept, *stay_anyway])
    countable = _countable(repo)
    for kind, is_typed in product((Kind.INDEX, Kind.IMAGE, Kind.ARTIFACT), (False, True)):
        counted = 0
        for image in countable[kind, is_typed]:
            if image.digest in stays:
                continue
            if counted == places:
                break
            counted += 1
            kept[image.digest] = Decision(image, Reason.KEEP_COUNT, f"{counted} of {places}")
            stays |= repo.graph.keep_closure([image.digest])


def _countable(repo: _Repository) -> Mapping[tuple[Kind, bool], list[Image]]:
    """The tagged images that can win a place, newest first, by kind and whether they have an
    artifact type.

    fujiwara/ecrm judges no image without an artifact type and no index with one; counted apart,
    these take no place from an image that it would keep.
    """
    found: dict[tuple[Kind, bool], list[Image]] = defaultdict(list)
    for image in repo.images.values():
        judged = image.status is Status.ACTIVE and not repo.graph.is_referrer(image.digest)
        if judged and own_tags(image):
            found[image.kind, image.artifact_type is not None].append(image)
    return found


def _keep_dependents(repo: _Repository, kept: dict[str, Decision]) -> None:
    """Reasons 5 and 6, at any depth: children of what stays, then referrers of what stays."""
    todo = sorted(kept)
    while todo:
        children = [
            Decision(repo.images[child], Reason.CHILD, related=index)
            for index in todo
            for child in repo.graph.children.get(index, ())
        ]
        referrers = [
            Decision(repo.images[referrer], Reason.REFERRER, related=subject)
            for subject in todo
            for referrer in repo.graph.referrers.get(subject, ())
        ]
        todo = []
        for decision in children + referrers:
            if decision.image.digest not in kept:
                kept[decision.image.digest] = decision
                todo.append(decision.image.digest)


def _kept_for_what_it_is(repo: _Repository, image: Image) -> Decision | None:
    """Reason 7. What belongs to an index or to a subject goes with it instead."""
    if image.status is not Status.ACTIVE and not _archived_long(repo, image):
        return Decision(image, Reason.ARCHIVED)
    if is_artifact(image) and not repo.rule.delete_artifacts and not _belongs(repo, image):
        return Decision(image, Reason.ARTIFACT, image.artifact_type or "")
    return None


def _belongs(repo: _Repository, image: Image) -> bool:
    """To a subject, or to an index that does not, in turn, belong to this image. One with a tag of
    its own is an image in its own right, whichever index lists it."""
    if repo.graph.is_referrer(image.digest):
        return True
    indexes = set(repo.graph.indexes_of(image.digest))
    return not own_tags(image) and not indexes <= repo.graph.keep_closure([image.digest])


def _archived_long(repo: _Repository, image: Image) -> bool:
    after = repo.rule.delete_archived_after
    return bool(
        image.status is Status.ARCHIVED
        and after is not None
        and image.archived_at
        and image.archived_at <= repo.now - after
    )


def _goes(repo: _Repository, image: Image) -> Decision:
    if image.status is Status.ARCHIVED and _archived_long(repo, image):
        return Decision(image, Reason.ARCHIVED_LONG, action=Action.DELETE)
    reason, related = Reason.UNTAGGED, None
    if image.digest in repo.graph.followers:
        reason, related = Reason.SUBJECT_DELETABLE, repo.graph.subjects[image.digest][0]
    elif image.digest in repo.graph.orphans:
        reason = Reason.SUBJECT_MISSING
    elif own_tags(image):
        reason = Reason.EXPIRED
    elif parents := repo.graph.parents.get(image.digest):
        reason, related = Reason.INDEX_DELETABLE, parents[0]
    return Decision(image, reason, related=related, action=repo.rule.action)


def _compared(age: timedelta, limit: timedelta) -> str:
    return f"{days(age)} of {days(limit)}"
