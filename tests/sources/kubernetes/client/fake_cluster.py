"""An API server of Kubernetes on loopback, as far as lists and discovery go: HTTPS, pages, gzip,
who may ask, and faults."""

import gzip
import json
import ssl
import tempfile
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ecrm.sources.kubernetes.client import Resource
from tests.serving import Serving
from tests.sources.kubernetes.client.certificates import authority, server_certificate
from tests.sources.kubernetes.client.objects import group, groups, page, refusal, resources

Objects = list[dict[str, Any]]


@dataclass(frozen=True)
class Request:
    path: str
    headers: Mapping[str, str]
    user: str
    """Of the client's certificate; empty where there is none."""


@dataclass(frozen=True)
class Fault:
    """What comes instead of an answer. A body is cut off where `part` says, with the connection."""

    status: int = 200
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    part: float = 1.0


class FakeCluster(Serving):
    """`url` is where it is reached. `may_ask` decides about every request; `faults` come before
    all answers, one after the other; `served` says of each resource what there is of it."""

    def __init__(self, *, is_secure: bool = True) -> None:
        self.requests: list[Request] = []
        self.faults: deque[Fault] = deque()
        self.served: dict[Resource, Objects] = {}
        self.forbidden: set[Resource] = set()
        self.may_ask: Callable[[Request], bool] = lambda _: True
        server = _Server if is_secure else ThreadingHTTPServer
        self.server = server(("127.0.0.1", 0), self._handler())
        self.url = f"http{'s' * is_secure}://127.0.0.1:{self.server.server_port}"

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def answer(self, request: Request) -> tuple[int, dict[str, Any]]:
        parts = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if not self.may_ask(request):
            return 401, refusal(401, "Unauthorized", "Unauthorized")
        for resource, objects in self.served.items():
            if parts.path == resource.path:
                if resource in self.forbidden:
                    text = f'{resource} is forbidden: User "ecrm" cannot list resource'
                    return 403, refusal(403, "Forbidden", text)
                return 200, _page(resource, objects, query)
        found = self._discovery(parts.path)
        return (200, found) if found else (404, refusal(404, "NotFound", "not found"))

    def _discovery(self, path: str) -> dict[str, Any] | None:
        if path == "/version":
            return {"major": "1", "minor": "20", "gitVersion": "v1.20.2"}
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        named = {each.group: each.version for each in self.served if each.group} | {"apps": "v1"}
        if path == "/apis":
            return groups(*(group(*each) for each in named.items()))
        version = path.removeprefix("/apis/" if path.startswith("/apis/") else "/api/")
        kinds = [(each.plural, each.kind) for each in self.served if each.api_version == version]
        return resources(version, *kinds) if kinds else None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        cluster = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                request = Request(self.path, dict(self.headers), _user(self.connection))
                cluster.requests.append(request)
                if cluster.faults:
                    self._break(cluster.faults.popleft())
                    return
                status, body = cluster.answer(request)
                content = json.dumps(body).encode()
                headers = {"Content-Type": "application/json"}
                if "gzip" in self.headers.get("Accept-Encoding", "") and len(content) > 1400:
                    content, headers["Content-Encoding"] = gzip.compress(content, 1), "gzip"
                self._send(status, content, headers, len(content))

            def _break(self, fault: Fault) -> None:
                self.close_connection = fault.body is None or fault.part < 1
                if fault.body is not None:
                    sent = fault.body[: int(len(fault.body) * fault.part)]
                    self._send(fault.status, sent, fault.headers, len(fault.body))

            def _send(
                self, status: int, content: bytes, headers: Mapping[str, str], length: int
            ) -> None:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(length)}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _user(connection: object) -> str:
    if not isinstance(connection, ssl.SSLSocket):
        return ""
    certificate: Any = connection.getpeercert() or {}
    named = dict(pair for pairs in certificate.get("subject", ()) for pair in pairs)
    return str(named.get("commonName", ""))


def _page(resource: Resource, objects: Objects, query: Mapping[str, str]) -> dict[str, Any]:
    start = int(query.get("continue", "0"))
    end = start + int(query.get("limit", len(objects) or 1))
    left = max(0, len(objects) - end)
    return page(resource, objects[start:end], str(end) if left else "", left or None)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def get_request(self) -> tuple[ssl.SSLSocket, Any]:
        """The handshake is made by the thread of the connection, at its first byte."""
        connection, address = super().get_request()
        wrapped = _context().wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        )
        return wrapped, address

    def handle_error(self, *_: object) -> None:
        """Clients hang up and do not trust us, as the tests want."""


@cache
def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_verify_locations(cadata=authority().certificate)
    context.verify_mode = ssl.CERT_OPTIONAL
    signed = server_certificate()
    with tempfile.NamedTemporaryFile() as file:
        file.write(signed.certificate + signed.key)
        file.flush()
        context.load_cert_chain(file.name)
    return context
