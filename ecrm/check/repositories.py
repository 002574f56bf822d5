"""What ECR holds, looked up by reference."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from ecrm.check.values import CheckInputs, RepositoryKey, Where
from ecrm.model.decision import Decision
from ecrm.model.reference import Reference, Registry
from ecrm.model.use import SourceLocation, Use
from ecrm.planning.plan import Plan, RepositoryPlan
from ecrm.sources.files import ANY_REGISTRY

_FAMILY = "family "


@dataclass(frozen=True, slots=True)
class RepositoryIndex:
    """One repository: its images by digest, and the digest of each tag."""

    plan: RepositoryPlan
    images: dict[str, Decision]
    tags: dict[str, str]

    def find(self, reference: Reference) -> Decision | None:
        """The image that a pull would get; the digest decides where there is one."""
        digest = reference.digest or self.tags.get(reference.tag or "")
        return self.images.get(digest) if digest else None


def repository_indexes(plan: Plan) -> dict[RepositoryKey, RepositoryIndex]:
    """All repositories whose images could be read; the plan must list what stays."""
    found = {}
    for it in plan.repositories:
        if not it.unread:
            images = {each.image.digest: each for each in (*it.deletions, *it.kept)}
            tags = {tag: digest for digest, each in images.items() for tag in each.image.tags}
            found[it.registry, it.repository] = RepositoryIndex(it, images, tags)
    return found


def where_found(registry: Registry, repository: str, decision: Decision) -> Where:
    """By a tag where there is one: a digest is another one after every push."""
    image = decision.image
    name = f":{min(image.tags)}" if image.tags else f"@{image.digest}"
    return Where(registry, repository, name)


@dataclass(frozen=True, slots=True)
class ResolvedUse:
    """Uses of one registry that was read, of one reference; `place` is where that is written."""

    registry: Registry
    reference: Reference
    location: SourceLocation | None
    uses: tuple[Use, ...]

    @property
    def key(self) -> RepositoryKey:
        return self.registry, self.reference.repository

    @property
    def where(self) -> Where:
        """By the tag where there is one: a digest is another one after every push."""
        named = self.reference
        image = f":{named.tag}" if named.tag else f"@{named.digest}"
        return Where(self.registry, named.repository, image)


def resolve_uses(evidence: CheckInputs, uses: Iterable[Use]) -> list[ResolvedUse]:
    """By what the uses name and where that is written. What names another registry is left out,
    and so is a host that only may stand for this one: it may as well be another registry. Where a
    template leaves the registry open, those count that have such a repository."""
    grouped: dict[tuple[Registry, Reference, SourceLocation | None], list[Use]] = {}
    for use in uses:
        if evidence.only in (None, use.reference.repository):
            for registry in _registries(evidence, use.reference):
                grouped.setdefault((registry, use.reference, use.location), []).append(use)
    return [ResolvedUse(*key, tuple(group)) for key, group in grouped.items()]


def _registries(evidence: CheckInputs, named: Reference) -> list[Registry]:
    if named.host != ANY_REGISTRY:
        return [it for it in evidence.plan.targets if it == named.registry]
    return [it.registry for it in evidence.plan.repositories if it.repository == named.repository]


def users(uses: Iterable[Use]) -> str:
    """One of those who need an image, in full, and how many more there are. What runs comes before
    the revisions of a family, which may be history."""
    lines = {str(use): use.user.startswith(_FAMILY) for use in uses}
    first = min(lines, key=lambda line: (lines[line], line))
    more = f", and {len(lines) - 1} more" if len(lines) > 1 else ""
    return f"{first}{more}"


def hint(name: str | None, names: Iterable[str]) -> str:
    """At what may have been meant where a person wrote the name, or ""."""
    near = get_close_matches(name or "", list(names), n=1)
    return f"; did you mean {near[0]}?" if near else ""
