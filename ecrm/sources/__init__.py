"""Who uses images: one module per service, each a function that yields uses and notes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from ecrm.aws import Target, run_all
from ecrm.aws.storage import ClientFactory, no_aws
from ecrm.config import Config
from ecrm.model.reference import Registry
from ecrm.model.scan import Diagnostic, Progress, ReadStatus, Scan, SourceReport
from ecrm.model.use import Use
from ecrm.sources.ecs import ecs_uses
from ecrm.sources.external import command_uses, file_uses
from ecrm.sources.files.working_tree import tree_uses
from ecrm.sources.items import Found, SeenResource, attempt
from ecrm.sources.lambda_functions import lambda_uses

_SERVICES = {"ecs": ecs_uses, "lambda": lambda_uses}


def scan(
    targets: Sequence[Target],
    config: Config,
    scanned_files: Sequence[str],
    now: datetime,
    progress: Progress,
    *,
    services: bool = True,
    clients: ClientFactory = no_aws,
) -> Scan:
    """Everything in use, from every source of every target, and the ledger of what was read.

    Without `services` (`--no-scan`), files alone are read: the scanned ones, and `files` of the
    working tree. `reach` is for scanned files that are kept in S3. Raises InputError for a scanned
    file that is not what it should be; everything else that goes wrong is in the ledger.
    """
    max_age = config.guards.scanned_files_max_age
    oldest = now - max_age if max_age is not None else None
    files = [
        _read(None, f"file {path}", list(file_uses(path, oldest, clients)))
        for path in scanned_files
    ]
    files += [_read(None, f"files {it}", tree_uses([it], Path())) for it in config.files]
    if not services:
        note = Diagnostic(ReadStatus.EXCLUDED, "not read: --no-scan")
        skipped = [
            SourceReport(it.registry, name, 0, (note,)) for it in targets for name in _SERVICES
        ]
        return _joined(now, [*files, *(([], read) for read in skipped)])
    commands = [
        _read(None, f"command {it.command[0]}", list(command_uses(it)))
        for it in config.external_commands
    ]
    reads = [
        partial(_read_service, target, name, config, progress)
        for target in targets
        for name in _SERVICES
    ]

    def stop() -> None:
        """Thousands of calls may be waiting for their turn."""
        for target in targets:
            target.rate_limiter.stop()

    workers = min((target.workers for target in targets), default=1)
    found = run_all(reads, workers, stop)
    return _joined(now, [*files, *commands, *found])


def _read_service(
    target: Target, name: str, config: Config, progress: Progress
) -> tuple[list[Use], SourceReport]:
    read = partial(_SERVICES[name], target, config, progress)
    return _read(target.registry, name, attempt(read, lasting=True))


def _read(
    registry: Registry | None, source: str, found: Iterable[Found]
) -> tuple[list[Use], SourceReport]:
    found = list(found)
    uses = {it: None for it in found if isinstance(it, Use) and not it.reference.is_elsewhere}
    notes = tuple(dict.fromkeys(it for it in found if isinstance(it, Diagnostic)))
    references = len({use.reference for use in uses})
    names = _names(it for it in found if isinstance(it, SeenResource)) if registry else None
    return list(uses), SourceReport(registry, source, references, notes, names)


def _names(met: Iterable[SeenResource]) -> dict[str, tuple[str, ...]]:
    names: dict[str, set[str]] = defaultdict(set)
    for it in met:
        names[it.section].add(it.name)
    return {section: tuple(sorted(names[section])) for section in sorted(names)}


def _joined(now: datetime, parts: Sequence[tuple[list[Use], SourceReport]]) -> Scan:
    uses = sorted(
        {use for uses, _ in parts for use in uses}, key=lambda use: (str(use.reference), str(use))
    )
    return Scan(now, tuple(uses), tuple(read for _, read in parts))
