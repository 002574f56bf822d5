"""The rules about references: `missing_image` and `pending_deletion`."""

from collections.abc import Mapping

from ecrm.check.repositories import (
    RepositoryIndex,
    ResolvedUse,
    hint,
    image_name,
    repository_indexes,
    resolve_uses,
    short_digest,
    users,
)
from ecrm.check.values import CheckInputs, RuleResults, Violation
from ecrm.config import Level
from ecrm.model.decision import Decision
from ecrm.model.image import Status
from ecrm.model.reference import Reference, RepositoryKey
from ecrm.model.use import SourceLocation, Use
from ecrm.planning.plan import RepositoryPlan
from ecrm.sources.files import ANY_REGISTRY

_PUSH = "push it before anything needs it, or correct the reference"
_RESTORE = (
    "push it again, put it back with `ecrm restore` where ecrm deleted it, or deploy one that is "
    "there"
)


def missing_image(inputs: CheckInputs, level: Level) -> RuleResults:
    """Every image in use, or named in a file, is in ECR and can be pulled.

    Repositories that could not be read are left out, since the plan reports them.
    """
    indexes = repository_indexes(inputs.plan)
    unread = {repository.key for repository in inputs.plan.repositories if repository.unread}
    for use in resolve_uses(inputs, (*inputs.scan.uses, *inputs.file_uses)):
        if use.key not in unread and (problem := _problem(inputs, use, indexes)):
            what, next_step = problem
            yield Violation(
                "missing_image",
                level,
                use.where,
                what,
                users(use.uses),
                next_step,
                _in(use.location),
                use.location,
            )


def _problem(
    inputs: CheckInputs, use: ResolvedUse, indexes: Mapping[RepositoryKey, RepositoryIndex]
) -> tuple[str, str] | None:
    """What is wrong with the image, and the next step; None if it can be pulled."""
    reference = use.reference
    name = _image_name(inputs, use)
    next_step = _PUSH if use.location else _RESTORE
    index = indexes.get(use.key)
    if index is None:
        registry = use.key.registry
        names = (key.repository for key in indexes if key.registry == registry)
        near = hint(reference.repository, names) if use.location else ""
        where = f"{registry} has no repository {reference.repository}"
        return f"{name} is needed, and {where}{near}", next_step
    decision = index.find(reference)
    if decision is None:
        near = hint(reference.tag, index.tags) if use.location else ""
        return f"{name} is needed, and is not in ECR{near}", next_step
    if decision.image.status is Status.ARCHIVED:
        command = "aws ecr update-image-storage-class --target-storage-class STANDARD"
        return (
            f"{name} is needed, and is archived, so that nobody can pull it",
            f"restore it ({command}), or name one that is active",
        )
    return None


def pending_deletion(inputs: CheckInputs, level: Level) -> RuleResults:
    """The current rules, which do not know the file, would keep every image that a file names."""
    indexes = repository_indexes(inputs.plan)
    for use in resolve_uses(inputs, inputs.file_uses):
        index = indexes.get(use.key)
        decision = index.find(use.reference) if index else None
        if index and decision and decision.deletable:
            name = _image_name(inputs, use)
            yield Violation(
                "pending_deletion",
                level,
                use.where,
                f"{name} is named in a file, and the next cleanup would {decision.action} it",
                f"{users(use.uses)}; {_reason(decision, index.plan)}",
                "add the file to `files` in ecrm.yaml, which protects the images that it names; or "
                "deploy it before the cleanup runs",
                _in(use.location),
                use.location,
            )


def _reason(decision: Decision, plan: RepositoryPlan) -> str:
    words = decision.reason.replace("_", " ")
    pushed = f"{decision.image.pushed_at:%Y-%m-%d}"
    return f"the rule {plan.rule} allows it: {words}, pushed {pushed}"


def _image_name(inputs: CheckInputs, use: ResolvedUse) -> str:
    return image_name(inputs, use.key, use.reference.tag, use.reference.digest)


def _in(location: SourceLocation | None) -> str:
    return f"in {location.file}" if location else ""


def elsewhere(inputs: CheckInputs) -> list[str]:
    """References in files to registries that this run does not read, as lines for people."""
    checked = {use for resolved in resolve_uses(inputs, inputs.file_uses) for use in resolved.uses}
    return [
        f"{_at(use)}{_full(use.reference)} is in no registry or repository that this run reads"
        for use in inputs.file_uses
        if use not in checked and not use.reference.is_elsewhere
    ]


def _at(use: Use) -> str:
    return f"{use.location.file}:{use.location.line}: " if use.location else ""


def _full(reference: Reference) -> str:
    if reference.host != ANY_REGISTRY:
        return str(reference)
    tag = f":{reference.tag}" if reference.tag else ""
    digest = f"@{short_digest(reference.digest)}" if reference.digest else ""
    return f"{reference.repository}{tag}{digest}"
