"""Who ecrm is on AWS: at home, where it keeps its own files, and in each target that it plans."""

import logging
import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Lock

from ecrm.aws import WORKERS, RateLimiter, Target, connect
from ecrm.aws.cache.caching import Cache, NoCache
from ecrm.aws.cache.folder import cache_folder
from ecrm.aws.counter import CallCounter
from ecrm.aws.targets import Account, Resolution, Resolved, resolve
from ecrm.config import Config
from ecrm.config.targets import RegistryEntry
from ecrm.errors import AwsError, UsageError
from ecrm.model.deadline import NO_DEADLINE, Deadline
from ecrm.model.organization import UNKNOWN, Organization
from ecrm.model.pattern import glob_matches
from ecrm.model.reference import Registry
from ecrm.model.scan import Progress, SourceReport
from ecrm.reports.calls import calls_text, stats_text
from ecrm.workflow.configuration import QUOTAS
from ecrm.workflow.iam_policy.roles import session_policy

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
    journals, reports, state) and notifies; `targets` are scanned and planned, unless the
    configuration names targets, which then are `reached` from home. One connection may be both."""

    home: Connection
    targets: tuple[Connection, ...]
    reached: list[Target] = field(default_factory=list)

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
        counters = {
            id(target.call_counter): target.call_counter for target in (*connected, *self.reached)
        }
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


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Globs: ids or names of accounts, and regions. What is planned is of one of each kind, where
    there are any; what is scanned is never narrowed."""

    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()

    def covers(self, registry: Registry, name: str = "") -> bool:
        of_account = any(
            glob_matches(glob, text) for glob in self.accounts for text in (registry.account, name)
        )
        of_region = any(glob_matches(glob, registry.region) for glob in self.regions)
        return (of_account or not self.accounts) and (of_region or not self.regions)


EVERYTHING = Narrowing()


@dataclass(frozen=True, slots=True)
class Connected:
    """`targets` are scanned, and of those `planned` are planned. `reports` say which accounts and
    regions could not be reached or are left out; `resolution` has all accounts of `targets` in
    ecrm.yaml, if there are any."""

    targets: tuple[Target, ...]
    planned: tuple[Target, ...]
    resolution: Resolution | None = None

    @property
    def reports(self) -> tuple[SourceReport, ...]:
        return self.resolution.reports if self.resolution else ()

    @property
    def accounts(self) -> tuple[Resolved, ...]:
        if self.resolution:
            return self.resolution.accounts
        return tuple(_alone(target) for target in self.targets)

    @property
    def organization(self) -> Organization:
        return self.resolution.organization if self.resolution else UNKNOWN


@contextmanager
def connected(
    connections: Connections,
    config: Config | None = None,
    *,
    use_cache: bool = True,
    stats: bool = False,
    narrowing: Narrowing = EVERYTHING,
    scans: bool = True,
    progress: Progress = lambda _: None,
) -> Iterator[Connected]:
    """The targets, each with rate limits of its own; the calls are logged at the end, with `stats`
    API by API. Where nothing `scans`, only the accounts of registries are connected."""
    began = time.monotonic()
    targets, resolution = _targets(connections, config, scans=scans, progress=progress)
    planned = _planned(targets, resolution, narrowing)
    rate_limits = config.rate_limits if config else {}
    # Whether a recorded pull is ecrm's own matters only where pulls do.
    remembers = config is not None and any(rule.keep_pulled_within for rule in config.repositories)
    with _cache(targets, use_cache=use_cache, remembers=remembers) as cache:
        ready = tuple(
            replace(
                target,
                rate_limiter=RateLimiter(QUOTAS, rate_limits),
                cache=cache if _is_cacheable(target) else NoCache(),
                memory=cache if remembers else NoCache(),
            )
            for target in targets
        )
        yield Connected(
            ready, tuple(target for target in ready if target.registry in planned), resolution
        )
        seconds = time.monotonic() - began
        calls = connections.counted()
        log.info("%s", calls_text(calls, seconds))
        log.log(logging.INFO if stats else logging.DEBUG, "%s", stats_text(calls, cache.hits))


def refuse_unreached(reached: Connected, registries: Collection[Registry]) -> None:
    """Raises AwsError, with what could not be reached of them."""
    accounts = {registry.account for registry in registries}
    lines = [
        line
        for report in reached.reports
        for line in report.unread
        if report.registry and report.registry.account in accounts
    ]
    if lines:
        raise AwsError("\n".join(lines))


def _targets(
    connections: Connections, config: Config | None, *, scans: bool, progress: Progress
) -> tuple[tuple[Target, ...], Resolution | None]:
    if config is None or config.targets is None:
        return tuple(connection() for connection in connections.targets), None
    home = connections.home()
    resolution = resolve(
        config.targets, home, session_policy(), progress=progress, only_registries=not scans
    )
    connections.reached.extend(resolution.targets)
    return resolution.targets, resolution


def _alone(target: Target) -> Resolved:
    """A target that no configuration names is planned."""
    account, region = target.registry.account, target.registry.region
    registry = RegistryEntry(account, (region,))
    return Resolved(Account(account, registry=registry, is_own=True), (target,))


def _planned(
    targets: tuple[Target, ...], resolution: Resolution | None, narrowing: Narrowing
) -> frozenset[Registry]:
    """Raises UsageError where nothing would be planned."""
    registries = (
        resolution.registries if resolution else {target.registry: "" for target in targets}
    )
    if not registries:
        raise UsageError("targets: no registry to plan; name one under targets.registries")
    found = {where for where, name in registries.items() if narrowing.covers(where, name)}
    if not found:
        known = ", ".join(map(str, registries))
        raise UsageError(f"--account and --region-filter leave no registry of {known}")
    return frozenset(found)


def _cache(targets: tuple[Target, ...], *, use_cache: bool, remembers: bool) -> Cache:
    folder = cache_folder(os.environ)
    is_of_use = use_cache and (remembers or any(_is_cacheable(target) for target in targets))
    return Cache.open(folder) if is_of_use and folder else NoCache()


def _is_cacheable(target: Target) -> bool:
    """Not where something stands in for AWS, unless asked: one ARN may name many things there."""
    return target.is_aws or bool(os.environ.get("ECRM_CACHE_DIR"))
