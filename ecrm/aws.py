"""The edge to AWS: sessions, targets, clients, paging, and many calls in flight.

boto3 is imported when the first client is made, so that `--help` and `--version` do not wait.
"""

import json
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from ecrm.aws_errors import translated
from ecrm.errors import AwsError, UsageError
from ecrm.reference import Registry

if TYPE_CHECKING:
    import boto3

Client = Any
"""A botocore client; their types are made at run time."""
T = TypeVar("T")
R = TypeVar("R")

log = logging.getLogger(__name__)

_READS = ("Describe", "List", "Get", "BatchGet", "BatchCheck")
# Named as if it changed something: it asks ECR what a policy would do, and does none of it.
_HARMLESS = frozenset({"StartLifecyclePolicyPreview"})
_ATTEMPTS = 8
_CONNECT_SECONDS = 10
_READ_SECONDS = 60
_WORKERS = 16
CONCURRENCY = "ECRM_CONCURRENCY"
"""The variable that says how many calls may be in flight at once; 16 unless it is set."""

_making_clients = Lock()  # a boto3 session may make only one client at a time


@dataclass(frozen=True)
class Target:
    """One account in one region, and the clients that act there."""

    registry: Registry
    session: "boto3.Session"

    def __str__(self) -> str:
        return str(self.registry)

    @cached_property
    def ecr(self) -> Client:
        return self._reading("ecr")

    @cached_property
    def ecs(self) -> Client:
        return self._reading("ecs")

    @cached_property
    def functions(self) -> Client:
        return self._reading("lambda")

    def s3(self) -> Client:
        """For what ecrm itself keeps there: journals."""
        return _client(self.session, "s3")

    def writing_ecr(self) -> Client:
        """The one client that can change anything; only `delete` and `restore` ask for it."""
        return _client(self.session, "ecr")

    def _reading(self, service: str) -> Client:
        client = _client(self.session, service)
        client.meta.events.register(f"before-call.{service}", _refuse_writes)
        return client


def connect(profile: str | None = None, region: str | None = None) -> Target:
    """The account and region that the usual AWS settings name, with these two put first."""
    import boto3  # noqa: PLC0415 - takes longer to import than all of ecrm

    with translated("sts:GetCallerIdentity"):
        # boto3 alone of AWS's tools does not read AWS_REGION.
        region = region or os.environ.get("AWS_REGION") or None
        session = boto3.Session(profile_name=profile, region_name=region)
        if session.region_name is None:
            raise AwsError("no region: give --region, or set AWS_REGION or a profile's region")
        account = _client(session, "sts").get_caller_identity().get("Account")
        if not account:
            raise AwsError("sts:GetCallerIdentity: AWS's answer names no account; try again")
    return Target(Registry(account, session.region_name), session)


def call(client: Client, operation: str, **params: object) -> dict[str, Any]:
    """One call, such as `call(ecr, "DescribeImages", repositoryName=...)`."""
    with translated(_action(client, operation)):
        answer: dict[str, Any] = getattr(client, _method(client, operation))(**params)
    return answer


def pages(client: Client, operation: str, **params: object) -> Iterator[dict[str, Any]]:
    """Every page of a listing; a page may be empty and still be followed by others."""
    with translated(_action(client, operation)):
        yield from client.get_paginator(_method(client, operation)).paginate(**params)


def gather(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """`function` of every item, many at once, in the order of the items.

    The first failure is raised when the calls in flight have ended; none is begun after it.
    """
    with ThreadPoolExecutor(_workers()) as pool:
        futures = [pool.submit(function, item) for item in items]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        # Items are begun in order, so a failure comes before all that were cancelled for it.
        return [future.result() for future in futures]


def _workers() -> int:
    told = os.environ.get(CONCURRENCY, "")
    if told and not (told.isascii() and told.isdigit() and int(told)):
        raise UsageError(f"{CONCURRENCY} is {told!r}; write a whole number such as {_WORKERS}")
    return int(told or _WORKERS)


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _client(session: "boto3.Session", service: str) -> Client:
    from botocore.config import Config  # noqa: PLC0415 - as boto3

    with _making_clients:
        settings = session._session  # noqa: SLF001 - what the user set wins; nothing public tells
        retries = {
            "mode": settings.get_config_variable("retry_mode") or "standard",
            "total_max_attempts": settings.get_config_variable("max_attempts") or _ATTEMPTS,
        }
        client = session.client(
            service,
            config=Config(
                retries=retries,
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                max_pool_connections=_workers(),
                user_agent_extra="ecrm",
            ),
        )
    for event, handler in (
        ("before-call", _start_clock),
        ("after-call", _check_and_log),
        ("after-call-error", _log_failure),
    ):
        client.meta.events.register(f"{event}.{service}", handler)
    return client


def _action(client: Client, operation: str) -> str:
    return f"{client.meta.service_model.signing_name}:{operation}"


def _method(client: Client, operation: str) -> str:
    names: dict[str, str] = client.meta.method_to_api_mapping
    return next(method for method, name in names.items() if name == operation)


def _refuse_writes(model: Any, **_: object) -> None:
    """A plan must not be able to change anything, whatever mistake the code makes."""
    if not model.name.startswith(_READS) and model.name not in _HARMLESS:
        raise AssertionError(f"{model.name} was called through a client that only reads")


def _start_clock(context: dict[str, Any], **_: object) -> None:
    context["ecrm_started"] = time.monotonic()


def _check_and_log(
    http_response: Any, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: object
) -> None:
    _log_call(model.name, context, str(http_response.status_code))
    if set(parsed) == {"ResponseMetadata"} and http_response.status_code < 300:  # noqa: PLR2004
        _check_body(http_response.content, model)


def _check_body(body: bytes, model: Any) -> None:
    """botocore takes a body that is no JSON for an empty answer, and nothing must look empty
    that is not: a list of tasks that was cut off would make every image unused."""
    if model.service_model.resolved_protocol in ("json", "rest-json"):
        try:
            json.loads(body)
        except ValueError:
            raise AwsError(f"{model.name}: AWS's answer was cut off; try again") from None


def _log_failure(
    exception: Exception, context: dict[str, Any], event_name: str, **_: object
) -> None:
    _log_call(event_name.rpartition(".")[2], context, type(exception).__name__)


def _log_call(operation: str, context: dict[str, Any], answer: str) -> None:
    if log.isEnabledFor(logging.DEBUG):
        milliseconds = 1000 * (time.monotonic() - context.get("ecrm_started", time.monotonic()))
        log.debug("%s: %s, %.0f ms", operation, answer, milliseconds)
