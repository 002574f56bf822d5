"""The AWS Lambda function: `ecrm.lambda_handler.handler`.

    event.py     event and variables ─► Asked
    running.py   the commands, as `workflow` has them
    result.py    what came of it ─► the summary that is returned
    telling.py   log, metrics, report and notification (notice.py, metrics.py)

A run that fails raises, so that Lambda's retries, alarms and dead-letter settings see it; one that
is out of time returns, and the next one goes on.
"""

import logging
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from ecrm.errors import EcrmError, OutOfTimeError
from ecrm.lambda_handler.event import Asked, asked, config_place
from ecrm.lambda_handler.logging_to_stdout import logging_to_stdout
from ecrm.lambda_handler.metrics import metrics_line
from ecrm.lambda_handler.result import Json, Result, returned, summary
from ecrm.lambda_handler.running import COMMANDS
from ecrm.lambda_handler.telling import tell
from ecrm.model.deadline import NO_DEADLINE, Deadline, default_margin
from ecrm.model.pattern import Selection
from ecrm.model.version import version
from ecrm.workflow import commands as workflow
from ecrm.workflow.connections import Connections

log = logging.getLogger(__name__)


def handler(event: object, context: Any) -> Json:
    """Lambda calls this. Raises EcrmError where the run failed."""
    request_id = str(getattr(context, "aws_request_id", "") or "")
    fields = {"request_id": request_id} if request_id else {}
    try:
        wanted = asked(event, os.environ, tuple(COMMANDS))
    except EcrmError as error:
        with logging_to_stdout("info", "json", fields):
            _log_error(error)
        raise
    fields["command"] = wanted.event.command
    with logging_to_stdout(wanted.log_level, wanted.log_format, fields):
        return _invoked(wanted, deadline_of(context, wanted.margin), request_id)


def deadline_of(context: Any, margin: float | None) -> Deadline:
    """What Lambda says is left; without a context, as in a test of one's own, there is no end."""
    milliseconds: Callable[[], int] | None = getattr(context, "get_remaining_time_in_millis", None)
    if milliseconds is None:
        return NO_DEADLINE
    left = milliseconds
    wanted = default_margin(left() / 1000) if margin is None else margin
    return Deadline(lambda: left() / 1000, wanted)


def _invoked(wanted: Asked, deadline: Deadline, request_id: str) -> Json:
    started = time.monotonic()
    result = Result(wanted.event.command)
    request = _request(wanted, deadline, request_id, os.environ)
    connections = workflow.connections_for(request)
    error: EcrmError | None = None
    try:
        _run(wanted, request, connections, result)
    except OutOfTimeError as over:
        result.out_of_time = True
        log.warning("%s", over)
    except EcrmError as failure:
        error, result.error = failure, str(failure)
        _log_error(failure)
    _log_repositories(result)
    counter = connections.counted()
    result.calls, result.throttled = counter.calls, counter.throttled
    result.seconds = time.monotonic() - started
    tell(result, wanted, connections.home, version())
    print(metrics_line(result, wanted.function, datetime.now(UTC)), flush=True)  # noqa: T201
    whole = returned(result, version())
    log.info("finished", extra={"fields": {k: v for k, v in whole.items() if k != "repositories"}})
    if error:
        raise error
    return whole


def _run(
    wanted: Asked, request: workflow.Request, connections: Connections, result: Result
) -> None:
    result.name = "-".join(filter(None, (f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}", request.name)))
    with workflow.start(request, lambda _: None, connections) as run:
        result.name, result.targets = workflow.run_name(run), run.inventory.registries
        log.info("started", extra={"fields": {"run": result.name, "targets": result.where}})
        COMMANDS[wanted.event.command](run, wanted.event, result)


def _request(
    wanted: Asked, deadline: Deadline, request_id: str, environ: Mapping[str, str]
) -> workflow.Request:
    event = wanted.event
    journal = event.journal or f"{wanted.state}/journals"
    return workflow.Request(
        config=config_place(event, environ),
        config_text=wanted.config_text,
        only=Selection.of(event.repository),
        scan=event.scan,
        external_commands=wanted.external_commands,
        scanned_files=event.scanned_files,
        journal=f"{journal.rstrip('/')}/",
        state=wanted.state,
        name=request_id[:8],
        deadline=deadline,
        workers=wanted.workers,
        cache=bool(environ.get("ECRM_CACHE_DIR")),  # nowhere else could it be written
    )


def _log_error(error: EcrmError) -> None:
    for line in str(error).splitlines():
        log.error("%s", line, extra={"fields": {"error": type(error).__name__}})


def _log_repositories(result: Result) -> None:
    """One line for each repository that anything goes from, for queries of the log."""
    for where in summary(result, "").get("repositories", ()):
        if where["deletable"]["images"]:
            log.info("%s", where["repository"], extra={"fields": where})
