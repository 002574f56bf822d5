"""What a plan depends on, as a file: uses, images, which image belongs to which index, and who else
may pull. A plan made from it decides the same, without AWS. It holds no secrets: no environment of
a task, no layer, no argument of a command.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecrm.aws import gather
from ecrm.consumers import Replication
from ecrm.errors import Gone, InputError, NotAReferenceError
from ecrm.family import Links
from ecrm.model import Image, Kind, Scan
from ecrm.planning import Holdings
from ecrm.reference import Registry
from ecrm.serial import (
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

_FORMAT = 1


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

    def pullers(self, registry: Registry, repository: str) -> Sequence[str]:
        return texts_from(self.held[registry][repository]["pullers"])


def snapshot_text(
    scan: Scan, holdings: Holdings, version: str, progress: Callable[[str], None]
) -> str:
    """Read everything and write it down, in a stable order. Raises AwsError where that fails."""

    def read(where: tuple[Registry, str]) -> Json | None:
        progress(f"ECR: {where[1]}")
        try:
            return _repository_json(holdings, *where)
        except Gone:
            return None

    names = [(it, name) for it in holdings.registries for name in holdings.repositories(it)]
    held: dict[str, Json] = {str(registry): {} for registry in holdings.registries}
    for (registry, name), facts in zip(names, gather(read, names, holdings.workers), strict=True):
        if facts is not None:
            held[str(registry)][name] = facts
    body = {
        "ecrm_snapshot": _FORMAT,
        "version": version,
        "scanned_at": scan.at.isoformat(),
        "sources": [source_json(read) for read in scan.ledger],
        "uses": [use_json(use) for use in scan.uses],
        "replications": {
            str(it): [_replication_json(rule) for rule in holdings.replications(it)]
            for it in holdings.registries
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
                snapshot.pullers(registry, name)
                {index: texts_from(named) for index, named in facts["indexes"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, NotAReferenceError) as error:
        raise InputError(
            f"{path}: is no snapshot that `ecrm snapshot` wrote ({error!r})"
        ) from error
    return snapshot


def _repository_json(holdings: Holdings, registry: Registry, name: str) -> Json:
    images = sorted(holdings.images(registry, name), key=lambda it: (it.pushed_at, it.digest))
    indexes = [image for image in images if image.kind is Kind.INDEX]
    links = holdings.children(registry, name, indexes) if indexes else {}
    return {
        "images": [image_json(image) for image in images],
        "indexes": {digest: list(links[digest]) for digest in sorted(links)},
        "pullers": list(holdings.pullers(registry, name)),
    }


def _replication_json(rule: Replication) -> Json:
    return {"destination": str(rule.destination), "prefix": rule.prefix, "deletes": rule.deletes}


def _replications_from(rules: Sequence[Any]) -> tuple[Replication, ...]:
    return tuple(
        Replication(registry_from(it["destination"]), text_from(it["prefix"]), bool(it["deletes"]))
        for it in rules
    )
