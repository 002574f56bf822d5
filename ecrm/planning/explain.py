"""Why one image is kept or deletable: the decision, and the chain of decisions and uses behind it.

Pure: it reads a plan that lists the kept images too, and decides nothing itself.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ecrm.config.settings import Guards
from ecrm.errors import InputError, NotAReferenceError
from ecrm.model.decision import Decision
from ecrm.model.reference import Reference, Registry, RepositoryKey, display_name
from ecrm.model.rule import Rule
from ecrm.model.use import Use
from ecrm.planning.checklist import Check, checklist
from ecrm.planning.plan import Plan, RepositoryPlan

_NO_GUARDS = Guards().off()
_SHORTEST_PREFIX = 6
_SHORT_PREFIX = re.compile(rf"[0-9a-f]{{1,{_SHORTEST_PREFIX - 1}}}")
_DIGEST_PREFIX = re.compile(rf"(?:sha256:)?([0-9a-f]{{{_SHORTEST_PREFIX},64}})")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the question names. None means any; with neither a tag nor a digest, all images of the
    repository."""

    text: str
    registry: Registry | None = None
    repository: str | None = None
    tag: str | None = None
    digest_prefix: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Wanted":
        """A URI, `repo:tag`, `repo@sha256:…` (which may be cut short), a repository, or a digest's
        beginning."""
        if match := _DIGEST_PREFIX.fullmatch(text):
            return cls(text, digest_prefix=f"sha256:{match[1]}")
        if text.startswith("sha256:"):
            raise InputError(f"{text!r} is not a digest; give at least {_SHORTEST_PREFIX} digits")
        name, at, digest = text.partition("@")
        try:
            reference = Reference.parse(name)
        except NotAReferenceError:
            raise InputError(f"{text!r} names no image; give a URI, repo:tag or a digest") from None
        if not at:
            tag = reference.tag if ":" in name.rpartition("/")[2] else None
            return cls(text, reference.registry, reference.repository, tag=tag)
        if not (match := _DIGEST_PREFIX.fullmatch(digest)):
            raise InputError(f"{digest!r} is not a digest; give at least {_SHORTEST_PREFIX} digits")
        return cls(
            text, reference.registry, reference.repository, digest_prefix=f"sha256:{match[1]}"
        )

    @property
    def is_repository(self) -> bool:
        return self.tag is None and self.digest_prefix is None

    def is_in(self, key: RepositoryKey) -> bool:
        return self.registry in (None, key.registry) and self.repository in (None, key.repository)

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
        return self.tag in (None, reference.tag)


@dataclass(frozen=True, slots=True)
class Explanation:
    """One image. `chain` begins with the decision that the others follow from, and ends with the
    image itself. `checks` say why nothing keeps an image that can be deleted."""

    registry: Registry
    repository: str
    rule: Rule
    chain: tuple[Decision, ...]
    checks: tuple[Check, ...] = ()

    @property
    def decision(self) -> Decision:
        return self.chain[-1]

    @property
    def uses(self) -> tuple[Use, ...]:
        return self.chain[0].uses


@dataclass(frozen=True, slots=True)
class Listing:
    """All images of a repository, the newest first."""

    name: str
    rule: Rule
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class MissingImage:
    """An image that is in use and not in ECR."""

    text: str
    uses: tuple[Use, ...]


Answer = Explanation | Listing | MissingImage


def explain(
    plan: Plan,
    rules: Mapping[RepositoryKey, Rule],
    uses: Sequence[Use],
    text: str,
    guards: Guards = _NO_GUARDS,
) -> Sequence[Answer]:
    """All images that `text` names; `plan` lists the kept images, `rules` has one for each of its
    repositories. The name of a repository lists its images.

    Raises InputError for what is neither in ECR nor in use.
    """
    wanted = Wanted.parse(text)
    if found := [
        Explanation(
            *planned.key,
            rules[planned.key],
            _chain(planned, decision),
            checklist(plan, planned, decision, rules[planned.key], guards),
        )
        for planned in plan.repositories
        if wanted.is_in(planned.key) and not wanted.is_repository
        for decision in _decisions(planned)
        if wanted.is_image(decision)
    ]:
        return found
    if listings := list(_listings(plan, rules, wanted)):
        return listings
    _refuse_unread(plan, wanted)
    naming = [use for use in uses if wanted.is_named_by(use)]
    missing = tuple(use for use in naming if _was_looked_for(use, plan))
    if missing:
        return [MissingImage(text, missing)]
    if naming:
        raise InputError(f"{text} is in use as {naming[0].reference}, where ecrm did not look")
    raise InputError(_unknown(plan, wanted))


def _listings(plan: Plan, rules: Mapping[RepositoryKey, Rule], wanted: Wanted) -> Iterator[Listing]:
    """Of the repositories that the question names, also where it looks like a digest's beginning,
    which is a name, too."""
    for planned in plan.repositories:
        is_named = wanted.is_repository and wanted.is_in(planned.key)
        if not planned.unread and (is_named or wanted.text == planned.repository):
            decisions = sorted(
                _decisions(planned),
                key=lambda decision: (-decision.image.pushed_at.timestamp(), decision.image.digest),
            )
            name = display_name(planned.key, plan.targets)
            yield Listing(name, rules[planned.key], tuple(decisions))


def _unknown(plan: Plan, wanted: Wanted) -> str:
    if _SHORT_PREFIX.fullmatch(wanted.text):
        return f"{wanted.text} is too short for a digest; give at least {_SHORTEST_PREFIX} digits"
    if wanted.repository and any(wanted.is_in(planned.key) for planned in plan.repositories):
        what = "that digest" if wanted.digest_prefix else f"the tag {wanted.tag}"
        return f"{wanted.text} does not exist: {wanted.repository} has no image with {what}"
    return f"{wanted.text} is neither in a repository that a rule matches nor in use"


def _refuse_unread(plan: Plan, wanted: Wanted) -> None:
    """An image that was not looked for is not known to be missing."""
    if wanted.registry and wanted.registry not in plan.targets:
        here = ", ".join(map(str, plan.targets))
        raise InputError(f"{wanted.text} is of {wanted.registry}, and this is {here}")
    for key in plan.unmanaged:
        if wanted.repository and wanted.is_in(key):
            name = display_name(key, plan.targets)
            raise InputError(f"no rule matches {name}, so ecrm never deletes anything there")
    for planned in plan.repositories:
        if planned.unread and wanted.is_in(planned.key):
            name = display_name(planned.key, plan.targets)
            raise InputError(
                f"{wanted.text} was not found; but {name} could not be read: {planned.unread}"
            )


def _was_looked_for(use: Use, plan: Plan) -> bool:
    """Whether a repository that the use may name has a rule, or is not there at all."""
    reference = use.reference
    keys = [
        RepositoryKey(target, reference.repository)
        for target in plan.targets
        if reference.may_name(target)
    ]
    return any(key not in plan.unmanaged for key in keys)


def _decisions(planned: RepositoryPlan) -> Iterator[Decision]:
    yield from planned.deletions
    yield from planned.kept


def _chain(planned: RepositoryPlan, decision: Decision) -> tuple[Decision, ...]:
    decisions = {one.image.digest: one for one in _decisions(planned)}
    chain = [decision]
    while (related := chain[-1].related) and related in decisions:
        if decisions[related] in chain:
            break
        chain.append(decisions[related])
    return tuple(reversed(chain))
