"""Where a journal goes. A sink takes text, and returns when that text can no longer be lost."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from ecrm.aws.errors import translated
from ecrm.aws.ownership import make_own_folder
from ecrm.errors import AwsError, OutputError

_PRIVATE = 0o600


class Sink(Protocol):
    """`append` raises OutputError when the text, or part of it, may not be there."""

    def append(self, text: str) -> None: ...

    def close(self) -> None: ...


class FileSink:
    """A new file, made with the first text; one that is there already is never written to.

    A device or a pipe has nothing that could be overwritten, so /dev/null and named pipes do.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def __str__(self) -> str:
        return str(self._path)

    def append(self, text: str) -> None:
        with stopped_by_os(self._path):
            self._file = _created(self._path) if self._file is None else self._file
            left = text.encode("ascii")
            while left:
                left = left[os.write(self._file, left) :]
            if stat.S_ISREG(os.fstat(self._file).st_mode):
                os.fsync(self._file)

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with stopped_by_os(self._path):
                os.close(file)


class S3Sink:
    """Each text is an object of its own: `key/00001.jsonl`, `key/00002.jsonl`, and so on.

    An object in S3 cannot be appended to, only replaced as a whole; and replacing it would need
    ever more memory and could lose what was there. One after the other the objects are the journal.
    `s3` is a boto3 client.
    """

    def __init__(self, s3: Any, bucket: str, key: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._key = key
        self._appended = 0

    def __str__(self) -> str:
        return f"s3://{self._bucket}/{self._key}"

    def append(self, text: str) -> None:
        self._appended += 1
        try:
            with translated("s3:PutObject"):
                self._s3.put_object(
                    Bucket=self._bucket,
                    Key=f"{self._key}/{self._appended:05d}.jsonl",
                    Body=text.encode("ascii"),
                    ContentType="application/x-ndjson",
                    IfNoneMatch="*",  # never overwrites
                )
        except AwsError as error:
            if "PreconditionFailed" in str(error):
                raise _exists(str(self)) from error
            raise _unwritten(str(self), str(error)) from error

    def close(self) -> None:
        pass


def _created(path: Path) -> int:
    """A new file that only its owner may read: tags and manifests are nobody else's business."""
    flags = os.O_WRONLY | os.O_APPEND
    if _takes_any_text(path):
        return os.open(path, flags)
    with stopped_by_os(path, "its folder cannot be made: "):
        make_own_folder(path.parent)
    try:
        file = os.open(path, flags | os.O_CREAT | os.O_EXCL, _PRIVATE)
    except FileExistsError as error:
        raise _exists(str(path)) from error
    with suppress(OSError):  # not every system can; without it a power cut may lose the name
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return file


def _takes_any_text(path: Path) -> bool:
    """A device, or the user's own pipe. A link of somebody else must not send the journal to
    /dev/null; those in /dev are the system's."""
    try:
        found = path.stat() if path.is_relative_to("/dev") else path.lstat()
    except (OSError, ValueError):
        return False
    is_own_pipe = stat.S_ISFIFO(found.st_mode) and found.st_uid == os.geteuid()
    return stat.S_ISCHR(found.st_mode) or is_own_pipe


@contextmanager
def stopped_by_os(path: Path, what: str = "") -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _unwritten(str(path), f"{what}{error.strerror}") from error
    except ValueError as error:  # of a name that no file can have
        raise _unwritten(repr(str(path)), str(error)) from error


def _exists(place: str) -> OutputError:
    return OutputError(
        f"the journal {place} is there already and is never overwritten; name another"
    )


def _unwritten(place: str, why: str) -> OutputError:
    return OutputError(
        f"the journal {place} cannot be written: {why}; nothing is deleted without a journal"
    )
