"""HTTP on loopback: reads a request, asks for the reply, writes it in one piece."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .protocol import Reply
from .s3 import Headers

# (method, path, headers, body) -> the reply; None closes the connection without one.
Respond = Callable[[str, str, Headers, bytes], Reply | None]

serving: dict[str, Server] = {}
"""By URL: those of this process that need no sockets to be reached (see `inline`)."""


class Server(ThreadingHTTPServer):
    """Serves from a thread of its own until `stop`."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, port: int, respond: Respond, *, sockets: bool = False) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.respond = respond
        self._sockets = sockets
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self) -> None:
        self._thread.start()
        if not self._sockets:
            serving[self.url] = self

    def stop(self) -> None:
        serving.pop(self.url, None)
        self.shutdown()
        self._thread.join()
        self.server_close()
        # Idle keep-alive connections would hold their threads until the client lets go.
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no event here; anything else is a bug to be seen."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Nagle's algorithm and delayed acknowledgements together cost 40 ms a call.
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        self.do_POST()

    def do_PUT(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        # Half a request, of a client that was killed, is none.
        whole = len(body) == length
        asked = (self.command, self.path, self.headers, body)
        reply = self.server.respond(*asked) if whole else None
        if reply is None:
            self.close_connection = True
            return
        # A reply that promises more than it has ends with the connection.
        self.close_connection = "Content-Length" in reply.headers
        headers = {"Content-Length": str(len(reply.body))} | reply.headers
        lines = [f"HTTP/1.1 {reply.status} {self.responses.get(reply.status, ('Error',))[0]}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode() + reply.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Calls are recorded by the fake, not printed."""
