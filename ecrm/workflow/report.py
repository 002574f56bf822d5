"""What the HTML report shows, of one reading of the account."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from ecrm.check import check, for_all
from ecrm.check.values import CheckInputs
from ecrm.model.pricing import Prices
from ecrm.model.version import version
from ecrm.planning.context import PlanningContext
from ecrm.planning.plan import Plan, RepositoryPlan
from ecrm.planning.planner import make_plan, planning_context
from ecrm.planning.remembering import Remembering
from ecrm.reports.costs import costs_of, summed_costs
from ecrm.reports.html.values import Forecast, Report
from ecrm.workflow.exact_sizes import exact_sizes
from ecrm.workflow.owners import owners
from ecrm.workflow.run import Run, scan
from ecrm.workflow.totals_history import history_with

AHEAD = (7, 14, 30, 60, 90)
"""How many days later the same readings are planned again."""
_RULES = ("missing_image", "overdue", "budget", "unmanaged")
"""The rules of `check` that need nothing but a plan."""


def report(run: Run, *, exact: bool = False) -> Report:
    """Reads all images, also of repositories that no rule matches. An incomplete report is a value,
    too; callers look at its plan. With `exact` it reads their manifests as well."""
    inventory = Remembering(run.inventory)
    context = planning_context(
        scan(run),
        inventory,
        for_all(run.config),
        run.now,
        action=run.request.action,
        keep_all=True,
        organization=run.organization,
    )
    context = replace(context, overdue=run.config.check.overdue.longer_than)
    whole = make_plan(inventory, context, run.request.only, run.progress)
    managed = _of(whole, managed=True, run=run)
    unmanaged = _of(whole, managed=False, run=run)
    config = replace(run.config, check=run.config.check.limited(_RULES))
    inputs = CheckInputs(whole, config, context.scan, run.request.only)
    keys = [planned.key for planned in whole.repositories]
    plan = replace(
        whole,
        repositories=tuple(replace(planned, overdue=()) for planned in managed),
        unmanaged=tuple(planned.key for planned in unmanaged),
    )
    return Report(
        plan=plan,
        version=version(),
        prices=run.config.prices,
        unmanaged=unmanaged,
        owners=owners(run, keys),
        forecast=_forecast(run, inventory, context, whole),
        findings=check(inputs),
        history=history_with(run, plan),
        exact=exact_sizes(run, whole.repositories) if exact else {},
    )


def _of(whole: Plan, *, managed: bool, run: Run) -> tuple[RepositoryPlan, ...]:
    return tuple(
        planned
        for planned in whole.repositories
        if (run.config.rule_for(planned.key) is not None) is managed
    )


def _forecast(
    run: Run, inventory: Remembering, context: PlanningContext, now: Plan
) -> tuple[Forecast, ...]:
    """Nothing is deletable of what could not be read, so of an incomplete plan there is none."""
    if not now.complete:
        return ()
    plain = replace(context, keep_all=False, overdue=None)
    plans = [(0, now)]
    for days in AHEAD:
        later = replace(plain, now=run.now + timedelta(days=days))
        made = make_plan(inventory, later, run.request.only, run.progress, shows_consumers=False)
        plans.append((days, made))
    return tuple(_point(days, made, run.config.prices) for days, made in plans)


def _point(days: int, made: Plan, prices: Prices) -> Forecast:
    costs = summed_costs(costs_of(planned, prices) for planned in made.repositories)
    return Forecast(days, made.deletable, costs.saved if costs else None)


def without_kept(plan: Plan) -> Plan:
    """As `plan` shows it unless it lists the kept images."""
    repositories: Sequence[RepositoryPlan] = [
        replace(planned, kept=()) for planned in plan.repositories
    ]
    return replace(plan, repositories=tuple(repositories))
