"""Hostile names in every format: each character shows, none has an effect, no line is forged."""

import inspect
import json
import pkgutil
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from importlib import import_module
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrm import reports
from ecrm.aws.counter import CallCounter
from ecrm.aws.targets import Account, Resolved
from ecrm.check.values import Findings, Unread, Violation, Where
from ecrm.config import Level
from ecrm.execution.journal.listing import JournalSummary
from ecrm.execution.restore import Restored
from ecrm.execution.restore import Result as RestoreResult
from ecrm.lambda_handler import notice
from ecrm.lambda_handler.metrics import metrics_line
from ecrm.lambda_handler.result import Result
from ecrm.lambda_handler.telling import markdown
from ecrm.model.decision import Decision, Reason
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.model.pattern import NamePattern
from ecrm.model.pricing import Prices
from ecrm.model.printable import printable
from ecrm.model.reference import RepositoryKey
from ecrm.model.rule import Rule
from ecrm.model.scan import Diagnostic, ReadStatus, Scan, SourceReport
from ecrm.model.use import SourceLocation
from ecrm.planning.checklist import Check
from ecrm.planning.explain import Explanation, Listing, MissingImage
from ecrm.planning.guards import Stop
from ecrm.planning.plan import Plan
from ecrm.planning.plan_diff import PlanDiff, plan_diff
from ecrm.reports.calls import calls_text, stats_text
from ecrm.reports.differences import diff_json, diff_text
from ecrm.reports.explanations import explanations_json, explanations_text
from ecrm.reports.html import report_html
from ecrm.reports.html.values import Report
from ecrm.reports.images import images_json, images_markdown, images_text, largest_line
from ecrm.reports.outcomes import deleted_line, outcomes_json, outcomes_table, undo_lines
from ecrm.reports.overview import plan_text
from ecrm.reports.ranking import View
from ecrm.reports.restored import RestoreReport
from ecrm.reports.text import uncolored
from ecrm.reports.top import top_json, top_text
from ecrm.workflow.logs import json_line, text_line
from tests.lambda_handler.results import deleted
from tests.stubs import NOW, REGISTRY
from tests.values import HOME, deletable, numbered, plan_of, read, repository_plan, use

KEY = RepositoryKey(HOME, "app")
USE = replace(use("app:v1"), location=SourceLocation("a.yaml", 3), path=("a", "b"))
RULE = Rule(NamePattern("app", is_glob=False), timedelta(days=30))
NOTE = Diagnostic(ReadStatus.FAILED, "text")
KEPT = Decision(numbered(1, "v1"), Reason.IN_USE, "detail", uses=(USE,))
VIOLATION = Violation(
    "missing_image", Level.ERROR, Where(KEY, ":v1"), "what", "why", "next", "about",
    SourceLocation("a.yaml", 3),
)  # fmt: skip


def a_plan() -> Plan:
    unread = repository_plan("unread", [], unread="why")
    app = repository_plan(
        "app",
        [deletable(numbered(2, "v2"))],
        kept=[KEPT],
        missing=("@sha256:1",),
        consumers=("others may pull",),
        broken_indexes=1,
    )
    notes = (Diagnostic(ReadStatus.FAILED, "text"), Diagnostic(ReadStatus.EXCLUDED, "text"))
    reports = (read(HOME, "ecs", *notes), read(None, "file a"))
    made = plan_of(app, unread, unmanaged=(RepositoryKey(HOME, "scratch"),))
    return replace(made, source_reports=reports)


def a_diff() -> PlanDiff:
    return plan_diff(plan_of(targets=a_plan().targets), a_plan())


def a_scan() -> Scan:
    return Scan(NOW, (USE,), (SourceReport(REGISTRY, "ecs", 1, ()),))


def a_result() -> Result:
    result = deleted()
    result.error, result.stops = "first", (Stop("guard", "text", "cure"),)
    result.unsent, result.findings = ["report: no"], a_check()
    return result


def a_report() -> Report:
    return Report(a_plan(), "1", Prices(), owners={KEY: "team"}, findings=a_check())


def a_check() -> Findings:
    return Findings(
        violations=(VIOLATION, replace(VIOLATION, location=None)),
        unread=(Unread("", "text"),),
        unchecked=("text",),
        accepted=(VIOLATION,),
        resolved=("text",),
        levels={"missing_image": Level.ERROR, "budget": Level.OFF},
        targets=(HOME,),
        config=SourceLocation("ecrm.yaml", 7),
    )


EXPLAINED = [
    Explanation(HOME, "app", RULE, (KEPT, KEPT), (Check("expires", "text"),)),
    Listing("app", RULE, (KEPT,)),
    MissingImage("app:v1", (USE,)),
]
OUTCOMES = [
    Outcome(HOME, "app", deletable(numbered(number, "v1")), status, "detail")
    for number, status in enumerate(OutcomeStatus)
]
ACCOUNTS = (Resolved(Account("1", "name", left_out="text"), (), (read(HOME, "account", NOTE),)),)
JOURNAL = JournalSummary("journal", NOW, (HOME,), {OutcomeStatus.DELETED: 1}, unread=("text",))
RESTORED = RestoreReport(
    [Restored(HOME, "app", "digest", ("v1",), result, "detail") for result in RestoreResult],
    len(RestoreResult),
    ["line"],
)


def calls_line(action: str) -> str:
    counter = CallCounter()
    counter.calls = Counter({action: 2})
    return text_line("info", f"{calls_text(counter, 2.0)}, {stats_text(counter, 1)}")


WIDE = View(width=10**5)
"""So that no line is wrapped."""
Shown = Callable[[Any], str]
FORMATS: tuple[tuple[Shown, Any], ...] = (
    *((shown, a_plan()) for name, shown in reports.PLAN_FORMATS.items() if name != "text"),
    *((shown, a_plan()) for shown in (images_json, images_markdown)),
    *((shown, a_scan()) for shown in reports.SCAN_FORMATS.values()),
    *((shown, a_check()) for shown in reports.CHECK_FORMATS.values()),
    *((shown, a_result()) for shown in (notice.subject, notice.body, notice.message, markdown)),
    *((shown, ACCOUNTS) for shown in reports.TARGETS_FORMATS.values()),
    *((shown, [JOURNAL]) for shown in reports.JOURNALS_FORMATS.values()),
    *((shown, RESTORED) for shown in reports.RESTORED_FORMATS.values()),
)
EVERY: Mapping[str, tuple[Shown, Any]] = {
    **{getattr(shown, "__name__", ""): (shown, value) for shown, value in FORMATS},
    "explanations_text": (lambda value: explanations_text(*value), (EXPLAINED, ["text"])),
    "explanations_json": (lambda value: explanations_json(*value), (EXPLAINED, ["text"])),
    "plan_text": (lambda value: plan_text(value, WIDE), a_plan()),
    "images_text": (lambda value: images_text(value, WIDE.width), a_plan()),
    "diff_text": (lambda value: diff_text(value, WIDE.width), a_diff()),
    "diff_json": (diff_json, a_diff()),
    "top_text": (lambda value: top_text(value, "owner", WIDE), a_plan()),
    "top_json": (lambda value: top_json(value, "rule", WIDE), a_plan()),
    "outcomes_json": (lambda value: outcomes_json(*value), (a_plan(), OUTCOMES)),
    "outcomes_table": (lambda value: outcomes_table(value, (HOME,), 9), OUTCOMES),
    "calls_text": (calls_line, "text"),
    "stats_text": (calls_line, "text"),
    "largest_line": (largest_line, a_plan()),
    "deleted_line": (lambda value: text_line("notice", deleted_line(value)), OUTCOMES[0]),
    "undo_lines": (lambda value: "\n".join(undo_lines(OUTCOMES, value)), "text"),
    "text_line": (lambda value: text_line("warn", value), "text"),
    "json_line": (lambda value: json_line("warn", value, NOW, {"a": value}), "text"),
    "report_html": (report_html, a_report()),
    "metrics_line": (lambda value: metrics_line(value, "ecrm", NOW), a_result()),
}
"""Each text format by its name, with a value that has something in every place."""
OF_OURS = {"sources_text", "sources_json"}
"""They show what ecrm itself declares."""
JSON = [name for name in EVERY if re.search("json|sarif|uris|detail|metrics", name)]
_SUFFIXES = ("_table", "_text", "_json", "_markdown", "_sarif", "_junit", "_github", "_detail")


def test_no_format_is_forgotten():
    modules = [
        import_module(f"ecrm.reports.{module.name}")
        for module in pkgutil.iter_modules(reports.__path__)
    ]
    defined = {
        name
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if name.endswith((*_SUFFIXES, "_uris")) and not name.startswith(("_", "printable"))
    }
    assert defined <= set(EVERY) | OF_OURS


def poisoned(value: Any, text: str) -> Any:
    """The same with this text in place of every text, but for names of rules, which are ours."""
    if type(value) is str:
        return text if value else ""
    if isinstance(value, tuple | list):
        parts = [poisoned(part, text) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if is_dataclass(value) and not isinstance(value, type):
        ours = {"rule"} if isinstance(value, Violation) else {"levels"}
        members = {field.name: getattr(value, field.name) for field in fields(value)}
        poison = {name: poisoned(member, text) for name, member in members.items()}
        return replace(value, **{name: poison[name] for name in poison.keys() - ours})
    return value


NASTY = [
    "\x1b[31mred\x1b[0m", "a\rb", "a\nb", "a\n::error::b", "::error::a", "  ::stop-commands::x",
    "##[error]a", "\u202eabc", "\u2066a\u2069", "a\u2028b", "a\x85b", "\x9b31ma", "\x00", "\ud800",
    "a\tb", "\x07", "]]>", "<!--", "a|b`c", "\n\n# heading", "\r\n", "::", ":", "#",
    "\x1b]8;;x\x07",
]  # fmt: skip
HOSTILE = st.one_of(
    st.sampled_from(NASTY),
    st.lists(st.one_of(st.sampled_from(NASTY), st.characters()), max_size=4).map("".join),
).filter(bool)


def lines_of(shown: Shown, value: Any) -> list[str]:
    text = shown(value)
    assert not set(re.sub(r"\x1b\[(31|33|34|36|0)m", "", text)) - {"\n"} & set(map(chr, range(32)))
    plain = uncolored(text)
    assert plain.replace("\n", "").isprintable()
    return plain.split("\n")


@pytest.mark.parametrize("name", EVERY)
@given(text=HOSTILE)
def test_every_character_shows_and_no_line_is_forged(name: str, text: str):
    shown, value = EVERY[name]
    lines = lines_of(shown, poisoned(value, text))
    harmless = lines_of(shown, poisoned(value, "x"))
    if name not in ("body", "markdown"):  # which show the lines of an error as lines
        assert len(lines) == len(harmless)
    assert not [line for line in lines if "##[" in line]
    commands = [line for line in lines if line.lstrip().startswith("::")]
    if name == "check_github":
        assert commands == lines
        assert all(re.match(r"::(error|warning|notice) [^:]*::", line) for line in lines)
    else:
        assert commands == []


@pytest.mark.parametrize("name", JSON)
@given(text=HOSTILE)
def test_json_is_json(name: str, text: str):
    shown, value = EVERY[name]
    assert json.loads(shown(poisoned(value, text)))


@given(text=HOSTILE)
def test_json_says_what_it_said(text: str):
    shown, value = EVERY["check_json"]
    assert json.loads(shown(poisoned(value, text)))["violations"][0]["what"] == text


@given(text=HOSTILE)
def test_junit_is_xml(text: str):
    shown = reports.CHECK_FORMATS["junit"](poisoned(a_check(), text))
    assert ET.fromstring(shown.encode()).tag == "testsuites"


@given(text=st.text(alphabet=st.characters(codec="utf-8")))
def test_what_needs_no_escape_is_shown_as_it_is(text: str):
    if text.isprintable() and "##[" not in text and "::" not in text:
        assert printable(text) == text
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)
