"""Which images a pod, or a template of one, needs."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ecrm.errors import NotAReferenceError
from ecrm.model.reference import ANY_SCHEME, Reference, looks_like_ecr
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use
from ecrm.sources.items import SourceItem, uses_of

_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
# The ID of an image that was loaded into the runtime and not pulled from any registry, as
# containerd, CRI-O and Docker write it: the digest of its configuration, which no registry lists.
_LOADED = re.compile(r"(?:[a-z-]+://)?(?:sha256:)?[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Needs:
    """Who needs the images, and how they are reached from there, as `Use` has it."""

    source: str
    user: str
    why: str
    path: tuple[str, ...] = ()


def spec_uses(spec: Mapping[str, Any], needs: Needs) -> Iterator[SourceItem]:
    """Of the `spec` of a pod template."""
    yield from _uses(spec, {}, needs)


def pod_uses(pod: Mapping[str, Any], needs: Needs) -> Iterator[SourceItem]:
    """Of a pod, with what its runtime resolved."""
    containers = [each for name in _STATUSES for each in pod["status"][name]]
    resolved = {f"container {each['name']}": each["imageID"] for each in containers}
    for mount in (mount for each in containers for mount in each["volumeMounts"]):
        resolved[f"volume {mount['name']}"] = mount["volumeStatus"]["image"]["imageRef"]
    yield from _uses(pod["spec"], resolved, needs)


def _uses(
    spec: Mapping[str, Any], resolved: Mapping[str, str | None], needs: Needs
) -> Iterator[SourceItem]:
    """`resolved` is what the runtime made of the image of each container and volume."""
    for container in (each for name in _CONTAINERS for each in spec[name]):
        place = f"container {container['name']}"
        yield from _image(container["image"], resolved.get(place), place, needs)
    for volume in spec["volumes"]:
        place = f"volume {volume['name']}"
        yield from _image(volume["image"]["reference"], resolved.get(place), place, needs)


@lru_cache(maxsize=10_000)  # the pods of a controller are alike
def _image(written: str, image_id: str | None, place: str, needs: Needs) -> tuple[SourceItem, ...]:
    """The image as written, the one that runs, and the written repository at its digest: nodes
    that have the image under another name tell of that one."""
    path = (*needs.path, place)
    pulled = "" if image_id is None or _LOADED.fullmatch(image_id) else image_id
    runs = _parsed(pulled)
    found = list(
        uses_of(
            written,
            source=needs.source,
            user=needs.user,
            why=needs.why,
            path=path,
            digest=runs.digest if runs else None,
        )
    )
    references = [item.reference for item in found if isinstance(item, Use)]
    if runs:
        if all(reference.name != runs.name for reference in references):
            found.append(Use(runs, needs.source, needs.user, needs.why, path))
    elif pulled and (looks_like_ecr(pulled) or not any(each.is_elsewhere for each in references)):
        text = f"{needs.user} ({needs.why}), {place}: its imageID is of no known form"
        found.append(Diagnostic(ReadStatus.FAILED, f"{text}: {pulled!r}"))
    return tuple(found)


def _parsed(image_id: str) -> Reference | None:
    """None for what names no image by its digest."""
    try:
        reference = Reference.parse(ANY_SCHEME.sub("", image_id))
    except NotAReferenceError:
        return None
    return reference if reference.digest else None
