"""A registry that is read once, however many plans are made of it."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from ecrm.errors import AwsError
from ecrm.model.image import Image, Links, OwnReadings
from ecrm.model.reference import Registry
from ecrm.planning.planner import RegistryReader
from ecrm.registry.access import Pullers, Replication
from ecrm.registry.tag_mutability import Mutability

T = TypeVar("T")


class Remembering:
    """A RegistryReader. What could not be read is not tried again."""

    def __init__(self, inventory: RegistryReader) -> None:
        self._inventory = inventory
        self._answers: dict[tuple[object, ...], Any] = {}

    @property
    def registries(self) -> tuple[Registry, ...]:
        return self._inventory.registries

    @property
    def workers(self) -> int:
        return self._inventory.workers

    def repositories(self, registry: Registry, only: str | None = None) -> Sequence[str]:
        return self._once(self._inventory.repositories, registry, only)

    def images(self, registry: Registry, repository: str) -> Sequence[Image]:
        return self._once(self._inventory.images, registry, repository)

    def children(self, registry: Registry, repository: str, indexes: Sequence[Image]) -> Links:
        return self._once(self._inventory.children, registry, repository, tuple(indexes))

    def own_readings(
        self, registry: Registry, repository: str, images: Sequence[Image]
    ) -> OwnReadings:
        """These change by reading, so they are asked for each time."""
        return self._inventory.own_readings(registry, repository, images)

    def replications(self, registry: Registry) -> Sequence[Replication]:
        return self._once(self._inventory.replications, registry)

    def cross_account_pullers(self, registry: Registry, repository: str) -> Pullers:
        return self._once(self._inventory.cross_account_pullers, registry, repository)

    def lifecycle_policy(self, registry: Registry, repository: str) -> str | None:
        return self._once(self._inventory.lifecycle_policy, registry, repository)

    def mutability(self, registry: Registry, repository: str) -> Mutability:
        return self._once(self._inventory.mutability, registry, repository)

    def _once(self, read: Callable[..., T], *args: object) -> T:
        """No two threads of a plan read the same."""
        key = (read.__name__, *args)
        if key not in self._answers:
            try:
                self._answers[key] = read(*args)
            except AwsError as error:
                self._answers[key] = error
        answer = self._answers[key]
        if isinstance(answer, AwsError):
            raise answer
        return cast(T, answer)
