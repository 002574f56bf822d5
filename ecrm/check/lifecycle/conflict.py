"""Images that ecrm keeps for a reason, and that a lifecycle policy would expire or archive."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ecrm.check.lifecycle.evaluation import LifecycleMatch, carried_out, evaluate, next_due
from ecrm.check.lifecycle.policy import CountType, LifecyclePolicy, TagStatus
from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Image, Links, Status
from ecrm.model.use import Use
from ecrm.planning.graph import image_graph
from ecrm.registry.lifecycle_preview import LifecycleAction

MATTERS = frozenset(
    {
        Reason.IN_USE,
        Reason.KEEP_TAG,
        Reason.PUSHED,
        Reason.PULLED,
        Reason.MIN_AGE,
        Reason.KEEP_COUNT,
    }
)
"""The reasons for which an image is needed. ECR may well judge images that ecrm keeps only because
it does not judge them (an artifact, an archived image, one whose users were not scanned)."""

_SHOWN = 3
_FOR_ANOTHER = frozenset({Reason.CHILD, Reason.REFERRER})
_SHOWS_CHILD = frozenset({Reason.CHILD, Reason.IN_USE})


@dataclass(frozen=True, slots=True)
class Conflict:
    """An image that ecrm keeps and that a policy would expire or archive.

    `because` is the decision that explains why: `decision` itself, or that about the index or
    subject that the image belongs to. `along` are the images that belong to this one and that the
    policy would take too. `due` is when, if nothing changes; None is the next time that ECR
    evaluates the policy, which is within 24 hours.
    """

    decision: Decision
    match: LifecycleMatch
    because: Decision
    along: tuple[Decision, ...] = ()
    due: datetime | None = None

    @property
    def uses(self) -> tuple[Use, ...]:
        """Who needs the image; empty where only a rule keeps it."""
        return self.decision.uses or self.because.uses

    @property
    def name(self) -> str:
        """How people know the image: by its tags, else by its digest."""
        return _name(self.decision.image)

    @property
    def advice(self) -> str:
        """How to resolve the conflict."""
        selection, rule = self.match.rule.selection, self.match.rule.priority
        if selection.count_type is CountType.COUNT:
            wider = f"raise countNumber of rule {rule}"
        else:
            wider = f"give rule {rule} more days"
        if selection.tag_status is TagStatus.UNTAGGED:
            return f"tag the image, so that rule {rule} is not about it, or {wider}"
        return f"{wider}, or put a rule before it that selects what is deployed and keeps it"


def conflicts(
    decisions: Sequence[Decision], preview: Iterable[LifecycleMatch], manifests: Links | None = None
) -> tuple[Conflict, ...]:
    """Of one repository: the images that are kept for a reason that matters and that the policy
    would take.

    `decisions` are all of the repository; `preview` are the matches of `evaluate` or of ECR; with
    `manifests`, the children of each index, the images that ECR would refuse to take are left out.
    Images in use come first, then deletions before archivals.
    """
    by_digest = {decision.image.digest: decision for decision in decisions}
    images = [decision.image for decision in decisions]
    matches = carried_out(preview, images, _links(decisions, manifests or {}))
    kept = {
        match.image.digest: (by_digest[match.image.digest], match, because)
        for match in matches
        if (because := _because(by_digest[match.image.digest], by_digest))
    }
    along: dict[str, list[Decision]] = {digest: [] for digest in kept}
    for digest, (decision, _, _) in kept.items():
        if (head := _head(decision, kept.keys(), by_digest)) != digest:
            along[head].append(decision)
    followers = {decision.image.digest for group in along.values() for decision in group}
    heads = [digest for digest in kept if digest not in followers]
    found = [Conflict(*kept[digest], tuple(along[digest])) for digest in heads]
    return tuple(sorted(found, key=_urgency))


def due_within(
    decisions: Sequence[Decision],
    policy: LifecyclePolicy,
    manifests: Links,
    current: Iterable[Conflict],
    *,
    now: datetime,
    within: timedelta,
) -> tuple[Conflict, ...]:
    """The conflicts about images in use that age rules will cause within that time, if the images
    remain in use and nobody pushes, pulls or restores any. The `current` conflicts are left out."""
    images = {decision.image.digest: decision.image for decision in decisions}
    graph = image_graph(images, _links(decisions, manifests))

    def day(conflict: Conflict) -> datetime:
        """Not before the last of the indexes that hold the image."""
        digest = conflict.match.via or conflict.decision.image.digest
        indexes = [images[ancestor] for ancestor in graph.ancestors(digest)]
        active = [image for image in indexes if image.status is not Status.ARCHIVED]
        return max(next_due(policy, image, now) or now for image in (images[digest], *active))

    today = {
        decision.image.digest
        for conflict in current
        for decision in (conflict.decision, *conflict.along)
    }
    preview = evaluate(policy, list(images.values()), now + within)
    found = [
        replace(conflict, due=day(conflict))
        for conflict in conflicts(decisions, preview, manifests)
        if conflict.uses and conflict.decision.image.digest not in today
    ]
    return tuple(sorted(found, key=lambda conflict: (conflict.due or now, _urgency(conflict))))


def _name(image: Image) -> str:
    more = f" and {len(image.tags) - _SHOWN} more tags" if len(image.tags) > _SHOWN else ""
    return ", ".join(image.tags[:_SHOWN]) + more or image.digest


def _links(decisions: Sequence[Decision], manifests: Links) -> Links:
    """The children of each index; of an index without a manifest here, those that the decisions
    show, which may be children of its children."""
    links: dict[str, tuple[str, ...]] = dict(manifests)
    for decision in decisions:
        index, child = decision.related, decision.image.digest
        if decision.reason is Reason.IN_USE:  # the decision is about the index of a child in use
            index, child = child, decision.related or ""
        if index and child and decision.reason in _SHOWS_CHILD and index not in manifests:
            links[index] = (*links.get(index, ()), child)
    return links


def _because(decision: Decision, by_digest: Mapping[str, Decision]) -> Decision | None:
    """The decision that explains why the image is kept; None if its reason does not matter. An
    unknown index or subject is taken to matter."""
    seen: set[str] = set()
    while decision.reason in _FOR_ANOTHER and decision.image.digest not in seen:
        seen.add(decision.image.digest)
        if (above := by_digest.get(decision.related or "")) is None:
            return decision
        decision = above
    matters = decision.reason in MATTERS and not decision.deletable
    return decision if matters else None


def _head(decision: Decision, kept: Collection[str], by_digest: Mapping[str, Decision]) -> str:
    """The outermost image that the policy would take too and that this one belongs to. This ends,
    since every image in `kept` has a reason that matters."""
    while decision.reason in _FOR_ANOTHER and decision.related in kept:
        decision = by_digest[decision.related or ""]
    return decision.image.digest


def _urgency(conflict: Conflict) -> tuple[bool, bool, str, str]:
    archives = conflict.match.rule.action is LifecycleAction.TRANSITION
    return (not conflict.uses, archives, conflict.name, conflict.decision.image.digest)
