"""ECR: the lifecycle policy of a repository, and what ECR itself says that a policy would do.

A preview changes nothing in the repository. A repository has one at a time; each forgets the last.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from ecrm.aws import Target, call, pages
from ecrm.errors import AwsError, Gone
from ecrm.registry.manifests import repository_of
from ecrm.registry.operations import (
    GET_LIFECYCLE_POLICY,
    GET_LIFECYCLE_POLICY_PREVIEW,
    START_LIFECYCLE_POLICY_PREVIEW,
)

Sleep = Callable[[float], None]

_PAGE = 100  # the largest that GetLifecyclePolicyPreview allows
_WAIT_SECONDS = 5
_WAITS = 60
_IN_PROGRESS = "LifecyclePolicyPreviewInProgressException"


class LifecycleAction(StrEnum):
    """What a rule does with an image: delete it, or archive it, so that it cannot be pulled."""

    EXPIRE = "expire"
    TRANSITION = "transition"


@dataclass(frozen=True, slots=True)
class PreviewResult:
    """One image that ECR's preview lists."""

    digest: str
    tags: tuple[str, ...]
    priority: int
    fate: LifecycleAction
    pushed_at: datetime | None = None


def lifecycle_policy(target: Target, repository: str) -> str | None:
    """The text of the policy that is deployed; None where there is none."""
    try:
        answer = call(target.ecr, GET_LIFECYCLE_POLICY, **repository_of(target, repository))
    except Gone:
        return None
    return str(answer["lifecyclePolicyText"])


def lifecycle_preview(
    target: Target, repository: str, policy_text: str, sleep: Sleep = time.sleep
) -> tuple[PreviewResult, ...]:
    """What ECR says that this policy would do, which need not be deployed. Waits until ECR is done,
    and before that for a preview that somebody else has started.

    Raises AwsError where ECR does not tell, or somebody starts another preview meanwhile.
    """
    started = _started(target, repository, policy_text, sleep)
    found = _completed(target, repository, started, sleep)
    return tuple(_result(it) for page in found for it in page["previewResults"])


def _started(target: Target, repository: str, policy_text: str, sleep: Sleep) -> str:
    """Returns the text as ECR repeats it, by which its answers are known again."""
    where, text = repository_of(target, repository), {"lifecyclePolicyText": policy_text}
    for _ in range(_WAITS):
        try:
            answer = call(target.ecr, START_LIFECYCLE_POLICY_PREVIEW, **where, **text)
        except AwsError as error:
            if _IN_PROGRESS not in str(error):
                raise
            sleep(_WAIT_SECONDS)
        else:
            return str(answer["lifecyclePolicyText"] or policy_text)
    raise _late(repository, "another preview is in progress")


def _completed(target: Target, repository: str, text: str, sleep: Sleep) -> list[dict[str, Any]]:
    """All pages of the preview, when it is complete."""
    where = repository_of(target, repository)
    for _ in range(_WAITS):
        listing = pages(target.ecr, GET_LIFECYCLE_POLICY_PREVIEW, **where, maxResults=_PAGE)
        found = list(listing)
        if any((page["lifecyclePolicyText"] or text) != text for page in found):
            raise _late(repository, "somebody started another preview meanwhile")
        status = {page["status"] for page in found}
        if status == {"COMPLETE"} and any(page["previewResults"] is None for page in found):
            raise _late(repository, "the preview is complete and has no previewResults")
        if status == {"COMPLETE"}:
            return found
        if status != {"IN_PROGRESS"}:
            what = f"the preview is {' and '.join(sorted(map(str, status)))}"
            raise _late(repository, what)
        sleep(_WAIT_SECONDS)
    raise _late(repository, "the preview is still in progress")


def _late(repository: str, what: str) -> AwsError:
    return AwsError(f"ecr:GetLifecyclePolicyPreview: {repository}: {what}; try again later")


def _result(told: dict[str, Any]) -> PreviewResult:
    try:
        return PreviewResult(
            digest=told["imageDigest"],
            tags=tuple(sorted(told["imageTags"])),
            priority=told["appliedRulePriority"],
            fate=LifecycleAction(told["action"]["type"].lower()),
            pushed_at=told["imagePushedAt"],
        )
    except ValueError as error:
        what = f"a result that ecrm cannot read: {error}"
        raise AwsError(f"ecr:GetLifecyclePolicyPreview: {what}") from error
