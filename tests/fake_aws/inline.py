"""Calls to a fake of this process, without sockets.

Half of the time of a call on loopback goes into HTTP: urllib3 writes it, a thread of the server
parses it, and each waits for the other. Inside `inline` botocore's HTTP session hands the request
to the fake and gets what it would have read from the socket. Other processes, and fakes made with
`sockets=True`, are served by HTTP as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError
from botocore.httpsession import URLLib3Session
from urllib3.exceptions import ProtocolError
from urllib3.response import HTTPResponse

from .protocol import Reply
from .server import serving

Send = Callable[[URLLib3Session, AWSPreparedRequest], Any]


@contextmanager
def inline() -> Iterator[None]:
    """Not to be nested."""
    over_sockets: Send = URLLib3Session.send

    def send(session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        url = urlsplit(request.url)
        server = serving.get(f"{url.scheme}://{url.netloc}")
        if server is None:
            return over_sockets(session, request)
        path = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
        reply = server.respond(
            request.method, path, _Headers(request.headers.items()), _body(request)
        )
        return _response(request, reply)

    URLLib3Session.send = send
    try:
        yield
    finally:
        URLLib3Session.send = over_sockets


class _Headers:
    """By name, in any case."""

    def __init__(self, headers: Iterable[tuple[str, str | bytes]]) -> None:
        self._headers = {name.lower(): value for name, value in headers}

    def get(self, name: str, default: Any = None, /) -> Any:
        value = self._headers.get(name.lower(), default)
        return value.decode() if isinstance(value, bytes) else value


def _body(request: AWSPreparedRequest) -> bytes:
    body = request.body
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    return bytes(body) if isinstance(body, (bytes, bytearray)) else bytes(body.read())


def _response(request: AWSPreparedRequest, reply: Reply | None) -> AWSResponse:
    """What botocore makes of the bytes that the server writes; see `server._Handler.do_POST`."""
    if reply is None:
        error = ProtocolError("Connection aborted.")
        raise ConnectionClosedError(error=error, request=request, endpoint_url=request.url)
    headers = {"Content-Length": str(len(reply.body))} | reply.headers
    raw = HTTPResponse(
        BytesIO(reply.body),
        headers,
        reply.status,
        preload_content=False,
        decode_content=False,
        enforce_content_length=False,
        request_method=request.method,
    )
    response = AWSResponse(request.url, reply.status, raw.headers, raw)
    if not request.stream_output:
        _ = response.content  # as botocore does: reads all of it
    return response
