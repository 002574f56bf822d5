"""What has changed between two plans of the same targets. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ecrm.errors import InputError
from ecrm.model.decision import WORDS, Decision
from ecrm.model.reference import Digest, Registry, RepositoryKey
from ecrm.planning.plan import Plan, RepositoryPlan, Totals


class Change(StrEnum):
    """`NEW` can be deleted by the new plan alone, `KEPT` and `GONE` by the old one alone. Where the
    new plan does not list what it keeps, nobody can say which: `KEPT_OR_GONE`."""

    NEW = "new"
    KEPT = "kept"
    GONE = "gone"
    KEPT_OR_GONE = "kept or gone"


@dataclass(frozen=True, slots=True)
class ChangedImage:
    """`why` is the reason of the plan that knows one: to delete, or to keep; else empty."""

    key: RepositoryKey
    decision: Decision
    change: Change
    why: str


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What is compared of each plan as a whole."""

    created_at: datetime
    complete: bool
    stored: Totals
    deletable: Totals


@dataclass(frozen=True, slots=True)
class PlanDiff:
    """`same_rules` is whether both were made with the same configuration."""

    targets: tuple[Registry, ...]
    old: PlanFacts
    new: PlanFacts
    changes: tuple[ChangedImage, ...]
    unchanged: int
    same_rules: bool


def plan_diff(old: Plan, new: Plan) -> PlanDiff:
    """Raises InputError where the plans are of different targets."""
    if set(old.targets) != set(new.targets):
        first, second = (", ".join(map(str, sorted(plan.targets))) for plan in (old, new))
        raise InputError(f"the old plan is of {first}, and the new one of {second}")
    before, after = ({where.key: where for where in plan.repositories} for plan in (old, new))
    changes = [
        change
        for key in sorted(before.keys() | after.keys())
        for change in _changes(key, before.get(key), after.get(key))
    ]
    new_ones = sum(change.change is Change.NEW for change in changes)
    return PlanDiff(
        new.targets,
        _facts(old),
        _facts(new),
        tuple(changes),
        new.deletable.images - new_ones,
        old.config == new.config,
    )


def _facts(plan: Plan) -> PlanFacts:
    return PlanFacts(plan.created_at, plan.complete, plan.total, plan.deletable)


def _changes(
    key: RepositoryKey, old: RepositoryPlan | None, new: RepositoryPlan | None
) -> Iterator[ChangedImage]:
    before, after = _deletions(old), _deletions(new)
    for digest, decision in after.items():
        if digest not in before:
            yield ChangedImage(key, decision, Change.NEW, WORDS[decision.reason])
    kept = {decision.image.digest: decision for decision in new.kept} if new else {}
    for digest, decision in before.items():
        if digest in kept:
            yield ChangedImage(key, decision, Change.KEPT, WORDS[kept[digest].reason])
        elif digest not in after:
            yield ChangedImage(key, decision, _left(new), "")


def _deletions(where: RepositoryPlan | None) -> Mapping[Digest, Decision]:
    return {decision.image.digest: decision for decision in where.deletions} if where else {}


def _left(new: RepositoryPlan | None) -> Change:
    """Of an image that the new plan does not list."""
    lists_all = new is None or len(new.kept) + len(new.deletions) == new.images
    return Change.GONE if lists_all and not (new and new.unread) else Change.KEPT_OR_GONE
