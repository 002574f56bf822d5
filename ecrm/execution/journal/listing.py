"""The journals that `delete` left, for whoever wants to restore from one."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ecrm.aws.errors import translated
from ecrm.aws.storage import is_s3, s3_place
from ecrm.errors import InputError
from ecrm.execution.journal.reading import load_journal
from ecrm.model.outcome import OutcomeStatus
from ecrm.model.reference import Registry

_FIRST_PART = "/00001.jsonl"


@dataclass(frozen=True, slots=True)
class JournalSummary:
    """What one run recorded. `outcomes` are images per status, `size` is the bytes of those that
    were deleted or archived; `ended` is false where the run was killed, or goes on. `unread` says
    what of it could not be read."""

    location: str
    at: datetime | None = None
    targets: tuple[Registry, ...] = ()
    outcomes: Mapping[OutcomeStatus, int] = field(default_factory=dict)
    unknown: int = 0
    size: int = 0
    ended: bool = False
    unread: tuple[str, ...] = ()

    @property
    def restorable(self) -> int:
        """How many images `restore` would try to put back."""
        changed = (OutcomeStatus.DELETED, OutcomeStatus.ARCHIVED)
        return self.unknown + sum(self.outcomes.get(status, 0) for status in changed)


def journals(folder: str, s3: Callable[[], Any]) -> Sequence[JournalSummary]:
    """Those in a folder, or in S3 under `s3://bucket/prefix`, the newest first; `s3` makes a boto3
    client and is not called for a folder. Raises InputError where there is no such folder."""
    locations = _in_s3(folder, s3) if is_s3(folder) else _in_folder(Path(folder))
    summaries = [_summary(location, s3) for location in locations]
    return sorted(summaries, key=_newest_first)


def _newest_first(journal: JournalSummary) -> tuple[float, str]:
    return (-journal.at.timestamp() if journal.at else 0.0, journal.location)


def _in_folder(folder: Path) -> Iterator[str]:
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder, so there are no journals in it")
    return (str(path) for path in folder.glob("*.jsonl"))


def _in_s3(folder: str, s3: Callable[[], Any]) -> Iterator[str]:
    """Each journal is a prefix of its own, which holds its parts, the first of them always."""
    bucket, prefix = s3_place(f"{folder.rstrip('/')}/", "folder of journals")
    with translated("s3:ListBucket"):
        pages = list(s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix))
    for page in pages:
        for found in page.get("Contents", ()):
            if found["Key"].endswith(_FIRST_PART):
                yield f"s3://{bucket}/{found['Key'].removesuffix(_FIRST_PART)}"


def _summary(location: str, s3: Callable[[], Any]) -> JournalSummary:
    try:
        contents = load_journal(location, s3)
    except InputError as error:
        return JournalSummary(location, unread=(str(error),))
    statuses = Counter(entry.status for entry in contents.entries)
    changed = (OutcomeStatus.DELETED, OutcomeStatus.ARCHIVED, None)
    return JournalSummary(
        location,
        at=contents.header.at if contents.header else None,
        targets=contents.header.targets if contents.header else (),
        outcomes={status: statuses[status] for status in OutcomeStatus if statuses[status]},
        unknown=statuses[None],
        size=sum(entry.image.size for entry in contents.entries if entry.status in changed),
        ended=contents.end is not None,
        unread=contents.left_out,
    )
