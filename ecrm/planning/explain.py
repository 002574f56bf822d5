"""Why one image stays or goes: the decision, and the chain of decisions and uses it rests on.

Pure: it looks things up in a plan that lists what stays as well, and decides nothing again.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecrm.errors import InputError, NotAReferenceError
from ecrm.model.decision import Decision
from ecrm.model.reference import Reference, Registry
from ecrm.model.rule import Rule
from ecrm.model.use import Use
from ecrm.planning.plan import Plan, RepositoryPlan

_SHORTEST_PREFIX = 6
_DIGEST_PREFIX = re.compile(rf"(?:sha256:)?([0-9a-f]{{{_SHORTEST_PREFIX},64}})")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the question names. None is "any"."""

    text: str
    registry: Registry | None = None
    repository: str | None = None
    tag: str | None = None
    digest_prefix: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Wanted":
        """A URI, `repo:tag`, `repo@sha256:…` (which may be cut short), or a digest's beginning."""
        if match := _DIGEST_PREFIX.fullmatch(text):
            return cls(text, digest_prefix=f"sha256:{match[1]}")
        if text.startswith("sha256:"):
            raise InputError(f"{text!r} is no digest; give at least {_SHORTEST_PREFIX} digits")
        name, at, digest = text.partition("@")
        try:
            named = Reference.parse(name)
        except NotAReferenceError:
            raise InputError(f"{text!r} names no image; give a URI, repo:tag or a digest") from None
        if not at:
            return cls(text, named.registry, named.repository, tag=named.tag)
        if not (match := _DIGEST_PREFIX.fullmatch(digest)):
            raise InputError(f"{digest!r} is no digest; give at least {_SHORTEST_PREFIX} digits")
        return cls(text, named.registry, named.repository, digest_prefix=f"sha256:{match[1]}")

    def is_in(self, registry: Registry, repository: str) -> bool:
        return self.registry in (None, registry) and self.repository in (None, repository)

    def is_image(self, decision: Decision) -> bool:
        if self.digest_prefix:
            return decision.image.digest.startswith(self.digest_prefix)
        return self.tag in decision.image.tags

    def is_named_by(self, use: Use) -> bool:
        reference = use.reference
        if self.repository not in (None, reference.repository):
            return False
        if self.registry and not reference.may_name(self.registry):
            return False
        if self.digest_prefix:
            return bool(reference.digest and reference.digest.startswith(self.digest_prefix))
        return reference.tag == self.tag


@dataclass(frozen=True, slots=True)
class Explanation:
    """One image. `chain` begins with what everything rests on and ends with the image itself."""

    registry: Registry
    repository: str
    rule: Rule
    chain: tuple[Decision, ...]

    @property
    def decision(self) -> Decision:
        return self.chain[-1]

    @property
    def uses(self) -> tuple[Use, ...]:
        return self.chain[0].uses


@dataclass(frozen=True, slots=True)
class MissingImage:
    """An image that is in use and that ECR does not hold."""

    text: str
    uses: tuple[Use, ...]


def explain(
    plan: Plan, rules: dict[str, Rule], uses: Sequence[Use], text: str
) -> list[Explanation | MissingImage]:
    """All images that `text` names; `plan` lists what stays, `rules` are by repository.

    Raises InputError for an image that is neither in ECR nor in use.
    """
    wanted = Wanted.parse(text)
    found: list[Explanation | MissingImage] = [
        Explanation(it.registry, it.repository, rules[it.repository], _chain(it, decision))
        for it in plan.repositories
        if wanted.is_in(it.registry, it.repository)
        for decision in _decisions(it)
        if wanted.is_image(decision)
    ]
    if found:
        return found
    _refuse_unread(plan, wanted)
    named = [use for use in uses if wanted.is_named_by(use)]
    absent = tuple(use for use in named if _was_looked_for(use, plan))
    if absent:
        return [MissingImage(text, absent)]
    if named:
        raise InputError(f"{text} is in use as {named[0].reference}, where ecrm did not look")
    raise InputError(f"{text} is neither in a repository that a rule matches nor in use")


def _refuse_unread(plan: Plan, wanted: Wanted) -> None:
    """Where nobody looked, nothing is known to be absent."""
    if wanted.repository in plan.unmanaged:
        raise InputError(f"no rule matches {wanted.repository}, so nothing there is ever touched")
    if wanted.registry and wanted.registry not in plan.targets:
        here = ", ".join(map(str, plan.targets))
        raise InputError(f"{wanted.text} is of {wanted.registry}, and this is {here}")
    for it in plan.repositories:
        if it.unread and wanted.is_in(it.registry, it.repository):
            raise InputError(
                f"{wanted.text} was not found; but {it.repository} could not be read: {it.unread}"
            )


def _was_looked_for(use: Use, plan: Plan) -> bool:
    if use.reference.repository in plan.unmanaged:
        return False
    return any(map(use.reference.may_name, plan.targets))


def _decisions(repository: RepositoryPlan) -> Iterator[Decision]:
    yield from repository.deletions
    yield from repository.kept


def _chain(repository: RepositoryPlan, decision: Decision) -> tuple[Decision, ...]:
    by_digest = {it.image.digest: it for it in _decisions(repository)}
    chain = [decision]
    while (related := chain[-1].related) and related in by_digest:
        if by_digest[related] in chain:
            break
        chain.append(by_digest[related])
    return tuple(reversed(chain))
