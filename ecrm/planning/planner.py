"""Joins what is in use with what ECR holds into a plan, one repository at a time.

Where the holdings come from, AWS or a snapshot, makes no difference here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from ecrm.aws import map_concurrently
from ecrm.config import Config
from ecrm.errors import AccessDenied, AwsError, Gone
from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Image, Kind, Links
from ecrm.model.reference import Registry, RepositoryKey
from ecrm.model.rule import Action, Rule
from ecrm.model.scan import Diagnostic, Progress, ReadStatus, Scan, SourceReport
from ecrm.planning.plan import Plan, RepositoryPlan, plan_repository, unread_repository
from ecrm.planning.retention import decide, needs_manifests
from ecrm.planning.uses import UsesByRepository
from ecrm.registry.access import Replication
from ecrm.registry.tag_mutability import Mutability


class RegistryReader(Protocol):
    """What ECR holds. Every method raises AwsError where it cannot tell, Gone where nothing is."""

    @property
    def registries(self) -> tuple[Registry, ...]: ...

    @property
    def workers(self) -> int:
        """How many reads are worth while at once."""

    def repositories(self, registry: Registry, only: str | None = None) -> Sequence[str]: ...

    def images(self, registry: Registry, repository: str) -> Sequence[Image]: ...

    def children(self, registry: Registry, repository: str, indexes: Sequence[Image]) -> Links: ...

    def replications(self, registry: Registry) -> Sequence[Replication]: ...

    def cross_account_pullers(self, registry: Registry, repository: str) -> Sequence[str]: ...

    def lifecycle_policy(self, registry: Registry, repository: str) -> str | None:
        """The text of ECR's own policy; None where the repository has none."""
        ...

    def mutability(self, registry: Registry, repository: str) -> Mutability: ...


@dataclass(frozen=True, slots=True)
class PlanningContext:
    """All that the plan of a repository depends on, besides what the repository holds.

    `action` overrides that of every rule. With `keep_all` the plan lists what stays as well, and
    with `overdue` what has been deletable for that long.
    """

    scan: Scan
    uses: UsesByRepository
    config: Config
    now: datetime
    replications: dict[Registry, Sequence[Replication]]
    source_reports: tuple[SourceReport, ...]
    action: Action | None = None
    keep_all: bool = False
    overdue: timedelta | None = None

    def rule_for(self, key: RepositoryKey) -> Rule | None:
        rule = self.config.rule_for(key)
        return replace(rule, action=self.action) if rule and self.action else rule


def planning_context(
    scan: Scan,
    inventory: RegistryReader,
    config: Config,
    now: datetime,
    *,
    action: Action | None = None,
    keep_all: bool = False,
) -> PlanningContext:
    """The facts of one moment; where replication cannot be read, the ledger says so."""
    replications: dict[Registry, Sequence[Replication]] = {}
    source_reports = list(scan.source_reports)
    for registry in inventory.registries:
        try:
            replications[registry] = inventory.replications(registry)
        except AwsError as error:
            denied = isinstance(error, AccessDenied)
            note = Diagnostic(ReadStatus.DENIED if denied else ReadStatus.FAILED, str(error))
            source_reports.append(SourceReport(registry, "replication", 0, (note,)))
    uses = UsesByRepository(scan.uses)
    return PlanningContext(
        scan, uses, config, now, replications, tuple(source_reports), action, keep_all
    )


def make_plan(
    inventory: RegistryReader, facts: PlanningContext, only: str | None, progress: Progress
) -> Plan:
    """What stays and what goes, in all repositories or in `only` that one."""
    names = [
        RepositoryKey(registry, name)
        for registry in inventory.registries
        for name in inventory.repositories(registry, only)
    ]
    if only and not names:
        where = ", ".join(map(str, inventory.registries))
        raise Gone(f"there is no repository {only} in {where}")
    managed = [it for it in names if facts.rule_for(it)]
    progress(f"ECR: {len(managed)} repositories")
    planned = map_concurrently(
        partial(_plan_one, inventory, facts, progress), managed, inventory.workers
    )
    return Plan(
        created_at=facts.now,
        targets=inventory.registries,
        config=facts.config.fingerprint,
        source_reports=facts.source_reports,
        repositories=tuple(it for it in planned if it),
        in_use={registry: facts.uses.count(registry) for registry in inventory.registries},
        unmanaged=tuple(sorted({key.repository for key in names if not facts.rule_for(key)})),
    )


def plan_again(
    inventory: RegistryReader, facts: PlanningContext, registry: Registry, repository: str
) -> RepositoryPlan | None:
    """One repository; None if it is gone, or if no rule matches it."""
    rule = facts.rule_for(RepositoryKey(registry, repository))
    if rule is None:
        return None
    replications = facts.replications.get(registry, ())
    covering = [it for it in replications if it.covers(repository)]
    repeating = tuple(dict.fromkeys(it.destination for it in covering if it.deletes))
    uses = facts.uses.of((registry, *repeating), repository)
    try:
        images = inventory.images(registry, repository)
        manifests: Links = {}
        if needs_manifests(images, uses, rule, facts.now):
            indexes = [image for image in images if image.kind is Kind.INDEX]
            manifests = inventory.children(registry, repository, indexes)
    except Gone:
        return None
    except AwsError as error:
        return unread_repository(registry, repository, rule, str(error))
    decided = partial(decide, images, manifests, uses, rule, min_age=facts.config.guards.min_age)
    decisions = decided(facts.now)
    unscanned = [it for it in repeating if not facts.scan.tells_of(it)]
    if unscanned and not rule.allow_unscanned:
        decisions = [_held(it, unscanned) for it in decisions]
    planned = plan_repository(registry, repository, rule, decisions, manifests)
    consumers: tuple[str, ...] = ()
    if planned.stages or unscanned:
        consumers = _consumers(inventory, registry, repository, covering)
    return replace(
        planned,
        missing=uses.missing_from(images),
        consumers=consumers,
        kept=tuple(it for it in decisions if not it.deletable) if facts.keep_all else (),
        overdue=_overdue(facts, planned, decided),
    )


def _overdue(
    facts: PlanningContext,
    planned: RepositoryPlan,
    decided: Callable[[datetime], Sequence[Decision]],
) -> tuple[str, ...]:
    """What goes, and would have gone at that time already by the uses and the rule of today. What
    was pushed since is young at that time, so it stays without taking a place of keep_count."""
    if facts.overdue is None or not planned.stages:
        return ()
    went = {it.image.digest for it in decided(facts.now - facts.overdue) if it.deletable}
    return tuple(digest for it in planned.deletions if (digest := it.image.digest) in went)


def _plan_one(
    inventory: RegistryReader,
    facts: PlanningContext,
    progress: Progress,
    where: tuple[Registry, str],
) -> RepositoryPlan | None:
    planned = plan_again(inventory, facts, *where)
    progress(f"ECR: {where[1]}")
    return planned


def _held(decision: Decision, unscanned: Sequence[Registry]) -> Decision:
    """ECR would repeat the deletion where nobody has looked who uses the image."""
    if not decision.deletable:
        return decision
    where = ", ".join(map(str, unscanned))
    return Decision(decision.image, Reason.UNSCANNED, f"ECR repeats deletions in {where}")


def _consumers(
    inventory: RegistryReader, registry: Registry, repository: str, covering: Sequence[Replication]
) -> tuple[str, ...]:
    """Who may use images of the repository unseen, as lines for people."""
    copies = [
        f"ECR copies it to {it.destination}{' and repeats deletions there' if it.deletes else ''}"
        for it in covering
    ]
    try:
        pulls = [f"{who} may pull" for who in inventory.cross_account_pullers(registry, repository)]
    except Gone:
        pulls = []
    except AwsError as error:
        pulls = [f"who else may pull is not known: {error}"]
    return tuple(dict.fromkeys(copies + pulls))
