"""A proxy on loopback that leads to one server, as `CONNECT` asks."""

import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from tests.serving import Serving


class FakeProxy(Serving):
    """`asked` are the targets, each with the `Proxy-Authorization` that came with it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"127.0.0.1:{self.server.server_port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_CONNECT(self) -> None:
                asked.append((self.path, self.headers.get("Proxy-Authorization")))
                host, _, port = self.path.partition(":")
                with socket.create_connection((host, int(port)), timeout=5) as target:
                    self.send_response(200)
                    self.end_headers()
                    Thread(target=_pipe, args=(self.connection, target), daemon=True).start()
                    _pipe(target, self.connection)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _pipe(source: socket.socket, sink: socket.socket) -> None:
    try:
        while content := source.recv(65536):
            sink.sendall(content)
    except OSError:  # either end has hung up
        return
