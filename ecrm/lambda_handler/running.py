"""The commands of the function: each runs a workflow and fills the result.

To add a command, write a function here and name it in COMMANDS.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeVar

from ecrm.aws.storage import write_text
from ecrm.config import Level
from ecrm.errors import IncompleteError, UsageError, ViolationsError
from ecrm.lambda_handler.event import Event
from ecrm.lambda_handler.result import Result, image_name
from ecrm.model.humanize import count
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.planning.plan import Plan
from ecrm.reports import CHECK_FORMATS, PLAN_FORMATS, SCAN_FORMATS
from ecrm.reports.html import report_html
from ecrm.reports.html.values import Report
from ecrm.reports.outcomes import dropped_lines
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
    for line in result.scan.skipped_commands:
        log.warning("%s", line)
    _show(run, event, SCAN_FORMATS, "json", result.scan)


def _plan(run: workflow.Run, event: Event, result: Result) -> None:
    page = workflow.report(run) if event.format == "html" else None
    review = workflow.reviewed(run, page.plan) if page else workflow.review(run)
    _note(result, review)
    if event.out:
        write_text(event.out, workflow.plan_file(review.plan), run.home, "application/json")
    if page:
        _write_page(run, event, result, page)
    else:
        _show(run, event, PLAN_FORMATS, "table", review.plan)
    _raise_if_incomplete(result)
    for stop in review.stops:
        log.warning("`delete` would stop here: %s", stop)


def _delete(run: workflow.Run, event: Event, result: Result) -> None:
    """Nobody is asked: an event with the command `delete` is the answer, or ECRM_FORCE where the
    command comes from ECRM_COMMAND (`event`). The outcomes enter the result one by one, so that it
    is true of an invocation that ends early."""

    def show(review: workflow.Review) -> None:
        _note(result, review)
        _show(run, event, PLAN_FORMATS, "table", review.plan)
        for line in dropped_lines(review.dropped, review.plan.targets):
            log.info("%s", line)

    def confirm(_: Plan, journal: str) -> None:
        result.journal = journal

    def on_outcome(outcome: Outcome) -> None:
        result.outcomes.append(outcome)
        result.out_of_time |= outcome.status is OutcomeStatus.DEFERRED
        _tell(result, outcome)

    approved = workflow.ApprovedPlan(event.plan, _MAX_PLAN_AGE) if event.plan else None
    workflow.plan_and_delete(run, approved, show=show, confirm=confirm, on_outcome=on_outcome)


def _check(run: workflow.Run, event: Event, result: Result) -> None:
    found = result.findings = workflow.check(run)
    _show(run, event, CHECK_FORMATS, "text", found)
    for violation in found.violations:
        log.log(
            _OF_LEVEL[violation.level],
            "%s: %s",
            violation.rule,
            violation.what,
            extra={"fields": {"why": violation.why}},
        )
    if found.errors:
        raise ViolationsError(f"{count(found.errors, 'violation')} of level error")
    _raise_if_incomplete(result)


COMMANDS: Mapping[str, Command] = {
    "plan": _plan,
    "delete": _delete,
    "scan": _scan,
    "check": _check,
}


def _note(result: Result, review: workflow.Review) -> None:
    """In the result, and in a line of the log."""
    plan, result.plan, result.stops = review.plan, review.plan, review.stops
    sources = [
        {"source": report.source, "status": report.status, "references": report.references}
        for report in plan.source_reports
    ]
    numbers = {
        "total": plan.total.images,
        "in_use": plan.used.images,
        "deletable": plan.deletable.images,
    }
    log.info("planned", extra={"fields": {**numbers, "sources": sources}})


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
    """Only on request: a function's log should have no tables."""
    if not (event.output or event.format):
        return
    name = event.format or default
    if name not in formats:
        raise UsageError(f"format is {name!r}; known are {', '.join(formats)}")
    text = uncolored(formats[name](value))
    if event.output in ("", "-"):
        print(text, flush=True)  # noqa: T201 - what goes to stdout there
    else:
        write_text(event.output, text + "\n", run.home)


def _write_page(run: workflow.Run, event: Event, result: Result, page: Report) -> None:
    """To `output`, else among the reports."""
    if event.output in ("", "-") and not event.report:
        raise UsageError("format html is for a file; set output, or ECRM_REPORT=s3://bucket/folder")
    beside = f"{event.report.rstrip('/')}/{result.name}.html"
    place = beside if event.output in ("", "-") else event.output
    write_text(place, report_html(page), run.home, "text/html")
    result.reports.append(place)


def _tell(result: Result, outcome: Outcome) -> None:
    level = _LEVELS.get(outcome.status, logging.DEBUG)
    image = image_name(result, outcome)
    fields = {
        "repository": outcome.repository,
        "target": str(outcome.registry),
        "digest": outcome.decision.image.digest,
    }
    extra = {"fields": fields | {"answer": outcome.status, "tags": outcome.decision.image.tags}}
    log.log(level, "%s: %s: %s", outcome.status, image, outcome.detail, extra=extra)
