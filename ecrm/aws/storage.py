"""Where a text lives: a file, `s3://bucket/key`, or, to be read only, `ssm://parameter`.

Nothing here asks AWS for a file, so that a mistake in one costs no call.
"""

import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, Protocol

from ecrm.aws.calls import call
from ecrm.aws.errors import translated
from ecrm.aws.operation import Operation
from ecrm.aws.shapes import TEXT, TIME, record
from ecrm.errors import AwsError, Gone, InputError, NotThereError, OutputError, UsageError

GET_PARAMETER = Operation(
    "ssm", "GetParameter", record(Parameter=record(Value=TEXT, LastModifiedDate=TIME))
)

_S3, _SSM = "s3://", "ssm://"
_S3_PLACE = re.compile(r"s3://(?P<bucket>[^/]+)/(?P<key>.*)")


class Clients(Protocol):
    """Makes boto3 clients, as a Target does."""

    def s3(self) -> Any: ...

    def ssm(self) -> Any: ...


ClientFactory = Callable[[], Clients]
"""Connects to AWS; called for what is kept there, and never for files."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a place holds, and when it was written."""

    content: bytes
    at: datetime


def no_aws() -> NoReturn:
    """The Reach of whoever has files only."""
    raise UsageError("only files can be read and written here")


def is_s3(location: str) -> bool:
    return location.startswith(_S3)


def is_remote(location: str) -> bool:
    return location.startswith((_S3, _SSM))


def s3_place(location: str, what: str = "object") -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`, with or without a slash at its end."""
    found = _S3_PLACE.fullmatch(location)
    key = found["key"].strip("/") if found else ""
    if found is None or not key:
        raise UsageError(f"{location} names no {what}; write s3://bucket/key")
    return found["bucket"], key


def read(location: str, clients: ClientFactory = no_aws) -> Stored:
    """Raises NotThereError, or InputError or AwsError where it cannot be read."""
    try:
        if location.startswith(_S3):
            return _object(clients, location)
        if location.startswith(_SSM):
            return _parameter(clients, location.removeprefix(_SSM))
        at = datetime.fromtimestamp(Path(location).stat().st_mtime, UTC)
        return Stored(Path(location).read_bytes(), at)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotThereError(f"{location}: cannot be read: {error.strerror}") from error
    except OSError as error:
        raise InputError(f"{location}: cannot be read: {error.strerror}") from error
    except ValueError as error:  # of a name that no file can have
        raise InputError(f"{location!r}: cannot be read: {error}") from error
    except Gone as error:
        raise NotThereError(f"{location}: is not there ({str(error).rstrip(': ')})") from error
    except AwsError as error:
        raise AwsError(f"{location}: cannot be read: {error}") from error


def read_text(location: str, clients: ClientFactory = no_aws) -> str:
    try:
        return read(location, clients).content.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{location}: is no UTF-8 text") from error


def write_text(
    location: str,
    text: str,
    clients: ClientFactory = no_aws,
    content_type: str = "text/plain",
    *,
    private: bool = False,
) -> None:
    """Complete, or as it was before; a `private` file is its owner's alone. Raises OutputError."""
    try:
        if is_s3(location):
            _put(clients, location, text, f"{content_type}; charset=utf-8")
        elif is_remote(location):
            raise OutputError(f"{location} can only be read; write to s3://bucket/key")
        else:
            _write_file(Path(location), text, private=private)
    except OSError as error:
        raise OutputError(f"{location} could not be written: {error.strerror}") from error
    except ValueError as error:  # of a name that no file can have
        raise OutputError(f"{location!r} could not be written: {error}") from error
    except AwsError as error:
        raise OutputError(f"{location} could not be written: {error}") from error


def _object(clients: ClientFactory, location: str) -> Stored:
    bucket, key = s3_place(location)
    s3 = clients().s3()
    with translated("s3:GetObject"):
        answer = s3.get_object(Bucket=bucket, Key=key)
        return Stored(answer["Body"].read(), answer["LastModified"])


def _parameter(clients: ClientFactory, name: str) -> Stored:
    """A name with a slash in it begins with one; `ssm://ecrm/config` is `/ecrm/config`."""
    if "/" in name and not name.startswith(("/", "arn:")):
        name = f"/{name}"
    answer = call(clients().ssm(), GET_PARAMETER, Name=name, WithDecryption=True)
    found = answer["Parameter"]
    return Stored(found["Value"].encode(), found["LastModifiedDate"])


def _put(clients: ClientFactory, location: str, text: str, content_type: str) -> None:
    bucket, key = s3_place(location)
    s3 = clients().s3()
    with translated("s3:PutObject"):
        s3.put_object(Bucket=bucket, Key=key, Body=text.encode(), ContentType=content_type)


def _write_file(path: Path, text: str, *, private: bool) -> None:
    # A pipe or a device cannot be replaced, and what is in /dev, such as /dev/stdout, must not be.
    if path.is_relative_to("/dev") or (path.exists() and not path.is_file()):
        path.write_text(text, encoding="utf-8")
        return
    path = path.resolve()  # a link stays one
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        if not private:  # as the temporary file is
            mask = os.umask(0)
            os.umask(mask)
            Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)  # it is there only where it did not become the file
