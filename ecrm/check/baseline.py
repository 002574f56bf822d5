"""A baseline: a file of violations that are accepted, so that only new ones fail."""

import json
from collections.abc import Mapping
from dataclasses import replace

from ecrm.check.values import Findings
from ecrm.errors import InputError
from ecrm.model.codec import decode
from ecrm.model.json_text import parse_json
from ecrm.model.printable import printable_json

_FORMAT = 2
"""Format 1 had earlier names of the rules, which are part of every fingerprint."""


def baseline_text(findings: Findings) -> str:
    """All violations, new and accepted, in an order that depends on nothing but them."""
    violations = (*findings.violations, *findings.accepted)
    lines = sorted({violation.identity: violation.fingerprint for violation in violations}.items())
    accepted = {fingerprint: identity for identity, fingerprint in lines}
    whole = {"ecrm_baseline": _FORMAT, "accepted": accepted}
    return printable_json(json.dumps(whole, indent=2))


def read_baseline(text: str, path: str) -> Mapping[str, str]:
    """The readable line of each fingerprint; raises InputError if the text is not a baseline."""
    try:
        body = parse_json(text)
        if not isinstance(body, dict):
            raise ValueError("it is not an object")  # noqa: TRY004, TRY301 - of a text
        if decode(int, body.get("ecrm_baseline")) != _FORMAT:
            what = f"is a baseline of format {body['ecrm_baseline']}"
            raise InputError(f"{path}: {what}; write a new one with --write-baseline")
        return decode(dict[str, str], body.get("accepted"))
    except ValueError as error:
        hint = "write one with --write-baseline"
        raise InputError(f"{path}: is not a baseline that ecrm wrote ({error}); {hint}") from error


def without_accepted(
    findings: Findings, accepted: Mapping[str, str], *, is_whole: bool
) -> Findings:
    """The findings, with the violations that the baseline accepts moved to `accepted`.

    Only a complete check of everything (`is_whole`) can tell that a violation is resolved.
    """
    new = [violation for violation in findings.violations if violation.fingerprint not in accepted]
    known = [violation for violation in findings.violations if violation.fingerprint in accepted]
    found = {violation.fingerprint for violation in known}
    resolved = sorted(line for fingerprint, line in accepted.items() if fingerprint not in found)
    return replace(
        findings,
        violations=tuple(new),
        accepted=tuple(known),
        resolved=tuple(resolved) if is_whole and not findings.unread else (),
    )
