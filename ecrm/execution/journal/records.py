"""The lines of a journal as values, and as JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import NoneType
from typing import Any

from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Image
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.model.reference import Registry
from ecrm.model.rule import Action

FORMAT = 1
"""Grows when a reader of the format before would misunderstand a line."""

Key = tuple[Registry, str, str]
"""Registry, repository, digest: what an image line and its answer have in common."""


@dataclass(frozen=True, slots=True)
class Header:
    """Which run this is; `version` is ecrm's, `config` the fingerprint of its configuration."""

    at: datetime
    version: str
    targets: tuple[Registry, ...]
    config: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One image that the run was about to delete or to archive.

    Of the image there is what it takes to put it back. `manifest` is the text whose SHA-256 is the
    digest; None for an image that is archived, or was: ECR gives no manifest of those. `answer` is
    the last one, None when the run was killed before it came.
    """

    at: datetime
    registry: Registry
    repository: str
    decision: Decision
    manifest: str | None
    answer: OutcomeStatus | None = None
    detail: str = ""

    @property
    def image(self) -> Image:
        return self.decision.image

    @property
    def key(self) -> Key:
        return self.registry, self.repository, self.image.digest


@dataclass(frozen=True, slots=True)
class End:
    """`complete` says whether the run came to its end by itself; `counts` how often it got which
    answer."""

    at: datetime
    complete: bool
    counts: Mapping[OutcomeStatus, int]


@dataclass(frozen=True, slots=True)
class Contents:
    """All of a journal; `end` is None when the run was killed."""

    header: Header
    entries: tuple[Entry, ...]
    end: End | None


def header_line(header: Header) -> str:
    return _line(
        "header",
        header.at,
        format=FORMAT,
        version=header.version,
        targets=[str(target) for target in header.targets],
        config=header.config,
    )


def image_line(entry: Entry) -> str:
    image, decision = entry.image, entry.decision
    return _line(
        "image",
        entry.at,
        target=str(entry.registry),
        repository=entry.repository,
        digest=image.digest,
        tags=image.tags,
        size=image.size,
        pushed_at=_iso(image.pushed_at),
        media_type=image.media_type,
        artifact_type=image.artifact_type,
        subject=image.subject,
        action=decision.action,
        reason=decision.reason,
        detail=decision.detail,
        related=decision.related,
        manifest=entry.manifest,
    )


def answer_line(at: datetime, outcome: Outcome) -> str:
    return _line(
        "answer",
        at,
        target=str(outcome.registry),
        repository=outcome.repository,
        digest=outcome.decision.image.digest,
        answer=outcome.answer,
        detail=outcome.detail,
    )


def end_line(end: End) -> str:
    return _line("end", end.at, complete=end.complete, counts=dict(end.counts))


def header_of(record: Mapping[str, Any]) -> Header:
    """This and the next three read a line back; they raise ValueError, saying what is wrong."""
    written_as = _get(record, "format", int)
    if written_as > FORMAT:
        raise ValueError(f"format {written_as} is that of a newer ecrm; use that one")
    targets = tuple(_registry(target) for target in _texts(record, "targets"))
    return Header(_when(record), _get(record, "version", str), targets, _get(record, "config", str))


def entry_of(record: Mapping[str, Any]) -> Entry:
    image = Image(
        digest=_get(record, "digest", str),
        tags=_texts(record, "tags"),
        pushed_at=_when(record, "pushed_at"),
        size=_get(record, "size", int),
        media_type=_get(record, "media_type", str, NoneType),
        artifact_type=_get(record, "artifact_type", str, NoneType),
        subject=_get(record, "subject", str, NoneType),
    )
    decision = Decision(
        image,
        Reason(_get(record, "reason", str)),
        detail=_get(record, "detail", str),
        related=_get(record, "related", str, NoneType),
        action=Action(_get(record, "action", str)),
    )
    registry, repository, _ = key_of(record)
    manifest = _get(record, "manifest", str, NoneType)
    return Entry(_when(record), registry, repository, decision, manifest)


def key_of(record: Mapping[str, Any]) -> Key:
    registry = _registry(_get(record, "target", str))
    return registry, _get(record, "repository", str), _get(record, "digest", str)


def answer_of(record: Mapping[str, Any]) -> tuple[OutcomeStatus, str]:
    return OutcomeStatus(_get(record, "answer", str)), _get(record, "detail", str)


def end_of(record: Mapping[str, Any]) -> End:
    counts = _get(record, "counts", dict)
    answers = {OutcomeStatus(name): _get(counts, name, int) for name in counts}
    return End(_when(record), _get(record, "complete", bool), answers)


def _line(kind: str, at: datetime, **facts: object) -> str:
    """ASCII only, so that a line that is cut off is cut between characters."""
    return json.dumps({"type": kind, "when": _iso(at), **facts}) + "\n"


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _when(record: Mapping[str, Any], key: str = "when") -> datetime:
    at = datetime.fromisoformat(_get(record, key, str))
    if at.tzinfo is None:
        raise ValueError(f"{key} has no time zone")
    return at


def _registry(text: str) -> Registry:
    account, slash, region = text.partition("/")
    if not (account and slash and region):
        raise ValueError(f"{text!r} is no target")
    return Registry(account, region)


def _texts(record: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = _get(record, key, list)
    if not all(isinstance(value, str) for value in values):
        raise ValueError(f"{key} is no list of texts")
    return tuple(values)


def _get(record: Mapping[str, Any], key: str, *kinds: type) -> Any:
    value = record.get(key)
    if key not in record or type(value) not in kinds:
        raise ValueError(f"{key} is missing or is no {kinds[0].__name__}")
    return value
