"""The rule `lifecycle`: ECR's own lifecycle policies, seen by who needs the images."""

from ecrm.check.held import held, users, where_held
from ecrm.check.values import Evidence, Expiry, Found, Violation
from ecrm.config import Level
from ecrm.model import Reason
from ecrm.plan import RepositoryPlan

_BELONGS = (Reason.CHILD, Reason.REFERRER)


def lifecycle(evidence: Evidence, level: Level) -> Found:
    """No lifecycle policy takes what is in use, or what a rule of ecrm.yaml keeps.

    In a repository without such a rule, only what is in use counts.
    """
    repositories = held(evidence.plan)
    for key, expiries in evidence.expiries.items():
        managed = evidence.config.rule_for(key[1]) is not None
        for it in expiries:
            if key in repositories and (managed or it.decision.reason is Reason.IN_USE):
                yield _violation(repositories[key].plan, it, level)


def _violation(plan: RepositoryPlan, it: Expiry, level: Level) -> Violation:
    where = where_held(plan, it.decision)
    name = f"{where.repository}{where.image[:20] if where.image.startswith('@') else where.image}"
    needs = "is in use" if it.decision.reason is Reason.IN_USE else "is to be kept"
    return Violation(
        "lifecycle",
        level,
        where,
        f"{name} {needs}, and rule {it.priority} of ECR's lifecycle policy would {it.action} it",
        f"{_who(plan, it)}; {it.detail} ({it.evidence})",
        f"change rule {it.priority} of the lifecycle policy of {plan.repository} so that it spares "
        "this image, or delete the policy and leave the clean-up to ecrm",
        f"by lifecycle rule {it.priority}",
    )


def _who(plan: RepositoryPlan, it: Expiry) -> str:
    decision = it.decision
    if decision.uses:
        return users(decision.uses)
    words = decision.reason.replace("_", " ")
    if decision.reason in _BELONGS:
        return f"{words} {(decision.related or '')[:19]}"
    return f"{words} by the rule {plan.rule}" + (f": {decision.detail}" if decision.detail else "")
