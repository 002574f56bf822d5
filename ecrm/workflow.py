"""One short function per command. Each joins the stages:

    config ─► targets ─► sources ─► uses ─┐
                 │                        ├─► plan ─► formats
                 └────► registry ─► images┘     └───► apply ─► outcomes

This is where the clock is read, once per run.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from ecrm import registry, sources
from ecrm.apply import apply
from ecrm.aws import Target, connect, gather
from ecrm.config import Config, load
from ecrm.errors import AwsError, Gone, IncompleteError, UsageError
from ecrm.family import Links
from ecrm.generate import Names, read_names
from ecrm.model import Image, Kind, Outcome, Progress, Rule, Scan
from ecrm.plan import Plan, RepositoryPlan, UsesByRepository, plan_repository, unread_repository
from ecrm.retention import decide, needs_manifests

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line or an event asks for."""

    config: str = "ecrm.yaml"
    profile: str | None = None
    region: str | None = None
    repository: str | None = None
    scan: bool = True
    scanned_files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """A request whose configuration is read and whose targets are known."""

    request: Request
    config: Config
    targets: tuple[Target, ...]
    now: datetime
    progress: Progress


def start(request: Request, progress: Progress) -> Run:
    """Read the configuration, then find out who we are on AWS; in this order, since a mistake in
    ecrm.yaml should not cost a call."""
    if not request.scan and not request.scanned_files:
        raise UsageError("--no-scan without --scanned-files would take every image for unused")
    config = load(request.config)
    for warning in config.warnings:
        log.warning("%s", warning)
    target = connect(request.profile, request.region)
    return Run(request, config, (target,), datetime.now(UTC), progress)


def scan(run: Run) -> Scan:
    """What is in use. An incomplete scan is a value too; who needs a complete one asks."""
    return sources.scan(
        run.targets,
        run.config,
        run.request.scanned_files,
        run.now,
        run.progress,
        services=run.request.scan,
    )


def complete_scan(run: Run) -> Scan:
    """What is in use, for others to read: raises IncompleteError rather than leave anything out."""
    result = scan(run)
    if result.missing:
        raise IncompleteError("\n".join(result.missing))
    return result


def plan(run: Run) -> Plan:
    """What stays and what goes, in every repository of every target."""
    found = scan(run)
    uses = UsesByRepository(found.uses)
    names = [(it, name) for it in run.targets for name in _repositories(it, run.request.repository)]
    managed = [(it, name, rule) for it, name in names if (rule := run.config.rule_for(name))]
    run.progress(f"ECR: {len(managed)} repositories")
    planned = gather(lambda it: _plan_repository(run, uses, *it), managed)
    return Plan(
        created_at=run.now,
        targets=tuple(target.registry for target in run.targets),
        config=run.config.fingerprint,
        ledger=found.ledger,
        repositories=tuple(it for it in planned if it),
        unmanaged=tuple(name for _, name in names if not run.config.rule_for(name)),
    )


def delete(run: Run, to_apply: Plan) -> Iterator[Outcome]:
    """Carry out a plan of this run; what AWS answers, image by image."""
    targets = {target.registry: target for target in run.targets}
    return apply(to_apply, lambda where: registry.Deleter(targets[where]))


def names(request: Request, progress: Progress) -> Names:
    """The names that `generate` makes a configuration of."""
    return read_names(connect(request.profile, request.region), progress)


def _repositories(target: Target, only: str | None) -> list[str]:
    try:
        return registry.repositories(target, only)
    except Gone:
        raise AwsError(f"there is no repository {only} in {target}") from None


def _plan_repository(
    run: Run, uses: UsesByRepository, target: Target, name: str, rule: Rule
) -> RepositoryPlan | None:
    """None for a repository that is gone meanwhile."""
    where = target.registry
    used = uses.of(where, name)
    try:
        images = registry.images(target, name)
        manifests: Links = {}
        if needs_manifests(images, used, rule, run.now):
            manifests = registry.children(target, name, _indexes(images))
    except Gone:
        return None
    except AwsError as error:
        return unread_repository(where, name, str(rule.name), str(error))
    decisions = decide(images, manifests, used, rule, run.now)
    run.progress(f"ECR: {name}, {len(images)} images")
    return plan_repository(where, name, str(rule.name), decisions, manifests)


def _indexes(images: list[Image]) -> list[str]:
    return [image.digest for image in images if image.kind is Kind.INDEX]
