"""How the tests run ecrm: in this process where possible, as a process where that matters."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace, TracebackType
from typing import Any, Self

import botocore.waiter
import pytest

from ecrm.cli.main import run

ROOT = Path(__file__).parents[2]
HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
TARGET = "123456789012/us-east-1"
PATIENCE = 100.0  # seconds; less than the time limit of a test
_CALLS = re.compile(r"(\r?ecrm: info: |.*\"message\": \")[\d,]+ calls to AWS in ")
RUNS: list[Sequence[object]] = []
"""The command lines that the test has run so far, by which what they called is judged."""
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Ran:
    """What a run left behind."""

    code: int
    out: str
    err: str
    calls: str = field(default="", compare=False)

    @classmethod
    def of(cls, code: int, out: str, err: str) -> Self:
        """`calls` is the line with the number of AWS calls, and `err` is without it."""
        lines = err.splitlines(keepends=True)
        calls = [line for line in lines if _CALLS.match(line)]
        return cls(code, out, "".join(line for line in lines if line not in calls), "".join(calls))

    @property
    def json(self) -> Any:
        """All of stdout, which must be one JSON document and nothing else."""
        return json.loads(self.out)

    @property
    def errors(self) -> list[str]:
        """Every line of stderr but those of the levels info and notice."""
        harmless = ("ecrm: info: ", "ecrm: notice: ")
        return [line for line in self.err.splitlines() if not line.startswith(harmless)]

    @property
    def rows(self) -> dict[tuple[str, str], tuple[int, int]]:
        """(repository, type) -> (expired, total) of a plan that was asked for as JSON."""
        return {
            (row["repository"], row["type"]): (row["expired_images"], row["total_images"])
            for row in self.json
        }


class Ecrm:
    """`ecrm("plan", "-r", "shop/api")`, in the current folder; keywords are variables. Waiting
    for AWS takes no time; `naps` are the seconds that it would have taken."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self.naps: list[float] = []

    def __call__(self, *args: object, **variables: object) -> Ran:
        RUNS.append(args)
        self._capsys.readouterr()
        with self._monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, str(value))
            patch.setattr(botocore.waiter, "time", SimpleNamespace(sleep=self.naps.append))
            code = run([str(arg) for arg in args])
        return Ran.of(code, *self._capsys.readouterr())

    def config(self, text: str, path: str = "ecrm.yaml") -> None:
        Path(path).write_text(dedent(text), encoding="utf-8")

    def plan(self, *args: object, **variables: object) -> Any:
        """The whole plan as `plan --out --all` writes it; the run must be a good one."""
        ran = self("plan", "--out", "whole-plan.json", "--all", *args, **variables)
        assert ran.code == 0, ran.err
        return json.loads(Path("whole-plan.json").read_text(encoding="utf-8"))


def decisions(plan: Any, key: str = "deletions") -> dict[str, str]:
    """Digest -> reason of what is deleted, or with `key="kept"` of what is kept, by a plan file."""
    return {
        decision["image"]["digest"]: decision["reason"]
        for repository in plan["repositories"]
        for decision in (
            repository.get("kept", [])
            if key == "kept"
            else [decision for stage in repository.get("stages", []) for decision in stage]
        )
    }


def process(*args: object, **options: Any) -> "subprocess.CompletedProcess[str]":
    """`python -m ecrm ...` without a terminal; `env` holds variables to add."""
    RUNS.append(args)
    environment = {**os.environ, **options.pop("env", {})}
    ran = subprocess.run(
        [sys.executable, "-m", "ecrm", *map(str, args)],
        env=environment,
        check=False,
        text=True,
        timeout=PATIENCE,
        **{"capture_output": True, "stdin": subprocess.DEVNULL, **options},
    )
    if ran.stderr:
        ran.stderr = Ran.of(0, "", ran.stderr).err
    return ran


class Terminal:
    """`python -m ecrm ...` on a terminal of its own, 100 columns wide.

    `out` and `err` say whether those go to the terminal too; else they are collected apart. What
    the terminal has shown is in `shown`.
    """

    def __init__(
        self,
        *args: object,
        out: bool = True,
        err: bool = True,
        keyboard: bool = True,
        env: Mapping[str, str] | None = None,
    ) -> None:
        RUNS.append(args)
        self._screen, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self._seen = b""
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ecrm", *map(str, args)],
                stdin=side if keyboard else subprocess.DEVNULL,
                stdout=side if out else subprocess.PIPE,
                stderr=side if err else subprocess.PIPE,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        finally:
            os.close(side)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        os.close(self._screen)

    @property
    def shown(self) -> str:
        return self._seen.decode(errors="replace")

    @property
    def text(self) -> str:
        """What was shown, without colors and cursor movements, and what was asked of AWS."""
        shown = _ESCAPES.sub("", self.shown).replace("\r\n", "\n")
        return Ran.of(0, "", shown).err

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while text not in self.text:
            assert self._read(deadline), f"{text!r} never came; this did:\n{self.text}"

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> Ran:
        """Wait for the end; `out` and `err` are empty where they go to the terminal."""
        deadline = time.monotonic() + PATIENCE
        while self._read(deadline):
            pass
        out, err = self.process.communicate(timeout=PATIENCE)
        return Ran.of(self.process.returncode, (out or b"").decode(), (err or b"").decode())

    def _read(self, deadline: float) -> bool:
        """Whether more may come."""
        ready, _, _ = select.select([self._screen], [], [], max(0, deadline - time.monotonic()))
        try:
            piece = os.read(self._screen, 65536) if ready else b""
        except OSError:  # the other side is closed
            piece = b""
        self._seen += piece
        return bool(piece)
