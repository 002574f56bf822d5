"""From a request to a run: configuration, targets, holdings and the time.

This is where the clock and the environment are read.
"""

import logging
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ecrm import sources
from ecrm.aws import Target, connect
from ecrm.config import Config, load
from ecrm.errors import InputError, UsageError
from ecrm.holdings import AwsHoldings
from ecrm.journal import Journal, default_journal_path, journal_name, open_sink
from ecrm.model import Action, Progress, Scan
from ecrm.planning import Facts, Holdings, gather_facts
from ecrm.snapshot import Snapshot, read_snapshot
from ecrm.state import state_folder

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line or an event asks for. `guards` are those given besides ecrm.yaml's;
    `snapshot` names a file to plan from instead of AWS; `now` moves the clock, to a time or by a
    span; `action` overrides that of every rule; with `list_kept` a plan lists what stays, too."""

    config: str = "ecrm.yaml"
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


@dataclass(frozen=True, slots=True)
class Run:
    """A request whose configuration is read and whose holdings are within reach.

    `targets` is empty where the holdings are a snapshot's.
    """

    request: Request
    config: Config
    targets: tuple[Target, ...]
    holdings: Holdings
    now: datetime
    progress: Progress


def start(request: Request, progress: Progress) -> Run:
    """Read the configuration, then find out who we are on AWS; in this order, since a mistake in
    ecrm.yaml should not cost a call."""
    if not request.scan and not request.scanned_files:
        raise UsageError("--no-scan without --scanned-files would take every image for unused")
    config = _guarded(load(request.config), request)
    for warning in config.warnings:
        log.warning("%s", warning)
    if request.snapshot:
        snapshot = read_snapshot(read_text(request.snapshot), request.snapshot)
        return Run(request, config, (), snapshot, _moved(snapshot.scan.at, request), progress)
    target = connect(request.profile, request.region)
    now = _moved(datetime.now(UTC), request)
    return Run(request, config, (target,), AwsHoldings((target,)), now, progress)


def scan(run: Run) -> Scan:
    """What is in use. An incomplete scan is a value too; who needs a complete one asks."""
    recorded = isinstance(run.holdings, Snapshot) and run.request.scan
    found = sources.scan(
        run.targets,
        replace(run.config, external_commands=(), files=()) if recorded else run.config,
        run.request.scanned_files,
        run.now,
        run.progress,
        services=run.request.scan,
    )
    if isinstance(run.holdings, Snapshot) and run.request.scan:
        past = run.holdings.scan
        return replace(found, uses=past.uses + found.uses, ledger=past.ledger + found.ledger)
    return found


def facts_of(run: Run) -> Facts:
    return gather_facts(
        scan(run),
        run.holdings,
        run.config,
        run.now,
        action=run.request.action,
        keep_all=run.request.list_kept,
    )


def open_journal(run: Run) -> Journal:
    """By default in the state folder, under a name that tells when and where."""
    target = run.targets[0]
    location = run.request.journal
    if location is None:
        location = str(default_journal_path(state_folder(os.environ), run.now, target.registry))
    sink = open_sink(location, journal_name(run.now, target.registry), target.s3)
    log.info("the journal is %s", sink)
    return Journal(sink, lambda: datetime.now(UTC))


def read_text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no UTF-8 text") from error


def _guarded(config: Config, request: Request) -> Config:
    """The guards of ecrm.yaml, with those of the request put first."""
    guards = config.guards.off() if request.no_guards else config.guards
    given: dict[str, Any] = dict(request.guards)
    return replace(config, guards=replace(guards, **given))


def _moved(now: datetime, request: Request) -> datetime:
    return now + request.now if isinstance(request.now, timedelta) else request.now or now
