"""Runs the real command line against the fake, and says what must be true afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ecrm.cli.main import run
from ecrm.execution.journal.reading import load_journal
from ecrm.execution.journal.records import Contents
from ecrm.model.outcome import OutcomeStatus
from tests.fake_aws import FOREVER, FakeAws, Fault
from tests.fake_aws.calls import Calls
from tests.iam import beyond

from .account import CONFIG, Account, Key, in_use

FAILED, SOME_LEFT, STOPPED = 1, 4, 130

# What AWS may do at any time: hand out fewer than it was asked for.
SHORT = {
    "DescribeImages": ("maxResults", 60),
    "DescribeRepositories": ("maxResults", 3),
    "ListAliases": ("MaxItems", 1),
    "ListClusters": ("maxResults", 1),
    "ListFunctions": ("MaxItems", 5),
    "ListProvisionedConcurrencyConfigs": ("MaxItems", 1),
    "ListServices": ("maxResults", 10),
    "ListTaskDefinitionFamilies": ("maxResults", 3),
    "ListTaskDefinitions": ("maxResults", 3),
    "ListTasks": ("maxResults", 60),
}


def short_pages(aws: FakeAws) -> None:
    """Every listing takes several pages. To be placed after the faults, which come first."""

    def shortened(request: Any, answer: Any) -> Any:
        if request.operation in SHORT and "imageIds" not in request.parameters:
            name, size = SHORT[request.operation]
            request = replace(request, parameters=request.parameters | {name: size})
        return answer(request)

    aws.fault("*", "*", Fault(shortened), times=FOREVER)


@dataclass(frozen=True)
class Ran:
    """What one run left behind; `calls` are those that it made."""

    code: int
    out: str
    err: str
    calls: Calls
    journal: Path | None

    @property
    def deletions(self) -> list[Any]:
        return self.calls.of("ecr", "BatchDeleteImage")

    @property
    def errors(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("ecrm: error: ")]

    def written(self) -> Contents:
        assert self.journal, "the run wrote no journal"
        return load_journal(str(self.journal), pytest.fail)


@dataclass
class Desk:
    """Where ecrm is run from. What must survive is noted before anything is deleted."""

    account: Account
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str] | None = None
    config: str = CONFIG
    in_use: set[Key] = field(default_factory=set)
    before: set[Key] = field(default_factory=set)
    seen: int = 0

    def __post_init__(self) -> None:
        self.in_use = in_use(self.account)
        self.before = self.account.present()
        self.monkeypatch.chdir(self.folder)
        for name in [name for name in os.environ if name.startswith(("AWS_", "ECRM_"))]:
            self.monkeypatch.delenv(name)
        for name, value in self.environment().items():
            self.monkeypatch.setenv(name, value)

    def environment(self) -> dict[str, str]:
        """Nothing of the machine, and nothing that another test has left."""
        own = {"ECRM_STATE_DIR": "state", "ECRM_CACHE_DIR": "cache", "HOME": "."}
        return self.account.aws.env() | {
            name: str(self.folder / value) for name, value in own.items()
        }

    def run(self, *args: str) -> Ran:
        """In this process. A bug in ecrm raises here."""
        self._lay_out()
        known = self.journals()
        assert self.capture
        self.capture.readouterr()
        code = run(self._complete(args))
        out, err = self.capture.readouterr()
        ran = self._ran(code, out, err, known)
        assert not beyond(ran.calls, [args])
        return ran

    def delete(self, *args: str) -> Ran:
        return self.run("delete", "--force", *args)

    def spawn(self, *args: str, env: Mapping[str, str] | None = None, **how: Any) -> Any:
        """`python -m ecrm` as a process of its own."""
        self._lay_out()
        command = [sys.executable, "-m", "ecrm", *self._complete(args)]
        surroundings = {**os.environ, **(env or {}), "PYTHONPATH": str(_ROOT)}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, env=surroundings, cwd=self.folder, **pipes | how)

    def ended(self, process: Any) -> Ran:
        out, err = process.communicate(timeout=60)
        return self._ran(process.returncode, out or "", err or "", set())

    def journals(self) -> set[Path]:
        return set((self.folder / "state" / "journals").glob("*.jsonl"))

    def left(self) -> set[Key]:
        """What should be deleted and is still there."""
        return self.account.deletable & self.account.present()

    def _complete(self, args: Sequence[str]) -> list[str]:
        return [*args, "-c", "ecrm.yaml", "--scanned-files", "listed.json"]

    def _lay_out(self) -> None:
        (self.folder / "ecrm.yaml").write_text(self.config)
        (self.folder / "listed.json").write_text(json.dumps(self.account.listed))

    def _ran(self, code: int, out: str, err: str, known: set[Path]) -> Ran:
        calls = Calls(self.account.aws.calls[self.seen :])
        self.seen = len(self.account.aws.calls)
        new = self.journals() - known
        assert len(new) <= 1
        return Ran(code, out, err, calls, new.pop() if new else None)


_ROOT = Path(__file__).parents[2]


def nothing_in_use_is_gone(desk: Desk) -> None:
    """And nothing else that should be kept."""
    missing = (desk.before - desk.account.deletable) - desk.account.present()
    assert not missing & desk.in_use
    assert not missing


def the_exit_code_is_true(desk: Desk, ran: Ran) -> None:
    if ran.code == 0:
        assert not desk.left()
    elif ran.code == SOME_LEFT:
        assert desk.left()
    else:
        assert ran.code == FAILED
        assert not ran.calls.writes
        assert desk.account.present() == desk.before
    assert "Traceback" not in ran.err
    assert all(line.startswith("ecrm: ") for line in ran.err.splitlines() if line.strip())
    assert bool(ran.errors) == bool(ran.code)


def the_journal_is_true(desk: Desk, ran: Ran, *, complete: bool = True) -> None:
    """What it calls deleted is gone; what is gone is in it, with all that brings it back."""
    gone = desk.before - desk.account.present()
    if ran.journal is None:
        assert not gone
        return
    contents = ran.written()
    entries = {(entry.repository, entry.image.digest): entry for entry in contents.entries}
    assert gone <= set(entries)
    for key, entry in entries.items():
        if entry.status in (
            OutcomeStatus.DELETED,
            OutcomeStatus.ARCHIVED,
            OutcomeStatus.ALREADY_GONE,
        ):
            assert key in gone
        elif entry.status is OutcomeStatus.FAILED and "looking for it failed" not in entry.detail:
            assert key not in gone
        if entry.manifest is not None:
            assert sha256(entry.manifest.encode()).hexdigest() == key[1].removeprefix("sha256:")
        assert (entry.manifest is None) == (key in desk.account.archivable)
    assert bool(contents.end and contents.end.complete) is complete


def running_again_finishes(desk: Desk) -> Ran:
    """When the weather has cleared."""
    desk.account.aws.clear_weather()
    ran = desk.delete()
    assert ran.code == 0, ran.err
    assert not desk.left()
    nothing_in_use_is_gone(desk)
    return ran
