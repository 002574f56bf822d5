"""What can go wrong with one call.

A fault is a function around the operation: it may answer in its place, change the request before
it or the answer after it, or raise. Tests may write their own: `Fault(lambda request, run: ...)`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .errors import AwsError, HalfAnswerError, NoAnswerError
from .paging import start_again
from .protocol import Request

Json = dict[str, Any]
Run = Callable[[Request], Json]
Codes = dict[str, tuple[str, int]]

# Services that do not use the usual name or status; "" is the usual one.
_THROTTLED: Codes = {
    "": ("ThrottlingException", 400),
    "lambda": ("TooManyRequestsException", 429),
    "sts": ("Throttling", 400),
}
_BROKEN: Codes = {
    "": ("ServerException", 500),
    "lambda": ("ServiceException", 500),
    "sts": ("InternalFailure", 500),
}
_DENIED: Codes = {
    "": ("AccessDeniedException", 400),
    "lambda": ("AccessDeniedException", 403),
    "sts": ("AccessDenied", 403),
}
_EXPIRED: Codes = {
    "": ("ExpiredTokenException", 400),
    "lambda": ("ExpiredTokenException", 403),
    "sts": ("ExpiredToken", 403),
}

# Operation -> (member with the items, token in the request, token in the answer).
_TOKENS = {"lambda": ("Marker", "NextMarker")}
_PAGED = {
    "DescribeImages": "imageDetails",
    "DescribeRepositories": "repositories",
    "ListAliases": "Aliases",
    "ListClusters": "clusterArns",
    "ListFunctions": "Functions",
    "ListImageReferrers": "referrers",
    "ListImages": "imageIds",
    "ListProvisionedConcurrencyConfigs": "ProvisionedConcurrencyConfigs",
    "ListPullTimeUpdateExclusions": "pullTimeUpdateExclusions",
    "ListServiceDeployments": "serviceDeployments",
    "ListServices": "serviceArns",
    "ListTaskDefinitionFamilies": "families",
    "ListTaskDefinitions": "taskDefinitionArns",
    "ListTasks": "taskArns",
    "ListVersionsByFunction": "Versions",
}
# Operation -> (member of the request with the names, member of the answer with the results).
_BATCHES = {
    "BatchCheckLayerAvailability": ("layerDigests", "layers"),
    "BatchDeleteImage": ("imageIds", "imageIds"),
    "BatchGetImage": ("imageIds", "images"),
    "DescribeClusters": ("clusters", "clusters"),
    "DescribeServiceDeployments": ("serviceDeploymentArns", "serviceDeployments"),
    "DescribeServiceRevisions": ("serviceRevisionArns", "serviceRevisions"),
    "DescribeServices": ("services", "services"),
    "DescribeTasks": ("tasks", "tasks"),
}


@dataclass(frozen=True)
class Fault:
    """`apply(request, run)` answers the call; `run` is the operation itself."""

    apply: Callable[[Request, Run], Json]

    @staticmethod
    def error(code: str, message: str = "", status: int = 400) -> Fault:
        """Any AWS error, word for word."""
        return Fault(lambda request, run: _fail(AwsError(code, message, status)))

    @staticmethod
    def throttle() -> Fault:
        return Fault(lambda request, run: _fail(throttled(request)))

    @staticmethod
    def server_error() -> Fault:
        return Fault(lambda request, run: _fail(_coded(_BROKEN, request, "Internal server error")))

    @staticmethod
    def denied(reason: str | None = None) -> Fault:
        """AWS's own wording, with the caller, the action and the resource.

        `reason` replaces the end of it, by default that no identity-based policy allows it.
        """
        return Fault(lambda request, run: _fail(_denied(request, reason)))

    @staticmethod
    def expired() -> Fault:
        text = "The security token included in the request is expired"
        return Fault(lambda request, run: _fail(_coded(_EXPIRED, request, text)))

    @staticmethod
    def drop() -> Fault:
        """The connection closes and the operation was never carried out."""
        return Fault(lambda request, run: _fail(NoAnswerError()))

    @staticmethod
    def drop_after() -> Fault:
        """The operation has taken effect, but the answer is lost."""
        return Fault(_drop_after)

    @staticmethod
    def truncate() -> Fault:
        """A whole answer, by its headers, whose JSON stops half-way.

        botocore raises nothing for this, nor for `cut`: it hands out a success without members.
        """
        return Fault(lambda request, run: _half(request, run, announced=False))

    @staticmethod
    def cut() -> Fault:
        """The connection closes in the middle of the answer."""
        return Fault(lambda request, run: _half(request, run, announced=True))

    @staticmethod
    def blank() -> Fault:
        """A success, by its status, whose body is empty."""
        return Fault(_blank)

    @staticmethod
    def empty_page() -> Fault:
        """A page without items whose token goes on to what the call asked for."""
        return Fault(_empty_page)

    @staticmethod
    def failure(code: str, reason: str = "", *, of: str = "") -> Fault:
        """One id of a batch or describe call fails; the others are carried out.

        `of` is part of the digest, tag or ARN that is to fail; by default it is the first.
        """
        return Fault(lambda request, run: _failure(request, run, (code, reason, of)))


def throttled(request: Request) -> AwsError:
    return _coded(_THROTTLED, request, "Rate exceeded")


def _coded(codes: Codes, request: Request, message: str) -> AwsError:
    code, status = codes.get(request.service, codes[""])
    return AwsError(code, message, status)


def _fail(error: Exception) -> Json:
    raise error


def _denied(request: Request, reason: str | None) -> AwsError:
    action = f"{request.service}:{request.operation}"
    usual = f"because no identity-based policy allows the {action} action"
    return _coded(
        _DENIED,
        request,
        f"User: {request.identity} is not authorized to perform: {action} "
        f"on resource: {request.resource} {usual if reason is None else reason}".rstrip(),
    )


def _drop_after(request: Request, run: Run) -> Json:
    run(request)
    raise NoAnswerError


def _half(request: Request, run: Run, *, announced: bool) -> Json:
    raise HalfAnswerError(run(request), announced=announced)


def _blank(request: Request, run: Run) -> Json:
    raise HalfAnswerError(run(request), announced=False, part=0)


def _empty_page(request: Request, _: Run) -> Json:
    asked, answered = _TOKENS.get(request.service, ("nextToken", "nextToken"))
    token = start_again(request.parameters.get(asked))
    return {_PAGED[request.operation]: [], answered: token}


def _failure(request: Request, run: Run, wanted: tuple[str, str, str]) -> Json:
    code, reason, part = wanted
    asked, answered = _BATCHES[request.operation]
    names = request.parameters[asked]
    chosen = next((name for name in names if part in str(name)), None)
    if chosen is None:
        return run(request)
    rest = [name for name in names if name != chosen]
    content: Json = {answered: [], "failures": []}
    if rest:
        content = run(replace(request, parameters=request.parameters | {asked: rest}))
    content["failures"] = [*content["failures"], _entry(request, chosen, code, reason)]
    return content


def _entry(request: Request, name: Any, code: str, reason: str) -> Json:
    if request.service == "ecs":
        entry = {"arn": name, "reason": code}
        return entry | {"detail": reason} if reason else entry
    member = "imageId" if isinstance(name, dict) else "layerDigest"
    return {member: name, "failureCode": code, "failureReason": reason}
