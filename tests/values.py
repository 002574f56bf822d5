"""Values that tests are made of: images, uses, inventories and plans."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from ecrm.config import Config, Guards
from ecrm.errors import AwsError, Gone
from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Image, Kind, Links, OwnReadings, Status
from ecrm.model.pattern import NamePattern, Selection
from ecrm.model.reference import Reference, Registry, RepositoryKey
from ecrm.model.rule import Action, Rule
from ecrm.model.scan import Diagnostic, Scan, SourceReport
from ecrm.model.use import Use
from ecrm.planning.context import PlanningContext
from ecrm.planning.plan import Plan, RepositoryPlan, Totals
from ecrm.planning.planner import make_plan, planning_context
from ecrm.registry.access import Puller, Pullers, Replication
from ecrm.registry.tag_mutability import Mutability

T = TypeVar("T")

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOME = Registry("123456789012", "eu-west-1")
REPLICA = Registry("123456789012", "us-east-1")
PARTNER = Registry("999999999999", "eu-west-1")
APP = RepositoryKey(HOME, "app")
RULE = Rule(NamePattern("*", True), timedelta(days=30))
DEFAULT_GUARDS = Guards()
MUTABLE = Mutability(mutable=True)

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
HELM = "application/vnd.cncf.helm.config.v1+json"
NOTATION = "application/vnd.cncf.notary.signature"
SOCI_V1 = "application/vnd.amazon.soci.index.v1+json"
SOCI_V2 = "application/vnd.amazon.soci.index.v2+json"

# -- images and what uses them --------------------------------------------------------------------


def digest(name: str | int) -> str:
    """Of some content of that name; numbers can be read in it."""
    if isinstance(name, int):
        return f"sha256:{name:064x}"
    return f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"


def image(name: str | int, *tags: str, days: float = 90, **more: Any) -> Image:
    """A container image that was pushed `days` days ago."""
    facts: dict[str, Any] = {"size": 10, "media_type": OCI_MANIFEST, "artifact_type": OCI_CONFIG}
    return Image(digest(name), tags, NOW - timedelta(days=days), **facts | more)


def index(name: str | int, *tags: str, **more: Any) -> Image:
    return image(name, *tags, **{"media_type": OCI_INDEX, "artifact_type": None} | more)


def numbered(number: int, *tags: str, **more: Any) -> Image:
    """As `image`, but as those are that the stubs of AWS answer with."""
    return image(number, *tags, **{"days": 100, "size": 1000, "artifact_type": None} | more)


def links(**indexes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Children by index, from the names of both."""
    return {digest(name): tuple(map(digest, children)) for name, children in indexes.items()}


def use(text: str, source: str = "ecs", where: Registry = HOME) -> Use:
    """Of `repo:tag` or `repo@sha256:…` in that registry."""
    return use_of(f"{where.host}/{text}", "service prod/web", "PRIMARY", source=source)


def use_of(
    reference: str, user: str = "somebody", why: str = "listed", *path: str, source: str = "ecs"
) -> Use:
    """Of an image URI in any registry."""
    return Use(Reference.parse(reference), source, user, why, path)


def read(
    registry: Registry | None = HOME, source: str = "ecs", *notes: Diagnostic, references: int = 1
) -> SourceReport:
    return SourceReport(registry, source, references, notes)


# -- inventories ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class RepositoryIndex:
    """What one repository holds; an error stands where AWS gives no answer."""

    images: tuple[Image, ...] | AwsError = ()
    indexes: Mapping[str, tuple[str, ...]] | AwsError = field(default_factory=dict)
    cross_account_pullers: tuple[str | Puller, ...] | Exception = ()
    mutability: Mutability | Exception = MUTABLE
    policy: str | Exception | None = None


@dataclass(frozen=True)
class Shelf:
    """An inventory that is all in memory."""

    contents: Mapping[Registry, Mapping[str, RepositoryIndex]]
    replicated: Mapping[Registry, tuple[Replication, ...] | AwsError] = field(default_factory=dict)
    workers: int = 4
    readings: OwnReadings = field(default_factory=dict)

    @property
    def registries(self) -> tuple[Registry, ...]:
        return tuple(self.contents)

    def repositories(self, registry: Registry, only: str | None = None) -> Sequence[str]:
        return [name for name in self.contents[registry] if only in (None, name)]

    def images(self, registry: Registry, repository: str) -> Sequence[Image]:
        return answered(self.contents[registry][repository].images)

    def children(self, registry: Registry, repository: str, indexes: Sequence[Image]) -> Links:
        links = answered(self.contents[registry][repository].indexes)
        return {index.digest: links[index.digest] for index in indexes if index.digest in links}

    def own_readings(
        self, registry: Registry, repository: str, images: Sequence[Image]
    ) -> OwnReadings:
        return self.readings

    def replications(self, registry: Registry) -> Sequence[Replication]:
        return answered(self.replicated.get(registry, ()))

    def cross_account_pullers(self, registry: Registry, repository: str) -> Pullers:
        try:
            found = answered(self.contents[registry][repository].cross_account_pullers)
            pullers = (one if isinstance(one, Puller) else Puller(one) for one in found)
            return Pullers(tuple(pullers))
        except Gone:
            raise
        except AwsError as error:
            return Pullers(unread=(str(error),))

    def lifecycle_policy(self, registry: Registry, repository: str) -> str | None:
        return answered(self.contents[registry][repository].policy)

    def mutability(self, registry: Registry, repository: str) -> Mutability:
        return answered(self.contents[registry][repository].mutability)


def answered(answer: T | Exception) -> T:
    if isinstance(answer, Exception):
        raise answer
    return answer


def shelf(
    *images: Image, cross_account_pullers: tuple[str, ...] | Exception = (), **indexes: list[str]
) -> Shelf:
    """One repository `app` at home; `indexes` are names of indexes and of their children."""
    index = RepositoryIndex(images, links(**indexes), cross_account_pullers)
    return Shelf({HOME: {"app": index}})


def facts(
    inventory: Shelf,
    *uses: Use,
    rules: Sequence[Rule] = (RULE,),
    source_reports: tuple[SourceReport, ...] = (read(),),
    guards: Guards = DEFAULT_GUARDS,
    now: datetime = NOW,
    **more: Any,
) -> PlanningContext:
    config = Config(repositories=tuple(rules), guards=guards, fingerprint="c0ffee")
    return planning_context(Scan(NOW, uses, source_reports), inventory, config, now, **more)


# -- plans ----------------------------------------------------------------------------------------


def planned(inventory: Shelf, *uses: Use, only: str = "", **more: Any) -> Plan:
    """`only` are names and globs, with spaces between them."""
    selection = Selection.of(only.split())
    return make_plan(inventory, facts(inventory, *uses, **more), selection, lambda _: None)


def deletable(image: Image, reason: Reason = Reason.EXPIRED) -> Decision:
    """A decision to delete."""
    return Decision(image, reason, action=Action.DELETE)


def repository_plan(
    name: str,
    *stages: Sequence[Decision],
    registry: Registry = REPLICA,
    kept: Iterable[Decision] = (),
    **more: Any,
) -> RepositoryPlan:
    """A plan for one repository that deletes these stages of images and keeps `kept`."""
    deleted = [decision for stage in stages for decision in stage]
    kept = tuple(kept)
    used = [decision.image.size for decision in kept if decision.reason is Reason.IN_USE]
    images = [decision.image for decision in (*deleted, *kept)]
    archived = [image.size for image in images if image.status is Status.ARCHIVED]
    totals = {"used": used, "archived": archived}
    more = {name: Totals(len(sizes), sum(sizes)) for name, sizes in totals.items()} | more
    kept_by_reason: dict[Reason, int] = {}
    for decision in kept:
        kept_by_reason[decision.reason] = kept_by_reason.get(decision.reason, 0) + 1
    return RepositoryPlan(
        registry=registry,
        repository=name,
        rule=name,
        total=_totals([*deleted, *kept]),
        deletable=_totals(deleted),
        kept_by_reason=kept_by_reason,
        stages=tuple(tuple(stage) for stage in stages),
        **more,
    )


def plan_of(*repositories: RepositoryPlan, **more: Any) -> Plan:
    registries = tuple(dict.fromkeys(repository.registry for repository in repositories)) or (
        REPLICA,
    )
    known: dict[str, Any] = {
        "created_at": NOW,
        "targets": registries,
        "config": "fingerprint",
        "source_reports": (),
        "repositories": repositories,
    }
    return Plan(**known | more)


def _totals(decisions: Iterable[Decision]) -> dict[Kind, Totals]:
    totals: dict[Kind, Totals] = {}
    for decision in decisions:
        kind = decision.image.kind
        totals[kind] = totals.get(kind, Totals()) + Totals(1, decision.image.size)
    return totals
