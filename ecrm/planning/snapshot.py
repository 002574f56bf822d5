"""What a plan depends on, as a file: uses, images, which image belongs to which index, and who else
may pull. A plan made from it decides the same, without AWS. It holds no secrets: no environment of
a task, no layer, no argument of a command.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecrm.aws import map_concurrently
from ecrm.errors import AccessDenied, AwsError, Gone, InputError, NotAReferenceError, NotOffered
from ecrm.model.codec import (
    Json,
    image_from,
    image_json,
    moment_from,
    registry_from,
    source_from,
    source_json,
    text_from,
    texts_from,
    use_from,
    use_json,
)
from ecrm.model.image import Image, Kind, Links
from ecrm.model.reference import Registry
from ecrm.model.scan import Scan
from ecrm.planning.planner import RegistryReader
from ecrm.registry.access import Replication
from ecrm.registry.tag_mutability import Mutability

_FORMAT = 1
# Keys of a repository that may be missing: older files lack them, and not everything is readable.
_MUTABILITY, _POLICY, _UNREAD = "mutability", "lifecycle_policy", "lifecycle_policy_unread"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A recorded moment; its own Holdings."""

    scan: Scan
    replicated: Mapping[Registry, tuple[Replication, ...]]
    held: Mapping[Registry, Mapping[str, Json]]
    workers: int = 1

    @property
    def registries(self) -> tuple[Registry, ...]:
        return tuple(self.held)

    def repositories(self, registry: Registry, only: str | None = None) -> Sequence[str]:
        return sorted(name for name in self.held[registry] if only in (None, name))

    def images(self, registry: Registry, repository: str) -> Sequence[Image]:
        return [image_from(facts) for facts in self.held[registry][repository]["images"]]

    def children(self, registry: Registry, repository: str, indexes: Sequence[Image]) -> Links:
        links = self.held[registry][repository]["indexes"]
        return {it.digest: tuple(links[it.digest]) for it in indexes if it.digest in links}

    def replications(self, registry: Registry) -> Sequence[Replication]:
        return self.replicated[registry]

    def cross_account_pullers(self, registry: Registry, repository: str) -> Sequence[str]:
        return texts_from(self.held[registry][repository]["pullers"])

    def lifecycle_policy(self, registry: Registry, repository: str) -> str | None:
        """Raises AwsError where it was not recorded, which is not the same as having none."""
        facts = self.held[registry][repository]
        if _POLICY not in facts:
            why = facts.get(_UNREAD, "record it with `ecrm snapshot --lifecycle-policies`")
            raise AwsError(f"{repository}: the snapshot has no lifecycle policy: {why}")
        return None if facts[_POLICY] is None else text_from(facts[_POLICY])

    def mutability(self, registry: Registry, repository: str) -> Mutability:
        facts = self.held[registry][repository]
        if _MUTABILITY not in facts:
            why = "record it anew with `ecrm snapshot`"
            raise AwsError(f"{repository}: the snapshot does not tell which tags can move: {why}")
        return _mutability_from(facts[_MUTABILITY])


def snapshot_text(
    scan: Scan,
    inventory: RegistryReader,
    version: str,
    progress: Callable[[str], None],
    *,
    policies: bool = False,
) -> str:
    """Read everything and write it down, in a stable order; with `policies`, lifecycle policies as
    far as they may be read. Raises AwsError where anything else fails."""

    def read(where: tuple[Registry, str]) -> Json | None:
        progress(f"ECR: {where[1]}")
        try:
            found = _repository_json(inventory, *where)
            return found | (_policy_json(inventory, *where) if policies else {})
        except Gone:
            return None

    names = [(it, name) for it in inventory.registries for name in inventory.repositories(it)]
    held: dict[str, Json] = {str(registry): {} for registry in inventory.registries}
    for (registry, name), facts in zip(
        names, map_concurrently(read, names, inventory.workers), strict=True
    ):
        if facts is not None:
            held[str(registry)][name] = facts
    body = {
        "ecrm_snapshot": _FORMAT,
        "version": version,
        "scanned_at": scan.at.isoformat(),
        "sources": [source_json(read) for read in scan.source_reports],
        "uses": [use_json(use) for use in scan.uses],
        "replications": {
            str(it): [_replication_json(rule) for rule in inventory.replications(it)]
            for it in inventory.registries
        },
        "repositories": held,
    }
    return json.dumps(body, indent=1, ensure_ascii=False)


def read_snapshot(text: str, path: str) -> Snapshot:
    """Raises InputError for a file that is no snapshot."""
    try:
        body = json.loads(text)
        if body["ecrm_snapshot"] != _FORMAT:
            raise InputError(f"{path}: is a snapshot of format {body['ecrm_snapshot']}")
        at = moment_from(body["scanned_at"])
        uses = tuple(map(use_from, body["uses"]))
        held = {registry_from(it): facts for it, facts in body["repositories"].items()}
        snapshot = Snapshot(
            Scan(at, uses, tuple(map(source_from, body["sources"]))),
            {registry_from(it): _replications_from(r) for it, r in body["replications"].items()},
            held,
        )
        for registry in snapshot.registries:  # all of it, so that no damage is found half-way
            snapshot.replications(registry)
            for name, facts in held[registry].items():
                snapshot.images(registry, name)
                snapshot.cross_account_pullers(registry, name)
                if _MUTABILITY in facts:
                    snapshot.mutability(registry, name)
                if _POLICY in facts:
                    snapshot.lifecycle_policy(registry, name)
                text_from(facts.get(_UNREAD, ""))
                {index: texts_from(named) for index, named in facts["indexes"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, NotAReferenceError) as error:
        raise InputError(
            f"{path}: is no snapshot that `ecrm snapshot` wrote ({error!r})"
        ) from error
    return snapshot


def _repository_json(inventory: RegistryReader, registry: Registry, name: str) -> Json:
    images = sorted(inventory.images(registry, name), key=lambda it: (it.pushed_at, it.digest))
    indexes = [image for image in images if image.kind is Kind.INDEX]
    links = inventory.children(registry, name, indexes) if indexes else {}
    return {
        "images": [image_json(image) for image in images],
        "indexes": {digest: list(links[digest]) for digest in sorted(links)},
        "pullers": list(inventory.cross_account_pullers(registry, name)),
    } | _mutability_json(inventory, registry, name)


def _mutability_json(inventory: RegistryReader, registry: Registry, name: str) -> Json:
    """No plan depends on it, so a setting that ecrm does not know fails nothing."""
    try:
        found = inventory.mutability(registry, name)
    except Gone:
        raise
    except AwsError:
        return {}
    return {_MUTABILITY: {"mutable": found.mutable, "excluded": list(found.excluded)}}


def _mutability_from(facts: Json) -> Mutability:
    if not isinstance(facts["mutable"], bool):
        raise TypeError(f"{facts['mutable']!r} is neither true nor false")
    return Mutability(facts["mutable"], texts_from(facts["excluded"]))


def _policy_json(inventory: RegistryReader, registry: Registry, name: str) -> Json:
    try:
        return {_POLICY: inventory.lifecycle_policy(registry, name)}
    except (AccessDenied, NotOffered) as error:
        return {_UNREAD: str(error)}


def _replication_json(rule: Replication) -> Json:
    return {"destination": str(rule.destination), "prefix": rule.prefix, "deletes": rule.deletes}


def _replications_from(rules: Sequence[Any]) -> tuple[Replication, ...]:
    return tuple(
        Replication(registry_from(it["destination"]), text_from(it["prefix"]), bool(it["deletes"]))
        for it in rules
    )
