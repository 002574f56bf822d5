"""A user's folder, with nothing of AWS or ecrm in the environment, and an account to look at."""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.driving import HOST, RUNS, Ecrm
from tests.fake_aws import FakeAws, Image, Repository, days_ago
from tests.iam import beyond

RULES = """
    repositories:
      - name_pattern: "*"
        expires: 30d
"""
_THEIRS = ("AWS_", "BOTO", "ECRM_", "XDG_", "NO_COLOR", "FORCE_COLOR", "COLUMNS")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, an empty home, and nothing that anyone has set; the state folder."""
    for name in list(os.environ):
        if name.startswith(_THEIRS):
            monkeypatch.delenv(name)
    for folder in ("work", "home"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ECRM_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """No quota is waited for."""
    monkeypatch.setattr("ecrm.aws.rate_limits.TokenBucket.take", lambda _: None)


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """A run sets up the logging of its process; here it must not outlive the test."""
    logger = logging.getLogger("ecrm")
    before = logger.handlers, logger.propagate, logger.level
    yield
    logger.handlers, logger.propagate, logger.level = before


@pytest.fixture
def ecrm(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ecrm:
    """The command line, and an ecrm.yaml by which every image expires after 30 days."""
    made = Ecrm(capsys, monkeypatch)
    made.config(RULES)
    return made


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    """An empty account, to which the environment leads. No command may call there what the policy
    that `ecrm iam-policy` prints for it does not allow."""
    RUNS.clear()
    with FakeAws() as fake:
        for name, value in fake.env().items():
            monkeypatch.setenv(name, value)
        yield fake
    assert not beyond(fake.calls, RUNS)


@pytest.fixture
def another_use(aws: FakeAws) -> None:
    """Something is in use in this registry, in a repository that no test has."""
    aws.ecs.task_definition("another", f"{HOST}/another:v1")


@dataclass
class Shop:
    """One repository: only `old` is deletable; a service runs `used`, `latest` has that tag, and
    `young` was pushed lately. All have 10 MB."""

    aws: FakeAws
    repository: Repository
    old: Image
    used: Image
    latest: Image
    young: Image

    @property
    def deleted(self) -> list[str]:
        """All digests that anyone wanted deleted, call by call."""
        calls = self.aws.calls.of("ecr", "BatchDeleteImage")
        return [image["imageDigest"] for call in calls for image in call.parameters["imageIds"]]


@pytest.fixture
def shop(aws: FakeAws) -> Shop:
    api = aws.ecr.repository("shop/api")
    old = api.push("v1", pushed=days_ago(100))
    used = api.push("v2", pushed=days_ago(90))
    latest = api.push("latest", pushed=days_ago(80))
    young = api.push("v4", pushed=days_ago(5))
    aws.ecs.cluster("prod").service("web", aws.ecs.task_definition("web", used))
    return Shop(aws, api, old, used, latest, young)
