"""Something that needs an image."""

from dataclasses import dataclass
from typing import NamedTuple

from ecrm.model.reference import Reference

SCANNED_FILE = "scanned file"

WORKING_TREE = "working tree"

EXTERNAL_COMMAND = "external command"

KUBERNETES = "kubernetes"
"""A cluster that belongs to no target."""


class SourceLocation(NamedTuple):
    """A line of a file; the path is as the user would write it, and lines begin with 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Use:
    """Something needs the image that `reference` names.

    `source` is the reader that found it ("ecs", "lambda", "file", ...), `user` who needs the
    image ("service prod/web"), `why` what makes it count ("deployment PRIMARY"), and `path` how
    the reference was reached from the user, outermost first ("task definition web:12", ...).
    `location` is where it is written, if that is a file of the working tree.
    """

    reference: Reference
    source: str
    user: str
    why: str
    path: tuple[str, ...] = ()
    location: SourceLocation | None = None

    def __str__(self) -> str:
        return " → ".join((f"{self.user} ({self.why})", *self.path))
