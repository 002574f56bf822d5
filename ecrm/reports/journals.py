"""Journals, for people and as JSON."""

import json
from collections.abc import Iterator, Sequence

from ecrm.execution.journal.listing import JournalSummary
from ecrm.model.printable import printable_json
from ecrm.reports.text import count, human_size, page, table

_HEADERS = ["TIME", "ACCOUNT", "IMAGES", "SIZE", "RUN", "JOURNAL"]


def journals_table(journals: Sequence[JournalSummary]) -> str:
    """The images are those that `restore` would try to put back."""
    rows = [
        [
            f"{journal.at:%Y-%m-%d %H:%M}" if journal.at else "",
            ", ".join(map(str, journal.targets)),
            f"{journal.restorable:,}",
            human_size(journal.size),
            "ended" if journal.ended else "killed, or goes on",
            journal.location,
        ]
        for journal in journals
    ]
    return page(table(rows, _HEADERS), _summary(journals))


def _summary(journals: Sequence[JournalSummary]) -> Iterator[str]:
    images = sum(journal.restorable for journal in journals)
    yield f"{count(len(journals), 'journal')} of {count(images, 'image')} to restore."
    if journals:
        yield "To restore one: ecrm restore JOURNAL"
    for journal in journals:
        yield from journal.unread


def journals_json(journals: Sequence[JournalSummary]) -> str:
    body = {
        "ecrm_journals": 1,
        "complete": not any(journal.unread for journal in journals),
        "journals": [
            {
                "journal": journal.location,
                "at": journal.at.isoformat() if journal.at else None,
                "targets": [str(target) for target in journal.targets],
                "restorable": journal.restorable,
                "bytes": journal.size,
                "outcomes": {str(status): number for status, number in journal.outcomes.items()},
                "ended": journal.ended,
                "unread": list(journal.unread),
            }
            for journal in journals
        ],
    }
    return printable_json(json.dumps(body, indent=2, ensure_ascii=False))
