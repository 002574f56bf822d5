"""Requests to a cluster: verified, within their time, and tried again where that can help."""

import logging
import os
import re
import ssl
import time
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from ecrm.errors import AwsError
from ecrm.model.deadline import NO_DEADLINE, Deadline
from ecrm.model.version import version
from ecrm.sources.kubernetes.client.answers import Answer
from ecrm.sources.kubernetes.client.credentials import Credentials, Identity
from ecrm.sources.kubernetes.client.endpoint import Endpoint
from ecrm.sources.kubernetes.client.tls import tls

if TYPE_CHECKING:
    import urllib3

log = logging.getLogger(__name__)

_ATTEMPTS = 5
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 60.0  # seconds
_CONNECT_SECONDS = 5.0
_CONNECTIONS = 8
_UNAUTHORIZED, _TOO_MANY, _BROKEN = 401, 429, 500
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": f"ecrm/{version()}",
}
_PRIVATE = "a private endpoint answers in its own network alone: run ecrm there, or in the cluster"


class Https:
    """Asks one cluster, with as many threads as there are; see `cluster.Get`.

    A connection that drops, a 429 and any 5xx are tried again, as late as the cluster says. A 401
    is tried again once, where the credentials can be had anew. Never a redirect: it could lead the
    credentials elsewhere. `name` is what messages call the cluster.
    """

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        credentials: Credentials,
        *,
        deadline: Deadline = NO_DEADLINE,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._name = name
        self._endpoint = endpoint
        self._credentials = credentials
        self._deadline = deadline
        self._sleep = sleep
        self._pool: tuple[object, urllib3.PoolManager] | None = None
        self._lock = Lock()

    def __call__(self, path: str) -> Answer:
        try:
            identity = self._credentials(None)
            answer = self._answer(path, identity)
            if answer.status == _UNAUTHORIZED:
                other = self._credentials(identity)
                answer = self._answer(path, other) if other != identity else answer
        except AwsError as error:
            raise AwsError(f"cluster {self._name}: {error}") from error
        return answer

    def _answer(self, path: str, identity: Identity) -> Answer:
        pool = self._pool_of(identity)
        for attempt in range(1, _ATTEMPTS + 1):
            self._deadline.check_send()
            found, wait = self._attempt(pool, path, identity)
            if wait is None or wait > _LONGEST_WAIT or attempt == _ATTEMPTS:
                break
            wait = max(wait, _FIRST_WAIT * 2**attempt)
            self._sleep(min(wait, max(0.0, self._deadline.to_send())))
        if isinstance(found, AwsError):
            raise found
        return found

    def _attempt(
        self, pool: "urllib3.PoolManager", path: str, identity: Identity
    ) -> tuple[Answer | AwsError, float | None]:
        """What came of it, and how many seconds to wait at least where it may be tried again."""
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - takes long to import

        headers = dict(_HEADERS)
        if identity.authorization and self._endpoint.is_secure:
            headers["Authorization"] = identity.authorization
        url, began = self._endpoint.url + path, time.monotonic()
        try:
            response = pool.request("GET", url, headers=headers, retries=False, redirect=False)
        except HTTPError as error:
            log.debug("%s: %s", url, type(error).__name__)
            text, wait = _failure(error)
            return AwsError(f"{self._endpoint.url} {text}"), wait
        milliseconds = 1000 * (time.monotonic() - began)
        log.debug("%s: %s, %.0f ms", url, response.status, milliseconds)
        answer = Answer(response.status, response.data)
        if response.status == _TOO_MANY or response.status >= _BROKEN:
            return answer, _seconds(response.headers.get("Retry-After", ""))
        return answer, None

    def _pool_of(self, identity: Identity) -> "urllib3.PoolManager":
        """Connections show a certificate when they are made: those of another one are closed."""
        shown = (identity.certificate, identity.key)
        with self._lock:
            if self._pool is None or self._pool[0] != shown:
                self._pool = shown, _pool(self._endpoint, identity, self._deadline)
            return self._pool[1]


def _pool(endpoint: Endpoint, identity: Identity, deadline: Deadline) -> "urllib3.PoolManager":
    import urllib3  # noqa: PLC0415 - takes long to import

    read = deadline.read_seconds
    settings: dict[str, Any] = {
        "maxsize": _CONNECTIONS,
        "timeout": urllib3.Timeout(connect=min(_CONNECT_SECONDS, read), read=read),
    }
    if endpoint.is_secure:
        name = endpoint.server_name or str(urlsplit(endpoint.url).hostname)
        settings["ssl_context"] = tls(endpoint.authorities, name, identity)
        if endpoint.server_name:
            settings["server_hostname"] = endpoint.server_name
    proxy = endpoint.proxy_by(os.environ)
    if not proxy:
        return urllib3.PoolManager(**settings)
    parts = urlsplit(proxy)
    if parts.username:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        settings["proxy_headers"] = urllib3.make_headers(proxy_basic_auth=user)
    try:
        return urllib3.ProxyManager(proxy, **settings)
    except (urllib3.exceptions.HTTPError, ValueError):  # its text may have a password
        raise AwsError("the proxy must be http://host:port or https://host:port") from None


def _seconds(text: str) -> float:
    """Of a header Retry-After, which Kubernetes writes in seconds."""
    return float(text) if text.isascii() and text.isdecimal() else 0.0


def _failure(error: "urllib3.exceptions.HTTPError") -> tuple[str, float | None]:
    """What went wrong, in words, and how long to wait where the next attempt may fare better."""
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError  # noqa: PLC0415

    for reason in error.args:
        # A certificate of another name is a ValueError where urllib3 compares it.
        if isinstance(reason, ssl.SSLCertVerificationError | ValueError):
            why = getattr(reason, "verify_message", str(reason))
            cure = "check the certificate authority and the name of the server"
            return f"its certificate cannot be verified: {why}; {cure}", None
    if isinstance(error, NewConnectionError | ConnectTimeoutError):
        is_refused = isinstance(error, NewConnectionError)
        return f"cannot be reached: {_reason(error)}; {_PRIVATE}", 0.0 if is_refused else None
    return f"the connection failed: {_reason(error)}; try again", 0.0


def _reason(error: Exception) -> str:
    """Without the object of urllib3 that the text begins with."""
    return " ".join(re.sub(r"^(<.*?>|\w+\(.*?\)): ", "", str(error.args[-1])).split())
