"""The Lambda Runtime API on loopback, and a function that asks it for work.

The function is a process of AWS's own runtime interface client, as in Lambda:

    with RuntimeApi() as api, Function(api, folder, environment) as function:
        answer = function.invoke({"command": "plan"}, seconds=900)

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

PATIENCE = 60.0
_ARN = "arn:aws:lambda:us-east-1:123456789012:function:ecrm"
_PREFIX = "/2018-06-01/runtime"


@dataclass(frozen=True)
class Answer:
    """What the function handed back: a value, or the type and message of an error; and the lines
    that it had written by then, each of them JSON or not."""

    value: Any
    error: tuple[str, str] | None
    lines: list[str]

    @property
    def events(self) -> list[dict[str, Any]]:
        """The lines that are JSON: those of the log, and the metrics."""
        return [json.loads(line) for line in self.lines if line.startswith("{")]

    @property
    def messages(self) -> list[tuple[str, str]]:
        return [(event["level"], event["message"]) for event in self.events if "level" in event]

    @property
    def metrics(self) -> dict[str, Any]:
        """The one line of metrics."""
        (line,) = [event for event in self.events if "_aws" in event]
        return line


class RuntimeApi(ThreadingHTTPServer):
    """Hands out events one by one, and takes the answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events: queue.Queue[tuple[str, bytes, float]] = queue.Queue()
        self.answers: queue.Queue[tuple[str, str, bytes]] = queue.Queue()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: RuntimeApi

    def do_GET(self) -> None:
        """The next invocation, as soon as there is one."""
        name, body, deadline = self.server.events.get()
        self._reply(
            200,
            body,
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": name,
                "Lambda-Runtime-Deadline-Ms": str(int(deadline * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": _ARN,
                "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
            },
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = self.path.removeprefix(_PREFIX).strip("/").split("/")
        name, what = ("", "init") if parts[0] == "init" else (parts[1], parts[2])
        self._reply(202, b"{}", {})
        self.server.answers.put((name, what, body))

    def _reply(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Says nothing."""


class Function:
    """One execution environment: a process that stays warm between invocations.

    `folder` holds the code's configuration, as the root of a package does; and the code itself,
    where it is that of `code`.
    """

    def __init__(
        self,
        api: RuntimeApi,
        folder: Path,
        environment: Mapping[str, str],
        code: Path = Path(__file__).parent.parent,
    ) -> None:
        self._api = api
        self._log = folder / "log"
        self._read = 0
        self._stdout = self._log.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", "ecrm.lambda_handler.handler"],
            cwd=folder,
            stdout=self._stdout,
            stderr=subprocess.STDOUT,
            env={
                "PYTHONPATH": str(code),
                "PATH": "/usr/bin:/bin",
                "AWS_LAMBDA_RUNTIME_API": api.address,
                "AWS_LAMBDA_FUNCTION_NAME": "ecrm-test",
                "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
                "LAMBDA_TASK_ROOT": str(folder),
                **environment,
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        self._stdout.close()

    def invoke(self, event: object, seconds: float = 900.0) -> Answer:
        """Hand over an event and wait for the answer; `seconds` is the time limit of the function,
        which nobody enforces here."""
        name = str(uuid4())
        self._api.events.put((name, json.dumps(event).encode(), time.time() + seconds))
        answered, what, body = self._api.answers.get(timeout=PATIENCE)
        lines = self._lines()
        value = json.loads(body)
        assert answered == name, (what, value, lines)
        if what == "error":
            return Answer(None, (value["errorType"], value["errorMessage"]), lines)
        return Answer(value, None, lines)

    def _lines(self) -> list[str]:
        """What was written since the last invocation."""
        text = self._log.read_bytes()[self._read :]
        self._read += len(text)
        return text.decode().splitlines()
