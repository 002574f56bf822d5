"""The images that the rules of a policy match, and the matches that ECR carries out.

The user guide's "Lifecycle policy evaluation rules", in short: all rules are evaluated at once,
each on all images; then they are applied, the lowest priority first. An image is touched by one
rule or none: by the first that identifies it, if that rule matches it. A rule counts images that a
rule before it matches as if these were still there.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ecrm.check.lifecycle.policy import CountType, LifecyclePolicy, LifecycleRule
from ecrm.errors import InputError
from ecrm.model.image import Image, Links, Status
from ecrm.planning.graph import ImageGraph, image_graph
from ecrm.registry.lifecycle_preview import LifecycleAction

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LifecycleMatch:
    """The rule expires or archives the image; with `via`, because it does so with the image of
    that digest, to which this one refers."""

    image: Image
    rule: LifecycleRule
    via: str | None = None


def evaluate(
    policy: LifecyclePolicy, images: Sequence[Image], now: datetime
) -> tuple[LifecycleMatch, ...]:
    """The images that the policy matches at that time, oldest first, as ECR's preview lists it.

    Children of an index and reference artifacts are identified and counted like all images: the
    user guide exempts neither. Raises InputError where ECR does not tell what a rule needs.
    """
    preview = {rule: _matched(rule, images, now) for rule in policy.rules}
    matches = [
        LifecycleMatch(image, rule)
        for image in images
        if (rule := policy.rule_about(image)) and image.digest in preview[rule]
    ]
    return tuple(sorted(matches, key=lambda match: (match.image.pushed_at, match.image.digest)))


def next_due(policy: LifecyclePolicy, image: Image, now: datetime) -> datetime | None:
    """When an age rule reaches the image if nothing changes; `now` where it has. None where no rule
    of that kind is about it: when a count rule reaches an image depends on what is pushed."""
    rule = policy.rule_about(image)
    if rule is None or rule.selection.count_type is CountType.COUNT:
        return None
    try:
        return max(now, _since(rule, image) + rule.selection.number * _DAY)
    except OverflowError:  # in more years than a calendar has
        return None


def carried_out(
    preview: Iterable[LifecycleMatch], images: Sequence[Image], manifests: Links
) -> tuple[LifecycleMatch, ...]:
    """The matches, of ECR's preview or of `evaluate`, that ECR carries out, and those of referrers.

    "If an image is referenced by a manifest list, it cannot be expired or archived without the
    manifest list being deleted or archived first", so a child stays while its index does. Reference
    artifacts (those with a `subject`; ECR does not know cosign's tags) are expired or archived
    "within 24 hours of the deletion or archival of the subject image".
    """
    held = {image.digest: image for image in images}
    graph = image_graph(held, manifests)
    taken = {match.image.digest: match for match in preview if match.image.digest in held}
    _add_referrers(taken, images)
    while safe := [digest for digest, match in taken.items() if _stays(match, taken, held, graph)]:
        for digest in safe:
            del taken[digest]
    return tuple(taken.values())


def _matched(rule: LifecycleRule, images: Sequence[Image], now: datetime) -> set[str]:
    """The digests that the rule would match if it were the only one."""
    found = [image for image in images if rule.selection.identifies(image)]
    number = rule.selection.number
    if rule.selection.count_type is CountType.COUNT:
        return _beyond(found, number)
    return {image.digest for image in found if (now - _since(rule, image)) / _DAY > number}


def _beyond(images: Sequence[Image], number: int) -> set[str]:
    """All but the newest. Which of two images of the same second ECR considers newer is not known,
    so both are included if one of them must be."""
    newest = sorted(map(_placed_at, images), reverse=True)
    if len(newest) <= number:
        return set()
    return {image.digest for image in images if _placed_at(image) <= newest[number]}


def _placed_at(image: Image) -> datetime:
    """What images are ordered by: "If an image was archived and then restored at any point in
    the past, the image's last_activated_at is used instead of pushed_at_time"."""
    return image.activated_at or image.pushed_at


def _since(rule: LifecycleRule, image: Image) -> datetime:
    """The time from which an age rule counts.

    sinceImagePushed counts from the push of a restored image too: the guide names last_activated_at
    for the order of images and for sinceImagePulled alone.
    """
    if rule.selection.count_type is CountType.PUSHED:
        return image.pushed_at
    if rule.selection.count_type is CountType.PULLED:
        return _last_pull(image)
    if image.archived_at is None:
        raise InputError(f"{image.digest} is archived, and ECR does not say since when")
    return image.archived_at


def _last_pull(image: Image) -> datetime:
    """ "If an image was never pulled, the image's pushed_at_time is used"; after a restore without
    a pull since, "the image's last_activated_at"."""
    pulled = image.pulled_at or image.pushed_at
    return max(pulled, image.activated_at) if image.activated_at else pulled


def _add_referrers(taken: dict[str, LifecycleMatch], images: Sequence[Image]) -> None:
    """At any depth; an archived image cannot be archived again."""
    referrers: dict[str | None, list[Image]] = defaultdict(list)
    for image in images:
        referrers[image.subject].append(image)
    pending = list(taken.values())
    while pending:
        subject = pending.pop()
        for image in referrers[subject.image.digest]:
            again = (
                subject.rule.action is LifecycleAction.TRANSITION
                and image.status is Status.ARCHIVED
            )
            if image.digest not in taken and not again:
                follower = replace(subject, image=image, via=subject.image.digest)
                taken[image.digest] = follower
                pending.append(follower)


def _stays(
    match: LifecycleMatch,
    taken: Mapping[str, LifecycleMatch],
    held: Mapping[str, Image],
    graph: ImageGraph,
) -> bool:
    if match.via is not None and match.via not in taken:
        return True
    return any(
        index not in taken and held[index].status is not Status.ARCHIVED
        for index in graph.indexes_of(match.image.digest)
    )
