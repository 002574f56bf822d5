"""What programs and files of the user's know to be in use: JSON arrays of image URIs."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from ecrm.aws.storage import ClientFactory, no_aws, read
from ecrm.config import ExternalCommand
from ecrm.errors import InputError, NotAReferenceError
from ecrm.model.json_text import parse_json
from ecrm.model.reference import ANY_SCHEME, Reference, is_of_another_registry
from ecrm.model.scalars import shown
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import EXTERNAL_COMMAND, SCANNED_FILE, Use
from ecrm.sources.items import SourceItem

_SECONDS_TO_STOP = 5
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def command_uses(external: ExternalCommand) -> Iterator[SourceItem]:
    """What the program prints. A program that fails, hangs or prints anything else is noted.

    Uses and notes name the program alone: an argument may be a secret.
    """
    name = external.command[0]
    try:
        output = _output(external)
        if output.strip() != "null":  # as jq prints it; to fujiwara/ecrm, too, that is nothing
            yield from _uses(output, EXTERNAL_COMMAND, name)
    except InputError as error:
        yield Diagnostic(ReadStatus.FAILED, f"external command {name}: {error}")


def file_uses(
    path: str, oldest: datetime | None = None, clients: ClientFactory = no_aws
) -> Iterator[Use | Diagnostic]:
    """What a scanned file, or object in S3, holds. Raises InputError or AwsError if it cannot be
    read, since it was asked for, and InputError if it was written before `oldest`."""
    stored = read(path, clients)
    if oldest and stored.at < oldest:
        raise InputError(
            f"{path}: was written {stored.at:%Y-%m-%d %H:%M} UTC, and guards.scanned_files_max_age "
            f"asks for {oldest:%Y-%m-%d %H:%M} or later; scan again"
        )
    try:
        yield from _uses(stored.content.decode(), SCANNED_FILE, path)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: cannot be read: it is not UTF-8 text") from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _uses(text: str, source: str, user: str) -> Iterator[Use | Diagnostic]:
    """Raises InputError. An entry that is no image reference is noted if it is of another
    registry, and an error otherwise: a mistake must not look like an unused image."""
    try:
        uris = parse_json(text)
    except ValueError as error:
        raise InputError(f"this is no JSON array of image URIs: {error}") from error
    if not isinstance(uris, list):
        raise InputError("this is no JSON array of image URIs")
    for place, uri in enumerate(uris):
        if not isinstance(uri, str):
            raise InputError(f"entry {place} is not text: {shown(uri)}")
        written = ANY_SCHEME.sub("", uri.strip())
        try:
            yield Use(Reference.parse(written), source, user, "listed")
        except NotAReferenceError as error:
            if not is_of_another_registry(written):
                raise InputError(f"entry {place}: {error}") from error
            yield Diagnostic(ReadStatus.READ, f"entry {place}: {error}")


def _output(external: ExternalCommand) -> str:
    """Standard output; raises InputError. Standard error goes to ours, for people to read."""
    with _signals_held() as signals:
        try:
            process = subprocess.Popen(  # noqa: S603 - what to run is the user's to say
                external.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                env={**os.environ, **external.env},
                cwd=external.dir,
                start_new_session=True,  # so that its children can be stopped with it
            )
        except OSError as error:
            raise InputError(f"cannot be started: {error.strerror}: {error.filename}") from error
        seconds = external.timeout.total_seconds() if external.timeout else None
        try:
            with signals.raised():
                output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise InputError(f"did not end within {seconds:g} seconds and was stopped") from None
        finally:
            _stop_group(process)
    if process.returncode:
        raise InputError(f"exit code {process.returncode}")
    try:
        return output.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError("the output is not UTF-8 text") from error


class _SignalArrived(BaseException):
    pass


class _Signals:
    """Those that arrived while a program ran. They interrupt nothing but the wait for its output,
    so that no program is started, or half stopped, and forgotten."""

    def __init__(self) -> None:
        self.arrived: list[int] = []
        self._raises = False

    def handle(self, number: int, _: object) -> None:
        self.arrived.append(number)
        if self._raises:
            self._raises = False
            raise _SignalArrived

    @contextmanager
    def raised(self) -> Iterator[None]:
        self._raises = True
        try:
            if self.arrived:
                raise _SignalArrived
            yield
        finally:
            self._raises = False


@contextmanager
def _signals_held() -> Iterator[_Signals]:
    """A signal that ends the run first ends the program: its process group is its own, so that
    nothing else would. Then the signal is for whoever handled it before; if that one lets the run
    go on, the program has failed, and InputError is raised."""
    signals, before = _Signals(), _handlers()
    try:
        for number in before:
            signal.signal(number, signals.handle)
        with suppress(_SignalArrived):
            yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in signals.arrived:
            signal.raise_signal(number)
    if signals.arrived:
        raise InputError(f"was stopped by {signal.Signals(signals.arrived[0]).name}")


def _handlers() -> "dict[int, signal._HANDLER]":
    """Who handles the signals that end a run, apart from those that are ignored. Only the main
    thread may change that."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    handlers = {number: signal.getsignal(number) or signal.SIG_DFL for number in _ENDING}
    return {number: handler for number, handler in handlers.items() if handler != signal.SIG_IGN}


def _stop_group(process: "subprocess.Popen[bytes]") -> None:
    """Unless its output has been read to the end, stop the program with every process that it
    started, also where it has ended itself; first politely."""
    if process.stdout is None or process.stdout.closed:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_SECONDS_TO_STOP)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()  # what has left the group may hold the other end for ever
