"""The retention rule of a repository."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from ecrm.model.pattern import NamePattern


class Action(StrEnum):
    """What becomes of an image."""

    KEEP = "keep"
    ARCHIVE = "archive"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Rule:
    """Which images to keep in the repositories of that name; an entry of `repositories`."""

    name: NamePattern
    expires: timedelta
    keep_count: int = 0
    keep_tag_patterns: tuple[str, ...] = ("latest",)
    keep_pulled_within: timedelta | None = None
    delete_artifacts: bool = False
    action: Action = Action.DELETE
    delete_archived_after: timedelta | None = None
    allow_unscanned: bool = False
