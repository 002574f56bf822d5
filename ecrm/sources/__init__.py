"""Who uses images: a module or folder per source, each of which declares one `Source`.

To add a source, write its module and name it in `SOURCES`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from ecrm.aws import Target
from ecrm.aws.executor import Workers
from ecrm.aws.storage import ClientFactory, no_aws
from ecrm.config import Config
from ecrm.model.deadline import NO_DEADLINE, Deadline
from ecrm.model.pull_through import PullThrough
from ecrm.model.reference import Registry
from ecrm.model.scan import Diagnostic, Progress, ReadStatus, Scan, SourceReport
from ecrm.model.use import Use
from ecrm.sources.accounts import of_targets
from ecrm.sources.aggregators import AGGREGATORS, not_met
from ecrm.sources.batch import BATCH
from ecrm.sources.builders import BUILDERS
from ecrm.sources.ecs import ECS
from ecrm.sources.ecs.daemons import ECS_DAEMONS
from ecrm.sources.ecs.deployments import ECS_DEPLOYMENTS
from ecrm.sources.external import command_uses, file_uses
from ecrm.sources.files.working_tree import tree_uses
from ecrm.sources.gaps import with_remedy
from ecrm.sources.inspector import INSPECTOR
from ecrm.sources.items import (
    Counted,
    Question,
    SaidToBeGone,
    SeenResource,
    SourceItem,
    TaskDefinitionUse,
    attempt,
)
from ecrm.sources.kubernetes.eks import EKS
from ecrm.sources.kubernetes.named import named_clusters
from ecrm.sources.lambda_functions import LAMBDA
from ecrm.sources.listed import Listed
from ecrm.sources.pinned import (
    EVENTBRIDGE,
    PIPES,
    SCHEDULER,
    STEP_FUNCTIONS,
    STEP_FUNCTIONS_VERSIONS,
)
from ecrm.sources.pull_through import rules_of, with_origins
from ecrm.sources.questions import Questions
from ecrm.sources.runners import RUNNERS
from ecrm.sources.sagemaker import SAGEMAKER
from ecrm.sources.source import Reading, Source
from ecrm.sources.task_definitions import TaskDefinitions
from ecrm.sources.user_data import LAUNCH_TEMPLATES

SOURCES: tuple[Source, ...] = (
    *(ECS, ECS_DEPLOYMENTS, ECS_DAEMONS, EKS, LAMBDA),
    *(EVENTBRIDGE, SCHEDULER, PIPES, STEP_FUNCTIONS, STEP_FUNCTIONS_VERSIONS),
    *(BATCH, SAGEMAKER, *RUNNERS, *BUILDERS, LAUNCH_TEMPLATES),
    *(INSPECTOR, AGGREGATORS),
)

_Part = tuple[list[Use], SourceReport]


def scan(
    targets: Sequence[Target],
    config: Config,
    scanned_files: Sequence[str],
    now: datetime,
    progress: Progress,
    *,
    services: bool = True,
    commands: bool = True,
    clients: ClientFactory = no_aws,
    questions: Questions | None = None,
    deadline: Deadline = NO_DEADLINE,
) -> Scan:
    """Everything in use, from every source of every target, with a report for each of them.

    Without `services` (`--no-scan`), files alone are read: the scanned ones, and `files` of the
    working tree. Without `commands`, external commands are not run, and no kubeconfig is read.
    Clusters that belong to no target are asked nothing after the deadline. `clients` is for scanned
    files that are kept in S3. What can wait is added to `questions`, if there are any. Raises
    InputError for a scanned file that is not what it should be; all else that goes wrong is in the
    source reports.
    """
    max_age = config.guards.scanned_files_max_age
    oldest = now - max_age if max_age is not None else None
    files = [
        _read(None, f"file {path}", list(file_uses(path, oldest, clients)))
        for path in scanned_files
    ]
    files += [_read(None, f"files {glob}", tree_uses([glob], Path())) for glob in config.files]
    at_once = config.targets.max_accounts_at_once if config.targets else None
    rules, unread = rules_of(targets, at_once)
    if rules:  # a question names no image upstream
        questions = None
    joined = partial(_joined, now, rules, [([], report) for report in unread])
    if not services:
        note = Diagnostic(ReadStatus.EXCLUDED, "not read: --no-scan")
        skipped = [
            SourceReport(target.registry, source.name, 0, (note,))
            for target in targets
            for source in SOURCES
            if source.by_default
        ]
        return joined([*files, *(([], read) for read in skipped)])
    skipped_command = Diagnostic(ReadStatus.EXCLUDED, "not run, because of --no-external-commands")
    printed = [
        _read(
            None,
            f"command {command.command[0]}",
            command_uses(command) if commands else [skipped_command],
        )
        for command in config.external_commands
    ]
    clusters = [
        _read(None, name, read_cluster())
        for name, read_cluster in named_clusters(config.kubernetes, deadline, contexts=commands)
    ]
    counted: list[Counted] = []

    def read(
        target: Target, workers: Workers, progress: Progress
    ) -> list[tuple[list[Use], SourceReport]]:
        definitions = TaskDefinitions(target, progress, workers)
        defers = questions is not None
        reading = Reading(target, config, now, progress, workers, definitions, defers)
        return _reports(reading, questions, counted)

    found = of_targets(targets, config.targets, progress, read)
    whole = joined([*files, *printed, *clusters, *(part for parts in found for part in parts)])
    return replace(whole, source_reports=tuple(not_met(whole.source_reports, counted)))


def read_target(reading: Reading, sources: Sequence[Source]) -> list[list[SourceItem]]:
    """What each of the sources finds; of task definitions that are named, what they name."""

    def read(source: Source) -> list[SourceItem]:
        if not source.is_read(reading.config):
            return [Diagnostic(ReadStatus.EXCLUDED, "excluded by sources")]
        return attempt(partial(source.read, reading))

    found = reading.workers.map(read, sources)
    for items in found:
        reading.task_definitions.describe(items)
    return [_resolved(reading, source, items) for source, items in zip(sources, found, strict=True)]


def _resolved(reading: Reading, source: Source, items: Sequence[SourceItem]) -> list[SourceItem]:
    """What is said to be gone, and was not looked for once more, is a failure."""
    definitions = reading.task_definitions
    items = _looked_for_again(reading, source, items)
    named = [item for item in items if isinstance(item, TaskDefinitionUse)]
    others = [item for item in items if not isinstance(item, TaskDefinitionUse)]
    return [
        item.failure if isinstance(item, SaidToBeGone) else item
        for item in (*others, *definitions.uses(source.name, named))
    ]


def _looked_for_again(
    reading: Reading, source: Source, items: Sequence[SourceItem]
) -> Sequence[SourceItem]:
    """The items, and where one names a task definition that is said to be gone, what the source
    finds when it reads once more: either nothing names it any more, or the answer was untrue."""
    definitions = reading.task_definitions
    named = [item for item in items if isinstance(item, TaskDefinitionUse)]
    gone = {use for use in named if definitions.said_to_be_gone(use)}
    if not gone:
        return items
    definitions.forget(gone)
    again = attempt(partial(source.read, replace(reading, listed=Listed())))
    definitions.describe(again)
    return [*(item for item in items if item not in gone), *again]


def _reports(
    reading: Reading, questions: Questions | None, counted: list[Counted]
) -> list[tuple[list[Use], SourceReport]]:
    """Of every source that is read by default or that the configuration names. What is to be asked
    is added to `questions`, and what somebody else counted to `counted`."""
    target, config = reading.target, reading.config
    sources = [source for source in SOURCES if source.by_default or source.is_read(config)]
    found = read_target(reading, sources)
    for source, items in zip(sources, found, strict=True):
        report = partial(_answer, target.registry, source.name)
        counted += [item for item in items if isinstance(item, Counted)]
        for item in items:
            if isinstance(item, Question) and questions is not None:
                questions.add(item, report)
    return [
        _read(target.registry, source.name, items)
        for source, items in zip(sources, with_remedy(found, sources, target, config), strict=True)
    ]


def _answer(registry: Registry, source: str, question: Question) -> tuple[list[Use], SourceReport]:
    return _read(registry, source, attempt(question.ask))


def _read(
    registry: Registry | None, source: str, found: Iterable[SourceItem]
) -> tuple[list[Use], SourceReport]:
    found = list(found)
    uses = {
        item: None for item in found if isinstance(item, Use) and not item.reference.is_elsewhere
    }
    notes = tuple(dict.fromkeys(item for item in found if isinstance(item, Diagnostic)))
    references = len({use.reference for use in uses})
    names = _names(item for item in found if isinstance(item, SeenResource)) if registry else None
    return list(uses), SourceReport(registry, source, references, notes, names)


def _names(met: Iterable[SeenResource]) -> dict[str, tuple[str, ...]]:
    names: dict[str, set[str]] = defaultdict(set)
    for resource in met:
        names[resource.section].add(resource.name)
    return {section: tuple(sorted(names[section])) for section in sorted(names)}


def _joined(now: datetime, rules: Sequence[PullThrough], *groups: Sequence[_Part]) -> Scan:
    parts = [part for group in groups for part in group]
    found = {use for uses, _ in parts for use in with_origins(uses, rules)}
    uses = sorted(found, key=lambda use: (str(use.reference), str(use)))
    return Scan(now, tuple(uses), tuple(read for _, read in parts), tuple(rules))
