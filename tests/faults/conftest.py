"""What all fault tests share: an account behind a fake AWS, and a desk to run ecrm from."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from types import SimpleNamespace

import botocore.hooks
import botocore.loaders
import botocore.useragent
import pytest

from tests.fake_aws import FakeAws

from .account import Account
from .building import build
from .driving import Desk


@pytest.fixture(scope="session", autouse=True)
def _no_work_twice() -> Iterator[None]:
    """Most of the time of a short run goes into what botocore does anew for every client (it reads
    its descriptions of the services) and for every call (it looks at names and at itself)."""
    models = botocore.loaders.create_loader()
    aliaser = botocore.hooks.EventAliaser
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", lambda _=None: models)
        patch.setattr(aliaser, "_alias_event_name", lru_cache(9999)(aliaser._alias_event_name))
        sanitized = cache(botocore.useragent.sanitize_user_agent_string_component)
        patch.setattr("botocore.useragent.sanitize_user_agent_string_component", sanitized)
        gc.freeze()
        yield
        gc.unfreeze()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries come at once, and no quota is waited for."""
    hurried = SimpleNamespace(**vars(time) | {"sleep": lambda _: None})
    monkeypatch.setattr("botocore.endpoint.time", hurried)
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
