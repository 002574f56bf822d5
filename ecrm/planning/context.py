"""What the plans of all repositories of a run have in common. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ecrm.config import Config
from ecrm.model.image import OwnReadings
from ecrm.model.organization import UNKNOWN, Organization
from ecrm.model.reference import Registry, RepositoryKey
from ecrm.model.rule import Action, Rule
from ecrm.model.scan import Scan, SourceReport
from ecrm.planning.uses import RepositoryUses, UsesByRepository
from ecrm.registry.access import Replication


@dataclass(frozen=True, slots=True)
class PlanningContext:
    """All that the plan of a repository depends on, besides the repository itself.

    `readings` are ecrm's own, made by the run whose plan was approved. `action` overrides that of
    every rule. With `keep_all` the plan lists the kept images too, and
    with `overdue` the images that have been deletable for that long.
    """

    scan: Scan
    uses: UsesByRepository
    config: Config
    now: datetime
    replications: Mapping[Registry, Sequence[Replication]]
    source_reports: tuple[SourceReport, ...]
    action: Action | None
    keep_all: bool
    overdue: timedelta | None = None
    readings: Mapping[RepositoryKey, OwnReadings] = field(default_factory=dict)
    organization: Organization = UNKNOWN

    def rule_for(self, key: RepositoryKey) -> Rule | None:
        rule = self.config.rule_for(key)
        return replace(rule, action=self.action) if rule and self.action else rule

    def replications_of(self, key: RepositoryKey) -> tuple[Replication, ...]:
        rules = self.replications.get(key.registry, ())
        return tuple(rule for rule in rules if rule.covers(key.repository))

    def repeats_deletions_in(self, key: RepositoryKey) -> tuple[Registry, ...]:
        """The registries in which ECR repeats the deletions of this repository."""
        rules = self.replications_of(key)
        return tuple(dict.fromkeys(rule.destination for rule in rules if rule.deletes))

    def unscanned(self, key: RepositoryKey) -> tuple[Registry, ...]:
        """Those of them of which the scan does not say who uses their images."""
        return tuple(
            registry
            for registry in self.repeats_deletions_in(key)
            if not self.scan.tells_of(registry)
        )

    def registries_of_uses(self, key: RepositoryKey) -> tuple[Registry, ...]:
        """Those whose images' uses protect the images of this repository."""
        return (key.registry, *self.repeats_deletions_in(key))

    def uses_of(self, key: RepositoryKey) -> RepositoryUses:
        """Uses of a copy count too where ECR repeats deletions."""
        return self.uses.of(self.registries_of_uses(key), key.repository)
