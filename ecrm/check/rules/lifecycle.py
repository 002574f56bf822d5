"""The rule `lifecycle`: ECR's own lifecycle policies, seen by who needs the images."""

from ecrm.check.lifecycle import Conflict, LifecycleAction
from ecrm.check.repositories import users, where_found
from ecrm.check.values import CheckInputs, Found, RepositoryKey, Violation
from ecrm.config import Level
from ecrm.model import reference
from ecrm.model.humanize import count


def lifecycle(evidence: CheckInputs, level: Level) -> Found:
    """No lifecycle policy takes what is in use, or what a rule of ecrm.yaml keeps.

    In a repository without such a rule, only what is in use counts. What is still to come is a
    warning: there is time to mend it.
    """
    for key, lifecycle_conflicts in evidence.lifecycle_conflicts.items():
        managed = evidence.config.rule_for(reference.RepositoryKey(*key)) is not None
        for it in lifecycle_conflicts.conflicts:
            if it.uses or managed:
                yield _violation(
                    key, it, lifecycle_conflicts.by, Level.WARNING if it.due else level
                )


def _violation(key: RepositoryKey, it: Conflict, by: str, level: Level) -> Violation:
    where = where_found(*key, it.decision)
    rule = it.match.rule
    does = "deletes" if rule.fate is LifecycleAction.EXPIRE else "archives"
    when = f" on {it.due:%Y-%m-%d}" if it.due else ""
    along = f" and {count(len(it.along), 'image')} of it" if it.along else ""
    needed = "is in use" if it.uses else "is to be kept"
    return Violation(
        "lifecycle",
        level,
        where,
        f"ECR's lifecycle policy {does} {where.short}{along}{when}, which {needed}",
        f"{rule}; {_needed(it)} (told by {by})",
        f"{it.advice}; or delete the policy and leave the clean-up to ecrm",
        f"by lifecycle rule {rule.priority}",
    )


def _needed(it: Conflict) -> str:
    if it.uses:
        return f"in use by {users(it.uses)}"
    detail = f" ({it.because.detail})" if it.because.detail else ""
    return f"kept: {it.because.reason.replace('_', ' ')}{detail}"
