"""All uses at one moment, and what was read to find them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ecrm.model.pull_through import PullThrough
from ecrm.model.reference import Registry
from ecrm.model.repeated import once
from ecrm.model.use import EXTERNAL_COMMAND, KUBERNETES, SCANNED_FILE, Use

ACCOUNT = "account"
"""The source that reports of an account as a whole, in whatever region."""

Progress = Callable[[str], None]
"""Called with a few words about what is being read or deleted."""


class ReadStatus(StrEnum):
    READ = "read"
    EXCLUDED = "excluded"
    DENIED = "denied"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something that a source could not read (DENIED, FAILED), was told to leave out (EXCLUDED),
    or read without understanding it as an image (READ), and how to mend that."""

    status: ReadStatus
    text: str


@dataclass(frozen=True, slots=True)
class SourceReport:
    """How the reading of one source of one target ended.

    `registry` is None for a source that belongs to no target (a file, a command). `status` is the
    worst of `notes`. `names` are the clusters, families and functions that the source met, by the
    section of ecrm.yaml that is about them; None where nobody wrote them down.
    """

    registry: Registry | None
    source: str
    references: int = 0
    notes: tuple[Diagnostic, ...] = ()
    names: Mapping[str, tuple[str, ...]] | None = None

    @property
    def was_read(self) -> bool:
        """Whether somebody looked: not with `--no-scan`, and replication tells of no uses."""
        return self.registry is None or self.names is not None

    @property
    def status(self) -> ReadStatus:
        worst_first = (ReadStatus.FAILED, ReadStatus.DENIED, ReadStatus.EXCLUDED)
        statuses = {note.status for note in self.notes}
        return next((status for status in worst_first if status in statuses), ReadStatus.READ)

    @property
    def unread(self) -> tuple[str, ...]:
        """What could not be read, one line each."""
        unread = (ReadStatus.FAILED, ReadStatus.DENIED)
        return tuple(note.text for note in self.notes if note.status in unread)


@dataclass(frozen=True, slots=True)
class Scan:
    """What was in use at that moment, and how far that can be known; `pull_through` are the rules
    of the registries that cache images of others."""

    at: datetime
    uses: tuple[Use, ...]
    source_reports: tuple[SourceReport, ...]
    pull_through: tuple[PullThrough, ...] = ()

    @property
    def unread(self) -> tuple[str, ...]:
        """What could not be read, one line for each kind of failure."""
        return once(("", line) for read in self.source_reports for line in read.unread)

    @property
    def skipped_commands(self) -> tuple[str, ...]:
        """Which external commands were left out on request, one line each."""
        return tuple(
            f"{read.source}: {note.text}"
            for read in self.source_reports
            for note in read.notes
            if read.registry is None and note.status is ReadStatus.EXCLUDED
        )

    def tells_of(self, registry: Registry) -> bool:
        """Whether someone looked who uses this registry: a source that read that account and
        region, or a file, command or cluster of no target that names images there."""
        if any(
            report.registry == registry and report.status is ReadStatus.READ
            for report in self.source_reports
        ):
            return True
        return any(
            use.reference.registry == registry
            for use in self.uses
            if use.source in (SCANNED_FILE, EXTERNAL_COMMAND, KUBERNETES)
        )
