"""Stands in for AWS below real botocore clients: scripted answers, and a server on loopback."""

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from types import TracebackType
from typing import Any, Self

import boto3
import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ParamValidationError
from botocore.validate import validate_parameters

from ecrm.aws import Target
from ecrm.aws.parsing import plain_json_session
from ecrm.model.reference import Registry
from tests.serving import Serving

ACCOUNT = "123456789012"
REGION = "us-east-1"
REGISTRY = Registry(ACCOUNT, REGION)
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

Params = dict[str, Any]


def new_session(**settings: str) -> boto3.Session:
    """As boto3.Session, without reading AWS's models again, which takes most of its time."""
    session = botocore.session.Session()
    session.register_component("data_loader", _loader())
    return boto3.Session(botocore_session=plain_json_session(session), **settings)


@cache
def _loader() -> Any:
    return botocore.session.Session().get_component("data_loader")


@cache
def session() -> boto3.Session:
    """The one session whose clients `Stubs` answers."""
    return new_session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)


@dataclass
class _Script:
    operation: str
    params: Params | None
    answer: Callable[[Params], Params]
    status: int = 200


class Stubs:
    """What botocore's Stubber is to one client, for every client of one session.

    Threads ask in any order, so an answer is found by what is asked: operation and parameters,
    all of them. Answers are checked against AWS's model, each is given once, and each must be
    asked for; those of `otherwise` answer whatever nothing else does.
    """

    def __init__(self) -> None:
        self.target = Target(REGISTRY, session())
        self.calls: list[tuple[str, Params]] = []
        self._scripts: list[_Script] = []
        self._otherwise: dict[str, _Script] = {}
        self._lock = Lock()

    def answer(self, operation: str, answer: Params, /, **params: object) -> None:
        self._scripts.append(_Script(operation, params, lambda _: answer))

    def refuse(self, operation: str, code: str, message: str = "no", /, **params: object) -> None:
        self._scripts.append(_Script(operation, params, lambda _: _error(code, message), 400))

    def otherwise(self, operation: str, answer: Params | Callable[[Params], Params], /) -> None:
        called = answer if callable(answer) else lambda _: answer
        self._otherwise[operation] = _Script(operation, None, called)

    def otherwise_refuse(self, operation: str, code: str, message: str = "no", /) -> None:
        self._otherwise[operation] = _Script(operation, None, lambda _: _error(code, message), 400)

    def asked(self, operation: str) -> list[Params]:
        return [params for name, params in self.calls if name == operation]

    def __enter__(self) -> Self:
        events = session().events
        events.register_first("before-parameter-build.*.*", self._choose, unique_id="choose")
        events.register_first("before-call.*.*", self._reply, unique_id="reply")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        session().events.unregister("before-parameter-build.*.*", unique_id="choose")
        session().events.unregister("before-call.*.*", unique_id="reply")
        if kind is None:
            left = [(script.operation, script.params) for script in self._scripts]
            assert not left, f"never asked for: {left}"

    def _choose(self, params: Params, model: Any, context: Params, **_: object) -> None:
        with self._lock:
            self.calls.append((model.name, params))
            script = self._take(model.name, params)
        answer = script.answer(params)
        if script.status == 200:
            try:
                validate_parameters(answer, model.output_shape)
            except ParamValidationError as error:
                raise AssertionError(f"AWS never answers so: {error}") from error
        context["stub"] = AWSResponse("", script.status, {}, None), answer

    def _take(self, operation: str, params: Params) -> _Script:
        for place, script in enumerate(self._scripts):
            if (script.operation, script.params) == (operation, params):
                return self._scripts.pop(place)
        if operation in self._otherwise:
            return self._otherwise[operation]
        scripted = [script.params for script in self._scripts if script.operation == operation]
        raise AssertionError(f"unexpected call: {operation} {params}; scripted: {scripted}")

    def _reply(self, context: Params, **_: object) -> tuple[AWSResponse, Params]:
        reply: tuple[AWSResponse, Params] = context.pop("stub")
        return reply


def _error(code: str, message: str) -> Params:
    return {"Error": {"Code": code, "Message": message}}


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    operation: str
    body: bytes


class Wire(Serving):
    """A server on loopback that gives scripted bytes, one answer after the other."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._answers: deque[tuple[int, bytes]] = deque()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, body: object, status: int = 200) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._answers.append((status, content))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        requests, answers = self.requests, self._answers

        class Handler(BaseHTTPRequestHandler):
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
                requests.append(Request(self.command, self.path, operation, body))
                status, content = answers.popleft()
                self.send_response(status)
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_POST  # noqa: N815 - the names are http.server's

            def log_message(self, *_: object) -> None:
                pass

        return Handler
