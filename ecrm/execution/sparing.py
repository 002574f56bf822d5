"""Which images of a batch are spared after all, by what their manifests say at the last moment."""

from collections.abc import Callable, Collection, Iterable, Mapping

from ecrm.model.decision import Decision
from ecrm.planning.plan import RepositoryPlan
from ecrm.registry.undescribed import subject_of


def why_spared(
    batch: Iterable[Decision],
    planned: RepositoryPlan,
    manifests: Mapping[str, str],
    kept: Collection[str],
    look: Callable[[set[str]], set[str]],
) -> dict[str, str]:
    """By digest, why an image of the batch must stay: it belongs to an image that was to be deleted
    before it and is `kept`, or its manifest refers to an image that the plan keeps.

    The plan knows subjects from DescribeImages, which may leave one out. `look` returns which of
    these digests the repository holds; it is asked only where that matters.
    """
    why: dict[str, str] = {}
    unplanned: dict[str, str] = {}
    deleted = {decision.image.digest for decision in planned.deletions}
    for image in (decision.image for decision in batch):
        holders = set(planned.held_by.get(image.digest, ())) & set(kept)
        try:
            subject = subject_of(manifests.get(image.digest, "{}"))
        except ValueError as error:
            why[image.digest] = f"its manifest cannot be understood: {error}"
            continue
        if subject in kept:
            holders.add(str(subject))
        if holders:
            why[image.digest] = f"belongs to {min(holders)}, which is kept"
        elif subject and subject not in (image.subject, image.digest) and subject not in deleted:
            unplanned[image.digest] = subject
    found = look(set(unplanned.values())) if unplanned else set()
    return why | {
        digest: f"its manifest refers to {subject}, which is kept"
        for digest, subject in unplanned.items()
        if subject in found
    }
