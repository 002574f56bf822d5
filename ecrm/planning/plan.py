"""The plan: what was read, and which images of every repository are deleted, in what order.

A plan is a value. Pure functions make it, `reports` shows it, and `execution` carries it out.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Kind, Links, OwnReading, Status
from ecrm.model.reference import Digest, Registry, RepositoryKey, RepositoryName, display_name
from ecrm.model.repeated import once
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
    """One repository. `stages` are the deletions in their order; `kept_by_reason` counts the other
    images, `used` are those in use, and `archived` those in archive storage.

    `held_by` gives the indexes and subjects of each deletable image; where one of them is kept
    after all, so is the image. `missing` are references in use that are not in ECR. `consumers`
    are those who may use images here and whom a scan cannot see. `kept` and `overdue` are filled
    on demand. `own_readings` are ecrm's of the deletable indexes; `doubtful_pulls` counts indexes
    kept for a pull that may be ecrm's. With `unread` nothing is known to be deletable.
    `unread_uses` are the targets that could not be read and may use images here (see `holes`).
    """

    registry: Registry
    repository: RepositoryName
    rule: str
    total: Mapping[Kind, Totals]
    deletable: Mapping[Kind, Totals]
    kept_by_reason: Mapping[Reason, int]
    stages: tuple[tuple[Decision, ...], ...] = ()
    held_by: Mapping[Digest, tuple[Digest, ...]] = field(default_factory=dict)
    broken_indexes: int = 0
    missing: tuple[str, ...] = ()
    consumers: tuple[str, ...] = ()
    used: Totals = Totals()
    archived: Totals = Totals()
    kept: tuple[Decision, ...] = ()
    overdue: tuple[str, ...] = ()
    own_readings: Mapping[Digest, OwnReading] = field(default_factory=dict)
    doubtful_pulls: int = 0
    unread: str = ""
    unread_uses: tuple[str, ...] = ()

    @property
    def key(self) -> RepositoryKey:
        return RepositoryKey(self.registry, self.repository)

    @property
    def deletions(self) -> tuple[Decision, ...]:
        return tuple(decision for stage in self.stages for decision in stage)

    @property
    def images(self) -> int:
        return sum(totals.images for totals in self.total.values())

    @property
    def missing_in_use(self) -> bool:
        """Whether references in use are not in ECR, and every image that is would be deleted."""
        return bool(self.missing and self.images) and len(self.deletions) == self.images

    def narrowed_to(self, digests: Collection[str]) -> "RepositoryPlan":
        """The same plan, which deletes no other images than these."""
        deletions = (
            tuple(decision for decision in stage if decision.image.digest in digests)
            for stage in self.stages
        )
        planned = replace(self, stages=tuple(stage for stage in deletions if stage))
        return replace(planned, deletable=_totals(planned.deletions))


@dataclass(frozen=True, slots=True)
class Plan:
    """All repositories of all targets, and the reports of the sources that the decisions rest on.

    `in_use` is how many different images of each target the uses name. `unmanaged` are the
    repositories that no rule matches.
    """

    created_at: datetime
    targets: tuple[Registry, ...]
    config: str
    source_reports: tuple[SourceReport, ...]
    repositories: tuple[RepositoryPlan, ...]
    in_use: Mapping[Registry, int] = field(default_factory=dict)
    unmanaged: tuple[RepositoryKey, ...] = ()

    @property
    def scanned(self) -> frozenset[Registry]:
        """All accounts and regions that it rests on, those that could not be read included."""
        of_reports = {report.registry for report in self.source_reports if report.registry}
        return frozenset(self.targets) | of_reports

    @property
    def unread(self) -> tuple[str, ...]:
        """What could not be read, one line for each kind of failure. Of several targets, each line
        names its own."""
        several = len(self.scanned) > 1
        sources = [
            (str(report.registry) if several and report.registry else "", line)
            for report in self.source_reports
            for line in report.unread
        ]
        repositories = [
            (display_name(planned.key, self.targets), planned.unread)
            for planned in self.repositories
            if planned.unread
        ]
        return once(sources + repositories)

    @property
    def complete(self) -> bool:
        return not self.unread

    @property
    def total(self) -> Totals:
        return summed(totals for planned in self.repositories for totals in planned.total.values())

    @property
    def deletable(self) -> Totals:
        return summed(
            totals for planned in self.repositories for totals in planned.deletable.values()
        )

    @property
    def used(self) -> Totals:
        return summed(planned.used for planned in self.repositories)

    @property
    def kept_by_reason(self) -> Mapping[Reason, int]:
        """How many images each reason keeps, in the order of the reasons."""
        counts: Counter[Reason] = Counter()
        for repository in self.repositories:
            counts.update(repository.kept_by_reason)
        return {reason: counts[reason] for reason in Reason if counts[reason]}


def repository_plan(
    key: RepositoryKey, rule: Rule, decisions: Sequence[Decision], children: Links
) -> RepositoryPlan:
    """Fold the decisions about one repository; of the images that are kept only numbers remain."""
    graph = image_graph({decision.image.digest: decision.image for decision in decisions}, children)
    deletable = {decision.image.digest: decision for decision in decisions if decision.deletable}
    kept = [decision for decision in decisions if not decision.deletable]
    stages = deletion_stages(deletable, graph)
    linked = deletable if graph.parents or graph.subjects else ()
    sizes = _totals(deletable.values())
    total = _totals(kept)
    for kind, totals in sizes.items():
        total[kind] = total.get(kind, Totals()) + totals
    return RepositoryPlan(
        registry=key.registry,
        repository=key.repository,
        rule=str(rule.name),
        total=total,
        deletable=sizes,
        kept_by_reason=Counter(decision.reason for decision in kept),
        stages=tuple(tuple(deletable[digest] for digest in stage) for stage in stages),
        held_by={digest: holders for digest in linked if (holders := graph.held_by(digest))},
        broken_indexes=len(graph.broken),
        used=_counted(one for one in kept if one.reason is Reason.IN_USE),
        archived=_counted(one for one in decisions if one.image.status is Status.ARCHIVED),
    )


def unread_repository(key: RepositoryKey, rule: Rule, why: str) -> RepositoryPlan:
    return RepositoryPlan(*key, str(rule.name), {}, {}, {}, unread=why)


def _totals(decisions: Iterable[Decision]) -> dict[Kind, Totals]:
    kinds: dict[Kind, list[Decision]] = defaultdict(list)
    for decision in decisions:
        kinds[decision.image.kind].append(decision)
    return {kind: _counted(of_kind) for kind, of_kind in kinds.items()}


def _counted(decisions: Iterable[Decision]) -> Totals:
    sizes = [decision.image.size for decision in decisions]
    return Totals(len(sizes), sum(sizes))


def summed(totals: Iterable[Totals]) -> Totals:
    return sum(totals, Totals())
