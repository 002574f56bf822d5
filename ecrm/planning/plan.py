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
from ecrm.model.scan import SourceRead
from ecrm.planning.graph import deletion_waves, link


@dataclass(frozen=True, slots=True)
class Tally:
    """How many images, and their bytes as ECR reports them."""

    images: int = 0
    size: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.images + other.images, self.size + other.size)

    def __sub__(self, other: "Tally") -> "Tally":
        return Tally(self.images - other.images, self.size - other.size)


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
    total: Mapping[Kind, Tally]
    goes: Mapping[Kind, Tally]
    stays: Mapping[Reason, int]
    waves: tuple[tuple[Decision, ...], ...] = ()
    above: Links = field(default_factory=dict)
    broken_indexes: int = 0
    absent: tuple[str, ...] = ()
    consumers: tuple[str, ...] = ()
    used: Tally = Tally()
    kept: tuple[Decision, ...] = ()
    overdue: tuple[str, ...] = ()
    problem: str = ""

    @property
    def deletions(self) -> tuple[Decision, ...]:
        return tuple(decision for wave in self.waves for decision in wave)

    @property
    def images(self) -> int:
        return sum(tally.images for tally in self.total.values())

    @property
    def dangling(self) -> bool:
        """Whether something in use names images here, none of them is there, and all else goes."""
        return bool(self.absent and self.images) and len(self.deletions) == self.images


@dataclass(frozen=True, slots=True)
class Plan:
    """All repositories of all targets, and the ledger of what was read to decide about them.

    `in_use` is how many different images of each target the uses name. `unmanaged` are the
    repositories that no rule matches.
    """

    created_at: datetime
    targets: tuple[Registry, ...]
    config: str
    ledger: tuple[SourceRead, ...]
    repositories: tuple[RepositoryPlan, ...]
    in_use: Mapping[Registry, int] = field(default_factory=dict)
    unmanaged: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """What could not be read, one line each; a plan may be applied only if there is nothing."""
        sources = [line for read in self.ledger for line in read.missing]
        repositories = [f"{it.repository}: {it.problem}" for it in self.repositories if it.problem]
        return tuple(sources + repositories)

    @property
    def complete(self) -> bool:
        return not self.missing

    @property
    def total(self) -> Tally:
        return _sum(tally for it in self.repositories for tally in it.total.values())

    @property
    def goes(self) -> Tally:
        return _sum(tally for it in self.repositories for tally in it.goes.values())

    @property
    def used(self) -> Tally:
        return _sum(it.used for it in self.repositories)

    @property
    def stays(self) -> Mapping[Reason, int]:
        """How many images stay for which reason, in the order of the reasons."""
        counts: Counter[Reason] = Counter()
        for repository in self.repositories:
            counts.update(repository.stays)
        return {reason: counts[reason] for reason in Reason if counts[reason]}


@dataclass(frozen=True, slots=True)
class Spared:
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
    family = link({decision.image.digest: decision.image for decision in decisions}, manifests)
    leaving = {it.image.digest: it for it in decisions if it.goes}
    waves = deletion_waves(leaving, family)
    linked = leaving if family.parents or family.subjects else ()
    goes = _tallies(leaving.values())
    total = _tallies(it for it in decisions if not it.goes)
    for kind, tally in goes.items():
        total[kind] = total.get(kind, Tally()) + tally
    return RepositoryPlan(
        registry=registry,
        repository=repository,
        rule=str(rule.name),
        total=total,
        goes=goes,
        stays=Counter(it.reason for it in decisions if not it.goes),
        waves=tuple(tuple(leaving[digest] for digest in wave) for wave in waves),
        above={digest: above for digest in linked if (above := family.above(digest))},
        broken_indexes=len(family.broken),
        used=_sum(Tally(1, it.image.size) for it in decisions if it.reason is Reason.IN_USE),
    )


def unread_repository(registry: Registry, repository: str, rule: Rule, why: str) -> RepositoryPlan:
    return RepositoryPlan(registry, repository, str(rule.name), {}, {}, {}, problem=why)


def shrunk(old: RepositoryPlan, new: RepositoryPlan) -> tuple[RepositoryPlan, tuple[Spared, ...]]:
    """What of `old` still goes by `new`, made later with `kept` filled, and what is spared.

    Only an image that both want gone in the same way, under the same tags, and with all that it
    belongs to still goes; one that is not there any more counts as going. Where `new` could not be
    read, nothing goes.
    """
    if new.problem:
        why = f"could not be read again: {new.problem}"
        return new, tuple(Spared(decision, why) for decision in old.deletions)
    later = {it.image.digest: it for it in (*new.deletions, *new.kept)}
    going = {it.image.digest: it for it in old.deletions}
    spared: list[Spared] = []
    while fresh := {
        digest: Spared(it, why)
        for digest, it in going.items()
        if (why := _why_spared(it, later.get(digest), _above(digest, old, new) - going.keys()))
    }:
        spared.extend(fresh.values())
        going = {digest: it for digest, it in going.items() if digest not in fresh}
    waves = (tuple(it for it in wave if it.image.digest in going) for wave in old.waves)
    left = replace(old, waves=tuple(wave for wave in waves if wave))
    left = replace(left, goes=_tallies(left.deletions), absent=new.absent)
    return left, tuple(spared)


def _above(digest: str, *plans: RepositoryPlan) -> set[str]:
    return {it for plan in plans for it in plan.above.get(digest, ())}


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


def _tallies(decisions: Iterable[Decision]) -> dict[Kind, Tally]:
    sizes: dict[Kind, list[int]] = defaultdict(list)
    for decision in decisions:
        sizes[decision.image.kind].append(decision.image.size)
    return {kind: Tally(len(of_kind), sum(of_kind)) for kind, of_kind in sizes.items()}


def _sum(tallies: Iterable[Tally]) -> Tally:
    return sum(tallies, Tally())
