"""What happens around every call of every client: it waits for its turn, is counted and logged."""

import logging
import time
from typing import Any

from ecrm.aws.counter import CallCounter
from ecrm.aws.errors import THROTTLED
from ecrm.aws.operation import being_called
from ecrm.aws.rate_limits import RateLimiter
from ecrm.model.deadline import Deadline

log = logging.getLogger(__name__)


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

        def note_answer(http_response: Any, model: Any, **_: object) -> None:
            if http_response.status_code < 300:  # noqa: PLR2004
                self._meter.answered.add(f"{signing_name}:{model.name}")

        for event, handler in (
            ("before-call", _start_clock),
            ("before-send", take_turn),
            ("needs-retry", notice_refusal),
            ("after-call", note_answer),
            ("after-call", _log_answer),
            ("after-call-error", _log_failure),
        ):
            client.meta.events.register(f"{event}.{service}", handler)


def in_time(client: Any, deadline: Deadline) -> None:
    """The client sends nothing from now on once the deadline is over."""

    def check(**_: object) -> None:
        deadline.check_send()

    name = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"before-send.{name}", check)


def read_only(client: Any) -> Any:
    """The client, which from now on refuses every call but those of operations that are declared
    and declared as reading."""
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"before-call.{service}", _refuse_writes)
    return client


def _refuse_writes(model: Any, **_: object) -> None:
    """A plan must not be able to change anything, whatever mistake the code makes."""
    operation = being_called()
    if operation is None or operation.name != model.name or operation.writes:
        raise AssertionError(f"{model.name} was called through a client that only reads")


def _start_clock(context: dict[str, Any], **_: object) -> None:
    context["ecrm_started"] = time.monotonic()


def _log_answer(http_response: Any, model: Any, context: dict[str, Any], **_: object) -> None:
    _log_call(model.name, context, str(http_response.status_code))


def _log_failure(
    exception: Exception, context: dict[str, Any], event_name: str, **_: object
) -> None:
    _log_call(event_name.rpartition(".")[2], context, type(exception).__name__)


def _log_call(operation: str, context: dict[str, Any], answer: str) -> None:
    if log.isEnabledFor(logging.DEBUG):
        milliseconds = 1000 * (time.monotonic() - context.get("ecrm_started", time.monotonic()))
        log.debug("%s: %s, %.0f ms", operation, answer, milliseconds)
