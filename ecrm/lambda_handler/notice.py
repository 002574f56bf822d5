"""The notification: subject and text of an e-mail, and the same for a chat channel."""

import json
from collections.abc import Iterable, Iterator

from ecrm.check.values import Findings
from ecrm.lambda_handler.result import MOST_DETAILS, Result, failed, image_name
from ecrm.model.outcome import OutcomeStatus
from ecrm.model.printable import printable, printable_lines
from ecrm.planning.holes import applicable, is_partial
from ecrm.planning.plan import Plan, Totals
from ecrm.reports.plans import name_in
from ecrm.reports.text import count, human_size, human_totals

_LONGEST_SUBJECT = 100  # as SNS has it, in ASCII and without control characters
_LONGEST_TEXT = 7500  # chat applications take 8,000 characters, SNS more
_MOST_REPOSITORIES = 20


def subject(result: Result) -> str:
    """What a list of e-mails shows: the command, how it went, and where."""
    line = f"ecrm {result.command}: {_outcome(result)}{_where(result)}"
    ascii_only = printable(line).encode("ascii", "replace").decode()
    cut = len(ascii_only) > _LONGEST_SUBJECT
    return f"{ascii_only[: _LONGEST_SUBJECT - 3]}..." if cut else ascii_only


def body(result: Result) -> str:
    """Short paragraphs and lists of plain text."""
    text = printable_lines(_lines(result))
    if len(text) <= _LONGEST_TEXT:
        return text
    last = f"\n{printable(headline(result))}" if result.unread else ""
    return f"{text[:_LONGEST_TEXT]}...\n(See the log for the rest.){last}"


def message(result: Result) -> str:
    """For SNS with MessageStructure=json: text for everybody, and for chat applications, which are
    subscribed by HTTPS, the schema that Amazon Q Developer (AWS Chatbot) asks for."""
    text = body(result)
    content = {"textType": "client-markdown", "title": subject(result), "description": text}
    chat = {"version": "1.0", "source": "custom", "content": content}
    return json.dumps({"default": text, "https": json.dumps(chat)})


def headline(result: Result) -> str:
    """One sentence: the command, where, and how it went."""
    return f"ecrm {result.command}{_where(result)}: {_outcome(result)}."


def happened(result: Result) -> Iterator[str]:
    """How many images met which answer, one line for each."""
    yield from (f"{_tally(totals)} {answer}" for answer, totals in result.met.items())


def _outcome(result: Result) -> str:
    if result.unread:
        return f"INCOMPLETE{_incomplete(result)}"
    if result.findings:
        return _found(result.findings)
    if result.error:
        return f"FAILED, {_done(result)}" if result.outcomes else "FAILED"
    if result.out_of_time:
        return f"out of time, {_done(result)}" if result.plan else "out of time"
    if result.plan and result.command == "delete":
        return _done(result)
    return f"{_tally(result.plan.deletable)} can be deleted" if result.plan else "done"


def _incomplete(result: Result) -> str:
    if not result.plan:
        return ""
    if result.outcomes:
        return f", {_done(result)}"
    return " in part" if is_partial(result.plan) else ", it cannot be carried out"


def _found(findings: Findings) -> str:
    return f"{count(findings.errors, 'error')}, {count(findings.warnings, 'warning')}"


def _done(result: Result) -> str:
    """What was deleted, with its size, and how many met another answer that matters."""
    met = result.met
    others = {
        OutcomeStatus.ARCHIVED: "archived",
        OutcomeStatus.DEFERRED: "left for the next run",
        OutcomeStatus.FAILED: "not done",
    }
    counts = [
        f"{met[answer].images:,} {words}" for answer, words in others.items() if answer in met
    ]
    return ", ".join([f"{_tally(met.get(OutcomeStatus.DELETED, Totals()))} deleted", *counts])


def _tally(totals: Totals) -> str:
    return f"{count(totals.images, 'image')} ({human_size(totals.size)})"


def _lines(result: Result) -> Iterator[str]:
    yield headline(result)
    for line in result.error.splitlines():
        yield f"Error: {line}"
    if result.out_of_time:
        yield "The time ran out; the next run continues."
    if result.findings:
        found = [
            f"{violation.rule} ({violation.level}): {violation.what}"
            for violation in result.findings.violations
        ]
        yield from _list("Violations", found[:MOST_DETAILS])
    if result.plan:
        if result.plan.complete:
            total, used = human_totals(result.plan.total), human_totals(result.plan.used)
            yield f"{total} images, {used} of them in use."
            yield f"{human_totals(result.plan.deletable)} can be deleted by the rules."
        yield from _list("What happened", happened(result))
        is_part = is_partial(result.plan)
        yield from _repositories(applicable(result.plan) if is_part else result.plan)
    if not result.error:
        yield from _list("Guards that would stop `delete`", map(str, result.stops))
        yield from _list("Could not be read", result.unread)
    details = [
        f"{image_name(result, outcome)}: {outcome.detail}"
        for outcome in failed(result)[:MOST_DETAILS]
    ]
    yield from _list("Not done", details)
    yield from _list("Not sent", result.unsent)
    yield from _list("See also", _places(result))
    made = result.calls.total()
    calls = f" and {count(made, 'call')} to AWS, {result.throttled} throttled" if made else ""
    yield from ("", f"It took {result.seconds:.1f} seconds{calls}.")
    if result.unread:
        yield headline(result)


def _where(result: Result) -> str:
    return f" in {', '.join(result.where)}" if result.where else ""


def _repositories(plan: Plan) -> Iterator[str]:
    """Those with the most deletions come first."""
    changed = [where for where in plan.repositories if where.stages]
    changed.sort(key=lambda where: (-len(where.deletions), where.repository, where.registry))
    lines = [
        f"{name_in(plan, where)}: {human_totals(sum(where.deletable.values(), Totals()))} to "
        f"delete, {where.images - len(where.deletions)} to keep"
        for where in changed[:_MOST_REPOSITORIES]
    ]
    if more := changed[_MOST_REPOSITORIES:]:
        lines.append(f"and {count(len(more), 'more repository', 'more repositories')}")
    yield from _list("Repositories", lines)


def _places(result: Result) -> Iterator[str]:
    yield from (f"report: {place}" for place in result.reports)
    if result.journal:
        yield f"journal: {result.journal} (`ecrm restore` reads it)"


def _list(heading: str, lines: Iterable[str]) -> Iterator[str]:
    items = [f"- {line}" for line in lines]
    if items:
        yield from ("", f"{heading}:", *items)
