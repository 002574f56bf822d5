"""How fast AWS may be asked: one token bucket per quota, for one account and region.

Where AWS publishes a rate, calls are made at that rate from the start. Where it publishes none,
the first call that is refused as too fast shows the limit. Either way a bucket that is refused
gives way at once and comes back step by step, since others may be drawing from the same quota.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import inf
from threading import Event, Lock

from ecrm.config.quotas import Quota
from ecrm.errors import AwsError

_BURST = 0.9
"""The part of a burst that is taken, so that calls that bunch up on their way are not refused."""
_GIVE_WAY = 0.7
_STEPS_BACK = 20  # seconds until a bucket that gave way is as fast as it was when refused
_ONE_EVENT = 1.0  # seconds within which refusals are answers to the same speed
_SLOWEST = 0.5  # calls per second


class StoppedError(Exception):
    """The run is ending, so no call may be begun. Nobody sees it: what ended the run is told."""


class TokenBucket:
    """A token bucket that many threads share. `rate` is in calls per second, None for no limit;
    `monotonic` gives seconds, and `sleep` waits for so many."""

    def __init__(
        self,
        burst: float,
        rate: float | None,
        monotonic: Callable[[], float],
        sleep: Callable[[float], object],
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = Lock()
        self._limit = self._rate = rate
        self._burst = self._tokens = burst
        self._step = 0.0  # what a second adds to a rate that gave way
        self._filled_at = monotonic()
        self._gave_way_at = float("-inf")
        self._second = (self._filled_at, 0, 0.0)  # when it began, calls in it, calls in the last

    def take(self) -> None:
        """Return when the next call may be made."""
        with self._lock:
            wait = self._reserve()
        if wait > 0:
            self._sleep(wait)

    def refused(self) -> None:
        """AWS refused a call as too fast: use nothing that was saved up, and slow down."""
        with self._lock:
            now = self._monotonic()
            self._tokens = min(self._tokens, 0.0)
            if now - self._gave_way_at > _ONE_EVENT:
                self._gave_way_at = now
                _, this_second, last_second = self._second
                refused_at = self._rate or max(this_second, last_second)
                self._rate = max(refused_at * _GIVE_WAY, _SLOWEST)
                self._step = (refused_at - self._rate) / _STEPS_BACK

    def waited_for(self) -> float | None:
        """The rate where calls wait for their turn; None where there are tokens left, so that what
        takes long is something else."""
        with self._lock:
            if self._rate is None:
                return None
            passed = self._monotonic() - self._filled_at
            return self._rate if self._tokens + passed * self._rate < 0 else None

    def _reserve(self) -> float:
        """Take a token, perhaps one that is not there yet; the seconds until it is."""
        now = self._monotonic()
        self._count(now)
        passed, self._filled_at = now - self._filled_at, now
        if self._rate is None:
            return 0.0
        faster = self._rate + passed * self._step
        self._rate = min(faster, self._limit) if self._limit else faster
        self._tokens = min(self._tokens + passed * self._rate, self._burst) - 1
        return max(-self._tokens / self._rate, 0.0)

    def _count(self, now: float) -> None:
        began, calls, _ = self._second
        if now - began < 1:
            self._second = (began, calls + 1, self._second[2])
        else:
            self._second = (now, 1, calls / (now - began))


class RateLimiter:
    """The buckets of one account and region, one for each quota. `rates` are those of quotas that
    AWS raised, by their names. What has no quota, such as the journal in S3, is not limited."""

    def __init__(
        self,
        quotas: Mapping[str, Quota] | None = None,
        rates: Mapping[str, int] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stopped = Event()
        self._buckets = {
            name: TokenBucket(
                quota.burst * _BURST,
                (rates or {}).get(name, quota.rate),
                monotonic,
                self._stopped.wait,
            )
            for name, quota in (quotas or {}).items()
        }
        self._quotas = quotas or {}
        self._names: dict[tuple[str, str], str | None] = {}  # asked for before every attempt
        self._monotonic = monotonic
        self._ends_at = inf

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """No call is made in here after so many seconds."""
        self._ends_at = self._monotonic() + seconds
        try:
            yield
        finally:
            self._ends_at = inf

    def take(self, service: str, operation: str) -> None:
        """Return when this call may be made. Raises StoppedError when none may any more, and
        AwsError where the time is over that there is for them."""
        if self._monotonic() > self._ends_at:
            raise AwsError(
                f"{service}:{operation}: not asked: account_time_limit is over; raise it under "
                "targets, or find out why the account answers so slowly"
            )
        if name := self._quota(service, operation):
            self._buckets[name].take()
            if self._stopped.is_set():
                raise StoppedError

    def refused(self, service: str, operation: str) -> None:
        """AWS refused this call as too fast."""
        if name := self._quota(service, operation):
            self._buckets[name].refused()

    def waited_for(self, service: str, operation: str) -> float | None:
        """The calls per second of the quota of this call, where calls wait for it."""
        name = self._quota(service, operation)
        return self._buckets[name].waited_for() if name else None

    def stop(self) -> None:
        """No call is begun any more, and nobody waits for their turn."""
        self._stopped.set()

    def _quota(self, service: str, operation: str) -> str | None:
        """The name of the quota that counts this call."""
        call = (service, operation)
        if call not in self._names:
            own = {name: quota for name, quota in self._quotas.items() if quota.service == service}
            exact = [name for name, quota in own.items() if operation in quota.operations]
            rest = [name for name, quota in own.items() if not quota.operations]
            self._names[call] = next(iter(exact + rest), None)
        return self._names[call]
