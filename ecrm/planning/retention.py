"""One repository: images, uses, a rule and the time become one decision per image. Pure.

An image is kept by the first of `REASONS` that applies; what no reason keeps is deletable.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Image, Links, Status
from ecrm.model.media_types import INDEX_MEDIA_TYPES
from ecrm.model.rule import Action, Rule
from ecrm.planning.graph import image_graph, own_tags
from ecrm.planning.reasons import REASONS, RepositoryView, archived_long
from ecrm.planning.uses import RepositoryUses


def needs_manifests(
    images: Iterable[Image], uses: RepositoryUses, rule: Rule, now: datetime
) -> bool:
    """Whether the decisions depend on which images are children of which.

    Reading a manifest may count as a pull, so none is read in a repository whose images are all
    kept for other reasons.
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

    `min_age` is the guard: an image that was pushed or restored within it is never deletable.
    """
    newest_first = {image.digest: image for image in sorted(images, key=_age_order)}
    graph = image_graph(newest_first, manifests)
    view = RepositoryView(newest_first, graph, uses, rule, now, min_age)
    kept: dict[str, Decision] = {}
    for reason in REASONS:
        for decision in reason(view, kept):
            kept.setdefault(decision.image.digest, decision)
    return [kept.get(image.digest) or _deletable(view, image) for image in newest_first.values()]


def _age_order(image: Image) -> tuple[float, str]:
    """Newest first; by digest where the second of the push is the same."""
    return (-image.pushed_at.timestamp(), image.digest)


def _deletable(view: RepositoryView, image: Image) -> Decision:
    if image.status is Status.ARCHIVED and archived_long(view, image):
        return Decision(image, Reason.ARCHIVED_LONG, action=Action.DELETE)
    reason, related = Reason.UNTAGGED, None
    if image.digest in view.graph.followers:
        reason, related = Reason.SUBJECT_DELETABLE, view.graph.subjects[image.digest][0]
    elif image.digest in view.graph.orphans:
        reason = Reason.SUBJECT_MISSING
    elif own_tags(image):
        reason = Reason.EXPIRED
    elif parents := view.graph.parents.get(image.digest):
        reason, related = Reason.INDEX_DELETABLE, parents[0]
    return Decision(image, reason, related=related, action=view.rule.action)
