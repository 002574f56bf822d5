"""From a request to a run: configuration, targets, holdings and the time.

This is where the clock and the environment are read.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache as once
from math import inf
from typing import Any

from ecrm import sources
from ecrm.aws import WORKERS, RateLimiter, Target, connect
from ecrm.aws.cache import Cache, NoCache, cache_folder
from ecrm.aws.storage import ClientFactory, is_remote, no_aws, read, read_text
from ecrm.config import Config, ExternalCommand
from ecrm.errors import ConfigError, InputError, UsageError
from ecrm.execution.journal import Journal, journal_name, open_sink
from ecrm.model.deadline import NO_DEADLINE, Deadline
from ecrm.model.rule import Action
from ecrm.model.scan import Progress, Scan
from ecrm.planning.planner import PlanningContext, RegistryReader, planning_context
from ecrm.planning.snapshot import Snapshot, read_snapshot
from ecrm.registry.inventory import Inventory
from ecrm.reports.calls import calls_text
from ecrm.workflow.configuration import QUOTAS, from_bytes, load, parse
from ecrm.workflow.state import state_folder

log = logging.getLogger(__name__)


CONFIG_TEXT = "ECRM_CONFIG_YAML"
"""The variable that holds the configuration itself, where no place of one is given."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line or an event asks for.

    `config`, `scanned_files`, `snapshot` and `journal` are places (see `places`); `config_text` is
    a configuration itself, and comes before `config`; `parsed` has been read before, and comes
    before both. `guards` are those given besides ecrm.yaml's; `snapshot` is planned from instead
    of AWS; `now` moves the clock, to a time or by a span; `action` overrides that of every rule;
    with `list_kept` a plan lists what stays, too. `state` is where the last run left what it knew;
    without it, ECRM_STATE_DIR tells. `name` tells this run from others of the same second, in the
    name of its journal. `workers` is how many calls of one kind may be in flight at once; without
    `cache` nothing is remembered from run to run.
    """

    config: str = "ecrm.yaml"
    config_text: str | None = None
    parsed: Config | None = None
    profile: str | None = None
    region: str | None = None
    repository: str | None = None
    scan: bool = True
    scanned_files: tuple[str, ...] = ()
    guards: tuple[tuple[str, object], ...] = ()
    no_guards: bool = False
    action: Action | None = None
    list_kept: bool = False
    snapshot: str | None = None
    now: datetime | timedelta | None = None
    journal: str | None = None
    state: str | None = None
    name: str = ""
    deadline: Deadline = NO_DEADLINE
    workers: int = WORKERS
    cache: bool = True


@dataclass(frozen=True, slots=True)
class Run:
    """A request whose configuration is read and whose holdings are within reach.

    `targets` is empty where the holdings are a snapshot's. `reach` connects to AWS, once, for what
    is kept there.
    """

    request: Request
    config: Config
    targets: tuple[Target, ...]
    inventory: RegistryReader
    now: datetime
    progress: Progress
    clients: ClientFactory = no_aws


def client_factory(request: Request) -> Callable[[], Target]:
    """Connects to AWS as the request says, when it is first called, and then never again."""
    where = (request.profile, request.region)
    return once(lambda: connect(*where, workers=request.workers, deadline=request.deadline))


@contextmanager
def start(
    request: Request, progress: Progress, clients: Callable[[], Target] | None = None
) -> Iterator[Run]:
    """Read the configuration, then find out who we are on AWS; in this order, since a mistake in
    ecrm.yaml should not cost a call. At the end, what was asked of AWS is told."""
    if not request.scan and not request.scanned_files:
        raise UsageError("--no-scan without --scanned-files would take every image for unused")
    clients = clients or client_factory(request)
    config = _guarded(_configuration(request, clients), request)
    for warning in config.warnings:
        log.warning("%s", warning)
    if request.snapshot:
        snapshot = read_snapshot(read_text(request.snapshot, clients), request.snapshot)
        now = _moved(snapshot.scan.at, request)
        yield Run(request, config, (), snapshot, now, progress, clients)
        return
    with connected(request, clients, config) as target:
        now = _moved(datetime.now(UTC), request)
        yield Run(request, config, (target,), Inventory((target,)), now, progress, clients)


@contextmanager
def connected(
    request: Request, clients: Callable[[], Target] | None = None, config: Config | None = None
) -> Iterator[Target]:
    """The account and region that the request means, asked at the pace of the configuration."""
    began = time.monotonic()
    target = (clients or client_factory(request))()
    with _cache(request, target) as cache:
        yield replace(
            target,
            rate_limiter=RateLimiter(QUOTAS, config.rate_limits if config else {}),
            cache=cache,
        )
        log.info("%s", calls_text(target.call_counter, cache.hits, time.monotonic() - began))


def _cache(request: Request, target: Target) -> Cache:
    """None, unless it is asked for, where something stands in for AWS: there one ARN may be the
    name of many things."""
    folder = cache_folder(os.environ)
    stands_in = not target.is_aws and "ECRM_CACHE_DIR" not in os.environ
    return Cache.open(folder) if request.cache and folder and not stands_in else NoCache()


def run_name(run: Run) -> str:
    """Such as `20261122T013000Z-123456789012-us-east-1`, and the name of the request."""
    target = run.targets[0].registry
    return "-".join(filter(None, (journal_name(run.now, target), run.request.name)))


def scan(run: Run) -> Scan:
    """What is in use. An incomplete scan is a value too; who needs a complete one asks."""
    config = replace(run.config, external_commands=_in_time(run))
    if isinstance(run.inventory, Snapshot) and run.request.scan:
        config = replace(config, external_commands=(), files=())
    found = sources.scan(
        run.targets,
        config,
        run.request.scanned_files,
        run.now,
        run.progress,
        services=run.request.scan,
        clients=run.clients,
    )
    if isinstance(run.inventory, Snapshot) and run.request.scan:
        past = run.inventory.scan
        return replace(
            found,
            uses=past.uses + found.uses,
            source_reports=past.source_reports + found.source_reports,
        )
    return found


def _in_time(run: Run) -> tuple[ExternalCommand, ...]:
    """The external commands, which run one after the other, with what time there is for them."""
    commands, seconds = run.config.external_commands, run.request.deadline.to_send()
    if not commands or seconds == inf:
        return commands
    most = timedelta(seconds=max(seconds, 0) / len(commands))
    return tuple(replace(it, timeout=min(it.timeout or most, most)) for it in commands)


def read_context(run: Run) -> PlanningContext:
    return planning_context(
        scan(run),
        run.inventory,
        run.config,
        run.now,
        action=run.request.action,
        keep_all=run.request.list_kept,
    )


def state_of(run: Run) -> str:
    """The folder, or the like in S3, for what one run leaves for the next."""
    return run.request.state or state_folder(os.environ)


def open_journal(run: Run) -> Journal:
    """By default in the state folder, under a name that tells when and where."""
    location = run.request.journal or f"{state_of(run)}/journals/"
    sink = open_sink(location, run_name(run), run.targets[0].s3)
    log.info("the journal is %s", sink)
    return Journal(sink, lambda: datetime.now(UTC))


def _configuration(request: Request, clients: ClientFactory) -> Config:
    if request.parsed is not None:
        return request.parsed
    if request.config_text is not None:
        return parse(request.config_text, CONFIG_TEXT)
    if not is_remote(request.config):
        return load(request.config)
    try:
        content = read(request.config, clients).content
    except InputError as error:
        raise ConfigError(f"{error}; name another with --config") from error
    return from_bytes(content, request.config)


def _guarded(config: Config, request: Request) -> Config:
    """The guards of ecrm.yaml, with those of the request put first."""
    guards = config.guards.off() if request.no_guards else config.guards
    given: dict[str, Any] = dict(request.guards)
    return replace(config, guards=replace(guards, **given))


def _moved(now: datetime, request: Request) -> datetime:
    return now + request.now if isinstance(request.now, timedelta) else request.now or now
