"""The commands of the function: each carries out what was asked for and notes what came of it.

To add a command, write a function here and name it in COMMANDS.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeVar

from ecrm.aws.storage import write_text
from ecrm.config import Level
from ecrm.errors import GuardError, IncompleteError, NotDeletedError, UsageError, ViolationsError
from ecrm.lambda_handler.event import Event
from ecrm.lambda_handler.result import Result, failed
from ecrm.model.humanize import count
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.planning.plan import Plan
from ecrm.reports import CHECK_FORMATS, PLAN_FORMATS, SCAN_FORMATS
from ecrm.reports.text import uncolored
from ecrm.workflow import commands as workflow

log = logging.getLogger(__name__)

_MAX_PLAN_AGE = timedelta(hours=24)
_LEVELS = {OutcomeStatus.FAILED: logging.WARNING, OutcomeStatus.SKIPPED: logging.INFO}
_OF_LEVEL = {Level.ERROR: logging.ERROR, Level.WARNING: logging.WARNING}

T = TypeVar("T")
Command = Callable[[workflow.Run, Event, Result], None]


def _scan(run: workflow.Run, event: Event, result: Result) -> None:
    result.scan = workflow.scan(run)
    _raise_if_incomplete(result)
    _show(run, event, SCAN_FORMATS, "json", result.scan)


def _plan(run: workflow.Run, event: Event, result: Result) -> None:
    made = result.plan = _noted(workflow.plan(run))
    if event.out:
        write_text(event.out, workflow.plan_file(made), run.clients, "application/json")
    _show(run, event, PLAN_FORMATS, "table", made)
    _raise_if_incomplete(result)
    result.stops = workflow.guard_stops(run, made)
    for stop in result.stops:
        log.warning("`delete` would stop here: %s", stop)


def _delete(run: workflow.Run, event: Event, result: Result) -> None:
    """Nobody is asked: the word `delete` in the event or in ECRM_COMMAND is the answer."""
    made = result.plan = _noted(_made(run, event))
    _show(run, event, PLAN_FORMATS, "table", made)
    _raise_if_incomplete(result)
    result.stops = workflow.guard_stops(run, made)
    if result.stops:
        raise GuardError("\n".join((*map(str, result.stops), "nothing was deleted")))
    if not made.deletable.images:
        return
    result.journal = f"{run.request.journal}{result.name}"
    for outcome in workflow.delete(run, made):
        result.outcomes.append(outcome)
        _tell(outcome)
    result.out_of_time = any(it.answer is OutcomeStatus.DEFERRED for it in result.outcomes)
    if undone := failed(result):
        raise NotDeletedError(
            f"{len(undone)} of {len(result.outcomes)} images not done, the first because of "
            f"{undone[0].detail}"
        )


def _check(run: workflow.Run, event: Event, result: Result) -> None:
    found = result.findings = workflow.check(run)
    _show(run, event, CHECK_FORMATS, "text", found)
    for it in found.violations:
        log.log(_OF_LEVEL[it.level], "%s: %s", it.rule, it.what, extra={"fields": {"why": it.why}})
    if found.errors:
        raise ViolationsError(f"{count(found.errors, 'violation')} of level error")
    if found.unread:
        raise IncompleteError("\n".join(it.text for it in found.unread))


COMMANDS: Mapping[str, Command] = {
    "plan": _plan,
    "delete": _delete,
    "scan": _scan,
    "check": _check,
}


def _made(run: workflow.Run, event: Event) -> Plan:
    if not event.plan:
        return workflow.plan(run)
    made, dropped = workflow.plan_from_file(run, event.plan, _MAX_PLAN_AGE)
    for it in dropped:
        log.info("not deleted any more: %s: %s", it.decision.image.digest, it.why)
    return made


def _noted(made: Plan) -> Plan:
    """The plan, of which the log has a line."""
    sources = [
        {"source": it.source, "status": it.status, "references": it.references}
        for it in made.source_reports
    ]
    numbers = {
        "total": made.total.images,
        "in_use": made.used.images,
        "goes": made.deletable.images,
    }
    log.info("planned", extra={"fields": {**numbers, "sources": sources}})
    return made


def _raise_if_incomplete(result: Result) -> None:
    if result.unread:
        raise IncompleteError("\n".join(result.unread))


def _show(
    run: workflow.Run,
    event: Event,
    formats: Mapping[str, Callable[[T], str]],
    default: str,
    value: T,
) -> None:
    """Where somebody asked for it: the log of a function is no place for tables."""
    if not (event.output or event.format):
        return
    name = event.format or default
    if name not in formats:
        raise UsageError(f"format is {name!r}; known are {', '.join(formats)}")
    text = uncolored(formats[name](value))
    if event.output in ("", "-"):
        print(text, flush=True)  # noqa: T201 - what goes to stdout there
    else:
        write_text(event.output, text + "\n", run.clients)


def _tell(it: Outcome) -> None:
    level = _LEVELS.get(it.answer, logging.DEBUG)
    image = f"{it.repository}@{it.decision.image.digest}"
    fields = {"repository": it.repository, "digest": it.decision.image.digest}
    told = {"fields": fields | {"answer": it.answer, "tags": it.decision.image.tags}}
    log.log(level, "%s: %s: %s", it.answer, image, it.detail, extra=told)
