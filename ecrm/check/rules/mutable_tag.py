"""The rule `mutable_tag`: a tag in use can be moved, or has been moved."""

from collections import defaultdict
from collections.abc import Iterator

from ecrm.check.repositories import (
    ResolvedUse,
    repository_indexes,
    resolve_uses,
    short_digest,
    users,
)
from ecrm.check.values import CheckInputs, RuleResults, Violation, Where
from ecrm.config import Level
from ecrm.model.decision import Decision
from ecrm.model.image import Image, Kind, Links
from ecrm.model.reference import RepositoryKey
from ecrm.model.use import Use

_MOST_TAGS = 5


def mutable_tag(inputs: CheckInputs, level: Level) -> RuleResults:
    yield from _movable(inputs, level)
    for use, current in _moved(inputs):
        reference = use.reference
        links = inputs.children.get(use.key, {})
        if reference.digest not in _descendants(current.image.digest, links):
            yield Violation(
                "mutable_tag",
                level,
                use.where,
                f"the tag {reference.tag} was moved: what runs is "
                f"{short_digest(reference.digest)}, and the tag now means "
                f"{short_digest(current.image.digest)}",
                users(use.uses),
                "deploy again to run what the tag means, or deploy by digest",
                "has moved",
            )


def moved_to(inputs: CheckInputs) -> dict[RepositoryKey, list[Image]]:
    """The indexes that tags in use point to now, where another digest runs: only the children of
    the index tell whether that digest is one of its platform images."""
    indexes: dict[RepositoryKey, list[Image]] = defaultdict(list)
    for use, current in _moved(inputs):
        if current.image.kind is Kind.INDEX and current.image not in indexes[use.key]:
            indexes[use.key].append(current.image)
    return {key: images for key, images in indexes.items() if images}


def _moved(inputs: CheckInputs) -> Iterator[tuple[ResolvedUse, Decision]]:
    """Uses whose tag points to another digest than the one that runs; both must be in ECR."""
    indexes = repository_indexes(inputs.plan)
    for use in resolve_uses(inputs, inputs.scan.uses):
        reference, index = use.reference, indexes.get(use.key)
        if index and reference.tag in index.tags and reference.digest in index.images:
            current = index.images[index.tags[reference.tag]]
            if current.image.digest != reference.digest:
                yield use, current


def _movable(inputs: CheckInputs, level: Level) -> Iterator[Violation]:
    """One violation for a repository: its setting is what should change."""
    indexes = repository_indexes(inputs.plan)
    tags_by_repository: dict[RepositoryKey, dict[str, list[Use]]] = defaultdict(dict)
    for use in resolve_uses(inputs, inputs.scan.uses):
        reference, index = use.reference, indexes.get(use.key)
        setting = inputs.mutability.get(use.key)
        if not reference.tag or reference.digest or not index or not index.find(reference):
            continue
        if setting and setting.is_mutable(reference.tag):
            tags_by_repository[use.key].setdefault(reference.tag, []).extend(use.uses)
    for key, tags in sorted(tags_by_repository.items()):
        yield Violation(
            "mutable_tag",
            level,
            Where(key),
            f"in use by tags that can be moved: {_listed(sorted(tags))}",
            users(use for uses in tags.values() for use in uses),
            "make the tags immutable (aws ecr put-image-tag-mutability), or deploy by digest",
            "mutable tags",
        )


def _descendants(digest: str, links: Links) -> set[str]:
    """The children of an index, at any depth."""
    found: set[str] = set()
    pending = [digest]
    while pending:
        children = set(links.get(pending.pop(), ())) - found
        found |= children
        pending.extend(children)
    return found


def _listed(tags: list[str]) -> str:
    more = f" and {len(tags) - _MOST_TAGS} more" if len(tags) > _MOST_TAGS else ""
    return ", ".join(tags[:_MOST_TAGS]) + more
