"""What happens around every call of every client: it waits for its turn and is counted, its answer
is checked and told."""

import json
import logging
import time
from typing import Any

from ecrm.aws.counter import CallCounter
from ecrm.aws.errors import THROTTLED
from ecrm.aws.rate_limits import RateLimiter
from ecrm.errors import AwsError

log = logging.getLogger(__name__)

_READS = ("Describe", "List", "Get", "BatchGet", "BatchCheck")
# Named as if it changed something: it asks ECR what a policy would do, and does none of it.
_HARMLESS = frozenset({"StartLifecyclePolicyPreview"})


class Hooks:
    """For all clients of one account and region.

    Turns are taken attempt by attempt (`before-send`), so that what botocore tries again is within
    the quota as well.
    """

    def __init__(self, rate_limiter: RateLimiter, call_counter: CallCounter) -> None:
        self._pacer = rate_limiter
        self._meter = call_counter

    def over(self, client: Any) -> None:
        """Watch this client from now on."""
        service = client.meta.service_model.service_id.hyphenize()
        signing_name = client.meta.service_model.signing_name

        def take_turn(event_name: str, **_: object) -> None:
            operation = event_name.rpartition(".")[2]
            self._pacer.take(service, operation)
            self._meter.called(f"{signing_name}:{operation}")

        def notice_refusal(response: Any, operation: Any, **_: object) -> None:
            code = response[1].get("Error", {}).get("Code") if response else None
            if code in THROTTLED:
                self._meter.refused()
                self._pacer.refused(service, operation.name)

        for event, handler in (
            ("before-call", _start_clock),
            ("before-send", take_turn),
            ("needs-retry", notice_refusal),
            ("after-call", _check_and_log),
            ("after-call-error", _log_failure),
        ):
            client.meta.events.register(f"{event}.{service}", handler)


def read_only(client: Any) -> Any:
    """The client, which refuses from now on whatever may change something."""
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"before-call.{service}", _refuse_writes)
    return client


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
