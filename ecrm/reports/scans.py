"""What is in use, for other tools and for people."""

import json
from collections import defaultdict

from ecrm.model.printable import printable_json
from ecrm.model.reference import Reference
from ecrm.model.scan import Scan
from ecrm.reports.text import table

_SHORT_DIGEST = len("sha256:") + 12


def scan_uris(scan: Scan) -> str:
    """A sorted JSON array of image URIs, which is what fujiwara/ecrm writes and reads."""
    uris = {uri for use in scan.uses for uri in use.reference.uris()}
    return printable_json(json.dumps(sorted(uris), indent=2))


def scan_table(scan: Scan) -> str:
    """One row per image and user, with all that makes the image count for that user."""
    whys: dict[tuple[str, str], list[str]] = defaultdict(list)
    for use in scan.uses:
        whys[_short(use.reference), use.user].append(use.why)
    rows = [[image, user, ", ".join(dict.fromkeys(why))] for (image, user), why in whys.items()]
    return table(rows, ["IMAGE", "USED BY", "WHY"])


def _short(reference: Reference) -> str:
    """With the account and region in place of the host, and the digest cut to 12 digits."""
    where = str(reference.registry) if reference.registry else reference.host
    tag = f":{reference.tag}" if reference.tag else ""
    digest = f"@{reference.digest[:_SHORT_DIGEST]}" if reference.digest else ""
    return f"{where} {reference.repository}{tag}{digest}"


def scan_detail(scan: Scan) -> str:
    """Every use with its source and path."""
    text = json.dumps(
        {
            "ecrm_scan": 1,
            "complete": not scan.unread,
            "scanned_at": scan.at.isoformat(),
            "sources": [
                {
                    "target": str(report.registry) if report.registry else None,
                    "source": report.source,
                    "status": report.status,
                    "references": report.references,
                    "notes": [note.text for note in report.notes],
                }
                for report in scan.source_reports
            ],
            "uses": [
                {
                    "reference": str(use.reference),
                    "repository": use.reference.repository,
                    "tag": use.reference.tag,
                    "digest": use.reference.digest,
                    "source": use.source,
                    "used_by": use.user,
                    "why": use.why,
                    "path": use.path,
                    **(use.location._asdict() if use.location else {}),
                }
                for use in scan.uses
            ],
        },
        indent=2,
    )
    return printable_json(text)
