"""The threads of a run, and how many of them work for one target."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Condition, Lock
from typing import Any, Generic, Protocol, TypeVar

from ecrm.aws.rate_limits import RateLimiter, StoppedError
from ecrm.model.reference import Registry

T = TypeVar("T")
R = TypeVar("R")

_MOST_THREADS = 256


class Limited(Protocol):
    """What must be known of a target."""

    @property
    def registry(self) -> Registry: ...

    @property
    def workers(self) -> int: ...

    @property
    def rate_limiter(self) -> RateLimiter: ...


LimitedT = TypeVar("LimitedT", bound=Limited)


class Batch(Generic[T, R]):
    """A function of many items, which any number of threads work through together."""

    def __init__(
        self, function: Callable[[T], R], items: Sequence[T], stop: Callable[[], object]
    ) -> None:
        self._function = function
        self._stop = stop  # called at a failure, so that what is in flight ends soon
        self._items = items
        self._results: dict[int, R] = {}
        self._failures: list[BaseException] = []
        self._begun = self._ended = 0
        self._changed = Condition()

    def has_more(self) -> bool:
        """Whether an item is left to begin; none is begun after a failure."""
        return not self._failures and self._begun < len(self._items)

    @property
    def in_flight(self) -> int:
        return self._begun - self._ended

    def work_once(self) -> bool:
        """Begin an item and end it; False where none is left."""
        with self._changed:
            if not self.has_more():
                return False
            place = self._begun
            self._begun += 1
        try:
            self._results[place] = self._function(self._items[place])
        except BaseException as error:  # noqa: BLE001 - `results` raises it
            self._failures.append(error)
            self._stop()
        with self._changed:
            self._ended += 1
            self._changed.notify_all()
        return True

    def results(self) -> list[R]:
        """When all that was begun has ended. Raises the first failure."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended == self._begun)
        # What stopped the others comes before their being stopped.
        for error in sorted(self._failures, key=lambda error: isinstance(error, StoppedError)):
            raise error
        return [self._results[place] for place in range(len(self._items))]


class Workers:
    """At most `workers` threads of the pool, however deep `map` is nested.

    Whoever calls `map` works, too, so that no thread waits for one that waits in turn. `stop` is
    called at the first failure, so that what is in flight ends soon.
    """

    def __init__(
        self,
        workers: int,
        pool: ThreadPoolExecutor | None = None,
        stop: Callable[[], object] = lambda: None,
    ) -> None:
        self._stop = stop
        self._free = workers - 1 if pool else 0  # one is whoever calls `map` first
        self._pool = pool
        self._lock = Lock()
        self._batches: list[Batch[Any, Any]] = []

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """`function` of every item, in the order of the items.

        Raises the first failure when all that was begun has ended; nothing is begun after it.
        """
        listed = list(items)
        batch = Batch(function, listed, self._stop)
        self._begin(batch, len(listed) - 1)
        try:
            while batch.work_once():
                pass
            return batch.results()
        finally:
            with self._lock:
                self._batches.remove(batch)

    def _begin(self, batch: Batch[Any, Any], wanted: int) -> None:
        with self._lock:
            self._batches.append(batch)
            helpers = max(0, min(self._free, wanted))
            self._free -= helpers
        for _ in range(helpers):
            if self._pool:
                self._pool.submit(self._help)

    def _help(self) -> None:
        """Work for the target until nothing is left to begin, each time where the fewest do: one
        kind of calls that waits for its quota must not keep all threads from the others."""
        while True:
            with self._lock:
                batches = [batch for batch in self._batches if batch.has_more()]
                if not batches:
                    self._free += 1
                    return
            min(batches, key=lambda batch: batch.in_flight).work_once()


def map_concurrently(function: Callable[[T], R], items: Iterable[T], workers: int) -> list[R]:
    """As `Workers.map`, with as many threads as there are workers."""
    with ThreadPoolExecutor(workers) as pool:
        return Workers(workers, pool).map(function, items)


def for_each_target(
    targets: Sequence[LimitedT],
    read: Callable[[LimitedT, Workers], R],
    accounts_at_once: int | None = None,
) -> list[R]:
    """`read` of every target, with the threads that may work for it, in the order of the targets.

    The targets of an account are read side by side, and so are the accounts, at most
    `accounts_at_once`. What one target raises leaves the others' work alone: it is raised when
    theirs has ended. Ctrl-C stops them all. Where every target has one worker, the thread that asks
    is that.
    """
    if all(target.workers <= 1 for target in targets):
        return [read(target, _workers(target)) for target in targets]
    accounts: dict[str, list[int]] = {}
    for place, target in enumerate(targets):
        accounts.setdefault(target.registry.account, []).append(place)
    threads = min(sum(target.workers for target in targets), _MOST_THREADS)
    futures: dict[int, Future[R]] = {}

    def read_account(places: Sequence[int], pool: ThreadPoolExecutor) -> None:
        """Each target has a thread of its own, so that none waits for those of another."""
        with ThreadPoolExecutor(len(places)) as own:
            found = [
                own.submit(read, targets[place], _workers(targets[place], pool)) for place in places
            ]
        futures.update(zip(places, found, strict=True))

    with (
        ThreadPoolExecutor(threads) as pool,
        ThreadPoolExecutor(min(accounts_at_once or len(accounts), len(accounts))) as leaders,
    ):
        try:
            led = [leaders.submit(read_account, places, pool) for places in accounts.values()]
            wait(led)
        except BaseException:
            leaders.shutdown(wait=False, cancel_futures=True)
            for target in targets:
                target.rate_limiter.stop()
            raise
    for account in led:
        account.result()  # such as a thread that could not be started
    return [futures[place].result() for place in range(len(targets))]


def _workers(target: Limited, pool: ThreadPoolExecutor | None = None) -> Workers:
    """A failure stops the rate limiter of the target."""
    return Workers(target.workers, pool, target.rate_limiter.stop)
