"""From a request to a run: configuration, connections, registry contents and the time.

This is where the clock and the environment are read.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import inf

from ecrm import sources
from ecrm.aws import Target
from ecrm.aws.storage import no_aws, read_text
from ecrm.config import Config, ExternalCommand, Kubernetes
from ecrm.errors import UsageError
from ecrm.execution.journal.location import journal_name, open_sink
from ecrm.execution.journal.writing import Journal
from ecrm.model.organization import UNKNOWN, Organization
from ecrm.model.scan import Progress, Scan, SourceReport
from ecrm.planning.context import PlanningContext
from ecrm.planning.planner import RegistryReader, planning_context
from ecrm.planning.snapshot import Snapshot, read_snapshot
from ecrm.registry.inventory import Inventory
from ecrm.sources.questions import Questions
from ecrm.workflow.connections import EVERYTHING, Connections, connected, one_target
from ecrm.workflow.request import Request, read_config
from ecrm.workflow.state import JOURNALS, state_folder

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Run:
    """A request whose configuration is read, and who carries it out.

    `home` reads and writes what is ecrm's own, and connects to AWS when that is first needed.
    `targets` are scanned, and those of `inventory` are planned; there are none where that is a
    snapshot's. `target_reports` say what of ecrm.yaml's targets could not be reached.
    `organization` is that of the targets, which policies may let in.
    """

    request: Request
    config: Config
    targets: tuple[Target, ...]
    inventory: RegistryReader
    now: datetime
    progress: Progress
    home: Callable[[], Target] = no_aws
    organization: Organization = UNKNOWN
    target_reports: tuple[SourceReport, ...] = ()

    @property
    def skips_commands(self) -> bool:
        """Whether the request leaves out what programs of the configuration know to be in use, or
        the contexts of a kubeconfig, which may be such programs."""
        names_any = self.config.external_commands or self.config.kubernetes.contexts
        return bool(names_any) and not self.request.external_commands


def connections_for(request: Request) -> Connections:
    """The account and region that the request names."""
    return one_target(
        request.profile, request.region, workers=request.workers, deadline=request.deadline
    )


@contextmanager
def start(
    request: Request, progress: Progress, connections: Connections | None = None
) -> Iterator[Run]:
    """Read the configuration, then connect; in this order, since a mistake in ecrm.yaml should not
    cost a call."""
    if not request.scan and not request.scanned_files:
        raise UsageError("--no-scan without --scanned-files would take every image for unused")
    connections = connections or connections_for(request)
    home = connections.home
    config = read_config(request, home)
    for warning in config.warnings:
        log.warning("%s", warning)
    if request.snapshot:
        if request.narrowing != EVERYTHING:
            raise UsageError("--account and --region-filter are for AWS, not for --from")
        snapshot = read_snapshot(read_text(request.snapshot, home), request.snapshot)
        now = _moved(snapshot.scan.at, request)
        yield Run(request, config, (), snapshot, now, progress, home)
        return
    with connected(
        connections,
        config,
        use_cache=request.cache,
        stats=request.stats,
        narrowing=request.narrowing,
        progress=progress,
    ) as reached:
        now = _moved(datetime.now(UTC), request)
        inventory = Inventory(reached.planned)
        yield Run(
            *(request, config, reached.targets, inventory, now, progress, home),
            organization=reached.organization,
            target_reports=reached.reports,
        )


def run_name(run: Run) -> str:
    """Such as `20261122T013000Z-123456789012-us-east-1`, and the name of the request. It names the
    one registry that is planned; a run of several is named after its home."""
    registries = list(run.inventory.registries) if run.targets else []
    where = registries.pop() if len(registries) == 1 else run.home().registry
    return "-".join(filter(None, (journal_name(run.now, where), run.request.name)))


def scan(run: Run, questions: Questions | None = None) -> Scan:
    """The images in use, but for `questions` that may be left open. An incomplete scan is a value,
    too; callers check it."""
    config = replace(run.config, external_commands=_in_time(run))
    if isinstance(run.inventory, Snapshot) and run.request.scan:
        config = replace(config, external_commands=(), files=(), kubernetes=Kubernetes())
    found = sources.scan(
        run.targets,
        config,
        run.request.scanned_files,
        run.now,
        run.progress,
        services=run.request.scan,
        commands=run.request.external_commands,
        clients=run.home,
        questions=questions,
        deadline=run.request.deadline,
    )
    found = replace(found, source_reports=(*found.source_reports, *run.target_reports))
    _refuse_nothing_named(run, found)
    if isinstance(run.inventory, Snapshot) and run.request.scan:
        past = run.inventory.scan
        return replace(
            found,
            uses=past.uses + found.uses,
            source_reports=past.source_reports + found.source_reports,
        )
    return found


def _refuse_nothing_named(run: Run, found: Scan) -> None:
    """Files of the wrong account, say, must not make every image look unused."""
    for registry in () if run.request.scan else run.inventory.registries:
        if not any(use.reference.may_name(registry) for use in found.uses):
            files = ", ".join(run.request.scanned_files)
            raise UsageError(
                f"with --no-scan, {files} names no image of {registry}, so all of them would seem "
                "unused; name files of a scan of whoever uses it"
            )


def _in_time(run: Run) -> tuple[ExternalCommand, ...]:
    """The external commands, which run one after the other, with what time there is for them."""
    commands, seconds = run.config.external_commands, run.request.deadline.to_send()
    if not commands or seconds == inf:
        return commands
    most = timedelta(seconds=max(seconds, 0) / len(commands))
    return tuple(
        replace(command, timeout=min(command.timeout or most, most)) for command in commands
    )


def read_context(run: Run, questions: Questions | None = None) -> PlanningContext:
    return planning_context(
        scan(run, questions),
        run.inventory,
        run.config,
        run.now,
        action=run.request.action,
        keep_all=run.request.list_kept,
        organization=run.organization,
    )


def state_of(run: Run) -> str:
    """The folder, or the like in S3, for what one run leaves for the next."""
    return run.request.state or state_folder(os.environ)


def open_journal(run: Run) -> Journal:
    """By default in the state folder, named after the run. It is made with its first line."""
    location = run.request.journal or f"{state_of(run)}/{JOURNALS}/"
    sink = open_sink(location, run_name(run), lambda: run.home().s3())
    return Journal(sink, lambda: datetime.now(UTC))


def _moved(now: datetime, request: Request) -> datetime:
    return now + request.now if isinstance(request.now, timedelta) else request.now or now
