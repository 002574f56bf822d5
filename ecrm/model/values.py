"""The values that flow through the pipeline; all of them frozen, none of them knows AWS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from ecrm.model.media_types import CONTAINER_CONFIGS, INDEX_MEDIA_TYPES, SOCI_INDEX
from ecrm.model.pattern import NamePattern
from ecrm.model.reference import Reference, Registry

SCANNED_FILE = "scanned file"
WORKING_TREE = "working tree"
EXTERNAL_COMMAND = "external command"

Progress = Callable[[str], None]
"""Told, in a few words, what is being read or deleted and how far that is."""


class Kind(StrEnum):
    """What an image is; the first three are the types that fujiwara/ecrm prints."""

    IMAGE = "Image"
    INDEX = "Image index"
    SOCI_INDEX = "Soci index"
    ARTIFACT = "Artifact"


class Status(StrEnum):
    """`imageStatus` of DescribeImages."""

    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"
    ACTIVATING = "ACTIVATING"


class Image(NamedTuple):
    """One manifest in a repository, as DescribeImages tells it. `size` is in bytes.

    A tuple, since hundreds of thousands are made in a run, and tuples are made three times as fast.
    `subject` is the digest that an OCI 1.1 referrer names. Times are aware; None is "never".
    """

    digest: str
    tags: tuple[str, ...]
    pushed_at: datetime
    size: int = 0
    media_type: str | None = None
    artifact_type: str | None = None
    subject: str | None = None
    pulled_at: datetime | None = None
    status: Status = Status.ACTIVE
    archived_at: datetime | None = None
    activated_at: datetime | None = None

    @property
    def kind(self) -> Kind:
        if self.media_type in INDEX_MEDIA_TYPES:
            return Kind.INDEX
        if self.artifact_type == SOCI_INDEX:
            return Kind.SOCI_INDEX
        if self.artifact_type is None or self.artifact_type in CONTAINER_CONFIGS:
            return Kind.IMAGE
        return Kind.ARTIFACT


class Place(NamedTuple):
    """A line of a file; the path is as the user would write it, and lines begin with 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Use:
    """Something needs the image that `reference` names.

    `source` is the reader that found it ("ecs", "lambda", "file", ...), `user` who needs the
    image ("service prod/web"), `why` what makes it count ("deployment PRIMARY"), and `path` how
    the reference was reached from the user, outermost first ("task definition web:12", ...).
    `place` is where it is written, if that is a file of the working tree.
    """

    reference: Reference
    source: str
    user: str
    why: str
    path: tuple[str, ...] = ()
    place: Place | None = None

    def __str__(self) -> str:
        return " → ".join((f"{self.user} ({self.why})", *self.path))


class ReadStatus(StrEnum):
    READ = "read"
    EXCLUDED = "excluded"
    DENIED = "denied"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a source could not read (DENIED, FAILED), was told to leave out (EXCLUDED),
    or read without understanding it as an image (READ), and how to mend that."""

    status: ReadStatus
    text: str


@dataclass(frozen=True, slots=True)
class SourceRead:
    """A line of the completeness ledger: what became of one source of one target.

    `registry` is None for a source that belongs to no target (a file, a command). `status` is the
    worst that `notes` tell of. `names` are the clusters, families and functions that it met, by the
    section of ecrm.yaml that is about them; None where nobody wrote them down.
    """

    registry: Registry | None
    source: str
    references: int = 0
    notes: tuple[Note, ...] = ()
    names: Mapping[str, tuple[str, ...]] | None = None

    @property
    def status(self) -> ReadStatus:
        worst_first = (ReadStatus.FAILED, ReadStatus.DENIED, ReadStatus.EXCLUDED)
        told = {note.status for note in self.notes}
        return next((status for status in worst_first if status in told), ReadStatus.READ)

    @property
    def missing(self) -> tuple[str, ...]:
        """What could not be read, one line each."""
        unread = (ReadStatus.FAILED, ReadStatus.DENIED)
        return tuple(note.text for note in self.notes if note.status in unread)


@dataclass(frozen=True, slots=True)
class Scan:
    """What was in use at that moment, and how far that can be known."""

    at: datetime
    uses: tuple[Use, ...]
    ledger: tuple[SourceRead, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(line for read in self.ledger for line in read.missing)

    def tells_of(self, registry: Registry) -> bool:
        """Whether someone looked who uses this registry: a source that read that account and
        region, or a file or command that names images there."""
        if any(it.registry == registry and it.status is ReadStatus.READ for it in self.ledger):
            return True
        return any(
            use.reference.registry == registry
            for use in self.uses
            if use.source in (SCANNED_FILE, EXTERNAL_COMMAND)
        )


class Action(StrEnum):
    """What becomes of an image."""

    KEEP = "keep"
    ARCHIVE = "archive"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Rule:
    """What stays in the repositories of that name; an entry of `repositories`."""

    name: NamePattern
    expires: timedelta
    keep_count: int = 0
    keep_tag_patterns: tuple[str, ...] = ("latest",)
    keep_pulled_within: timedelta | None = None
    delete_artifacts: bool = False
    action: Action = Action.DELETE
    delete_after: timedelta | None = None
    allow_unscanned: bool = False


class Reason(StrEnum):
    """Why an image stays or goes; the order is the order in which the reasons are asked."""

    IN_USE = "in_use"
    KEEP_TAG = "keep_tag_pattern"
    PUSHED = "recently_pushed"
    PULLED = "recently_pulled"
    MIN_AGE = "min_age"
    KEEP_COUNT = "keep_count"
    CHILD = "child_of_kept_index"
    REFERRER = "referrer_of_kept_image"
    ARTIFACT = "artifact"
    ARCHIVED = "archived"
    UNSCANNED = "unscanned_consumers"

    EXPIRED = "expired"
    UNTAGGED = "untagged"
    INDEX_GOES = "index_goes"
    SUBJECT_GOES = "subject_goes"
    SUBJECT_MISSING = "subject_missing"
    ARCHIVED_LONG = "archived_long"


class Decision(NamedTuple):
    """What becomes of one image, and the evidence; a tuple, as Image is.

    `related` is the digest of the image that this one stays or goes with (its index, its child in
    use, its subject); `uses` are those that keep it; `detail` states the numbers or names that a
    rule compared, such as "v1.2 matches v*".
    """

    image: Image
    reason: Reason
    detail: str = ""
    related: str | None = None
    uses: tuple[Use, ...] = ()
    action: Action = Action.KEEP

    @property
    def goes(self) -> bool:
        return self.action is not Action.KEEP


class Answer(StrEnum):
    """What came of one image that a plan wanted gone."""

    DELETED = "deleted"
    ARCHIVED = "archived"
    GONE = "gone already"
    SPARED = "spared"
    LEFT = "left for the next run"
    FAILED = "not done"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What AWS answered about one image. `detail` is AWS's words, or why we spared or left it."""

    registry: Registry
    repository: str
    decision: Decision
    answer: Answer
    detail: str = ""
