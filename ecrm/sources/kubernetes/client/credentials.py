"""Who asks a cluster, and how long that holds."""

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from ecrm.errors import AwsError

_can_be_sent = re.compile(r"[!-~]+").fullmatch


@dataclass(frozen=True, slots=True)
class Identity:
    """What is sent as `Authorization`, and a client's certificate with its key, in PEM; none of
    them for somebody who is anonymous."""

    authorization: str | None = field(default=None, repr=False)
    certificate: bytes | None = field(default=None, repr=False)
    key: bytes | None = field(default=None, repr=False)


Credentials = Callable[[Identity | None], Identity]
"""Who asks now. Given an identity that the cluster has refused, another one where there is one, or
the same. Raises AwsError where nobody can be had."""


def fixed(identity: Identity) -> Credentials:
    return lambda _: identity


def bearer(token: str) -> str:
    """Raises AwsError, without the token, for one that no header can hold."""
    if not _can_be_sent(token):
        raise AwsError("the token is empty or holds a character that cannot be sent")
    return f"Bearer {token}"


def basic(user: str, password: str) -> str:
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def token_of_file(path: Path) -> str:
    """The token in the file as `bearer` writes it. It is read each time, since whoever issues
    tokens replaces it."""
    try:
        return bearer(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not ASCII text"
        raise AwsError(f"{path}: cannot be read: {reason}") from error
    except AwsError as error:
        raise AwsError(f"{path}: {error}") from error


@dataclass(frozen=True, slots=True)
class Issued:
    """An identity that is good until then; always, where it does not say."""

    identity: Identity
    until: datetime | None = None


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Renewed:
    """Credentials that `issue` makes, kept until they expire or are refused. Many threads may ask
    at once: one has them issued, and the others wait."""

    def __init__(self, issue: Callable[[], Issued], now: Callable[[], datetime] = _utc_now) -> None:
        self._issue = issue
        self._now = now
        self._issued: Issued | None = None
        self._lock = Lock()

    def __call__(self, refused: Identity | None) -> Identity:
        with self._lock:
            issued = self._issued
            if issued is None or self._is_over(issued) or issued.identity == refused:
                issued = self._issued = self._issue()
            return issued.identity

    def _is_over(self, issued: Issued) -> bool:
        return issued.until is not None and issued.until <= self._now()
