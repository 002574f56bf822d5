"""Many accounts are read side by side, and one that hangs holds up nobody else."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event, Lock
from typing import Any

import pytest

from ecrm.aws import RateLimiter, Target
from ecrm.aws.executor import Workers, for_each_target
from ecrm.aws.rate_limits import StoppedError
from ecrm.config.targets import Targets
from ecrm.model.reference import Registry
from ecrm.model.scan import Progress
from ecrm.sources.accounts import AccountsProgress, of_targets
from tests.stubs import session


def targets(accounts: int, regions: int = 1, **more: Any) -> list[Target]:
    return [
        Target(
            Registry(f"{account:012}", f"eu-west-{region}"),
            session(),
            rate_limiter=RateLimiter(),
            **more,
        )
        for account in range(accounts)
        for region in range(regions)
    ]


def test_an_account_that_hangs_does_not_hold_the_rest():
    others, lock, left = Event(), Lock(), {f"{account:012}" for account in range(1, 9)}

    def read(target: Target, workers: Workers) -> str:
        if target.registry.account == "0" * 12:
            assert others.wait(20)
        with lock:
            left.discard(target.registry.account)
            if not left:
                others.set()
        return str(target)

    every = targets(9, workers=2)
    assert for_each_target(every, read, 2) == [str(target) for target in every]


def test_no_more_accounts_are_read_at_once_than_are_wanted():
    lock, now, most = Lock(), set[str](), 0

    def read(target: Target, workers: Workers) -> None:
        nonlocal most
        with lock:
            now.add(target.registry.account)
            most = max(most, len(now))
        Event().wait(0.001)
        with lock:
            now.discard(target.registry.account)

    for_each_target(targets(12, workers=2), read, 3)
    assert most <= 3


def test_what_keeps_an_account_from_being_begun_is_raised(monkeypatch: pytest.MonkeyPatch):
    """Such as a thread that cannot be started."""

    def refused(*_: Any) -> Workers:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("ecrm.aws.executor._workers", refused)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        for_each_target(targets(2, workers=2), lambda *_: None, 2)


def test_ctrl_c_begins_no_account_more(monkeypatch: pytest.MonkeyPatch):
    """With 200 accounts, of which four are in flight."""
    begun: list[str] = []
    started = Event()

    def read(target: Target, workers: Workers) -> None:
        begun.append(target.registry.account)
        started.set()
        while True:
            target.rate_limiter.take("ecs", "ListTasks")

    def interrupted(*_: Any) -> None:
        started.wait(20)
        raise KeyboardInterrupt

    monkeypatch.setattr("ecrm.aws.executor.wait", interrupted)
    every = targets(200, workers=2)
    for target in every:
        monkeypatch.setattr(target.rate_limiter, "take", stopping(target.rate_limiter))
    with pytest.raises(KeyboardInterrupt):
        for_each_target(every, read, 4)
    assert len(begun) <= 4


def stopping(rate_limiter: RateLimiter) -> Callable[..., None]:
    """As a bucket that is empty: waits until the run ends."""

    def take(*_: Any) -> None:
        rate_limiter._stopped.wait(20)
        raise StoppedError

    return take


def test_the_progress_says_how_many_are_done_and_which_takes_longest():
    seconds, shown = [0.0], list[str]()
    every = targets(2, regions=2)
    progress = AccountsProgress(every, shown.append, lambda: seconds[0])
    with progress.reading(every[0]) as first:
        seconds[0] = 5
        with progress.reading(every[2]) as third:
            third("ecs")
        first("lambda")
    with progress.reading(every[1]), progress.reading(every[3]) as last:
        seconds[0] = 8
        last("ecs")
    assert shown == [
        "0 of 2 accounts, 000000000000 for 5 s: ecs",
        "0 of 2 accounts, 000000000000 for 5 s: lambda",
        "0 of 2 accounts, 000000000000 for 8 s: ecs",
    ]


def test_the_slowest_account_is_logged(caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO", "ecrm")

    def read(target: Target, workers: Workers, progress: Progress) -> str:
        return str(target)

    limits = Targets(max_accounts_at_once=1, account_time_limit=timedelta(hours=1))
    every = targets(2, workers=2)
    assert of_targets(every, limits, print, read) == [str(target) for target in every]
    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith("2 accounts scanned; the slowest, 00000000000")
    caplog.clear()
    assert of_targets(every, None, print, read) == [str(target) for target in every]
    assert not caplog.records
