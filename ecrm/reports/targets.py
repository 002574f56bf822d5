"""The accounts of a run: where they are scanned and planned, and what keeps ecrm out."""

import json
from collections.abc import Sequence

from ecrm.aws.targets import Resolved
from ecrm.model.printable import printable_json
from ecrm.model.scan import ReadStatus
from ecrm.reports.text import count, page, table

_HEADERS = ["ACCOUNT", "NAME", "STATUS", "SCANNED", "PLANNED"]
_OK = "ok"


def targets_text(accounts: Sequence[Resolved]) -> str:
    rows = [
        [
            resolved.account.id,
            resolved.account.name,
            _status(resolved),
            ", ".join(_scanned(resolved)),
            ", ".join(_planned(resolved)),
        ]
        for resolved in accounts
    ]
    unread = sum(bool(resolved.unread) for resolved in accounts)
    total = f"{count(len(accounts), 'account')}, {unread} of them cannot be read."
    notes = (note.text for one in accounts for report in one.reports for note in report.notes)
    return page(table(rows, _HEADERS), (total, *notes))


def targets_json(accounts: Sequence[Resolved]) -> str:
    rows = [
        {
            "account": resolved.account.id,
            "name": resolved.account.name,
            "status": _status(resolved),
            "scanned": _scanned(resolved),
            "planned": _planned(resolved),
            "notes": [
                {"status": str(note.status), "text": note.text}
                for report in resolved.reports
                for note in report.notes
            ],
        }
        for resolved in accounts
    ]
    complete = not any(resolved.unread for resolved in accounts)
    return printable_json(
        json.dumps({"ecrm_targets": 1, "complete": complete, "accounts": rows}, indent=2)
    )


def _status(resolved: Resolved) -> str:
    """`excluded` is of an account; a region that is not enabled has a note."""
    if resolved.targets:
        return _OK
    found = {report.status for report in resolved.reports} - {ReadStatus.READ}
    return next(map(str, found), str(ReadStatus.EXCLUDED))


def _scanned(resolved: Resolved) -> list[str]:
    return [target.registry.region for target in resolved.targets]


def _planned(resolved: Resolved) -> list[str]:
    """Of those that are scanned, as nothing else can be planned."""
    registry = resolved.account.registry
    return [region for region in _scanned(resolved) if registry and region in registry.regions]
