"""A hole stops only what it could hurt: which repositories something unread may use. Pure.

A hole is an account, a region or a source of it that could not be read. With one target, and for a
file or a command, it hurts every repository. Of several targets, it hurts those of its own account,
and those from which the account may pull: by an access policy, or since replication or a
pull-through cache connects them. What is not known lets everybody in.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ecrm.model.organization import Organization
from ecrm.model.reference import Registry, RepositoryKey, display_name
from ecrm.model.repeated import once
from ecrm.model.scan import ACCOUNT, SourceReport
from ecrm.planning.context import PlanningContext
from ecrm.planning.plan import Plan
from ecrm.registry.access import Pullers

REPLICATION = "replication"
"""The source that says where ECR copies images to, and nothing about who uses them."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """Who may use images of a repository: accounts that `pullers` lets in, those of registries that
    replication `connects` with it, and, where there are lines in `unknown`, anybody."""

    key: RepositoryKey
    pullers: Pullers
    connects: tuple[Registry, ...] = ()
    unknown: tuple[str, ...] = ()

    def why(self, account: str, organization: Organization) -> str:
        """Why the account may use an image of the repository; empty where it cannot."""
        if account == self.key.registry.account:
            return "the repository is its own"
        if account in {registry.account for registry in self.connects}:
            return "ECR replicates between the two"
        if self.unknown:
            return self.unknown[0]
        return self.pullers.why(account, organization)


def exposure(key: RepositoryKey, context: PlanningContext, pullers: Pullers) -> Exposure:
    """Of a copy whose deletions follow those of the repository, and of a cache that is filled from
    it, nobody has read who may pull."""
    outwards = [rule.destination for rule in context.replications_of(key)]
    inwards = [
        registry
        for registry, rules in context.replications.items()
        if any(rule.destination == key.registry and rule.covers(key.repository) for rule in rules)
    ]
    copies = [
        f"ECR repeats its deletions in {registry}, and who may pull there is not known"
        for registry in context.repeats_deletions_in(key)
    ]
    caches = [
        f"{rule.registry} caches its images, and who may pull there is not known"
        for rule in context.scan.pull_through
        if rule.caches(key)
    ]
    return Exposure(key, pullers, (*outwards, *inwards), (*copies, *caches))


def unread_uses(
    reports: Iterable[SourceReport], exposed: Exposure, organization: Organization
) -> tuple[str, ...]:
    """A line for each hole through which uses of the repository's images may have been missed."""
    lines: dict[str, None] = {}
    for report in reports:
        if report.registry is None:
            lines |= dict.fromkeys(report.unread)
        elif report.unread and _is_of(report.registry, report.source, exposed.key):
            why = exposed.why(report.registry.account, organization)
            if why:
                lines[f"{report.registry} could not be read, and {why}"] = None
    return tuple(lines)


def _is_of(registry: Registry, source: str, key: RepositoryKey) -> bool:
    """Where a registry replicates to matters to its own repositories alone."""
    return source != REPLICATION or registry == key.registry


def only_in_one(one: Plan, other: Plan) -> list[Registry]:
    """The targets on which only one of the plans rests. Of an account that one of them could not
    enter, the regions are not known."""
    closed = {
        report.registry.account
        for plan in (one, other)
        for report in plan.source_reports
        if report.source == ACCOUNT and report.registry and report.unread
    }
    different = one.scanned ^ other.scanned
    return sorted(target for target in different if target.account not in closed)


def unread_by_repository(plan: Plan) -> Mapping[RepositoryKey, tuple[str, ...]]:
    """What could not be read and so keeps a repository's deletions from being carried out, where
    anything does; of one target, that is anything."""
    whole = plan.unread if len(plan.scanned) <= 1 else ()
    lines = {
        planned.key: whole or ((planned.unread,) if planned.unread else planned.unread_uses)
        for planned in plan.repositories
    }
    return {key: unread for key, unread in lines.items() if unread}


def applicable(plan: Plan) -> Plan:
    """The same plan, which deletes nothing where something unread could hurt."""
    unread = unread_by_repository(plan)
    if not any(planned.stages and planned.key in unread for planned in plan.repositories):
        return plan
    repositories = tuple(
        planned.narrowed_to(()) if planned.key in unread else planned
        for planned in plan.repositories
    )
    return replace(plan, repositories=repositories)


def is_partial(plan: Plan) -> bool:
    """Whether something could not be read, and repositories are left that it could not hurt."""
    return not plan.complete and len(unread_by_repository(plan)) < len(plan.repositories)


def left_alone(plan: Plan) -> tuple[str, ...]:
    """Of a partial plan, a line for each reason to delete nothing from repositories."""
    if not is_partial(plan):
        return ()
    lines = (
        (display_name(key, plan.targets), line)
        for key, unread in unread_by_repository(plan).items()
        for line in unread
    )
    return once(lines)
