"""What `check` found, as other programs read it: SARIF, JUnit, annotations of GitHub Actions."""

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from ecrm.check.values import Findings, Violation
from ecrm.config import RULES_OF_CHECK, Level
from ecrm.model.printable import printable, printable_json, printable_lines
from ecrm.model.version import version
from ecrm.reports.checks import place_of

_ANNOTATIONS = 10
_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def check_sarif(found: Findings) -> str:
    """SARIF 2.1.0, https://docs.oasis-open.org/sarif/sarif/v2.1.0/.

    GitHub shows no result without a file, so what has no place of its own is placed where ecrm.yaml
    speaks of checks; the logical location says what it is about.
    """
    on = [rule for rule, level in found.levels.items() if level is not Level.OFF]
    rules = [
        {
            "id": rule,
            "shortDescription": {"text": RULES_OF_CHECK[rule]},
            "defaultConfiguration": {"level": str(found.levels[rule])},
        }
        for rule in on
    ]
    invocation: dict[str, Any] = {"executionSuccessful": not found.unread}
    if found.unread:
        invocation["toolExecutionNotifications"] = [
            {"level": "error", "message": {"text": printable(hole.text)}} for hole in found.unread
        ]
    driver = {"name": "ecrm", "version": version(), "rules": rules}
    results = [
        _result(violation, on.index(violation.rule), found) for violation in found.violations
    ]
    run = {"tool": {"driver": driver}, "invocations": [invocation], "results": results}
    body = {"$schema": _SARIF, "version": "2.1.0", "runs": [run]}
    return printable_json(json.dumps(body, indent=2, ensure_ascii=False))


def _result(violation: Violation, index: int, found: Findings) -> dict[str, Any]:
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": str(violation.where)}]}
    if place := violation.location or found.config:
        location["physicalLocation"] = {
            "artifactLocation": {
                "uri": quote(place.file.removeprefix("./"), errors="surrogatepass")
            },
            "region": {"startLine": place.line},
        }
    return {
        "ruleId": violation.rule,
        "ruleIndex": index,
        "level": str(violation.level),
        "message": {
            "text": printable(
                f"{violation.what}. Why: {violation.why}. Next: {violation.next_step}."
            )
        },
        "locations": [location],
        "partialFingerprints": {"ecrm/v1": violation.fingerprint},
    }


def check_junit(found: Findings) -> str:
    """One suite for each rule that is on, one case for each violation: an error is a failure, and a
    warning, for which JUnit has no word, is skipped. A rule that found nothing is a case that
    passed. What could not be told is an error."""
    root = ET.Element("testsuites", name="ecrm check")
    on = [rule for rule, level in found.levels.items() if level is not Level.OFF]
    for rule in on:
        suite = ET.SubElement(root, "testsuite", name=rule)
        _cases(suite, [violation for violation in found.violations if violation.rule == rule])
        _count(suite)
    if found.unread:
        suite = ET.SubElement(root, "testsuite", name="complete")
        for hole in found.unread:
            case = ET.SubElement(suite, "testcase", classname="complete", name=printable(hole.text))
            ET.SubElement(case, "error", message=printable(hole.text), type="unread")
        _count(suite)
    _count(root)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}'


def _cases(suite: ET.Element, violations: list[Violation]) -> None:
    rule = suite.attrib["name"]
    if not violations:
        ET.SubElement(suite, "testcase", classname=rule, name=printable(RULES_OF_CHECK[rule]))
    for violation in violations:
        case = ET.SubElement(suite, "testcase", classname=rule, name=printable(violation.identity))
        kind = "failure" if violation.level is Level.ERROR else "skipped"
        result = ET.SubElement(
            case, kind, message=printable(violation.what), type=str(violation.level)
        )
        result.text = _details(violation)


def _details(violation: Violation) -> str:
    lines = {
        "where": place_of(violation),
        "why": violation.why,
        "next": violation.next_step,
    }
    return printable_lines(f"{name}: {text}" for name, text in lines.items())


def _count(suite: ET.Element) -> None:
    kinds = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
    for attribute, tag in kinds.items():
        suite.set(attribute, str(sum(1 for _ in suite.iter(tag))))


def check_github(found: Findings) -> str:
    """Workflow commands, which GitHub Actions shows as annotations, at the line of a file where
    there is one: https://docs.github.com/actions/reference/workflow-commands-for-github-actions.

    GitHub shows ten of each level of a step, so the tenth says how many more there are."""
    by_level: dict[str, list[str]] = {"error": [], "warning": [], "notice": []}
    for level, command in _commands(found):
        by_level[level].append(command)
    return "\n".join(chain.from_iterable(_shown(*item) for item in by_level.items()))


def _shown(kind: str, commands: list[str]) -> list[str]:
    if len(commands) <= _ANNOTATIONS:
        return commands
    shown = commands[: _ANNOTATIONS - 1]
    more = f"{len(commands) - len(shown)} more of level {kind}; the text format has all"
    return [*shown, _command(kind, more, title="ecrm check")]


def _commands(found: Findings) -> Iterator[tuple[str, str]]:
    """Each with its level; what could not be read comes first, so that it is always shown."""
    for unread in found.unread:
        yield (
            "error",
            _command("error", printable(unread.text), title="ecrm check: could not be read"),
        )
    for violation in found.violations:
        where = (
            {"file": violation.location.file, "line": str(violation.location.line)}
            if violation.location
            else {}
        )
        kind = str(violation.level)
        text = f"{printable(violation.what)}\n{_details(violation)}"
        yield kind, _command(kind, text, **where, title=f"ecrm check: {violation.rule}")
    for line in found.unchecked:
        yield "notice", _command("notice", printable(line), title="ecrm check: not checked")


def _command(kind: str, text: str, **properties: str) -> str:
    """With the escapes of actions/toolkit, packages/core/src/command.ts."""
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {given}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(printable(text)).replace(":", "%3A").replace(",", "%2C")
