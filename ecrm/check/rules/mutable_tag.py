"""The rule `mutable_tag`: what a tag in use means can change, or has changed."""

from collections import defaultdict
from collections.abc import Iterator

from ecrm.check.repositories import ResolvedUse, repository_indexes, resolve_uses, users
from ecrm.check.values import CheckInputs, Found, RepositoryKey, Violation, Where
from ecrm.config import Level
from ecrm.model.decision import Decision
from ecrm.model.image import Image, Kind, Links
from ecrm.model.use import Use


def mutable_tag(evidence: CheckInputs, level: Level) -> Found:
    yield from _could_move(evidence, level)
    for need, now in _moved(evidence):
        named = need.reference
        links = evidence.children.get(need.key, {})
        if named.digest not in _below(now.image.digest, links):
            yield Violation(
                "mutable_tag",
                level,
                need.where,
                f"the tag {named.tag} was moved: what runs is {_brief(named.digest)}, and the tag "
                f"now means {_brief(now.image.digest)}",
                users(need.uses),
                "deploy again to run what the tag means, or deploy by digest",
                "has moved",
            )


def moved_to(evidence: CheckInputs) -> dict[RepositoryKey, list[Image]]:
    """The indexes that tags in use mean now, where something else runs: only the children of the
    index tell whether what runs is one of its platforms."""
    found: dict[RepositoryKey, list[Image]] = defaultdict(list)
    for need, now in _moved(evidence):
        if now.image.kind is Kind.INDEX and now.image not in found[need.key]:
            found[need.key].append(now.image)
    return {key: indexes for key, indexes in found.items() if indexes}


def _moved(evidence: CheckInputs) -> Iterator[tuple[ResolvedUse, Decision]]:
    """Uses that name a tag and another digest than the tag means now; neither may be missing."""
    repositories = repository_indexes(evidence.plan)
    for need in resolve_uses(evidence, evidence.scan.uses):
        named, there = need.reference, repositories.get(need.key)
        if there and named.tag and named.digest in there.images and named.tag in there.tags:
            now = there.images[there.tags[named.tag]]
            if now.image.digest != named.digest:
                yield need, now


def _could_move(evidence: CheckInputs, level: Level) -> Iterator[Violation]:
    """One violation for a repository: its setting is what should change."""
    repositories = repository_indexes(evidence.plan)
    by_repository: dict[RepositoryKey, dict[str, list[Use]]] = defaultdict(dict)
    for need in resolve_uses(evidence, evidence.scan.uses):
        named, there = need.reference, repositories.get(need.key)
        setting = evidence.mutability.get(need.key)
        if not named.tag or named.digest or not there or not there.find(named):
            continue
        if setting and setting.is_mutable(named.tag):
            by_repository[need.key].setdefault(named.tag, []).extend(need.uses)
    for (registry, repository), tags in sorted(by_repository.items()):
        yield Violation(
            "mutable_tag",
            level,
            Where(registry, repository),
            f"in use by tags that can be moved: {_listed(sorted(tags))}",
            users(use for uses in tags.values() for use in uses),
            "make the tags immutable (aws ecr put-image-tag-mutability), or deploy by digest",
            "mutable tags",
        )


def _below(digest: str, links: Links) -> set[str]:
    """What an index holds, at any depth."""
    found: set[str] = set()
    todo = [digest]
    while todo:
        children = set(links.get(todo.pop(), ())) - found
        found |= children
        todo.extend(children)
    return found


def _brief(digest: str | None) -> str:
    return (digest or "")[:19]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


_MOST_NAMES = 5
