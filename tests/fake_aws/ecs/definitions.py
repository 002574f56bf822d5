"""Task definitions: families of numbered revisions that never change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fake_aws.ecr.image import Image

Resolve = Callable[[str], str | None]  # an image reference -> the digest it means now
ImageName = str | Image
ACTIVE = "ACTIVE"
INACTIVE = "INACTIVE"


def written(image: ImageName) -> str:
    """As a person writes the image into a definition: by tag where there is one."""
    return image.reference if isinstance(image, Image) else image


@dataclass(eq=False)
class TaskDefinition:
    """One revision. `containers` are containerDefinitions as AWS answers them."""

    arn: str
    family: str
    revision: int
    containers: list[dict[str, Any]]
    registered: float
    status: str = ACTIVE
    deregistered: float | None = None

    @property
    def name(self) -> str:
        return f"{self.family}:{self.revision}"

    def order(self) -> tuple[str, int]:
        return (self.family, self.revision)

    def resolved(self, resolve: Resolve) -> list[dict[str, str]]:
        """Containers as a service revision names them: with the digest each image means now.

        ECS resolves no tag of a container whose version consistency is disabled.
        """
        return [_resolved(container, resolve) for container in self.containers]


def containers_of(
    images: tuple[ImageName, ...], version_consistency: str | None
) -> list[dict[str, Any]]:
    """The first container is `app`, the others are `sidecar-1`, `sidecar-2`, ..."""
    made: list[dict[str, Any]] = []
    for place, image in enumerate(images):
        name = f"sidecar-{place}" if place else "app"
        container = {"name": name, "image": written(image), "essential": not place}
        if version_consistency is not None:
            container["versionConsistency"] = version_consistency
        made.append(container)
    return made


def _resolved(container: dict[str, Any], resolve: Resolve) -> dict[str, str]:
    found = {"containerName": container["name"], "image": container["image"]}
    digest = resolve(container["image"])
    if digest is None or container.get("versionConsistency") == "disabled":
        return found
    return found | {"imageDigest": digest}
