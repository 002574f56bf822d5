"""Joins what is in use with what ECR holds into a plan, one repository at a time.

Where the holdings come from, AWS or a snapshot, makes no difference here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from ecrm.aws import gather
from ecrm.config import Config
from ecrm.errors import AccessDenied, AwsError, Gone
from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Image, Kind, Links
from ecrm.model.reference import Registry
from ecrm.model.rule import Action, Rule
from ecrm.model.scan import Note, Progress, ReadStatus, Scan, SourceRead
from ecrm.planning.plan import Plan, RepositoryPlan, plan_repository, unread_repository
from ecrm.planning.retention import decide, needs_manifests
from ecrm.planning.uses import UsesByRepository
from ecrm.registry.access import Replication
from ecrm.registry.tag_mutability import Mutability


class Holdings(Protocol):
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

    def pullers(self, registry: Registry, repository: str) -> Sequence[str]: ...

    def lifecycle_policy(self, registry: Registry, repository: str) -> str | None:
        """The text of ECR's own policy; None where the repository has none."""
        ...

    def mutability(self, registry: Registry, repository: str) -> Mutability: ...


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the plan of a repository depends on, besides what the repository holds.

    `action` overrides that of every rule. With `keep_all` the plan lists what stays as well, and
    with `overdue` what has been deletable for that long.
    """

    scan: Scan
    uses: UsesByRepository
    config: Config
    now: datetime
    replications: dict[Registry, Sequence[Replication]]
    ledger: tuple[SourceRead, ...]
    action: Action | None = None
    keep_all: bool = False
    overdue: timedelta | None = None

    def rule_for(self, repository: str) -> Rule | None:
        rule = self.config.rule_for(repository)
        return replace(rule, action=self.action) if rule and self.action else rule


def gather_facts(
    scan: Scan,
    holdings: Holdings,
    config: Config,
    now: datetime,
    *,
    action: Action | None = None,
    keep_all: bool = False,
) -> Facts:
    """The facts of one moment; where replication cannot be read, the ledger says so."""
    replications: dict[Registry, Sequence[Replication]] = {}
    ledger = list(scan.ledger)
    for registry in holdings.registries:
        try:
            replications[registry] = holdings.replications(registry)
        except AwsError as error:
            denied = isinstance(error, AccessDenied)
            note = Note(ReadStatus.DENIED if denied else ReadStatus.FAILED, str(error))
            ledger.append(SourceRead(registry, "replication", 0, (note,)))
    uses = UsesByRepository(scan.uses)
    return Facts(scan, uses, config, now, replications, tuple(ledger), action, keep_all)


def make_plan(holdings: Holdings, facts: Facts, only: str | None, progress: Progress) -> Plan:
    """What stays and what goes, in all repositories or in `only` that one."""
    names = [
        (registry, name)
        for registry in holdings.registries
        for name in holdings.repositories(registry, only)
    ]
    if only and not names:
        where = ", ".join(map(str, holdings.registries))
        raise Gone(f"there is no repository {only} in {where}")
    managed = [it for it in names if facts.rule_for(it[1])]
    progress(f"ECR: {len(managed)} repositories")
    planned = gather(partial(_plan_one, holdings, facts, progress), managed, holdings.workers)
    return Plan(
        created_at=facts.now,
        targets=holdings.registries,
        config=facts.config.fingerprint,
        ledger=facts.ledger,
        repositories=tuple(it for it in planned if it),
        in_use={registry: facts.uses.count(registry) for registry in holdings.registries},
        unmanaged=tuple(sorted({name for _, name in names if not facts.rule_for(name)})),
    )


def plan_again(
    holdings: Holdings, facts: Facts, registry: Registry, repository: str
) -> RepositoryPlan | None:
    """One repository; None if it is gone, or if no rule matches it."""
    rule = facts.rule_for(repository)
    if rule is None:
        return None
    replications = facts.replications.get(registry, ())
    covering = [it for it in replications if it.covers(repository)]
    repeating = tuple(dict.fromkeys(it.destination for it in covering if it.deletes))
    uses = facts.uses.of((registry, *repeating), repository)
    try:
        images = holdings.images(registry, repository)
        manifests: Links = {}
        if needs_manifests(images, uses, rule, facts.now):
            indexes = [image for image in images if image.kind is Kind.INDEX]
            manifests = holdings.children(registry, repository, indexes)
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
    if planned.waves or unscanned:
        consumers = _consumers(holdings, registry, repository, covering)
    return replace(
        planned,
        absent=uses.absent_from(images),
        consumers=consumers,
        kept=tuple(it for it in decisions if not it.goes) if facts.keep_all else (),
        overdue=_overdue(facts, planned, decided),
    )


def _overdue(
    facts: Facts, planned: RepositoryPlan, decided: Callable[[datetime], Sequence[Decision]]
) -> tuple[str, ...]:
    """What goes, and would have gone at that time already by the uses and the rule of today. What
    was pushed since is young at that time, so it stays without taking a place of keep_count."""
    if facts.overdue is None or not planned.waves:
        return ()
    went = {it.image.digest for it in decided(facts.now - facts.overdue) if it.goes}
    return tuple(digest for it in planned.deletions if (digest := it.image.digest) in went)


def _plan_one(
    holdings: Holdings, facts: Facts, progress: Progress, where: tuple[Registry, str]
) -> RepositoryPlan | None:
    planned = plan_again(holdings, facts, *where)
    progress(f"ECR: {where[1]}")
    return planned


def _held(decision: Decision, unscanned: Sequence[Registry]) -> Decision:
    """ECR would repeat the deletion where nobody has looked who uses the image."""
    if not decision.goes:
        return decision
    where = ", ".join(map(str, unscanned))
    return Decision(decision.image, Reason.UNSCANNED, f"ECR repeats deletions in {where}")


def _consumers(
    holdings: Holdings, registry: Registry, repository: str, covering: Sequence[Replication]
) -> tuple[str, ...]:
    """Who may use images of the repository unseen, as lines for people."""
    copies = [
        f"ECR copies it to {it.destination}{' and repeats deletions there' if it.deletes else ''}"
        for it in covering
    ]
    try:
        pulls = [f"{who} may pull" for who in holdings.pullers(registry, repository)]
    except Gone:
        pulls = []
    except AwsError as error:
        pulls = [f"who else may pull is not known: {error}"]
    return tuple(dict.fromkeys(copies + pulls))
