"""The manifests of the samples in the story, as a build tool would have pushed them."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ecrm.demo.story import REPOSITORIES, Form, Sample

_OCI = "application/vnd.oci.image."
INDEX = f"{_OCI}index.v1+json"
MANIFEST = f"{_OCI}manifest.v1+json"
CONFIG = f"{_OCI}config.v1+json"
EMPTY_CONFIG = "application/vnd.oci.empty.v1+json"
LAYER = f"{_OCI}layer.v1.tar+gzip"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
SIGNATURE_LAYER = "application/vnd.dev.cosign.simplesigning.v1+json"
PROVENANCE_LAYER = "application/vnd.in-toto+json"
SBOM = "application/spdx+json"
CHART_CONFIG = "application/vnd.cncf.helm.config.v1+json"
CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
PLATFORMS = {"amd64": 1.0, "arm64": 0.96}

_MB = 1_000_000
_CONFIG_SIZE = 7_023

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pushed:
    """A manifest in a repository: `name` is unique there, `sample` is what it was pushed for."""

    name: str
    sample: Sample
    text: str
    size: int
    tags: tuple[str, ...] = ()

    @property
    def manifest(self) -> Manifest:
        content: Manifest = json.loads(self.text)
        return content

    @property
    def digest(self) -> str:
        return _sha256(self.text)

    @property
    def media_type(self) -> str:
        return str(self.manifest["mediaType"])

    @property
    def artifact_type(self) -> str | None:
        """As ECR tells it: an artifact's own type or else that of the config; an index has none."""
        found = self.manifest.get("artifactType") or self.manifest.get("config", {}).get(
            "mediaType"
        )
        return str(found) if found else None

    @property
    def subject(self) -> str | None:
        found = self.manifest.get("subject")
        return str(found["digest"]) if found else None

    @property
    def layers(self) -> dict[str, int]:
        """Digest → size of every blob, the config included."""
        blobs = [*self.manifest.get("layers", ()), self.manifest.get("config")]
        return {blob["digest"]: blob["size"] for blob in blobs if blob}


@cache
def pushed(repository: str) -> Mapping[str, Pushed]:
    """All that was ever pushed and is still there, by name, children before their index."""
    found: dict[str, Pushed] = {}
    for sample in REPOSITORIES[repository]:
        found.update((item.name, item) for item in _of_sample(repository, sample, found))
    return found


def _of_sample(repository: str, sample: Sample, others: Mapping[str, Pushed]) -> Iterator[Pushed]:
    path = f"{repository}/{sample.name}"
    size = round(sample.size * _MB)
    match sample.form:
        case Form.IMAGE:
            manifest = _docker_image(repository, path, size)
        case Form.MULTI_ARCH:
            yield from _multi_arch(repository, sample)
            return
        case Form.SIGNATURE:
            manifest = _artifact(path, CONFIG, SIGNATURE_LAYER, size)
            signed = others[sample.subject].digest.replace(":", "-")
            yield _item(sample.name, sample, manifest, (f"{signed}.sig",))
            return
        case Form.SBOM:
            manifest = _artifact(path, EMPTY_CONFIG, SBOM, size) | {"artifactType": SBOM}
            manifest["subject"] = _descriptor(others[sample.subject])
        case Form.CHART:
            manifest = _artifact(path, CHART_CONFIG, CHART_LAYER, size)
    yield _item(sample.name, sample, manifest, sample.tags)


def _multi_arch(repository: str, sample: Sample) -> Iterator[Pushed]:
    """What `docker buildx build --platform ... --provenance` pushes: an index and four children."""
    images, attestations = [], []
    for platform, share in PLATFORMS.items():
        name = f"{sample.name}/{platform}"
        path = f"{repository}/{name}"
        size = round(sample.size * _MB * share)
        image = _item(name, sample, _oci_image(repository, path, size, platform))
        note = _artifact(f"{path}/attestation", CONFIG, PROVENANCE_LAYER, 21_480)
        attestation = _item(f"{name}/attestation", sample, note)
        images.append((image, platform))
        attestations.append((attestation, image))
        yield image
        yield attestation
    manifests = [
        _descriptor(image) | {"platform": {"architecture": platform, "os": "linux"}}
        for image, platform in images
    ] + [_attestation(item, image) for item, image in attestations]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
    size = max(image.size for image, _ in images)
    yield Pushed(sample.name, sample, _json(index), size, sample.tags)


def _attestation(item: Pushed, image: Pushed) -> Manifest:
    return _descriptor(item) | {
        "annotations": {
            "vnd.docker.reference.digest": image.digest,
            "vnd.docker.reference.type": "attestation-manifest",
        },
        "platform": {"architecture": "unknown", "os": "unknown"},
    }


def _docker_image(repository: str, path: str, size: int) -> Manifest:
    return {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": _blob(f"{path}/config", DOCKER_CONFIG, _CONFIG_SIZE),
        "layers": _layers(f"{repository}/base", path, size, DOCKER_LAYER),
    }


def _oci_image(repository: str, path: str, size: int, platform: str) -> Manifest:
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _blob(f"{path}/config", CONFIG, _CONFIG_SIZE),
        "layers": _layers(f"{repository}/base/{platform}", path, size, LAYER),
    }


def _layers(base: str, path: str, size: int, media_type: str) -> list[Manifest]:
    """A base that all images of the repository share, and two layers of its own."""
    shared = 31_457_280
    dependencies = (size - shared) * 3 // 4
    rest = size - shared - dependencies - _CONFIG_SIZE
    return [
        _blob(base, media_type, shared),
        _blob(f"{path}/dependencies", media_type, dependencies),
        _blob(f"{path}/app", media_type, rest),
    ]


def _artifact(path: str, config: str, layer: str, size: int) -> Manifest:
    empty = config == EMPTY_CONFIG
    head = _blob("{}", config, 2) if empty else _blob(f"{path}/config", config, 233)
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": head,
        "layers": [_blob(path, layer, size - head["size"])],
    }


def _blob(content: str, media_type: str, size: int) -> Manifest:
    return {"mediaType": media_type, "digest": _sha256(content), "size": size}


def _descriptor(item: Pushed) -> Manifest:
    return {"mediaType": item.media_type, "digest": item.digest, "size": len(item.text)}


def _item(name: str, sample: Sample, manifest: Manifest, tags: tuple[str, ...] = ()) -> Pushed:
    size = sum(blob["size"] for blob in (manifest["config"], *manifest["layers"]))
    return Pushed(name, sample, _json(manifest), size, tags)


def _json(manifest: Manifest) -> str:
    return json.dumps(manifest, indent=2)


def _sha256(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
