"""botocore's clients, with the settings that ecrm wants unless the user has others."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ecrm.aws.calls import Client
from ecrm.errors import AwsError
from ecrm.model.deadline import Deadline
from ecrm.model.version import version

if TYPE_CHECKING:
    import boto3

_ATTEMPTS = 8
_CONNECT_SECONDS = 10
_making_clients = Lock()  # a boto3 session may make only one client at a time


def make_client(
    session: "boto3.Session", service: str, region: str, connections: int, deadline: Deadline
) -> Client:
    """A client that keeps so many connections open, and waits for answers as the deadline says.
    Raises AwsError for settings that make no sense."""
    from botocore.config import Config  # noqa: PLC0415 - as boto3

    with _making_clients, _usable_settings():
        settings = session._session  # noqa: SLF001 - what the user set wins; nothing public tells
        # Not get_config_variable: its default is "legacy" in older botocores.
        mode = os.environ.get("AWS_RETRY_MODE") or settings.get_scoped_config().get("retry_mode")
        attempts = settings.get_config_variable("max_attempts")
        retries = {
            # Not "adaptive", which would pace what is paced already.
            "mode": mode or "standard",
            "total_max_attempts": _ATTEMPTS if attempts is None else attempts,
        }
        client = session.client(
            service,
            region_name=region,
            config=Config(
                retries=retries,
                connect_timeout=min(_CONNECT_SECONDS, deadline.read_seconds),
                read_timeout=deadline.read_seconds,
                max_pool_connections=connections,
                user_agent=_user_agent(),
            ),
        )
        _check_url(client.meta.endpoint_url)
        return client


@cache
def _user_agent() -> str:
    """Given whole, since botocore would put it together anew for every call, which takes longer
    than to send it."""
    import boto3  # noqa: PLC0415 - as above

    return f"ecrm/{version()} Boto3/{boto3.__version__} Python/{platform.python_version()}"


@contextmanager
def _usable_settings() -> Iterator[None]:
    """Of a variable or profile that makes no sense botocore raises a bare ValueError."""
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as boto3

    try:
        yield
    except BotoCoreError:
        raise
    except ValueError as error:
        what = "check AWS_ENDPOINT_URL, AWS_MAX_ATTEMPTS and the profile"
        raise AwsError(f"a setting of AWS makes no sense: {error}; {what}") from error


def _check_url(url: str) -> None:
    """Raises ValueError for one that botocore would stumble over when it sends."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.port == 0:
        raise ValueError(f"Invalid endpoint: {url}")
