"""Images that ecrm keeps for a reason, and that a lifecycle policy takes away all the same."""

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
"""The reasons for which an image is needed. What stays only because ecrm does not judge it (an
artifact, an archived image, one whose users nobody has looked for) may well be ECR's to judge."""

_SHOWN = 3
_FOR_ANOTHER = frozenset({Reason.CHILD, Reason.REFERRER})


@dataclass(frozen=True, slots=True)
class Conflict:
    """An image that is kept and would go.

    `because` is the decision that the keeping rests on: `decision` itself, or that about the
    index or subject that the image stays with. `along` are the images that stay for this one's
    sake and would go as well. `due` is when, if nothing changes; None is the next time that ECR
    looks, which it does within 24 hours.
    """

    decision: Decision
    match: LifecycleMatch
    because: Decision
    along: tuple[Decision, ...] = ()
    due: datetime | None = None

    @property
    def uses(self) -> tuple[Use, ...]:
        """Who needs the image; empty where it stays by a keep window alone."""
        return self.decision.uses or self.because.uses

    @property
    def name(self) -> str:
        """How people know the image: by its tags, else by its digest."""
        return _name(self.decision.image)

    def __str__(self) -> str:
        """What would happen to which image, by which rule, and who needs it; in one line."""
        gone = "deletes" if self.match.rule.action is LifecycleAction.EXPIRE else "archives"
        day = f" on {self.due:%Y-%m-%d}" if self.due else ""
        with_it = f" and {len(self.along)} that belong to it" if self.along else ""
        via = f" with {self.match.via}, to which it refers" if self.match.via else ""
        return f"{self.match.rule} {gone} {self.name}{with_it}{via}{day}; {self._needed()}"

    def _needed(self) -> str:
        related = self.because is not self.decision
        whose = f"belongs to {_name(self.because.image)}, which is " if related else ""
        if self.uses:
            more = f" and {len(self.uses) - 1} more" if len(self.uses) > 1 else ""
            return f"{whose}in use by {self.uses[0]}{more}"
        kept = self.because.reason.value.replace("_", " ")
        detail = f" ({self.because.detail})" if self.because.detail else ""
        return f"{whose}kept: {kept}{detail}"

    @property
    def advice(self) -> str:
        """What would mend it."""
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
    """Of one repository: the images that stay for a reason that matters and that would go.

    `decisions` are all of the repository; `marks` are of `evaluate` or of ECR's preview; with
    `manifests`, the children that each index names, what ECR would refuse to take is told from
    what it takes. Those in use come first, then what is deleted before what is archived.
    """
    by_digest = {it.image.digest: it for it in decisions}
    images = [it.image for it in decisions]
    matches = carried_out(preview, images, _links(decisions, manifests or {}))
    met = {
        match.image.digest: (by_digest[match.image.digest], match, because)
        for match in matches
        if (because := _because(by_digest[match.image.digest], by_digest))
    }
    along: dict[str, list[Decision]] = {digest: [] for digest in met}
    for digest, (decision, _, _) in met.items():
        if (head := _head(decision, met.keys(), by_digest)) != digest:
            along[head].append(decision)
    followers = {it.image.digest for those in along.values() for it in those}
    found = [Conflict(*met[it], tuple(along[it])) for it in met if it not in followers]
    return tuple(sorted(found, key=_urgency))


def due_within(
    decisions: Sequence[Decision],
    policy: LifecyclePolicy,
    manifests: Links,
    told: Iterable[Conflict],
    *,
    now: datetime,
    within: timedelta,
) -> tuple[Conflict, ...]:
    """The conflicts about images in use that rules by age will bring in that time, if the images
    stay in use and nobody pushes, pulls or restores any. `told` are those of today, left out."""
    images = {it.image.digest: it.image for it in decisions}
    graph = image_graph(images, _links(decisions, manifests))

    def day(conflict: Conflict) -> datetime:
        """Not before the last of the indexes that hold the image."""
        digest = conflict.match.via or conflict.decision.image.digest
        indexes = [images[it] for it in graph.ancestors(digest)]
        above = [images[digest], *(it for it in indexes if it.status is not Status.ARCHIVED)]
        return max(next_due(policy, it, now) or now for it in above)

    today = {it.image.digest for each in told for it in (each.decision, *each.along)}
    preview = evaluate(policy, list(images.values()), now + within)
    found = [
        replace(it, due=day(it))
        for it in conflicts(decisions, preview, manifests)
        if it.uses and it.decision.image.digest not in today
    ]
    return tuple(sorted(found, key=lambda it: (it.due or now, _urgency(it))))


def _name(image: Image) -> str:
    more = f" and {len(image.tags) - _SHOWN} more tags" if len(image.tags) > _SHOWN else ""
    return ", ".join(image.tags[:_SHOWN]) + more or image.digest


def _links(decisions: Sequence[Decision], manifests: Links) -> Links:
    """Which index holds what, also as far as the decisions alone tell it."""
    links: dict[str, tuple[str, ...]] = dict(manifests)
    for it in decisions:
        if it.related and it.reason is Reason.CHILD:
            links[it.related] = (*links.get(it.related, ()), it.image.digest)
        elif it.related and it.reason is Reason.IN_USE:
            links[it.image.digest] = (*links.get(it.image.digest, ()), it.related)
    return links


def _because(decision: Decision, by_digest: Mapping[str, Decision]) -> Decision | None:
    """The decision that the keeping rests on; None where that is no reason that matters. What that
    is not known of is taken to matter."""
    seen: set[str] = set()
    while decision.reason in _FOR_ANOTHER and decision.image.digest not in seen:
        seen.add(decision.image.digest)
        if (above := by_digest.get(decision.related or "")) is None:
            return decision
        decision = above
    matters = decision.reason in MATTERS and not decision.deletable
    return decision if matters else None


def _head(decision: Decision, met: Collection[str], by_digest: Mapping[str, Decision]) -> str:
    """The outermost image that would go as well and for whose sake this one stays. This ends, since
    the keeping of all that are `met` rests on something."""
    while decision.reason in _FOR_ANOTHER and decision.related in met:
        decision = by_digest[decision.related or ""]
    return decision.image.digest


def _urgency(conflict: Conflict) -> tuple[bool, bool, str, str]:
    archives = conflict.match.rule.action is LifecycleAction.TRANSITION
    return (not conflict.uses, archives, conflict.name, conflict.decision.image.digest)
