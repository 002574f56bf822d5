"""Reading a journal back."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ecrm.aws.errors import translated
from ecrm.aws.storage import is_s3, s3_place
from ecrm.errors import InputError
from ecrm.execution.journal.records import (
    Answer,
    Contents,
    End,
    Entry,
    EntryKey,
    Header,
    Intent,
    Record,
    record_of,
)
from ecrm.model.json_text import parse_json

_PART = re.compile(r"(\d{5,})\.jsonl")


def load_journal(location: str, s3: Callable[[], Any]) -> Contents:
    """A path or `s3://bucket/key`; `s3` makes a boto3 client and is not called for files."""
    if is_s3(location):
        text = "".join(_parts(s3(), location))
    else:
        try:
            text = Path(location).read_text("utf-8")
        except OSError as error:
            raise InputError(f"the journal {location} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise InputError(f"{location}, line {line}: this is not text") from error
    return read_journal(text.split("\n"), location)


def read_journal(lines: Iterable[str], name: str = "journal") -> Contents:
    """The last line may be cut off, as a killed run leaves it; anything else that is wrong is an
    InputError with the number of the line."""
    journal = _Reader()
    for number, data in _records(list(lines), name):
        try:
            journal.take(record_of(data))
        except ValueError as error:
            raise InputError(f"{name}, line {number}: {error}") from error
    if journal.header is None:
        raise InputError(f"{name}: this journal is empty; its run deleted nothing")
    return Contents(journal.header, tuple(journal.entries.values()), journal.end)


class _Reader:
    """Takes one record after the other; ValueError says why one cannot be taken."""

    def __init__(self) -> None:
        self.header: Header | None = None
        self.entries: dict[EntryKey, Entry] = {}
        self.end: End | None = None

    def take(self, record: Record) -> None:
        if isinstance(record, Header) != (self.header is None):
            raise ValueError("a journal of ecrm has one header, at its beginning")
        if self.end is not None:
            raise ValueError("something follows the end")
        match record:
            case Header():
                self.header = record
            case Intent():
                self._intended(record)
            case Answer():
                self._answered(record)
            case End():
                self.end = record

    def _intended(self, intent: Intent) -> None:
        """An image that is tried again has no status again, and keeps its position."""
        entry = Entry(
            intent.at, intent.registry, intent.repository, intent.decision, intent.manifest
        )
        before = self.entries.get(entry.key)
        if before and entry.manifest is None:
            entry = replace(entry, manifest=before.manifest)
        self.entries[entry.key] = entry

    def _answered(self, answer: Answer) -> None:
        """An image that was skipped before any call has an outcome and no intent."""
        key = EntryKey(answer.registry, answer.repository, answer.digest)
        if entry := self.entries.get(key):
            self.entries[key] = replace(entry, status=answer.status, detail=answer.detail)


def _records(lines: list[str], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    while lines and not lines[-1].strip():
        lines.pop()
    for number, line in enumerate(lines, 1):
        try:
            data = parse_json(line)
        except ValueError as error:
            if number == len(lines):
                return
            raise InputError(f"{name}, line {number}: this is not JSON ({error})") from error
        if not isinstance(data, dict):
            raise InputError(f"{name}, line {number}: this is not a line of a journal")
        yield number, data


def _parts(s3: Any, location: str) -> Iterator[str]:
    """The objects of a journal by their numbers, of which none may be missing."""
    bucket, key = s3_place(location, "journal")
    with translated("s3:ListBucket"):
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{key}/")
        names = [found["Key"] for page in pages for found in page.get("Contents", ())]
    numbered = {
        int(part[1]): name for name in names if (part := _PART.fullmatch(name[len(key) + 1 :]))
    }
    if not numbered:
        raise InputError(f"there is no journal {location}")
    for number in range(1, max(numbered) + 1):
        if number not in numbered:
            raise InputError(f"{location}: the part {number:05d}.jsonl is missing")
        with translated("s3:GetObject"):
            body = s3.get_object(Bucket=bucket, Key=numbered[number])["Body"].read()
        yield body.decode("utf-8", "replace")
