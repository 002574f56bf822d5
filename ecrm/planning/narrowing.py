"""What of a plan still holds by a later one. Pure."""

from dataclasses import dataclass, replace

from ecrm.model.decision import WORDS, Decision
from ecrm.planning.plan import RepositoryPlan


@dataclass(frozen=True, slots=True)
class SkippedDeletion:
    """An image that a plan would delete and that is kept after all."""

    decision: Decision
    why: str


def still_deletable(
    old: RepositoryPlan, new: RepositoryPlan
) -> tuple[RepositoryPlan, tuple[SkippedDeletion, ...]]:
    """What of `old` is still deletable by `new`, made later with `kept` filled, and what is not.

    An image is still deletable only if both plans delete it in the same way, under the same tags,
    and with all that it belongs to. One that is not there any more needs no deletion, and whether
    it was in use nobody looked; where `new` could not be read, that holds for all.
    """
    if new.unread:
        why = f"could not be read again: {new.unread}"
        return new, tuple(SkippedDeletion(decision, why) for decision in old.deletions)
    later = {decision.image.digest: decision for decision in (*new.deletions, *new.kept)}
    left = {decision.image.digest: decision for decision in old.deletions}
    skipped: list[SkippedDeletion] = []
    while fresh := {
        digest: SkippedDeletion(decision, why)
        for digest, decision in left.items()
        if (
            why := _why_kept(
                decision,
                later.get(digest),
                (_holders(digest, old, new) & later.keys()) - left.keys(),
            )
        )
    }:
        skipped.extend(fresh.values())
        left = {digest: decision for digest, decision in left.items() if digest not in fresh}
    return replace(old.narrowed_to(left), missing=new.missing), tuple(skipped)


def _holders(digest: str, *plans: RepositoryPlan) -> set[str]:
    return {holder for planned in plans for holder in planned.held_by.get(digest, ())}


def _why_kept(decision: Decision, later: Decision | None, kept_holders: set[str]) -> str:
    """Empty where the image is still deletable; `kept_holders` are the images that are kept and to
    which it belongs."""
    if later is None:
        return "it is gone already"
    if later.action is not decision.action:
        detail = f" ({later.detail})" if later.detail else ""
        by = f" by {later.uses[0]}" if later.uses else ""
        return f"now {WORDS[later.reason]}{detail}{by}"
    if later.image.tags != decision.image.tags:
        before, now = (", ".join(one.image.tags) or "none" for one in (decision, later))
        return f"its tags have changed from {before} to {now}"
    return f"belongs to {min(kept_holders)}, which is kept" if kept_holders else ""
