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

from benchmarks.account import text_of
from ecrm.workflow.configuration import QUOTAS
from tests.fake_aws.sample import Size

RULES = """
repositories:
  - name_pattern: "*"
    expires: 30d
guards:
  max_percent: 100
"""
_RAISED = "rate_limits:\n" + "".join(f"  {name}: 100000\n" for name in QUOTAS)  # `-c fast.yaml`


@dataclass(frozen=True)
class Measured:
    """One run: seconds, the most memory in MB, and how often each API was called and refused."""

    seconds: float
    megabytes: float
    calls: Mapping[str, int]
    throttled: int

    @property
    def total(self) -> int:
        return sum(self.calls.values())


class Account:
    """A fake AWS, and a folder to run ecrm in that leads there."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self._process = process
        self._folder = folder
        (folder / "ecrm.yaml").write_text(RULES)
        (folder / "fast.yaml").write_text(RULES + _RAISED)
        (folder / "half.yaml").write_text(RULES.replace("30d", "500d"))
        variables = json.loads(self._line())
        own = {"ECRM_CACHE_DIR": "cache", "ECRM_STATE_DIR": "state", "AWS_MAX_ATTEMPTS": "8"}
        self._environment = {**os.environ, **variables, **own, "PYTHONPATH": str(Path.cwd())}

    def run(self, *arguments: str) -> Measured:
        """`ecrm` with these arguments; it must end well."""
        self._calls()
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "ecrm", *arguments],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)  # or Popen takes it for running
        seconds = time.monotonic() - began
        if process.returncode:
            raise SystemExit(f"ecrm {' '.join(arguments)} failed")
        calls = self._calls()
        asked = {name: counts[0] for name, counts in sorted(calls.items())}
        refused = sum(counts[1] for counts in calls.values())
        return Measured(seconds, usage.ru_maxrss / 1024, asked, refused)

    def _calls(self) -> dict[str, list[int]]:
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        found: dict[str, list[int]] = json.loads(self._line())
        return found

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
            yield Account(process, Path(folder))
        finally:
            process.terminate()
