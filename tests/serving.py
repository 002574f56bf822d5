"""A server on loopback, in a thread of its own, for as long as a test needs it."""

from http.server import ThreadingHTTPServer
from threading import Thread
from typing import Self


class Serving:
    """`server` serves within a `with` statement."""

    server: ThreadingHTTPServer

    def __enter__(self) -> Self:
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
