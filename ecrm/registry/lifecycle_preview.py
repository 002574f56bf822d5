"""ECR: the lifecycle policy of a repository, and ECR's own preview of what a policy would do.

A preview changes nothing in the repository. A repository has one at a time; a new one replaces it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ecrm.aws import Target, call, pages
from ecrm.aws.errors import translated
from ecrm.aws.operation import calling
from ecrm.errors import AwsError, Gone
from ecrm.registry.manifests import repository_of
from ecrm.registry.operations import (
    GET_LIFECYCLE_POLICY,
    GET_LIFECYCLE_POLICY_PREVIEW,
    START_LIFECYCLE_POLICY_PREVIEW,
)

_PAGE = 100  # the largest that GetLifecyclePolicyPreview allows
_STARTS = 5
POLLING = {"Delay": 5, "MaxAttempts": 60}
"""How often to ask whether a preview is complete, in seconds, and how many times at most."""
_IN_PROGRESS = "LifecyclePolicyPreviewInProgressException"
_COMPLETE = "COMPLETE"


class LifecycleAction(StrEnum):
    """What a rule does with an image: delete it, or archive it, so that it cannot be pulled."""

    EXPIRE = "expire"
    TRANSITION = "transition"


@dataclass(frozen=True, slots=True)
class PreviewResult:
    """One image that ECR's preview lists; `priority` is of the rule that ECR applied, None where
    ECR does not name it."""

    digest: str
    priority: int | None
    action: LifecycleAction


def lifecycle_policy(target: Target, repository: str) -> str | None:
    """The text of the deployed policy; None where there is none."""
    try:
        answer = call(target.ecr, GET_LIFECYCLE_POLICY, **repository_of(target, repository))
    except Gone:
        return None
    return str(answer["lifecyclePolicyText"])


def lifecycle_preview(
    target: Target, repository: str, policy_text: str
) -> tuple[PreviewResult, ...]:
    """ECR's preview of this policy, which need not be deployed. Waits until ECR is done, and before
    that for a preview that somebody else has started.

    Raises AwsError if ECR does not complete it, or somebody starts another preview meanwhile.
    """
    started = _started(target, repository, policy_text)
    status = _last_status(target, repository)
    if status == "IN_PROGRESS":
        raise _late(repository, "the preview is still in progress")
    if status != _COMPLETE:
        raise _late(repository, f"the preview is {status}")
    where = repository_of(target, repository)
    results: list[PreviewResult] = []
    for page in pages(target.ecr, GET_LIFECYCLE_POLICY_PREVIEW, **where, maxResults=_PAGE):
        if (page["lifecyclePolicyText"] or started) != started:
            raise _late(repository, "somebody started another preview meanwhile")
        if page["status"] != _COMPLETE:
            raise _late(repository, f"the preview is {page['status']}")
        if page["previewResults"] is None:
            raise _late(repository, "the preview is complete and has no previewResults")
        results += [_result(repository, result) for result in page["previewResults"]]
    return tuple(results)


def _started(target: Target, repository: str, policy_text: str) -> str:
    """Returns the text as ECR repeats it, which identifies this preview in later answers."""
    where, text = repository_of(target, repository), {"lifecyclePolicyText": policy_text}
    for _ in range(_STARTS):
        try:
            answer = call(target.ecr, START_LIFECYCLE_POLICY_PREVIEW, **where, **text)
        except AwsError as error:
            if _IN_PROGRESS not in str(error):
                raise
            if _last_status(target, repository) == "IN_PROGRESS":
                break
        else:
            return str(answer["lifecyclePolicyText"] or policy_text)
    raise _late(repository, "another preview is in progress")


def _last_status(target: Target, repository: str) -> str:
    """The status of the repository's preview once it is complete, has failed, or after the last
    attempt."""
    from botocore.exceptions import ClientError, WaiterError  # noqa: PLC0415 - as in aws.errors

    waiter = target.ecr.get_waiter("lifecycle_policy_preview_complete")
    operation = GET_LIFECYCLE_POLICY_PREVIEW
    with translated(operation.action), calling(operation):
        try:
            waiter.wait(**repository_of(target, repository), WaiterConfig=POLLING)
        except WaiterError as error:
            if "Error" in error.last_response:
                raise ClientError(error.last_response, operation.name) from error
            return str(error.last_response.get("status"))
    return _COMPLETE


def _late(repository: str, what: str) -> AwsError:
    return AwsError(f"ecr:GetLifecyclePolicyPreview: {repository}: {what}; try again later")


def _result(repository: str, result: dict[str, Any]) -> PreviewResult:
    try:
        return PreviewResult(
            digest=result["imageDigest"],
            priority=result["appliedRulePriority"],
            action=LifecycleAction(result["action"]["type"].lower()),
        )
    except ValueError as error:
        what = f"{repository}: a result that ecrm cannot read: {error}"
        raise AwsError(f"ecr:GetLifecyclePolicyPreview: {what}") from error
