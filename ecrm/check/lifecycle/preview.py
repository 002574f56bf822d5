"""What a lifecycle policy marks: by ECR's preview, or by ecrm's own evaluation of it."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ecrm.aws import Target
from ecrm.check.lifecycle.evaluation import LifecycleMatch, evaluate
from ecrm.check.lifecycle.policy import LifecyclePolicy
from ecrm.check.lifecycle.reading import parse_policy
from ecrm.errors import AccessDenied, AwsError, NotOffered
from ecrm.model.image import Image
from ecrm.registry.lifecycle_preview import PreviewResult, Sleep, lifecycle_preview


class EvaluatedBy(StrEnum):
    """By whom it was told what a policy would do."""

    ECR = "ECR's preview"
    ECRM = "ecrm's own evaluation"


@dataclass(frozen=True, slots=True)
class Told:
    """What a policy marks, and who says so."""

    preview: tuple[LifecycleMatch, ...]
    by: EvaluatedBy


def preview(
    target: Target | None,
    repository: str,
    policy_text: str,
    images: Sequence[Image],
    *,
    now: datetime,
    where: str = "",
    sleep: Sleep = time.sleep,
) -> Told:
    """What the policy marks among these images: by ECR's preview, or, where that is denied or not
    offered or there is no `target` to ask (a snapshot, another time), by our own evaluation.

    Raises InputError for a policy that ecrm cannot read, with `where` it was written if it is not
    the deployed one, and AwsError where ECR fails.
    """
    policy = parse_policy(policy_text, where or f"lifecycle policy of {repository}")
    if target is not None:
        try:
            results = lifecycle_preview(target, repository, policy_text, sleep)
        except (AccessDenied, NotOffered):
            pass
        else:
            return Told(_matches(repository, policy, images, results), EvaluatedBy.ECR)
    return Told(evaluate(policy, images, now), EvaluatedBy.ECRM)


def _matches(
    repository: str,
    policy: LifecyclePolicy,
    images: Iterable[Image],
    results: Iterable[PreviewResult],
) -> tuple[LifecycleMatch, ...]:
    """Of the images that we know; one that was pushed since is nobody's yet."""
    known = {image.digest: image for image in images}
    rules = {(rule.priority, rule.fate): rule for rule in policy.rules}
    matches = []
    for result in results:
        if (rule := rules.get((result.priority, result.fate))) is None:
            what = f"{result.fate} by rule {result.priority}, which the policy does not have"
            raise AwsError(f"ecr:GetLifecyclePolicyPreview: {repository}: {what}")
        if result.digest in known:
            matches.append(LifecycleMatch(known[result.digest], rule))
    return tuple(matches)
