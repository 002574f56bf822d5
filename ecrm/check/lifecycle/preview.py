"""Which images a lifecycle policy matches: by ECR's preview, or by ecrm's own evaluation of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ecrm.aws import Target
from ecrm.aws.errors import code_of
from ecrm.check.lifecycle.evaluation import LifecycleMatch, evaluate
from ecrm.check.lifecycle.policy import LifecyclePolicy
from ecrm.check.lifecycle.reading import parse_policy
from ecrm.errors import AccessDenied, AwsError, NotOffered
from ecrm.model.image import Image
from ecrm.registry.lifecycle_preview import (
    PreviewResult,
    lifecycle_preview,
)

# Of whatever stands in for AWS. Not NotOffered: of a listing that would mean that nothing is there.
_UNKNOWN_OPERATION = frozenset({"501", "InvalidAction", "NotImplemented", "UnknownOperation"})


class EvaluatedBy(StrEnum):
    ECR = "ECR's preview"
    ECRM = "ecrm's own evaluation"


@dataclass(frozen=True, slots=True)
class Preview:
    """The images that a policy matches, and who evaluated it."""

    matches: tuple[LifecycleMatch, ...]
    evaluated_by: EvaluatedBy


def preview(
    target: Target | None,
    repository: str,
    policy_text: str,
    images: Sequence[Image],
    *,
    now: datetime,
    where: str,
) -> Preview:
    """Which of these images the policy matches, by ECR's preview.

    ecrm evaluates the policy itself where the preview is denied or not offered, where ECR does not
    name the rule that it applied to an image, and where there is no `target` (a snapshot, another
    time). Raises InputError, beginning with `where`, for a policy that ecrm cannot read, and
    AwsError if ECR fails.
    """
    policy = parse_policy(policy_text, where)
    results = _results(target, repository, policy_text) if target else None
    if results is None:
        return Preview(evaluate(policy, images, now), EvaluatedBy.ECRM)
    return Preview(_matches(repository, policy, images, results), EvaluatedBy.ECR)


def _results(target: Target, repository: str, policy_text: str) -> tuple[PreviewResult, ...] | None:
    """None where ECR's preview is not to be had, or leaves out which rule applies."""
    try:
        results = lifecycle_preview(target, repository, policy_text)
    except (AccessDenied, NotOffered):
        return None
    except AwsError as error:
        if code_of(error) in _UNKNOWN_OPERATION:
            return None
        raise
    return results if all(result.priority is not None for result in results) else None


def _matches(
    repository: str,
    policy: LifecyclePolicy,
    images: Iterable[Image],
    results: Iterable[PreviewResult],
) -> tuple[LifecycleMatch, ...]:
    """Of the images that were listed; nothing uses one that was pushed since."""
    listed = {image.digest: image for image in images}
    rules = {(rule.priority, rule.action): rule for rule in policy.rules}
    matches = []
    for result in results:
        rule = rules.get((result.priority, result.action)) if result.priority else None
        if rule is None:
            what = f"{result.action} by rule {result.priority}, which the policy does not have"
            raise AwsError(f"ecr:GetLifecyclePolicyPreview: {repository}: {what}")
        if result.digest in listed:
            matches.append(LifecycleMatch(listed[result.digest], rule))
    return tuple(matches)
