"""The rules about what something names: `missing_image` and `pending_deletion`."""

from ecrm.check.repositories import (
    RepositoryIndex,
    ResolvedUse,
    hint,
    repository_indexes,
    resolve_uses,
    users,
)
from ecrm.check.values import CheckInputs, Found, RepositoryKey, Violation
from ecrm.config import Level
from ecrm.model.decision import Decision
from ecrm.model.image import Status
from ecrm.model.reference import Reference
from ecrm.model.use import SourceLocation, Use
from ecrm.planning.plan import RepositoryPlan
from ecrm.sources.files import ANY_REGISTRY

_PUSH = "push it before anything needs it, or correct the reference"
_RESTORE = (
    "push it again, put it back with `ecrm restore` where ecrm deleted it, or deploy one that is "
    "there"
)


def missing_image(evidence: CheckInputs, level: Level) -> Found:
    """What is in use, or named in a file, is in ECR and can be pulled.

    A repository that could not be read tells nothing; the plan says so. Nor does a host that only
    may stand for ECR: it may as well be another registry.
    """
    repositories = repository_indexes(evidence.plan)
    unread = {(it.registry, it.repository) for it in evidence.plan.repositories if it.unread}
    for need in resolve_uses(evidence, (*evidence.scan.uses, *evidence.named)):
        if need.key not in unread and (problem := _problem(need, repositories)):
            what, next_step = problem
            yield Violation(
                "missing_image",
                level,
                need.where,
                what,
                users(need.uses),
                next_step,
                _in(need.location),
                need.location,
            )


def _problem(
    need: ResolvedUse, repositories: dict[RepositoryKey, RepositoryIndex]
) -> tuple[str, str] | None:
    """What is wrong with it, and what to do; None where nothing is."""
    named = need.reference
    name = _short(named)
    mend = _PUSH if need.location else _RESTORE
    there = repositories.get(need.key)
    if there is None:
        near = hint(named.repository, (it for _, it in repositories)) if need.location else ""
        where = f"{need.registry} has no repository {named.repository}"
        return f"{name} is needed, and {where}{near}", mend
    found = there.find(named)
    if found is None:
        near = hint(named.tag, there.tags) if need.location else ""
        return f"{name} is needed, and is not in ECR{near}", mend
    if found.image.status is Status.ARCHIVED:
        command = "aws ecr update-image-storage-class --target-storage-class STANDARD"
        return (
            f"{name} is needed, and is archived, so that nobody can pull it",
            f"restore it ({command}), or name one that is active",
        )
    return None


def pending_deletion(evidence: CheckInputs, level: Level) -> Found:
    """What a file names would stay by the rules of today, which do not know the file."""
    repositories = repository_indexes(evidence.plan)
    for need in resolve_uses(evidence, evidence.named):
        named = need.reference
        there = repositories.get(need.key)
        found = there.find(named) if there else None
        if there and found and found.deletable:
            yield Violation(
                "pending_deletion",
                level,
                need.where,
                f"{_short(named)} is named in a file, and the clean-up would {found.action} it",
                f"{users(need.uses)}; {_reason(found, there.plan)}",
                "add the file to `files` in ecrm.yaml, which protects what it names; or deploy it "
                "before the clean-up runs",
                _in(need.location),
                need.location,
            )


def _reason(decision: Decision, plan: RepositoryPlan) -> str:
    words = decision.reason.replace("_", " ")
    return f"by the rule {plan.rule} it goes: {words}, pushed {decision.image.pushed_at:%Y-%m-%d}"


def _short(named: Reference) -> str:
    tag = f":{named.tag}" if named.tag else ""
    digest = f"@{named.digest[:19]}" if named.digest else ""
    return f"{named.repository}{tag}{digest}"


def _in(place: SourceLocation | None) -> str:
    return f"in {place.file}" if place else ""


def elsewhere(evidence: CheckInputs) -> list[str]:
    """What files name in registries that this run does not read, as lines for people."""
    read = {use for need in resolve_uses(evidence, evidence.named) for use in need.uses}
    return [
        f"{_at(use)}{_full(use.reference)} is in no registry or repository that this run reads"
        for use in evidence.named
        if use not in read and not use.reference.is_elsewhere
    ]


def _at(use: Use) -> str:
    return f"{use.location.file}:{use.location.line}: " if use.location else ""


def _full(named: Reference) -> str:
    return _short(named) if named.host == ANY_REGISTRY else str(named)
