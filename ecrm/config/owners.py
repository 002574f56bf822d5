"""Who owns which repository, for reports; nothing is decided by it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ecrm.config.schema import key
from ecrm.config.values import TEXT, map_of
from ecrm.model.pattern import NamePattern

NOBODY = "(no prefix)"


@dataclass(frozen=True, slots=True)
class Owners:
    """The first that says something: the tag of a repository, the first glob of `patterns` that
    matches, the first part of a name that has several."""

    tag: str | None = key(TEXT, "the ECR resource tag whose value is the owner")
    patterns: Mapping[str, str] = field(
        default_factory=dict,
        metadata=key(map_of(TEXT), "globs of repositories, each with an owner", {}).metadata,
    )

    def of(self, repository: str, tags: Mapping[str, str]) -> str:
        """`tags` are those of the repository, as far as they are known."""
        if self.tag and (owner := tags.get(self.tag)):
            return owner
        for glob, owner in self.patterns.items():
            if NamePattern(glob, is_glob=True).matches(repository):
                return owner
        first, slash, _ = repository.partition("/")
        return first if slash else NOBODY
