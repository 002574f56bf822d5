"""Plans of parts of one run as one plan. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from ecrm.errors import InputError
from ecrm.model.codec import encode
from ecrm.model.json_text import canonical_json
from ecrm.model.reference import Registry, RepositoryKey, display_name
from ecrm.model.scan import SourceReport
from ecrm.planning.plan import Plan, RepositoryPlan


def merge_plans(plans: Sequence[Plan]) -> Plan:
    """One plan of all that the plans are of, which were made with the same configuration.

    Neither the order of the plans nor how they are grouped matters, and a plan that is there twice
    counts once. The merged plan is as old as the oldest of them. Of a registry that several plans
    counted, `in_use` is the smallest number, since the guard stops at a drop. Raises InputError
    where there are no plans, or where two of them do not agree.
    """
    if not plans:
        raise InputError("there are no plans to merge")
    configs = sorted({plan.config for plan in plans})
    if len(configs) > 1:
        raise InputError("the plans were made with different configurations")
    targets = tuple(sorted({target for plan in plans for target in plan.targets}))
    return Plan(
        created_at=min(plan.created_at for plan in plans),
        targets=targets,
        config=configs[0],
        source_reports=_source_reports(plans),
        repositories=_repositories(plans, targets),
        in_use=_in_use(plans),
        unmanaged=tuple(sorted({key for plan in plans for key in plan.unmanaged})),
    )


def _source_reports(plans: Iterable[Plan]) -> tuple[SourceReport, ...]:
    reports = {
        canonical_json(encode(report)): report for plan in plans for report in plan.source_reports
    }
    return tuple(reports[text] for text in sorted(reports))


def _repositories(
    plans: Collection[Plan], targets: tuple[Registry, ...]
) -> tuple[RepositoryPlan, ...]:
    """What one part could not read, no other part has asked about: it may hurt any repository
    there."""
    holes = {line for plan in plans for line in _unread(plan)}
    merged: dict[RepositoryKey, RepositoryPlan] = {}
    repositories = [
        (planned, holes - _unread(plan) if len(plan.scanned) > 1 else holes)
        for plan in plans
        for planned in plan.repositories
    ]
    for planned, missed in sorted(repositories, key=lambda pair: pair[0].key):
        known = merged.setdefault(planned.key, planned)
        lines = {*known.unread_uses, *planned.unread_uses, *missed}
        merged[planned.key] = replace(known, unread_uses=tuple(sorted(lines)))
        if replace(known, unread_uses=planned.unread_uses) != planned:
            name = display_name(planned.key, targets)
            raise InputError(f"{name} is in several of the plans, and they differ")
    return tuple(merged.values())


def _unread(plan: Plan) -> set[str]:
    return {
        f"{report.registry}: {line}" if report.registry else line
        for report in plan.source_reports
        for line in report.unread
    }


def _in_use(plans: Iterable[Plan]) -> dict[Registry, int]:
    counted = [(target, number) for plan in plans for target, number in plan.in_use.items()]
    return dict(sorted(counted, reverse=True))  # the last of a target is its smallest
