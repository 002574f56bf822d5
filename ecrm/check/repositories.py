"""The images of all repositories, looked up by reference."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from ecrm.check.values import CheckInputs, Where
from ecrm.model.decision import Decision
from ecrm.model.reference import Reference, Registry, RepositoryKey
from ecrm.model.use import SourceLocation, Use
from ecrm.planning.plan import Plan, RepositoryPlan
from ecrm.sources.files import ANY_REGISTRY

_FAMILY = "family "
_SHORT_DIGEST = len("sha256:") + 12


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
    """All repositories whose images could be read; the plan must list kept images."""
    indexes = {}
    for repository in plan.repositories:
        if not repository.unread:
            decisions = (*repository.deletions, *repository.kept)
            images = {decision.image.digest: decision for decision in decisions}
            tags = {
                tag: digest for digest, decision in images.items() for tag in decision.image.tags
            }
            indexes[repository.key] = RepositoryIndex(repository, images, tags)
    return indexes


def where_found(key: RepositoryKey, decision: Decision) -> Where:
    """By a tag where there is one: every push has a new digest."""
    image = decision.image
    return Where(key, f":{min(image.tags)}" if image.tags else f"@{image.digest}")


def short_digest(digest: str | None) -> str:
    """Enough of a digest for people to recognize it."""
    return (digest or "")[:_SHORT_DIGEST]


def image_name(inputs: CheckInputs, key: RepositoryKey, tag: str | None, digest: str | None) -> str:
    """How messages name an image: by its tag, its digest, or both."""
    short = f"@{short_digest(digest)}" if digest else ""
    return f"{inputs.name_of(key)}{f':{tag}' if tag else ''}{short}"


@dataclass(frozen=True, slots=True)
class ResolvedUse:
    """Uses of one reference to a repository of a registry of the run; `location` is where that
    reference is written."""

    key: RepositoryKey
    reference: Reference
    location: SourceLocation | None
    uses: tuple[Use, ...]

    @property
    def where(self) -> Where:
        """By the tag where there is one: every push has a new digest."""
        reference = self.reference
        return Where(self.key, f":{reference.tag}" if reference.tag else f"@{reference.digest}")


def resolve_uses(inputs: CheckInputs, uses: Iterable[Use]) -> list[ResolvedUse]:
    """Grouped by reference and by where it is written.

    References to other registries are left out, and so are those whose host only may stand for one
    of the run's registries. Where a template leaves the registry open, a reference names every
    repository of that name.
    """
    grouped: dict[tuple[Registry, Reference, SourceLocation | None], list[Use]] = {}
    for use in uses:
        if inputs.only.covers(use.reference.repository):
            for registry in _registries(inputs, use.reference):
                grouped.setdefault((registry, use.reference, use.location), []).append(use)
    return [
        ResolvedUse(
            RepositoryKey(registry, reference.repository), reference, location, tuple(group)
        )
        for (registry, reference, location), group in grouped.items()
    ]


def _registries(inputs: CheckInputs, reference: Reference) -> list[Registry]:
    if reference.host != ANY_REGISTRY:
        return [target for target in inputs.plan.targets if target == reference.registry]
    return [
        repository.registry
        for repository in inputs.plan.repositories
        if repository.repository == reference.repository
    ]


def users(uses: Iterable[Use]) -> str:
    """One user of an image in full, and how many more there are. Whatever runs comes before the
    revisions of a family, which may be history."""
    lines = {str(use): use.user.startswith(_FAMILY) for use in uses}
    first = min(lines, key=lambda line: (lines[line], line))
    more = f", and {len(lines) - 1} more" if len(lines) > 1 else ""
    return f"{first}{more}"


def hint(name: str | None, names: Iterable[str]) -> str:
    """The name that a person may have meant, as the end of a message, or ""."""
    near = get_close_matches(name or "", list(names), n=1)
    return f"; did you mean {near[0]}?" if near else ""
