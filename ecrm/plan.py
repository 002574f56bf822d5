"""The plan: what is known, and for every repository what stays, what goes, and in which order.

A plan is a value. It is made by pure functions, shown by `formats`, and carried out by `apply`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ecrm.family import Links, deletion_waves, link
from ecrm.model import Decision, Kind, Reason, SourceRead, Use
from ecrm.reference import Registry
from ecrm.retention import RepositoryUses


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
    """One repository. `waves` are the deletions in their order; `stays` counts the rest.

    `problem` says what could not be read; then nothing is known to be deletable.
    """

    registry: Registry
    repository: str
    rule: str
    total: Mapping[Kind, Tally]
    goes: Mapping[Kind, Tally]
    stays: Mapping[Reason, int]
    waves: tuple[tuple[Decision, ...], ...] = ()
    broken_indexes: int = 0
    problem: str = ""

    @property
    def deletions(self) -> tuple[Decision, ...]:
        return tuple(decision for wave in self.waves for decision in wave)


@dataclass(frozen=True, slots=True)
class Plan:
    """All repositories of all targets, and the ledger of what was read to decide about them.

    `unmanaged` are the repositories that no rule matches.
    """

    created_at: datetime
    targets: tuple[Registry, ...]
    config: str
    ledger: tuple[SourceRead, ...]
    repositories: tuple[RepositoryPlan, ...]
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
    def stays(self) -> Mapping[Reason, int]:
        """How many images stay for which reason, in the order of the reasons."""
        counts: Counter[Reason] = Counter()
        for repository in self.repositories:
            counts.update(repository.stays)
        return {reason: counts[reason] for reason in Reason if counts[reason]}


class UsesByRepository:
    """All uses, looked up by the repository that they may name."""

    def __init__(self, uses: Iterable[Use]) -> None:
        self._of_registry: dict[tuple[Registry | None, str], list[Use]] = defaultdict(list)
        for use in uses:
            if not use.reference.is_elsewhere:
                key = (use.reference.registry, use.reference.repository)
                self._of_registry[key].append(use)

    def of(self, registry: Registry, repository: str) -> RepositoryUses:
        """Those that name this registry, and those behind a host that may stand for any."""
        uses = [
            *self._of_registry.get((registry, repository), ()),
            *self._of_registry.get((None, repository), ()),
        ]
        by_digest: dict[str, list[Use]] = defaultdict(list)
        by_tag: dict[str, list[Use]] = defaultdict(list)
        for use in sorted(uses, key=str):
            if use.reference.digest:
                by_digest[use.reference.digest].append(use)
            if use.reference.tag:
                by_tag[use.reference.tag].append(use)
        return RepositoryUses(
            {digest: tuple(found) for digest, found in by_digest.items()},
            {tag: tuple(found) for tag, found in by_tag.items()},
        )


def plan_repository(
    registry: Registry, repository: str, rule: str, decisions: Sequence[Decision], manifests: Links
) -> RepositoryPlan:
    """Fold the decisions about one repository; of what stays only numbers are kept."""
    family = link({decision.image.digest: decision.image for decision in decisions}, manifests)
    deletions = {it.image.digest: it for it in decisions if it.deletes}
    waves = deletion_waves(deletions, family)
    return RepositoryPlan(
        registry=registry,
        repository=repository,
        rule=rule,
        total=_tallies(decisions),
        goes=_tallies(deletions.values()),
        stays=Counter(it.reason for it in decisions if not it.deletes),
        waves=tuple(tuple(deletions[digest] for digest in wave) for wave in waves),
        broken_indexes=len(family.broken),
    )


def unread_repository(registry: Registry, repository: str, rule: str, why: str) -> RepositoryPlan:
    return RepositoryPlan(registry, repository, rule, {}, {}, {}, problem=why)


def _tallies(decisions: Iterable[Decision]) -> dict[Kind, Tally]:
    tallies: dict[Kind, Tally] = defaultdict(Tally)
    for decision in decisions:
        tallies[decision.image.kind] += Tally(1, decision.image.size)
    return dict(tallies)


def _sum(tallies: Iterable[Tally]) -> Tally:
    return sum(tallies, Tally())
