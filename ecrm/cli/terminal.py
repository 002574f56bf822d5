"""What people see while ecrm works: messages and progress on stderr, results where they asked."""

import logging
import os
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from threading import Lock

import click

from ecrm.errors import OutputError

NOTICE = 25
LEVELS = ("debug", "info", "notice", "warn", "error")
_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "notice": NOTICE,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}
_SECONDS_BETWEEN = 0.1
_CLEAR_LINE = "\r\x1b[K"


class Progress:
    """One line on a terminal that says what is being done; nothing anywhere else."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._shown_at = 0.0
        self._visible = False

    def __call__(self, text: str) -> None:
        with self._lock:
            if sys.stderr.isatty() and time.monotonic() - self._shown_at > _SECONDS_BETWEEN:
                width = shutil.get_terminal_size().columns - 1
                self._write(_CLEAR_LINE + text[:width])
                self._shown_at, self._visible = time.monotonic(), True

    def clear(self) -> None:
        """Before anything else is written, and at the end."""
        with self._lock:
            if self._visible:
                self._write(_CLEAR_LINE)
                self._visible = False

    @staticmethod
    def _write(text: str) -> None:
        with suppress(OSError):  # a terminal that went away must not stop a deletion
            sys.stderr.write(text)
            sys.stderr.flush()


progress = Progress()


def say(text: str) -> None:
    """A line for people."""
    progress.clear()
    with suppress(OSError):
        click.echo(text, err=True)


def is_stdout(output: str) -> bool:
    return output in ("", "-")


def show(text: str, output: str = "-") -> None:
    """A result: to stdout, or to a file, which is complete or as it was before."""
    progress.clear()
    if is_stdout(output):
        try:
            click.echo(text)
            sys.stdout.flush()
        except OSError as error:  # click would end the run without a word if a pipe is closed
            raise unwritable_stdout(error) from error
        return
    try:
        _write_file(Path(output), click.unstyle(text) + "\n")
    except OSError as error:
        raise OutputError(f"{output} could not be written: {error.strerror}") from error


def unwritable_stdout(error: OSError) -> OutputError:
    """What to raise; stdout is discarded, so that Python does not fail once more at its end."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return OutputError(f"the output could not be written: {error.strerror}")


def _write_file(path: Path, text: str) -> None:
    # A pipe or a device cannot be replaced, and what is in /dev, such as /dev/stdout, must not be.
    if path.is_relative_to("/dev") or (path.exists() and not path.is_file()):
        path.write_text(text, encoding="utf-8")
        return
    path = path.resolve()  # a link stays one
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        level = record.levelname.lower().replace("warning", "warn")
        say(f"ecrm: {level}: {record.getMessage()}")


def set_up_logging(level: str) -> None:
    """Only ecrm's own messages; botocore's are for botocore's developers."""
    logging.addLevelName(NOTICE, "NOTICE")
    logger = logging.getLogger("ecrm")
    logger.handlers = [_Handler()]
    logger.propagate = False
    logger.setLevel(_LEVELS[level])
