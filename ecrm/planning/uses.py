"""All uses, looked up by the repository that they may name."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ecrm.model.image import Image
from ecrm.model.reference import Registry
from ecrm.model.use import Use


@dataclass(frozen=True, slots=True)
class RepositoryUses:
    """The uses of one repository, by what they name."""

    by_digest: Mapping[str, tuple[Use, ...]] = field(default_factory=dict)
    by_tag: Mapping[str, tuple[Use, ...]] = field(default_factory=dict)

    def of(self, image: Image) -> tuple[Use, ...]:
        found = self.by_digest.get(image.digest, ())
        for tag in image.tags:
            found += self.by_tag.get(tag, ())
        return tuple(dict.fromkeys(found)) if found else ()

    def missing_from(self, images: Iterable[Image]) -> tuple[str, ...]:
        """The tags and digests in use that name no image there, as `:tag` and `@digest`.

        A use with both is met by its digest: that its tag was deleted endangers nothing.
        """
        if not self.by_digest and not self.by_tag:
            return ()
        digests: set[str] = set()
        tags: set[str] = set()
        for image in images:
            digests.add(image.digest)
            tags.update(image.tags)
        absent = [f"@{digest}" for digest in self.by_digest if digest not in digests]
        for tag, uses in self.by_tag.items():
            if tag not in tags and any(use.reference.digest not in digests for use in uses):
                absent.append(f":{tag}")
        return tuple(sorted(absent))


class UsesByRepository:
    """An index over all uses; those that name no private registry are left out."""

    def __init__(self, uses: Iterable[Use]) -> None:
        self._found: dict[tuple[Registry | None, str], list[Use]] = defaultdict(list)
        for use in uses:
            if not use.reference.is_elsewhere:
                self._found[use.reference.registry, use.reference.repository].append(use)

    def plus(self, uses: Iterable[Use]) -> "UsesByRepository":
        """With these, too."""
        more = UsesByRepository(uses)
        for key, known in self._found.items():
            more._found[key] = [*known, *more._found[key]] if key in more._found else known
        return more

    def of(self, registries: Iterable[Registry], repository: str) -> RepositoryUses:
        """Those that name one of these registries, or a host that may stand for any."""
        by_digest: dict[str, list[Use]] = defaultdict(list)
        by_tag: dict[str, list[Use]] = defaultdict(list)
        found = [self._found.get((where, repository), ()) for where in (*registries, None)]
        for use in sorted((use for uses in found for use in uses), key=str):
            if use.reference.digest:
                by_digest[use.reference.digest].append(use)
            if use.reference.tag:
                by_tag[use.reference.tag].append(use)
        return RepositoryUses(
            {digest: tuple(uses) for digest, uses in by_digest.items()},
            {tag: tuple(uses) for tag, uses in by_tag.items()},
        )

    def count(self, registry: Registry) -> int:
        """How many different images of this registry the uses name."""
        return len(
            {
                (repository, use.reference.digest or use.reference.tag)
                for (where, repository), uses in self._found.items()
                if where == registry
                for use in uses
            }
        )
