"""What all fault tests share: an account behind a fake AWS, and a desk to run ecrm from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_aws import FakeAws

from .account import Account
from .building import build
from .driving import Desk


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """No quota is waited for."""
    monkeypatch.setattr("ecrm.aws.rate_limits.TokenBucket.take", lambda _: None)


@pytest.fixture
def account() -> Iterator[Account]:
    with FakeAws() as aws:
        yield build(aws)


@pytest.fixture
def desk(
    account: Account,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Desk:
    return Desk(account, tmp_path, monkeypatch, capfd)
