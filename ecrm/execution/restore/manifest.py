"""What a manifest needs before ECR takes it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecrm.model.json_text import parse_json

# Layers that may not be pushed to just any registry (those of Windows) are fetched by their URLs.
_ELSEWHERE = ("foreign", "nondistributable")


@dataclass(frozen=True, slots=True)
class Needs:
    """The images that an index names, or the blobs (configuration first) of any other image.

    `urls` are the places outside of ECR from which whoever pulls the image would fetch parts.
    """

    children: tuple[str, ...] = ()
    blobs: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()


def needs(manifest: str) -> Needs:
    """Raises ValueError where this cannot be told."""
    content = parse_json(manifest)
    if not isinstance(content, dict):
        raise ValueError("it is not a manifest")  # noqa: TRY004 - of a text
    children = _descriptors(content, "manifests")
    config = _descriptors(
        {"config": [content["config"]]} if content.get("config") else {}, "config"
    )
    layers = _descriptors(content, "layers")
    pushed = [layer for layer in layers if not _is_elsewhere(layer)]
    urls = (url for one in (*children, *config, *layers) for url in one.get("urls") or ())
    return Needs(_digests(children), _digests([*config, *pushed]), tuple(map(str, urls)))


def _descriptors(content: Mapping[str, Any], member: str) -> list[dict[str, Any]]:
    found = content.get(member) or []
    if not isinstance(found, list) or not all(map(_is_descriptor, found)):
        raise ValueError(f"it is not a manifest: {member} holds no descriptors")
    return found


def _is_descriptor(value: object) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("digest"), str)
        and isinstance(value.get("mediaType", ""), str)
        and isinstance(value.get("urls") or [], list)
    )


def _digests(descriptors: list[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(descriptor["digest"] for descriptor in descriptors))


def _is_elsewhere(layer: Mapping[str, Any]) -> bool:
    return any(word in layer.get("mediaType", "") for word in _ELSEWHERE)
