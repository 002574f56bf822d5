"""What `check` found, for people (text, markdown) and as JSON."""

import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain, groupby
from typing import Any

from ecrm.check.values import Findings, Violation
from ecrm.config import RULES_OF_CHECK, Level
from ecrm.model.printable import printable_json, printable_lines
from ecrm.reports.text import count, escaped, table, unread_count

_MOST_BLOCKS = 3
"""How many violations with the same next step are shown one by one."""


def check_text(found: Findings) -> str:
    """Grouped by rule, most urgent first; then what could not be told, and what was passed over.
    An incomplete result says so first and last."""
    lines = [headline(found), *_groups(found), *_rest(found)]
    if found.unread:
        lines = [verdict(found), "", *lines, "", verdict(found)]
    return printable_lines(lines)


def verdict(found: Findings) -> str:
    """The first line and the last of an incomplete result."""
    return f"INCOMPLETE: {unread_count(len(found.unread))}, so something may be missing here."


def headline(found: Findings) -> str:
    """One line: where, and how many."""
    where = ", ".join(map(str, found.targets)) or "no account"
    numbers = []
    if found.errors:
        numbers.append(count(found.errors, "error"))
    if found.warnings:
        numbers.append(count(found.warnings, "warning"))
    nothing = "nothing found in what could be read" if found.unread else "nothing found"
    return f"{where}: {', '.join(numbers) or nothing}"


def place_of(violation: Violation) -> str:
    return (
        f"{violation.location.file}:{violation.location.line} ({violation.where})"
        if violation.location
        else str(violation.where)
    )


def _groups(found: Findings) -> Iterator[str]:
    for (rule, level), group in groupby(
        found.violations, lambda violation: (violation.rule, violation.level)
    ):
        yield from ("", f"{rule} ({level}): {RULES_OF_CHECK[rule]}")
        alike: dict[str, list[Violation]] = defaultdict(list)
        for violation in group:
            alike[violation.next_step].append(violation)
        for next_step, violations in alike.items():
            if len(violations) > _MOST_BLOCKS:
                yield from ("", *_together(next_step, violations))
            else:
                yield from chain.from_iterable(map(_block, violations))


def _block(violation: Violation) -> Iterator[str]:
    yield from ("", f"  {violation.what}")
    yield f"    where  {place_of(violation)}"
    yield f"    why    {violation.why}"
    yield f"    next   {violation.next_step}"


def _together(next_step: str, violations: list[Violation]) -> Iterator[str]:
    """A line for each; what is the same of all is said once."""
    same_why = len({violation.why for violation in violations}) == 1
    yield f"  {count(len(violations), 'violation')} of one kind"
    if same_why:
        yield f"    why    {violations[0].why}"
    yield f"    next   {next_step}"
    yield ""
    headers = ["WHERE", "WHAT"] if same_why else ["WHERE", "WHAT", "WHY"]
    rows = [
        [place_of(violation), violation.what, violation.why][: len(headers)]
        for violation in violations
    ]
    yield from (f"    {line}" for line in table(rows, headers).split("\n"))


def _rest(found: Findings) -> Iterator[str]:
    if found.unread:
        yield from ("", "Could not be read:")
        yield from (f"  {hole.text}" for hole in found.unread)
    if found.unchecked:
        yield from ("", "Not checked:")
        yield from (f"  {line}" for line in found.unchecked)
    if found.accepted:
        number = count(len(found.accepted), "more is", "more are")
        yield from ("", f"{number} accepted by the baseline.")
    if found.resolved:
        resolved = "Accepted by the baseline, and not there any more (--write-baseline drops them):"
        yield from ("", resolved)
        yield from (f"  {line}" for line in found.resolved)
    off = [rule for rule, level in found.levels.items() if level is Level.OFF]
    if off:
        yield from ("", f"Off: {', '.join(off)}")


def check_markdown(found: Findings) -> str:
    """For the summary of a job."""
    parts = ["## ecrm check", escaped(headline(found))]
    if found.unread:
        parts = ["## INCOMPLETE: ecrm check", f"**{verdict(found)}**", escaped(headline(found))]
    for rule, group in groupby(found.violations, lambda violation: violation.rule):
        rows = [
            [
                escaped(text)
                for text in (
                    violation.level,
                    violation.what,
                    place_of(violation),
                    violation.why,
                    violation.next_step,
                )
            ]
            for violation in group
        ]
        head = "| Level | What | Where | Why | Next step |\n|---|---|---|---|---|"
        lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        parts.append(f"### {rule}: {RULES_OF_CHECK[rule]}\n\n{head}\n{lines}")
    lists = {
        "Could not be read": [hole.text for hole in found.unread],
        "Not checked": found.unchecked,
        "In the baseline, and not there any more": found.resolved,
    }
    for title, entries in lists.items():
        if entries:
            bullets = "\n".join(f"- {escaped(entry)}" for entry in entries)
            parts.append(f"### {title}\n\n{bullets}")
    if found.accepted:
        number = count(len(found.accepted), "more is", "more are")
        parts.append(f"{number} accepted by the baseline.")
    if found.unread:
        parts.append(f"**{verdict(found)}**")
    return "\n\n".join(parts)


def check_json(found: Findings) -> str:
    body = {
        "ecrm_check": 1,
        "targets": [str(target) for target in found.targets],
        "complete": not found.unread,
        "errors": found.errors,
        "warnings": found.warnings,
        "levels": {rule: str(level) for rule, level in found.levels.items()},
        "violations": [_violation(violation) for violation in found.violations],
        "unread": [{"rule": hole.rule or None, "text": hole.text} for hole in found.unread],
        "unchecked": list(found.unchecked),
        "accepted": [_violation(violation) for violation in found.accepted],
        "resolved": list(found.resolved),
    }
    return printable_json(json.dumps(body, indent=2, ensure_ascii=False))


def _violation(violation: Violation) -> dict[str, Any]:
    """Without what is not set."""
    repository = violation.where.repository
    facts = {
        "rule": violation.rule,
        "level": str(violation.level),
        "registry": str(repository.registry) if repository else "",
        "repository": repository.repository if repository else "",
        "image": violation.where.image,
        "key": violation.where.key,
        "file": violation.location.file if violation.location else "",
        "line": violation.location.line if violation.location else 0,
        "what": violation.what,
        "why": violation.why,
        "next_step": violation.next_step,
        "fingerprint": violation.fingerprint,
    }
    return {key: value for key, value in facts.items() if value}
