"""Whether a tag can be moved to another image, as a repository's settings say. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecrm.model.pattern import glob_matches

_MUTABLE = frozenset({"MUTABLE", "MUTABLE_WITH_EXCLUSION"})
_IMMUTABLE = frozenset({"IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION"})


@dataclass(frozen=True, slots=True)
class Mutability:
    """`mutable` is the rule for all tags but those that one of the `excluded` globs covers."""

    mutable: bool
    excluded: tuple[str, ...] = ()

    def is_mutable(self, tag: str) -> bool:
        return self.mutable is not any(glob_matches(glob, tag) for glob in self.excluded)


def mutability_from(repository: Mapping[str, Any]) -> Mutability:
    """Of a row of DescribeRepositories: `imageTagMutability`, and
    `imageTagMutabilityExclusionFilters` of the type WILDCARD, in which `*` is any text.

    Raises ValueError for a setting or a filter that ecrm does not know.
    """
    setting = repository.get("imageTagMutability")
    if setting not in _MUTABLE | _IMMUTABLE:
        raise ValueError(f"imageTagMutability is {setting}")
    filters = repository.get("imageTagMutabilityExclusionFilters") or ()
    for entry in filters:
        if entry.get("filterType") != "WILDCARD":
            raise ValueError(f"an exclusion filter is of the type {entry.get('filterType')}")
    excluded = tuple(entry["filter"] for entry in filters) if "EXCLUSION" in setting else ()
    return Mutability(setting in _MUTABLE, excluded)
