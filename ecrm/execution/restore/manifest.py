"""What a manifest needs before ECR takes it. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

# Layers that may not be pushed to just any registry (those of Windows) are fetched by their URLs.
_ELSEWHERE = ("foreign", "nondistributable")


@dataclass(frozen=True, slots=True)
class Needs:
    """The images that an index names, or the blobs (configuration first) of any other image."""

    children: tuple[str, ...] = ()
    blobs: tuple[str, ...] = ()


def needs(manifest: str) -> Needs:
    """Raises ValueError where this cannot be told."""
    content = json.loads(manifest)
    try:
        children = tuple(child["digest"] for child in content.get("manifests") or ())
        config = [content["config"]] if content.get("config") else []
        blobs = [blob["digest"] for blob in config + _pushed(content.get("layers") or ())]
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"it is no manifest ({error!r})") from error
    return Needs(tuple(dict.fromkeys(children)), tuple(dict.fromkeys(blobs)))


def has_digest(manifest: str, digest: str) -> bool:
    """Whether this is the very text that ECR gave."""
    return digest == f"sha256:{sha256(manifest.encode('utf-8', 'replace')).hexdigest()}"


def _pushed(layers: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [layer for layer in layers if not any(word in layer["mediaType"] for word in _ELSEWHERE)]
