"""Log lines: `ecrm: warn: text` for people, one JSON object a line for machines."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ecrm.model.printable import printable, printable_json

if TYPE_CHECKING:
    import logging

NOTICE = 25
LEVELS = ("debug", "info", "notice", "warn", "error")
FORMATS = ("text", "json")
_LEVELS = {"debug": 10, "info": 20, "notice": NOTICE, "warn": 30, "error": 40}
"""As `logging` has them; `--help` does not wait for that."""


def level_name(text: str) -> str:
    """The level that a text in upper or lower case means, if any; `warning` is `warn`."""
    name = text.strip().lower()
    return "warn" if name == "warning" else name


def text_line(level: str, text: str) -> str:
    return f"ecrm: {level}: {printable(text)}"


def json_line(level: str, text: str, at: datetime, fields: Mapping[str, object]) -> str:
    """`level`, `time` (UTC, with milliseconds), `message`, and then the fields."""
    import json  # noqa: PLC0415 - as logging

    time = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    whole = {"level": level, "time": time, "message": text, **fields}
    return printable_json(json.dumps(whole, ensure_ascii=False, default=str))


def level_of(record: "logging.LogRecord") -> str:
    """The name that we have for its level."""
    return next(name for name in reversed(LEVELS) if _LEVELS[name] <= max(record.levelno, 10))


def fields_of(record: "logging.LogRecord") -> Mapping[str, object]:
    """What was logged with `extra={"fields": {...}}`."""
    fields: Mapping[str, object] = getattr(record, "fields", {})
    return fields


def set_up(level: str, handler: "logging.Handler") -> None:
    """Only ecrm's own messages; botocore's are for botocore's developers."""
    import logging  # noqa: PLC0415 - as above

    logging.addLevelName(NOTICE, "NOTICE")
    logger = logging.getLogger("ecrm")
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(_LEVELS[level])
