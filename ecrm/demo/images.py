"""The manifests of the samples in the story, as a build tool would have pushed them."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ecrm.demo.story import Sample, samples

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
_BASE_SIZE = 31_457_280

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pushed:
    """A manifest in a repository; `sample` is what it was pushed for."""

    sample: Sample
    manifest: Manifest
    tags: tuple[str, ...] = ()
    children: tuple["Pushed", ...] = ()

    @property
    def text(self) -> str:
        return json.dumps(self.manifest, indent=2)

    @property
    def digest(self) -> str:
        return _sha256(self.text)

    @property
    def artifact_type(self) -> str | None:
        """As ECR reports it: an artifact's own type, else that of the config; an index has none."""
        own: str | None = self.manifest.get("artifactType")
        return own or self.manifest.get("config", {}).get("mediaType")

    @property
    def layers(self) -> dict[str, int]:
        """Digest → size of every blob, the config included."""
        blobs = [self.manifest["config"], *self.manifest["layers"]] if not self.children else ()
        return {blob["digest"]: blob["size"] for blob in blobs}

    @property
    def size(self) -> int:
        """In bytes; ECR reports for an index the size of its largest image."""
        return max((child.size for child in self.children), default=sum(self.layers.values()))

    @property
    def descriptor(self) -> Manifest:
        media_type = self.manifest["mediaType"]
        return {"mediaType": media_type, "digest": self.digest, "size": len(self.text)}


@cache
def pushed(repository: str) -> Mapping[str, Pushed]:
    """All manifests of the repository by name, children before their index."""
    found: dict[str, Pushed] = {}
    for sample in samples(repository):
        path = f"{repository}/{sample.name}"
        if sample.form == "index":
            children = dict(_children(repository, sample))
            found |= {f"{sample.name}/{name}": child for name, child in children.items()}
            found[sample.name] = _index(sample, children)
        else:
            tags, subject = tuple(sample.tags), found.get(sample.subject)
            if subject and sample.form == "signature":
                tags = (f"{subject.digest.replace(':', '-')}.sig",)
            found[sample.name] = Pushed(sample, _manifest(sample, path, subject), tags)
    return found


def _manifest(sample: Sample, path: str, subject: Pushed | None) -> Manifest:
    size = round(sample.size * _MB)
    match sample.form, subject:
        case "signature", _:
            return _artifact(path, CONFIG, SIGNATURE_LAYER, size)
        case "sbom", Pushed():
            about = {"artifactType": SBOM, "subject": subject.descriptor}
            return _artifact(path, EMPTY_CONFIG, SBOM, size) | about
        case "chart", _:
            return _artifact(path, CHART_CONFIG, CHART_LAYER, size)
    base = f"{path.removesuffix(sample.name)}base"
    layers = _layers(base, path, size, DOCKER_LAYER)
    return _of(DOCKER_MANIFEST, _blob(f"{path}/config", DOCKER_CONFIG, _CONFIG_SIZE), layers)


def _children(repository: str, sample: Sample) -> Iterator[tuple[str, Pushed]]:
    for platform, share in PLATFORMS.items():
        path = f"{repository}/{sample.name}/{platform}"
        size = round(sample.size * _MB * share)
        layers = _layers(f"{repository}/base/{platform}", path, size, LAYER)
        image = _of(MANIFEST, _blob(f"{path}/config", CONFIG, _CONFIG_SIZE), layers)
        yield platform, Pushed(sample, image)
        note = _artifact(f"{path}/attestation", CONFIG, PROVENANCE_LAYER, 21_480)
        yield f"{platform}/attestation", Pushed(sample, note)


def _index(sample: Sample, children: Mapping[str, Pushed]) -> Pushed:
    """What `docker buildx build --platform ... --provenance` pushes: two images, and two notes."""
    images = [
        children[name].descriptor | {"platform": {"architecture": name, "os": "linux"}}
        for name in PLATFORMS
    ]
    notes = [
        children[f"{name}/attestation"].descriptor
        | {
            "annotations": {
                "vnd.docker.reference.digest": children[name].digest,
                "vnd.docker.reference.type": "attestation-manifest",
            },
            "platform": {"architecture": "unknown", "os": "unknown"},
        }
        for name in PLATFORMS
    ]
    manifest = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [*images, *notes]}
    return Pushed(sample, manifest, tuple(sample.tags), tuple(children.values()))


def _layers(base: str, path: str, size: int, media_type: str) -> list[Manifest]:
    """A base that all images of the repository share, and two layers of its own."""
    dependencies = (size - _BASE_SIZE) * 3 // 4
    rest = size - _BASE_SIZE - dependencies - _CONFIG_SIZE
    return [
        _blob(base, media_type, _BASE_SIZE),
        _blob(f"{path}/dependencies", media_type, dependencies),
        _blob(f"{path}/app", media_type, rest),
    ]


def _artifact(path: str, config: str, layer: str, size: int) -> Manifest:
    empty = config == EMPTY_CONFIG
    head = _blob("{}", config, 2) if empty else _blob(f"{path}/config", config, 233)
    return _of(MANIFEST, head, [_blob(path, layer, size - head["size"])])


def _of(media_type: str, config: Manifest, layers: list[Manifest]) -> Manifest:
    return {"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": layers}


def _blob(content: str, media_type: str, size: int) -> Manifest:
    return {"mediaType": media_type, "digest": _sha256(content), "size": size}


def _sha256(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
