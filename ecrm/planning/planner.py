"""Reads repositories and plans them, one at a time: the edge at which planning meets ECR.

AWS and a snapshot are the same here. Which images are deleted is decided in
`ecrm.planning.repository`, which reads nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Protocol

from ecrm.aws import map_concurrently
from ecrm.aws.pace import Pace
from ecrm.config import Config
from ecrm.errors import AccessDenied, AwsError, Gone
from ecrm.model.image import Image, Kind, Links, OwnReadings
from ecrm.model.organization import UNKNOWN, Organization
from ecrm.model.pattern import Selection
from ecrm.model.reference import Registry, RepositoryKey
from ecrm.model.rule import Action
from ecrm.model.scan import Diagnostic, Progress, ReadStatus, Scan, SourceReport
from ecrm.model.use import Use
from ecrm.planning.consumers import Consumers
from ecrm.planning.context import PlanningContext
from ecrm.planning.holes import REPLICATION
from ecrm.planning.plan import Plan, RepositoryPlan
from ecrm.planning.repository import (
    RepositoryState,
    as_others_pulled,
    depends_on,
    indexes_to_read,
    plan_repository,
)
from ecrm.planning.uses import UsesByRepository
from ecrm.registry.access import Pullers, Replication
from ecrm.registry.tag_mutability import Mutability
from ecrm.sources.questions import Questions


class RegistryReader(Protocol):
    """Reads ECR, or a snapshot of it. Every method raises AwsError where it cannot read, Gone for a
    repository that is not there."""

    @property
    def registries(self) -> tuple[Registry, ...]: ...

    @property
    def workers(self) -> int:
        """How many concurrent reads are worthwhile."""

    def repositories(self, registry: Registry, only: str | None = None) -> Sequence[str]: ...

    def images(self, registry: Registry, repository: str) -> Sequence[Image]: ...

    def children(self, registry: Registry, repository: str, indexes: Sequence[Image]) -> Links: ...

    def own_readings(
        self, registry: Registry, repository: str, images: Sequence[Image]
    ) -> OwnReadings:
        """When ecrm itself read the manifests of these images, as far as that is remembered."""
        ...

    def replications(self, registry: Registry) -> Sequence[Replication]: ...

    def cross_account_pullers(self, registry: Registry, repository: str) -> Pullers:
        """Raises no AwsError but Gone: what cannot be read is `unread`."""
        ...

    def lifecycle_policy(self, registry: Registry, repository: str) -> str | None:
        """The text of ECR's own policy; None where the repository has none."""
        ...

    def mutability(self, registry: Registry, repository: str) -> Mutability: ...


def planning_context(
    scan: Scan,
    inventory: RegistryReader,
    config: Config,
    now: datetime,
    *,
    action: Action | None = None,
    keep_all: bool = False,
    organization: Organization = UNKNOWN,
) -> PlanningContext:
    """The context of one moment; a source report says where replication could not be read."""
    replications: dict[Registry, Sequence[Replication]] = {}
    source_reports = list(scan.source_reports)
    for registry in inventory.registries:
        try:
            replications[registry] = inventory.replications(registry)
        except AwsError as error:
            denied = isinstance(error, AccessDenied)
            note = Diagnostic(ReadStatus.DENIED if denied else ReadStatus.FAILED, str(error))
            source_reports.append(SourceReport(registry, REPLICATION, 0, (note,)))
    uses = UsesByRepository(scan.uses)
    return PlanningContext(
        scan,
        uses,
        config,
        now,
        replications,
        tuple(source_reports),
        action,
        keep_all,
        organization=organization,
    )


def make_plan(
    inventory: RegistryReader,
    context: PlanningContext,
    only: Selection,
    progress: Progress,
    questions: Questions | None = None,
    *,
    shows_consumers: bool = True,
) -> Plan:
    """The plan of the repositories that `only` covers. The questions are asked that it depends on;
    who else may use images is read only where it is shown."""
    questions = questions or Questions()
    keys = [
        RepositoryKey(registry, name)
        for registry in inventory.registries
        for name in _names(inventory, registry, only)
    ]
    for pattern in only.without_match({key.repository for key in keys}):
        registries = ", ".join(map(str, inventory.registries))
        raise Gone(f"there is no repository {pattern} in {registries}")
    managed = [key for key in keys if context.rule_for(key)]
    pace = Pace("ECR repositories", len(managed))

    consumers = Consumers(inventory, context)

    def plan_one(key: RepositoryKey) -> RepositoryPlan | None:
        planned = read_and_plan(inventory, context, key, questions)
        if planned and shows_consumers:
            planned = replace(planned, consumers=consumers.lines(planned))
        progress(pace.one_more())
        return planned

    planned = map_concurrently(plan_one, managed, inventory.workers)
    made = Plan(
        created_at=context.now,
        targets=inventory.registries,
        config=context.config.fingerprint,
        source_reports=(*context.source_reports, *questions.source_reports),
        repositories=tuple(one for one in planned if one),
        in_use={registry: context.uses.count(registry) for registry in inventory.registries},
        unmanaged=tuple(sorted(key for key in keys if not context.rule_for(key))),
    )
    return consumers.with_holes(made)


def _names(inventory: RegistryReader, registry: Registry, only: Selection) -> Iterable[str]:
    """Of names that are given, no others are listed."""
    if only.names:
        return chain.from_iterable(inventory.repositories(registry, name) for name in only.names)
    return filter(only.covers, inventory.repositories(registry))


def read_and_plan(
    inventory: RegistryReader,
    context: PlanningContext,
    key: RepositoryKey,
    questions: Questions | None = None,
) -> RepositoryPlan | None:
    """One repository, without `consumers`; None if it is gone, or if no rule matches it."""
    if context.rule_for(key) is None:
        return None
    state = read_repository(inventory, context, key)
    return _planned(state, context, questions or Questions()) if state else None


def _planned(
    state: RepositoryState, context: PlanningContext, questions: Questions
) -> RepositoryPlan | None:
    """By all that is in use, as far as the plan depends on it: each answer may raise further
    questions, or leave nothing to delete."""
    planned = plan_repository(state, context)
    registries, repository = context.registries_of_uses(state.key), state.key.repository
    answers: dict[Use, None] = {}
    while planned and planned.stages and questions.name(repository):
        found = questions.answers(registries, repository, depends_on(state, context))
        more = dict.fromkeys(use for use in found if use not in answers)
        if not more:
            break
        answers |= more
        context = replace(context, uses=context.uses.plus(more))
        planned = plan_repository(state, context)
    return planned


def read_repository(
    inventory: RegistryReader, context: PlanningContext, key: RepositoryKey
) -> RepositoryState | None:
    """What the plan of a repository depends on, and no more; None if it is gone."""
    try:
        state = RepositoryState(key, tuple(inventory.images(*key)))
        state = replace(state, readings=_readings(inventory, context, state))
        if indexes := indexes_to_read(state, context):
            state = replace(state, children=inventory.children(*key, indexes))
            # A reading of now replaces the one before, of which ECR's listing may be.
            readings = state.readings + _readings(inventory, context, state)
            state = replace(state, readings=readings)
    except Gone:
        return None
    except AwsError as error:
        return RepositoryState(key, unread=str(error))
    return as_others_pulled(state)


def _readings(
    inventory: RegistryReader, context: PlanningContext, state: RepositoryState
) -> tuple[OwnReadings, ...]:
    """None where no pull decides."""
    rule = context.rule_for(state.key)
    if rule is None or rule.keep_pulled_within is None:
        return ()
    indexes = [image for image in state.images if image.kind is Kind.INDEX]
    own = inventory.own_readings(*state.key, indexes) if indexes else {}
    return (own, context.readings.get(state.key, {}))
