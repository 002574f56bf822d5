"""The plan: what is known, and for every repository what stays, what goes, and in which order.

A plan is a value. It is made by pure functions, shown by `formats`, and carried out by `apply`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Kind, Links
from ecrm.model.reference import Registry
from ecrm.model.rule import Rule
from ecrm.model.scan import SourceReport
from ecrm.planning.graph import deletion_stages, image_graph


@dataclass(frozen=True, slots=True)
class Totals:
    """How many images, and their bytes as ECR reports them."""

    images: int = 0
    size: int = 0

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(self.images + other.images, self.size + other.size)

    def __sub__(self, other: "Totals") -> "Totals":
        return Totals(self.images - other.images, self.size - other.size)


@dataclass(frozen=True, slots=True)
class RepositoryPlan:
    """One repository. `waves` are the deletions in their order; `stays` counts the rest, of which
    `used` is what is in use.

    `above` gives the indexes and subjects of each image that goes; where one of them is spared,
    so is the image. `absent` are references in use that name no image there. `consumers` are those
    who may use images here and whom a scan cannot see. `kept` is filled only on demand. `problem`
    says what could not be read; then nothing is known to be deletable.
    """

    registry: Registry
    repository: str
    rule: str
    total: Mapping[Kind, Totals]
    deletable: Mapping[Kind, Totals]
    kept_by_reason: Mapping[Reason, int]
    stages: tuple[tuple[Decision, ...], ...] = ()
    held_by: Links = field(default_factory=dict)
    broken_indexes: int = 0
    missing: tuple[str, ...] = ()
    consumers: tuple[str, ...] = ()
    used: Totals = Totals()
    kept: tuple[Decision, ...] = ()
    overdue: tuple[str, ...] = ()
    unread: str = ""

    @property
    def deletions(self) -> tuple[Decision, ...]:
        return tuple(decision for stage in self.stages for decision in stage)

    @property
    def images(self) -> int:
        return sum(totals.images for totals in self.total.values())

    @property
    def missing_in_use(self) -> bool:
        """Whether something in use names images here, none of them is there, and all else goes."""
        return bool(self.missing and self.images) and len(self.deletions) == self.images


@dataclass(frozen=True, slots=True)
class Plan:
    """All repositories of all targets, and the ledger of what was read to decide about them.

    `in_use` is how many different images of each target the uses name. `unmanaged` are the
    repositories that no rule matches.
    """

    created_at: datetime
    targets: tuple[Registry, ...]
    config: str
    source_reports: tuple[SourceReport, ...]
    repositories: tuple[RepositoryPlan, ...]
    in_use: Mapping[Registry, int] = field(default_factory=dict)
    unmanaged: tuple[str, ...] = ()

    @property
    def unread(self) -> tuple[str, ...]:
        """What could not be read, one line each; a plan may be applied only if there is nothing."""
        sources = [line for read in self.source_reports for line in read.unread]
        repositories = [f"{it.repository}: {it.unread}" for it in self.repositories if it.unread]
        return tuple(sources + repositories)

    @property
    def complete(self) -> bool:
        return not self.unread

    @property
    def total(self) -> Totals:
        return _sum(totals for it in self.repositories for totals in it.total.values())

    @property
    def deletable(self) -> Totals:
        return _sum(totals for it in self.repositories for totals in it.deletable.values())

    @property
    def used(self) -> Totals:
        return _sum(it.used for it in self.repositories)

    @property
    def kept_by_reason(self) -> Mapping[Reason, int]:
        """How many images stay for which reason, in the order of the reasons."""
        counts: Counter[Reason] = Counter()
        for repository in self.repositories:
            counts.update(repository.kept_by_reason)
        return {reason: counts[reason] for reason in Reason if counts[reason]}


@dataclass(frozen=True, slots=True)
class SkippedDeletion:
    """An image that a plan wanted gone and that stays after all."""

    decision: Decision
    why: str


def plan_repository(
    registry: Registry,
    repository: str,
    rule: Rule,
    decisions: Sequence[Decision],
    manifests: Links,
) -> RepositoryPlan:
    """Fold the decisions about one repository; of what stays only numbers are kept."""
    graph = image_graph(
        {decision.image.digest: decision.image for decision in decisions}, manifests
    )
    leaving = {it.image.digest: it for it in decisions if it.deletable}
    stages = deletion_stages(leaving, graph)
    linked = leaving if graph.parents or graph.subjects else ()
    goes = _totals(leaving.values())
    total = _totals(it for it in decisions if not it.deletable)
    for kind, totals in goes.items():
        total[kind] = total.get(kind, Totals()) + totals
    return RepositoryPlan(
        registry=registry,
        repository=repository,
        rule=str(rule.name),
        total=total,
        deletable=goes,
        kept_by_reason=Counter(it.reason for it in decisions if not it.deletable),
        stages=tuple(tuple(leaving[digest] for digest in stage) for stage in stages),
        held_by={digest: above for digest in linked if (above := graph.held_by(digest))},
        broken_indexes=len(graph.broken),
        used=_sum(Totals(1, it.image.size) for it in decisions if it.reason is Reason.IN_USE),
    )


def unread_repository(registry: Registry, repository: str, rule: Rule, why: str) -> RepositoryPlan:
    return RepositoryPlan(registry, repository, str(rule.name), {}, {}, {}, unread=why)


def still_deletable(
    old: RepositoryPlan, new: RepositoryPlan
) -> tuple[RepositoryPlan, tuple[SkippedDeletion, ...]]:
    """What of `old` still goes by `new`, made later with `kept` filled, and what is spared.

    Only an image that both want gone in the same way, under the same tags, and with all that it
    belongs to still goes; one that is not there any more counts as going. Where `new` could not be
    read, nothing goes.
    """
    if new.unread:
        why = f"could not be read again: {new.unread}"
        return new, tuple(SkippedDeletion(decision, why) for decision in old.deletions)
    later = {it.image.digest: it for it in (*new.deletions, *new.kept)}
    going = {it.image.digest: it for it in old.deletions}
    skipped: list[SkippedDeletion] = []
    while fresh := {
        digest: SkippedDeletion(it, why)
        for digest, it in going.items()
        if (why := _why_spared(it, later.get(digest), _above(digest, old, new) - going.keys()))
    }:
        skipped.extend(fresh.values())
        going = {digest: it for digest, it in going.items() if digest not in fresh}
    stages = (tuple(it for it in stage if it.image.digest in going) for stage in old.stages)
    left = replace(old, stages=tuple(stage for stage in stages if stage))
    left = replace(left, deletable=_totals(left.deletions), missing=new.missing)
    return left, tuple(skipped)


def _above(digest: str, *plans: RepositoryPlan) -> set[str]:
    return {it for plan in plans for it in plan.held_by.get(digest, ())}


def _why_spared(decision: Decision, later: Decision | None, held_by: set[str]) -> str:
    """Empty where the image still goes; `held_by` are those that it belongs to and that stay."""
    if later is None:
        return ""
    if later.action is not decision.action:
        return " ".join(
            filter(None, (f"now {later.reason}", later.detail, *map(str, later.uses[:1])))
        )
    if later.image.tags != decision.image.tags:
        before, now = (", ".join(it.image.tags) or "none" for it in (decision, later))
        return f"its tags have changed from {before} to {now}"
    return f"belongs to {min(held_by)}, which stays" if held_by else ""


def _totals(decisions: Iterable[Decision]) -> dict[Kind, Totals]:
    sizes: dict[Kind, list[int]] = defaultdict(list)
    for decision in decisions:
        sizes[decision.image.kind].append(decision.image.size)
    return {kind: Totals(len(of_kind), sum(of_kind)) for kind, of_kind in sizes.items()}


def _sum(totals: Iterable[Totals]) -> Totals:
    return sum(totals, Totals())
