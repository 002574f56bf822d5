"""Names of journals."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from ecrm.errors import UsageError
from ecrm.journal.sinks import FileSink, S3Sink, Sink
from ecrm.reference import Registry

_S3 = re.compile(r"s3://(?P<bucket>[^/]+)/(?P<key>.*)")


def journal_name(now: datetime, target: Registry) -> str:
    """Such as `20261122T013000Z-123456789012-us-east-1`; sorts by time."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{target.account}-{target.region}"


def default_journal_path(state_folder: Path, now: datetime, target: Registry) -> Path:
    """A file that is not there yet."""
    return _free(state_folder / "journals", journal_name(now, target))


def open_sink(location: str, name: str, s3: Callable[[], Any]) -> Sink:
    """A path or `s3://bucket/key`. Where that is a folder, or ends in a slash, the journal is made
    in it under `name` (see `journal_name`). `s3` makes a boto3 client; it is not called for files.
    """
    if is_s3(location):
        bucket, key = s3_place(f"{location}{name}" if location.endswith("/") else location)
        return S3Sink(s3(), bucket, key)
    path = Path(location)
    return FileSink(_free(path, name) if location.endswith("/") or path.is_dir() else path)


def is_s3(location: str) -> bool:
    return location.startswith("s3://")


def s3_place(location: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`, with or without a slash at its end."""
    found = _S3.fullmatch(location)
    key = found["key"].strip("/") if found else ""
    if found is None or not key:
        raise UsageError(f"{location} names no journal; write s3://bucket/key")
    return found["bucket"], key


def _free(folder: Path, name: str) -> Path:
    paths = (folder / f"{name}{f'-{n}' if n > 1 else ''}.jsonl" for n in count(1))
    return next(path for path in paths if not path.exists())
