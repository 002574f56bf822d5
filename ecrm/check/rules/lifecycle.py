"""The rule `lifecycle`: ECR's own lifecycle policies spare the images that are needed."""

from ecrm.check.lifecycle.conflict import Conflict
from ecrm.check.repositories import image_name, users, where_found
from ecrm.check.values import CheckInputs, RuleResults, Violation
from ecrm.config import Level
from ecrm.model.humanize import count
from ecrm.model.reference import RepositoryKey
from ecrm.registry.lifecycle_preview import LifecycleAction


def lifecycle(inputs: CheckInputs, level: Level) -> RuleResults:
    """No lifecycle policy expires or archives an image that is in use, or that a rule of ecrm.yaml
    keeps.

    In a repository without such a rule, only images in use count. A conflict that is due later is a
    warning: there is time to resolve it.
    """
    for key, found in inputs.lifecycle_conflicts.items():
        managed = inputs.config.rule_for(key) is not None
        for conflict in found.conflicts:
            if conflict.uses or managed:
                yield _violation(
                    inputs,
                    key,
                    conflict,
                    found.evaluated_by,
                    Level.WARNING if conflict.due else level,
                )


def _violation(
    inputs: CheckInputs, key: RepositoryKey, conflict: Conflict, evaluated_by: str, level: Level
) -> Violation:
    rule, image = conflict.match.rule, conflict.decision.image
    tag = min(image.tags, default=None)
    name = image_name(inputs, key, tag, None if tag else image.digest)
    does = "deletes" if rule.action is LifecycleAction.EXPIRE else "archives"
    when = f" on {conflict.due:%Y-%m-%d}" if conflict.due else ""
    along = f" and {count(len(conflict.along), 'image')} of it" if conflict.along else ""
    needed = "is in use" if conflict.uses else "is to be kept"
    return Violation(
        "lifecycle",
        level,
        where_found(key, conflict.decision),
        f"ECR's lifecycle policy {does} {name}{along}{when}, which {needed}",
        f"{rule}; {_needed(conflict)} (according to {evaluated_by})",
        f"{conflict.advice}; or delete the policy and leave the cleanup to ecrm",
        f"by lifecycle rule {rule.priority}",
    )


def _needed(conflict: Conflict) -> str:
    if conflict.uses:
        return f"in use by {users(conflict.uses)}"
    because = conflict.because
    detail = f" ({because.detail})" if because.detail else ""
    return f"kept: {because.reason.replace('_', ' ')}{detail}"
