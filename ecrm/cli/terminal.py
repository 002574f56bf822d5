"""Messages and progress on stderr, results on stdout or in a file, and the prompt."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING

import click

from ecrm.errors import EcrmError, OutputError, UsageError
from ecrm.model.printable import printable, printable_lines
from ecrm.workflow.logs import fields_of, json_line, level_of, set_up, text_line

if TYPE_CHECKING:
    from ecrm.aws.storage import ClientFactory

_SECONDS_BETWEEN = 0.1
_SECONDS_BETWEEN_LINES = 30
_CLEAR_LINE = "\r\x1b[K"


class Progress:
    """One line on a terminal that shows what is being done; elsewhere a line of the log from time
    to time, so that a pipeline does not look dead."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._shown_at = 0.0
        self._logged_at = 0.0
        self._visible = False
        self.begin()

    def begin(self) -> None:
        """A run begins, in which nothing has taken long yet."""
        self._logged_at = self._monotonic()

    def __call__(self, text: str) -> None:
        now = self._monotonic()
        is_screen = sys.stderr.isatty() and not _stderr.as_json
        with self._lock:
            is_due = not is_screen and now - self._logged_at >= _SECONDS_BETWEEN_LINES
            if is_due:
                self._logged_at = now
            if is_screen and not _stderr.quiet and now - self._shown_at > _SECONDS_BETWEEN:
                import shutil

                width = shutil.get_terminal_size().columns - 1
                self._write(_CLEAR_LINE + printable(text)[:width])
                self._shown_at, self._visible = now, True
        if is_due:
            import logging

            logging.getLogger(__name__).info("%s", text)

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


class _Stderr:
    as_json = False
    quiet = False


progress = Progress()
_stderr = _Stderr()


def say(text: str, level: str = "", **fields: object) -> None:
    """A line for people; with a level it is a log line."""
    progress.clear()
    line = text_line(level, text) if level else printable_lines(text.split("\n"))
    if _stderr.as_json:
        line = json_line(level or "info", text, datetime.now(UTC), fields)
    with suppress(OSError):
        click.echo(line, err=True)


def ask(question: str, otherwise: str, listing: Callable[[], str] | None = None) -> None:
    """Return if the answer is yes; anything else ends the command, but `v`, which shows what the
    question is about."""
    progress.clear()
    if not sys.stdin.isatty():
        raise UsageError(f"no terminal for the prompt; {otherwise}")
    if listing is None:
        confirmed = click.confirm(question, err=True)
    else:
        choices = "(v lists them) [y/N/v]"
        while (answer := _answer(f"{question} {choices}")) in ("v", "view"):
            click.echo(listing(), err=True)
        confirmed = answer in ("y", "yes")
    if not confirmed:
        raise EcrmError("cancelled; nothing was changed")


def _answer(question: str) -> str:
    """In lower case; asked again until it is one of those there are."""
    known = ("y", "yes", "n", "no", "v", "view")
    while True:
        answer = click.prompt(question, default="n", show_default=False, err=True).strip().lower()
        if answer in known:
            return str(answer)
        click.echo("Error: invalid input", err=True)


def is_stdout(output: str) -> bool:
    return output == "-"


def show(
    text: str,
    output: str = "-",
    clients: "ClientFactory | None" = None,
    content_type: str = "text/plain",
) -> None:
    """A result: to stdout, or to a file or an object in S3, which is complete or as it was."""
    progress.clear()
    if is_stdout(output):
        try:
            click.echo(text)
            sys.stdout.flush()
        except OSError as error:  # click would end the run without a word if a pipe is closed
            raise unwritable_stdout(error) from error
        return
    from ecrm.aws.storage import no_aws, write_text

    write_text(output, click.unstyle(text) + "\n", clients or no_aws, content_type)


def unwritable_stdout(error: OSError) -> OutputError:
    """What to raise; stdout is discarded, so that Python does not fail once more at its end."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return OutputError(f"the output could not be written: {error.strerror}")


def set_up_logging(level: str, log_format: str) -> None:
    """Everything that goes to stderr is of this format from now on."""
    import logging

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            say(record.getMessage(), level_of(record), **fields_of(record))

    progress.begin()
    _stderr.as_json, _stderr.quiet = log_format == "json", level in ("warn", "error")
    set_up(level, Handler())
