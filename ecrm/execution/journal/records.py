"""The lines of a journal as values; `ecrm.model.codec` makes them JSON.

A line is `{"type": ..., "at": ..., ...}`: the name of its record, and the record's fields.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ecrm.model.codec import decode, encode
from ecrm.model.decision import Decision
from ecrm.model.image import Image
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.model.reference import Digest, Registry, RepositoryName
from ecrm.model.scalars import shown

FORMAT = 1
"""Grows when a reader of the format before would misunderstand a line."""


class NewerFormatError(ValueError):
    """No line of the journal can be understood."""


class EntryKey(NamedTuple):
    """What the intent and the outcome of an image have in common."""

    registry: Registry
    repository: RepositoryName
    digest: Digest


@dataclass(frozen=True, slots=True)
class Header:
    """Which run this is; `version` is ecrm's, `config` the fingerprint of its configuration."""

    at: datetime
    version: str
    targets: tuple[Registry, ...]
    config: str


@dataclass(frozen=True, slots=True)
class Intent:
    """One image that the run is about to delete or to archive.

    `manifest` is the text whose SHA-256 is the digest; None for an image that is archived, or was:
    ECR returns no manifest of those. `held_by` are the digests of the indexes and subjects that it
    belongs to.
    """

    at: datetime
    registry: Registry
    repository: RepositoryName
    decision: Decision
    manifest: str | None = None
    held_by: tuple[Digest, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one image."""

    at: datetime
    registry: Registry
    repository: RepositoryName
    digest: Digest
    status: OutcomeStatus
    detail: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """`complete` says whether the run ended by itself; `counts` are the images per status."""

    at: datetime
    complete: bool
    counts: Mapping[OutcomeStatus, int]


Record = Header | Intent | Answer | End
_TYPES: Mapping[str, type[Record]] = {
    "header": Header,
    "image": Intent,
    "outcome": Answer,
    "end": End,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """All that a journal says about one image. `status` is the last one, None where the run was
    killed before it was known."""

    at: datetime
    registry: Registry
    repository: RepositoryName
    decision: Decision
    manifest: str | None
    status: OutcomeStatus | None = None
    detail: str = ""
    held_by: tuple[Digest, ...] = ()

    @property
    def image(self) -> Image:
        return self.decision.image

    @property
    def key(self) -> EntryKey:
        return EntryKey(self.registry, self.repository, self.image.digest)


@dataclass(frozen=True, slots=True)
class Contents:
    """All of a journal; `end` is None when the run was killed. `left_out` are the lines that could
    not be read, each with why; `header` is None where it is among them."""

    header: Header | None
    entries: tuple[Entry, ...]
    end: End | None
    left_out: tuple[str, ...] = ()


def answer_to(outcome: Outcome, at: datetime) -> Answer:
    digest = outcome.decision.image.digest
    return Answer(at, outcome.registry, outcome.repository, digest, outcome.status, outcome.detail)


def line_of(record: Record) -> str:
    """ASCII only, so that a line that is cut off is cut between characters."""
    (name,) = (name for name, kind in _TYPES.items() if kind is type(record))
    members = {"type": name} | ({"format": FORMAT} if isinstance(record, Header) else {})
    at = {"at": record.at.astimezone(UTC).isoformat()}
    return json.dumps(members | at | encode(record) | at) + "\n"


def record_of(data: Any) -> Record:
    """Reads a line back; raises ValueError with what is wrong."""
    if not isinstance(data, dict):
        raise ValueError("this is not a line of a journal")  # noqa: TRY004 - of a text
    members = dict(data)
    name = members.pop("type", None)
    if not isinstance(name, str) or name not in _TYPES:
        raise ValueError(f"{shown(name)} is not a type of line")
    if name == "header":
        written_as = members.pop("format", None)
        if type(written_as) is not int:
            raise ValueError("format: it is missing or not a whole number")
        if written_as > FORMAT:
            newer = f"format {shown(written_as)} is that of a newer ecrm; use that one"
            raise NewerFormatError(newer)
    return decode(_TYPES[name], members)
