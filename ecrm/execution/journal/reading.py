"""Reading a journal back."""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ecrm.aws.errors import translated
from ecrm.aws.ownership import read_own
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
    NewerFormatError,
    Record,
    record_of,
)
from ecrm.model.json_text import parse_json

log = logging.getLogger(__name__)

_PART = re.compile(r"([0-9]{5,12})\.jsonl")
_SHOWN = 10


def load_journal(location: str, s3: Callable[[], Any]) -> Contents:
    """A path or `s3://bucket/key`; `s3` makes a boto3 client and is not called for files."""
    if is_s3(location):
        text = "".join(_parts(s3(), location))
    else:
        text = read_own(Path(location)).decode(errors="surrogateescape")
    contents = read_journal(text.split("\n"), location)
    for problem in contents.left_out[:_SHOWN]:
        log.warning("%s; this is left out", problem)
    if (more := len(contents.left_out) - _SHOWN) > 0:
        log.warning("%s: %d more lines are left out", location, more)
    return contents


_BEGINNING = '{"type": "'
"""Of every line that a journal has; what else is no JSON is no line that was cut off."""


def read_journal(lines: Iterable[str], name: str = "journal") -> Contents:
    """The last line may be cut off, as a killed run leaves it. Any other line that is wrong costs
    itself, and is named in `left_out`. InputError where no line can be read."""
    journal = _Reader()
    left_out: list[str] = []
    given = list(lines)
    while given and not given[-1].strip():
        given.pop()
    for number, line in enumerate(given, 1):
        try:
            journal.take(record_of(_json(line)))
        except NewerFormatError as error:
            raise InputError(f"{name}, line {number}: {error}") from error
        except ValueError as error:
            is_cut_off = number == len(given) and isinstance(error, _NotJsonError)
            is_cut_off = is_cut_off and line[: len(_BEGINNING)] == _BEGINNING[: len(line)]
            left_out += [] if is_cut_off else [f"{name}, line {number}: {error}"]
    if not journal.taken:
        empty = f"{name}: this journal is empty; its run deleted nothing"
        raise InputError(left_out[0] if left_out else empty)
    if journal.header is None:
        left_out.append(f"{name}: it has no header that can be read")
    entries = tuple(journal.entries.values())
    return Contents(journal.header, entries, journal.end, tuple(left_out))


class _NotJsonError(ValueError):
    pass


def _json(line: str) -> Any:
    try:
        return parse_json(line)
    except ValueError as error:
        raise _NotJsonError(f"this is not JSON ({error})") from error


class _Reader:
    """Takes one record after the other; ValueError says why one cannot be taken."""

    def __init__(self) -> None:
        self.header: Header | None = None
        self.entries: dict[EntryKey, Entry] = {}
        self.end: End | None = None
        self.taken = 0

    def take(self, record: Record) -> None:
        if isinstance(record, Header) and self.taken:
            raise ValueError("a journal of ecrm has one header, at its beginning")
        if self.end is not None:
            raise ValueError("something follows the end")
        if isinstance(record, Intent | Answer) and self.header:
            self._refuse_foreign(record, self.header)
        self.taken += 1
        match record:
            case Header():
                self.header = record
            case Intent():
                self._intended(record)
            case Answer():
                self._answered(record)
            case End():
                self.end = record

    @staticmethod
    def _refuse_foreign(record: Intent | Answer, header: Header) -> None:
        if record.registry not in header.targets:
            raise ValueError(f"its run had nothing to do with {record.registry}")

    def _intended(self, intent: Intent) -> None:
        """An image that is tried again has no status again, and keeps its position."""
        entry = Entry(
            intent.at,
            intent.registry,
            intent.repository,
            intent.decision,
            intent.manifest,
            held_by=intent.held_by,
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
        yield body.decode("utf-8", "surrogateescape")
