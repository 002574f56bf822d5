"""Manifest texts as build tools write them, and what ECR reads out of one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
EMPTY_CONFIG = "application/vnd.oci.empty.v1+json"
INDEXES = frozenset({DOCKER_LIST, OCI_INDEX})

_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_CONFIG_SIZE = 1_000
_BASE_SHARE = 0.4


def sha256(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Descriptor:
    """How a manifest names another piece of content."""

    media_type: str
    digest: str
    size: int
    extra: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        plain = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        return plain | dict(self.extra or {})


@dataclass(frozen=True)
class Parsed:
    """What ECR keeps of a manifest; `layers` includes the configuration blob."""

    media_type: str
    layers: dict[str, int]
    children: tuple[str, ...]
    subject: str | None
    artifact_type: str | None


def image_text(
    content: str,
    size: int,
    *,
    base: str,
    media_type: str = OCI_MANIFEST,
    config_type: str | None = None,
    artifact_type: str | None = None,
    subject: Descriptor | None = None,
) -> str:
    """A single image of `size` bytes: a configuration, the layer `base` and a layer of its own.

    The same `content` gives the same text, hence the same digest.
    """
    default = DOCKER_CONFIG if media_type == DOCKER_MANIFEST else OCI_CONFIG
    config = min(_CONFIG_SIZE, size)
    shared = int((size - config) * _BASE_SHARE)
    layers = [(base, shared), (f"layer of {content}", size - config - shared)]
    body: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": _blob(config_type or default, f"config of {content}", config),
        "layers": [_blob(_LAYER, name, length) for name, length in layers],
    }
    return _text(body, artifact_type, subject)


def index_text(
    children: Sequence[Descriptor],
    *,
    content: str,
    media_type: str = OCI_INDEX,
    artifact_type: str | None = None,
    subject: Descriptor | None = None,
) -> str:
    """An index (OCI) or manifest list (Docker); `content` makes two with equal children differ."""
    body: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "manifests": [child.as_json() for child in children],
    }
    if media_type == OCI_INDEX:
        body["annotations"] = {"org.opencontainers.image.title": content}
    return _text(body, artifact_type, subject)


def parse(text: str, media_type: str | None = None) -> Parsed:
    """Raises ValueError for anything that is no manifest."""
    body = json.loads(text)
    if not isinstance(body, dict):
        raise ValueError("a manifest is a JSON object")  # noqa: TRY004 - as json.loads does
    kind = media_type or body.get("mediaType") or (OCI_INDEX if "manifests" in body else None)
    config = body.get("config") or {}
    subject = body.get("subject") or {}
    blobs = [config, *body.get("layers", [])] if config else body.get("layers", [])
    return Parsed(
        media_type=kind or OCI_MANIFEST,
        layers={blob["digest"]: blob["size"] for blob in blobs},
        children=tuple(child["digest"] for child in body.get("manifests", [])),
        subject=subject.get("digest"),
        artifact_type=body.get("artifactType") or config.get("mediaType"),
    )


def platform(name: str) -> dict[str, Any]:
    """The platform member of an index entry: `linux/arm64`, `linux/arm/v7`."""
    keys: Iterable[str] = ("os", "architecture", "variant")
    return {"platform": dict(zip(keys, name.split("/"), strict=False))}


def attestation_of(digest: str) -> dict[str, Any]:
    """How buildx marks an index entry that describes the platform image `digest`."""
    notes = {
        "vnd.docker.reference.digest": digest,
        "vnd.docker.reference.type": "attestation-manifest",
    }
    return {"annotations": notes} | platform("unknown/unknown")


def _blob(media_type: str, name: str, size: int) -> dict[str, Any]:
    return {"mediaType": media_type, "size": size, "digest": sha256(name)}


def _text(body: dict[str, Any], artifact_type: str | None, subject: Descriptor | None) -> str:
    if artifact_type:
        body["artifactType"] = artifact_type
    if subject:
        body["subject"] = subject.as_json()
    return json.dumps(body, indent=2)
