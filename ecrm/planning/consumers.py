"""Who else may use images of a repository, read where that matters and at most once."""

from dataclasses import replace
from typing import Protocol

from ecrm.aws import map_concurrently
from ecrm.errors import Gone
from ecrm.model.reference import Registry, RepositoryKey
from ecrm.planning.context import PlanningContext
from ecrm.planning.holes import Exposure, exposure, unread_uses
from ecrm.planning.plan import Plan, RepositoryPlan
from ecrm.registry.access import Pullers


class PolicyReader(Protocol):
    """Reads access policies, of AWS or of a snapshot."""

    @property
    def workers(self) -> int: ...

    def cross_account_pullers(self, registry: Registry, repository: str) -> Pullers:
        """Raises no AwsError but Gone: what cannot be read is `unread`."""
        ...


class Consumers:
    """Those of the repositories of one plan."""

    def __init__(self, policies: PolicyReader, context: PlanningContext) -> None:
        self._policies = policies
        self._context = context
        self._pullers: dict[RepositoryKey, Pullers] = {}

    def lines(self, planned: RepositoryPlan) -> tuple[str, ...]:
        """For people. Who may pull matters only where something is deleted."""
        key, context = planned.key, self._context
        if planned.unread or not (planned.stages or context.unscanned(key)):
            return ()
        copies = [
            f"ECR copies it to {rule.destination}{' and repeats deletions there' * rule.deletes}"
            for rule in context.replications_of(key)
        ]
        pullers = self._pullers_of(key) if planned.stages else Pullers()
        pulls = [f"{puller.text} may pull" for puller in pullers.known]
        unread = [f"who else may pull is not known: {why}" for why in pullers.unread]
        return tuple(dict.fromkeys(copies + pulls + unread))

    def exposure(self, planned: RepositoryPlan) -> Exposure:
        pullers = self._pullers_of(planned.key) if planned.stages else Pullers()
        return exposure(planned.key, self._context, pullers)

    def with_holes(self, plan: Plan) -> Plan:
        """With what could not be read and may use images, in each repository. Of one target,
        whatever could not be read may."""
        holes = [report for report in plan.source_reports if report.unread]
        if not holes or len(plan.scanned) <= 1:
            return plan

        def with_its_own(planned: RepositoryPlan) -> RepositoryPlan:
            lines = unread_uses(holes, self.exposure(planned), self._context.organization)
            return replace(planned, unread_uses=lines)

        found = map_concurrently(with_its_own, plan.repositories, self._policies.workers)
        return replace(plan, repositories=tuple(found))

    def _pullers_of(self, key: RepositoryKey) -> Pullers:
        if key not in self._pullers:
            try:
                self._pullers[key] = self._policies.cross_account_pullers(*key)
            except Gone:
                self._pullers[key] = Pullers()
        return self._pullers[key]
