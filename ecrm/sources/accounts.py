"""The scan of many accounts: how far it is, which takes longest, and when one is given up."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import TypeVar

from ecrm.aws import Target
from ecrm.aws.executor import Workers, for_each_target
from ecrm.config.targets import Targets
from ecrm.model.scan import Progress

log = logging.getLogger(__name__)
R = TypeVar("R")


def of_targets(
    targets: Sequence[Target],
    limits: Targets | None,
    progress: Progress,
    read: Callable[[Target, Workers, Progress], R],
) -> list[R]:
    """`read` of every target. One that takes too long is no longer asked, so that what it did not
    answer is unread."""
    if limits is None:
        return for_each_target(targets, lambda target, workers: read(target, workers, progress))
    seconds = limits.account_time_limit.total_seconds()
    accounts = AccountsProgress(targets, progress)

    def within_limits(target: Target, workers: Workers) -> R:
        with target.rate_limiter.within(seconds), accounts.reading(target) as so_far:
            return read(target, workers, so_far)

    return for_each_target(targets, within_limits, limits.max_accounts_at_once)


class AccountsProgress:
    """Puts the number of accounts that are done, and the slowest, before what is being read."""

    def __init__(
        self,
        targets: Sequence[Target],
        progress: Progress,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._left: dict[str, int] = {}
        for target in targets:
            account = target.registry.account
            self._left[account] = self._left.get(account, 0) + 1
        self._progress = progress
        self._monotonic = monotonic
        self._lock = Lock()
        self._began: dict[str, float] = {}
        self._took: dict[str, float] = {}

    @contextmanager
    def reading(self, target: Target) -> Iterator[Progress]:
        """While a target is read; at the end of the last one, the log names the slowest account."""
        account = target.registry.account
        with self._lock:
            self._began.setdefault(account, self._monotonic())
        try:
            yield lambda text: self._progress(f"{self._so_far()}: {text}")
        finally:
            with self._lock:
                self._left[account] -= 1
                if not self._left[account]:
                    self._took[account] = self._monotonic() - self._began.pop(account)
                is_last = len(self._took) == len(self._left)
            if is_last:
                slowest = max(self._took, key=lambda account: self._took[account])
                log.info(
                    "%d accounts scanned; the slowest, %s, took %.0f s",
                    *(len(self._took), slowest, self._took[slowest]),
                )

    def _so_far(self) -> str:
        with self._lock:
            done = f"{len(self._took)} of {len(self._left)} accounts"
            if not self._began:
                return done
            oldest = min(self._began, key=lambda account: self._began[account])
            seconds = self._monotonic() - self._began[oldest]
        return f"{done}, {oldest} for {seconds:.0f} s"
