"""Who ecrm is on AWS: at home, where it keeps its own files, and in each target that it plans."""

import logging
import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Lock

from ecrm.aws import WORKERS, RateLimiter, Target, connect
from ecrm.aws.cache.caching import Cache, NoCache
from ecrm.aws.cache.folder import cache_folder
from ecrm.aws.counter import CallCounter
from ecrm.config import Config
from ecrm.model.deadline import NO_DEADLINE, Deadline
from ecrm.model.reference import Registry
from ecrm.reports.calls import calls_text
from ecrm.workflow.configuration import QUOTAS

log = logging.getLogger(__name__)


class Connection:
    """Connects to AWS when it is first called, and never again. `registry` is where it leads, if
    that is known before."""

    def __init__(self, connect: Callable[[], Target], registry: Registry | None = None) -> None:
        self.registry = registry
        self._connect = connect
        self._connecting = Lock()
        self.target: Target | None = None
        """None until it has connected."""

    def __call__(self) -> Target:
        with self._connecting:
            if self.target is None:
                self.target = self._connect()
            return self.target


@dataclass(frozen=True, slots=True)
class Connections:
    """`home` reads and writes what is ecrm's own (configuration, scanned files, plan files,
    journals, reports, state) and notifies; `targets` are scanned and planned. One connection may
    be both."""

    home: Connection
    targets: tuple[Connection, ...]

    @property
    def registries(self) -> set[Registry]:
        """Those of the targets that are known before they connect."""
        return {target.registry for target in self.targets if target.registry}

    def of(self, registries: Collection[Registry]) -> "Connections":
        """Those alone of which one of the registries may be the target."""
        wanted = {None, *registries}
        return replace(
            self,
            targets=tuple(target for target in self.targets if target.registry in wanted),
        )

    def counted(self) -> CallCounter:
        """The calls of all connections so far."""
        connected = [
            connection.target for connection in (self.home, *self.targets) if connection.target
        ]
        counters = {id(target.call_counter): target.call_counter for target in connected}
        total = CallCounter()
        for counter in counters.values():
            total.calls.update(counter.calls)
            total.throttled += counter.throttled
        return total


def one_target(
    profile: str | None = None,
    region: str | None = None,
    *,
    workers: int = WORKERS,
    deadline: Deadline = NO_DEADLINE,
) -> Connections:
    """One account in one region, which is home and target."""
    home = Connection(lambda: connect(profile, region, workers=workers, deadline=deadline))
    return Connections(home, (home,))


@contextmanager
def connected(
    connections: Connections, config: Config | None = None, *, use_cache: bool = True
) -> Iterator[tuple[Target, ...]]:
    """The targets, each with rate limits of its own; the calls are logged at the end."""
    began = time.monotonic()
    targets = tuple(connection() for connection in connections.targets)
    rate_limits = config.rate_limits if config else {}
    # Whether a recorded pull is ecrm's own matters only where pulls do.
    remembers = config is not None and any(rule.keep_pulled_within for rule in config.repositories)
    with _cache(targets, use_cache=use_cache, remembers=remembers) as cache:
        yield tuple(
            replace(
                target,
                rate_limiter=RateLimiter(QUOTAS, rate_limits),
                cache=cache if _is_cacheable(target) else NoCache(),
                memory=cache if remembers else NoCache(),
            )
            for target in targets
        )
        seconds = time.monotonic() - began
        log.info("%s", calls_text(connections.counted(), cache.hits, seconds))


def _cache(targets: tuple[Target, ...], *, use_cache: bool, remembers: bool) -> Cache:
    folder = cache_folder(os.environ)
    is_of_use = use_cache and (remembers or any(_is_cacheable(target) for target in targets))
    return Cache.open(folder) if is_of_use and folder else NoCache()


def _is_cacheable(target: Target) -> bool:
    """Not where something stands in for AWS, unless asked: one ARN may name many things there."""
    return target.is_aws or bool(os.environ.get("ECRM_CACHE_DIR"))
