"""What a plan depends on, as a file: uses, images, which image belongs to which index, and who else
may pull. A plan made from it decides the same, without AWS. It holds no secrets: no environment of
a task, no layer, no argument of a command.

A file is `{"ecrm_snapshot": 1, "version": ..., <the fields of Snapshot>}`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecrm.aws import map_concurrently
from ecrm.aws.pace import Pace
from ecrm.errors import AccessDenied, AwsError, Gone, InputError, NotOffered
from ecrm.model.codec import decode, encode
from ecrm.model.image import Image, Kind, Links, OwnReadings
from ecrm.model.json_text import parse_json
from ecrm.model.printable import printable_json
from ecrm.model.reference import Digest, Registry, RepositoryKey, RepositoryName
from ecrm.model.scan import Scan
from ecrm.planning.planner import RegistryReader
from ecrm.registry.access import Puller, Pullers, Replication
from ecrm.registry.tag_mutability import Mutability

_FORMAT = 1
_BESIDES = ("ecrm_snapshot", "version")


@dataclass(frozen=True, slots=True)
class LifecyclePolicy:
    """ECR's own policy of a repository: its text, None where it has none; `unread` says why that
    could not be read."""

    text: str | None = None
    unread: str = ""


@dataclass(frozen=True, slots=True)
class RepositoryRecord:
    """One repository at that moment; None where something was not recorded. `children` are those
    of each index."""

    images: tuple[Image, ...]
    children: Mapping[Digest, tuple[Digest, ...]]
    pullers: tuple[str, ...]
    mutability: Mutability | None = None
    lifecycle_policy: LifecyclePolicy | None = None
    pullers_unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A recorded moment, which is read as ECR is: a RegistryReader."""

    scan: Scan
    replication_rules: Mapping[Registry, tuple[Replication, ...]]
    records: Mapping[Registry, Mapping[RepositoryName, RepositoryRecord]]

    @property
    def workers(self) -> int:
        return 1

    @property
    def registries(self) -> tuple[Registry, ...]:
        return tuple(self.records)

    def repositories(self, registry: Registry, only: str | None = None) -> Sequence[str]:
        return sorted(name for name in self.records[registry] if only in (None, name))

    def images(self, registry: Registry, repository: str) -> Sequence[Image]:
        return self.records[registry][repository].images

    def children(self, registry: Registry, repository: str, indexes: Sequence[Image]) -> Links:
        links = self.records[registry][repository].children
        return {index.digest: links[index.digest] for index in indexes if index.digest in links}

    def own_readings(self, *_: object) -> OwnReadings:
        return {}  # what was read to make the snapshot came after the pulls that it records

    def replications(self, registry: Registry) -> Sequence[Replication]:
        return self.replication_rules[registry]

    def cross_account_pullers(self, registry: Registry, repository: str) -> Pullers:
        record = self.records[registry][repository]
        return Pullers(tuple(map(Puller, record.pullers)), record.pullers_unread)

    def lifecycle_policy(self, registry: Registry, repository: str) -> str | None:
        """Raises AwsError where it was not recorded, which is not the same as having none."""
        policy = self.records[registry][repository].lifecycle_policy
        if policy is None or policy.unread:
            why = policy.unread if policy else "record it with `ecrm snapshot --lifecycle-policies`"
            raise AwsError(f"{repository}: the snapshot has no lifecycle policy: {why}")
        return policy.text

    def mutability(self, registry: Registry, repository: str) -> Mutability:
        found = self.records[registry][repository].mutability
        if found is None:
            why = "record it again with `ecrm snapshot`"
            raise AwsError(f"{repository}: the snapshot does not say which tags can move: {why}")
        return found


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

    keys = [
        RepositoryKey(registry, name)
        for registry in inventory.registries
        for name in inventory.repositories(registry)
    ]
    pace = Pace("ECR repositories", len(keys))

    def read(key: RepositoryKey) -> RepositoryRecord | None:
        try:
            return _recorded(inventory, key, policies=policies)
        except Gone:
            return None
        finally:
            progress(pace.one_more())

    records: dict[Registry, dict[str, RepositoryRecord]] = {}
    records |= {registry: {} for registry in inventory.registries}
    for key, record in zip(keys, map_concurrently(read, keys, inventory.workers), strict=True):
        if record is not None:
            records[key.registry][key.repository] = record
    rules = {one: tuple(inventory.replications(one)) for one in inventory.registries}
    header = {"ecrm_snapshot": _FORMAT, "version": version}
    snapshot = Snapshot(scan, rules, records)
    whole = header | encode(snapshot)
    return printable_json(json.dumps(whole, indent=1, ensure_ascii=False))


def read_snapshot(text: str, path: str) -> Snapshot:
    """Raises InputError for a file that is not a snapshot, with the path of what is wrong."""
    try:
        body = parse_json(text)
        _check_header(body, path)
        snapshot = decode(Snapshot, {key: body[key] for key in body if key not in _BESIDES})
        _check_registries(snapshot)
    except ValueError as error:
        why = f"is not a snapshot that `ecrm snapshot` wrote ({error})"
        raise InputError(f"{path}: {why}") from error
    return snapshot


def _check_header(body: Any, path: str) -> None:
    if not isinstance(body, dict) or "ecrm_snapshot" not in body:
        raise ValueError("it has no format")
    if decode(int, body["ecrm_snapshot"]) != _FORMAT:
        raise InputError(f"{path}: is a snapshot of format {body['ecrm_snapshot']}")


def _check_registries(snapshot: Snapshot) -> None:
    if snapshot.replication_rules.keys() != snapshot.records.keys():
        raise ValueError("replication_rules and records are of different registries")


def _recorded(inventory: RegistryReader, key: RepositoryKey, *, policies: bool) -> RepositoryRecord:
    images = sorted(inventory.images(*key), key=lambda image: (image.pushed_at, image.digest))
    indexes = [image for image in images if image.kind is Kind.INDEX]
    pullers = inventory.cross_account_pullers(*key)
    return RepositoryRecord(
        images=tuple(images),
        children=inventory.children(*key, indexes) if indexes else {},
        pullers=tuple(puller.text for puller in pullers.known),
        pullers_unread=pullers.unread,
        mutability=_mutability(inventory, key),
        lifecycle_policy=_policy(inventory, key) if policies else None,
    )


def _mutability(inventory: RegistryReader, key: RepositoryKey) -> Mutability | None:
    """No plan depends on it, so a setting that ecrm does not know fails nothing."""
    try:
        return inventory.mutability(*key)
    except Gone:
        raise
    except AwsError:
        return None


def _policy(inventory: RegistryReader, key: RepositoryKey) -> LifecyclePolicy:
    try:
        return LifecyclePolicy(inventory.lifecycle_policy(*key))
    except (AccessDenied, NotOffered) as error:
        return LifecyclePolicy(unread=str(error))
