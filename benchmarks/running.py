"""Runs ecrm as a process against a fake AWS in another, and measures both."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from benchmarks.account import text_of
from ecrm.workflow.configuration import QUOTAS
from tests.fake_aws.sample import Size

_RULES = """
lambda_functions:
  - {name_pattern: "*", keep_count: WINDOW}
repositories:
  - name_pattern: "*"
    expires: 30d
guards:
  max_percent: 100
"""
_RAISED = "rate_limits:\n" + "".join(f"  {name}: 100000\n" for name in QUOTAS)  # `-c fast.yaml`


@dataclass(frozen=True)
class Measured:
    """One run: seconds, those of the CPU, the most memory in MB, and how often each API was called
    and refused."""

    seconds: float
    cpu: float
    megabytes: float
    calls: Mapping[str, int]
    throttled: int

    @property
    def total(self) -> int:
        return sum(self.calls.values())


class Account:
    """A fake AWS, and a folder to run ecrm in that leads there."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path, window: int) -> None:
        self._process = process
        self._folder = folder
        rules = _RULES.replace("WINDOW", str(window))
        (folder / "ecrm.yaml").write_text(rules)
        (folder / "fast.yaml").write_text(rules + _RAISED)
        (folder / "half.yaml").write_text(rules.replace("30d", "500d"))
        (folder / "all_of_lambda.yaml").write_text(rules + "rate_limits: {lambda: 15}\n")
        variables = json.loads(self._line())
        own = {"ECRM_CACHE_DIR": "cache", "ECRM_STATE_DIR": "state", "AWS_MAX_ATTEMPTS": "8"}
        self._environment = {**os.environ, **variables, **own, "PYTHONPATH": str(Path.cwd())}

    def run(self, *arguments: str) -> Measured:
        """`ecrm` with these arguments; it must end well."""
        self._counts()
        return self._run("ecrm", *arguments)

    def repeat_with_botocore(self) -> Measured:
        """All that the last run asked, once more, by botocore as it comes."""
        (self._folder / "calls.json").write_text(self._ask("calls"))
        with (self._folder / "calls.json").open() as calls:
            return self._run("benchmarks.bare", stdin=calls)

    def _run(self, module: str, *arguments: str, stdin: IO[str] | None = None) -> Measured:
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=self._folder,
            env=self._environment,
            stdin=stdin,
            stdout=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)  # or Popen takes it for running
        seconds = time.monotonic() - began
        if process.returncode:
            raise SystemExit(f"{module} {' '.join(arguments)} failed")
        counts = self._counts()
        calls = {name: asked for name, (asked, _) in sorted(counts.items())}
        refused = sum(refused for _, refused in counts.values())
        cpu = usage.ru_utime + usage.ru_stime
        return Measured(seconds, cpu, usage.ru_maxrss / 1024, calls, refused)

    def _counts(self) -> dict[str, list[int]]:
        """Since they were last asked for."""
        found: dict[str, list[int]] = json.loads(self._ask(""))
        return found

    def _ask(self, line: str) -> str:
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()


@contextmanager
def account(size: Size, options: Sequence[str] = ()) -> Iterator[Account]:
    command = [sys.executable, "-m", "benchmarks.account", text_of(size), *options]
    pipe = subprocess.PIPE
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process,
    ):
        try:
            yield Account(process, Path(folder), size.window)
        finally:
            process.terminate()
