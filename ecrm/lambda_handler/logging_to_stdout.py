"""The log of an invocation: lines on stdout, which is what CloudWatch Logs keeps."""

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from ecrm.workflow.logs import fields_of, json_line, level_of, set_up, text_line


class _Stdout(logging.Handler):
    def __init__(self, log_format: str, fields: Mapping[str, object]) -> None:
        super().__init__()
        self._as_json = log_format == "json"
        self._fields = fields

    def emit(self, record: logging.LogRecord) -> None:
        level, text = level_of(record), record.getMessage()
        at = datetime.fromtimestamp(record.created, UTC)
        line = json_line(level, text, at, {**self._fields, **fields_of(record)})
        sys.stdout.write((line if self._as_json else text_line(level, text)) + "\n")
        sys.stdout.flush()


@contextmanager
def logging_to_stdout(level: str, log_format: str, fields: Mapping[str, object]) -> Iterator[None]:
    """`fields` are in every line. Afterwards all is as before: the next invocation may come in
    the same process."""
    logger = logging.getLogger("ecrm")
    before = logger.handlers, logger.propagate, logger.level
    set_up(level, _Stdout(log_format, fields))
    try:
        yield
    finally:
        logger.handlers, logger.propagate, logger.level = before
