"""Names of journals."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from ecrm.aws.storage import is_s3, s3_place
from ecrm.execution.journal.sinks import FileSink, S3Sink, Sink, stopped_by_os
from ecrm.model.reference import Registry


def journal_name(now: datetime, target: Registry) -> str:
    """Such as `20261122T013000Z-123456789012-us-east-1`; sorts by time."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{target.account}-{target.region}"


def open_sink(location: str, name: str, s3: Callable[[], Any]) -> Sink:
    """A path or `s3://bucket/key`. Where that is a folder, or ends in a slash, the journal is made
    in it under `name` (see `journal_name`). `s3` makes a boto3 client; it is not called for files.
    """
    if is_s3(location):
        whole = f"{location}{name}" if location.endswith("/") else location
        return S3Sink(s3(), *s3_place(whole, "journal"))
    path = Path(location)
    with stopped_by_os(path):
        return FileSink(_free(path, name) if location.endswith("/") or path.is_dir() else path)


def _free(folder: Path, name: str) -> Path:
    paths = (folder / f"{name}{f'-{n}' if n > 1 else ''}.jsonl" for n in count(1))
    return next(path for path in paths if not path.exists())
