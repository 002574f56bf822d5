"""The plan of one repository: a pure function of what was read of it and of the context."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Image, Kind, Links, OwnReadings, without_own_pulls
from ecrm.model.reference import Reference, Registry, RepositoryKey
from ecrm.planning.context import PlanningContext
from ecrm.planning.plan import RepositoryPlan, repository_plan, unread_repository
from ecrm.planning.retention import decide, needs_manifests

_KEPT_ANYWAY = frozenset(
    {Reason.IN_USE, Reason.KEEP_TAG, Reason.PUSHED, Reason.PULLED, Reason.MIN_AGE}
)
"""The reasons that do not depend on what else is in use."""


@dataclass(frozen=True, slots=True)
class RepositoryState:
    """What was read of one repository. `children` are those of each index, empty where nothing
    depends on them; `readings` are ecrm's own of the indexes, by several accounts of them; `unread`
    says what could not be read."""

    key: RepositoryKey
    images: tuple[Image, ...] = ()
    children: Links = field(default_factory=dict)
    readings: tuple[OwnReadings, ...] = ()
    unread: str = ""


def as_others_pulled(state: RepositoryState) -> RepositoryState:
    """Without ecrm's own pulls. ECR may not record a pull within a day of another one, so of an
    index none of whose images is there, which would show it, the recorded pull counts."""
    there = {image.digest for image in state.images}
    shown = {index for index, of in state.children.items() if not there.isdisjoint(of)}
    images = (
        without_own_pulls(image, state.readings) if image.digest in shown else image
        for image in state.images
    )
    return replace(state, images=tuple(images))


def indexes_to_read(state: RepositoryState, context: PlanningContext) -> tuple[Image, ...]:
    """The indexes whose children the plan depends on; none where their manifests change nothing."""
    rule = context.rule_for(state.key)
    if rule is None or not needs_manifests(
        [without_own_pulls(image, state.readings) for image in state.images],
        context.uses_of(state.key),
        rule,
        context.now,
    ):
        return ()
    return tuple(image for image in state.images if image.kind is Kind.INDEX)


def plan_repository(state: RepositoryState, context: PlanningContext) -> RepositoryPlan | None:
    """None where no rule matches. `consumers` are left to whoever can ask for them."""
    key, rule = state.key, context.rule_for(state.key)
    if rule is None:
        return None
    if state.unread:
        return unread_repository(key, rule, state.unread)
    uses, min_age = context.uses_of(key), context.config.guards.min_age
    decided = partial(decide, state.images, state.children, uses, rule, min_age=min_age)
    decisions = decided(context.now)
    unscanned = () if rule.allow_unscanned else context.unscanned(key)
    if unscanned:
        decisions = [_kept_unscanned(decision, unscanned) for decision in decisions]
    planned = repository_plan(key, rule, decisions, state.children)
    kept = tuple(decision for decision in decisions if not decision.deletable)
    return replace(
        planned,
        missing=uses.missing_from(state.images),
        kept=kept if context.keep_all else (),
        overdue=_overdue(planned, context, decided),
        own_readings=_own_readings(planned, state),
        doubtful_pulls=_doubtful_pulls(decisions, state),
    )


def depends_on(state: RepositoryState, context: PlanningContext) -> Callable[[Reference], bool]:
    """Of a repository from which something is to be deleted: whether its plan could change if the
    image of a reference turned out to be in use.

    It could if the image is to be deleted, takes a slot of keep_count that another could have, or
    belongs to an index. Without any use, the first one changes what guards say.
    """
    rule, uses = context.rule_for(state.key), context.uses_of(state.key)
    if rule is None or not (uses.by_digest or uses.by_tag):
        return lambda _: True
    children = {child for index in state.children.values() for child in index}
    min_age = context.config.guards.min_age
    names: set[str | None] = set()
    for image, reason, *_ in decide(
        state.images, state.children, uses, rule, context.now, min_age=min_age
    ):
        if reason not in _KEPT_ANYWAY or image.digest in children:
            names.update((image.digest, *image.tags))
    return lambda reference: reference.digest in names or reference.tag in names


def _own_readings(planned: RepositoryPlan, state: RepositoryState) -> OwnReadings:
    """The last reading of each deletable index, for whoever carries the plan out."""
    return {
        decision.image.digest: reading
        for decision in planned.deletions
        for known in state.readings
        if (reading := known.get(decision.image.digest))
    }


def _doubtful_pulls(decisions: Sequence[Decision], state: RepositoryState) -> int:
    """How many indexes are kept because they themselves were pulled, which may have been ecrm."""
    kinds = {image.digest: image.kind for image in state.images}
    pulled = {
        decision.related or decision.image.digest
        for decision in decisions
        if decision.reason is Reason.PULLED
    }
    return sum(kinds.get(digest) is Kind.INDEX for digest in pulled)


def _kept_unscanned(decision: Decision, unscanned: Sequence[Registry]) -> Decision:
    """ECR would repeat the deletion in a registry of which the scan does not say who uses the
    image."""
    if not decision.deletable:
        return decision
    registries = ", ".join(map(str, unscanned))
    return Decision(decision.image, Reason.UNSCANNED, f"ECR repeats deletions in {registries}")


def _overdue(
    planned: RepositoryPlan,
    context: PlanningContext,
    decided: Callable[[datetime], Sequence[Decision]],
) -> tuple[str, ...]:
    """The deletable images that would have been deletable that long ago, by the uses and the rule
    of today. An image pushed since is young at that time, so it is kept and takes no slot of
    keep_count."""
    if context.overdue is None or not planned.stages:
        return ()
    earlier = decided(context.now - context.overdue)
    deletable = {decision.image.digest for decision in earlier if decision.deletable}
    digests = (decision.image.digest for decision in planned.deletions)
    return tuple(digest for digest in digests if digest in deletable)
