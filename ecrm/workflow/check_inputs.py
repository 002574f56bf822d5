"""Reads what `check` looks at: a plan, a scan, and settings of ECR's repositories."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from ecrm.aws import map_concurrently
from ecrm.check import for_all
from ecrm.check.lifecycle.conflict import conflicts, due_within
from ecrm.check.lifecycle.preview import EvaluatedBy, preview
from ecrm.check.lifecycle.reading import parse_policy
from ecrm.check.repositories import RepositoryIndex, repository_indexes
from ecrm.check.rules.mutable_tag import moved_to
from ecrm.check.values import CheckInputs, LifecycleConflicts, Unread
from ecrm.config import Level
from ecrm.errors import AwsError, Gone, InputError
from ecrm.model.image import Kind, Links
from ecrm.model.reference import RepositoryKey, display_name
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use
from ecrm.planning.planner import make_plan
from ecrm.sources.items import SourceItem
from ecrm.workflow.run import Run, read_context

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What a check looks at besides the account: the uses and notes of files, and the text of a
    lifecycle policy that would replace the one of the run's repository."""

    found: tuple[SourceItem, ...] = ()
    policy: str | None = None


def read_check_inputs(run: Run, request: CheckRequest) -> CheckInputs:
    """Raises AwsError where not even the names of the repositories can be read; everything else
    that cannot be read is listed in the inputs."""
    wider = replace(run, config=for_all(run.config), request=replace(run.request, list_kept=True))
    context = replace(read_context(wider), overdue=run.config.check.overdue.longer_than)
    only = run.request.only
    plan = make_plan(run.inventory, context, only, run.progress, shows_consumers=False)
    notes = [item for item in request.found if isinstance(item, Diagnostic)]
    unread = [note for note in notes if note.status in (ReadStatus.DENIED, ReadStatus.FAILED)]
    notes += [note for report in context.scan.source_reports for note in report.notes]
    inputs = CheckInputs(
        plan,
        run.config,
        context.scan,
        only,
        file_uses=tuple(item for item in request.found if isinstance(item, Use)),
        unchecked=(
            *(note.text for note in notes if note.status is ReadStatus.READ),
            *context.scan.skipped_commands,
        ),
        unread=tuple(Unread("", note.text) for note in unread),
    )
    return _with_policies(run, request, _with_tags(run, inputs))


def _with_tags(run: Run, inputs: CheckInputs) -> CheckInputs:
    """Which tags can move, and the children of the indexes to which tags have moved."""
    rule = "mutable_tag"
    if inputs.config.check.level(rule) is Level.OFF:
        return inputs
    used = {use.reference.repository for use in inputs.scan.uses if use.reference.tag}
    keys = [key for key in repository_indexes(inputs.plan) if key.repository in used]
    mutability, unread = _read(run, rule, keys, lambda key: run.inventory.mutability(*key))
    indexes = moved_to(inputs)

    def children(key: RepositoryKey) -> Links:
        return run.inventory.children(*key, indexes[key])

    links, unread_links = _read(run, rule, list(indexes), children)
    return replace(
        inputs,
        mutability=mutability,
        children=links,
        unread=(*inputs.unread, *unread, *unread_links),
    )


def _with_policies(run: Run, request: CheckRequest, inputs: CheckInputs) -> CheckInputs:
    """The conflicts of ECR's own policies, or of the one that the request gives."""
    rule = "lifecycle"
    if inputs.config.check.level(rule) is Level.OFF:
        return inputs
    indexes = repository_indexes(inputs.plan)
    conflicts_of = partial(_conflicts, run, request, inputs, indexes)
    found, unread = _read(run, rule, list(indexes), conflicts_of)
    with_policy = {key: conflicting for key, conflicting in found.items() if conflicting}
    own = [key for key in with_policy if with_policy[key].evaluated_by == EvaluatedBy.ECRM]
    if own and run.targets and run.request.now is None:
        names = ", ".join(map(inputs.name_of, own))
        log.info("ECR's preview is not available; ecrm evaluated the policies of %s itself", names)
    return replace(inputs, lifecycle_conflicts=with_policy, unread=(*inputs.unread, *unread))


def _conflicts(
    run: Run,
    request: CheckRequest,
    inputs: CheckInputs,
    indexes: Mapping[RepositoryKey, RepositoryIndex],
    key: RepositoryKey,
) -> LifecycleConflicts | None:
    """None where there is no policy. ECR's preview is always of now, so a run at another time uses
    ecrm's own evaluation."""
    text = request.policy or run.inventory.lifecycle_policy(*key)
    if text is None:
        return None
    where = f"lifecycle policy of {inputs.name_of(key)}"
    decisions = tuple(indexes[key].images.values())
    images = [decision.image for decision in decisions]
    targets = [target for target in run.targets if target.registry == key.registry]
    target = targets[0] if targets and run.request.now is None else None
    previewed = preview(target, key.repository, text, images, now=run.now, where=where)
    run.progress(f"ECR: {where}")
    parents = [image for image in images if image.kind is Kind.INDEX] if previewed.matches else []
    links = run.inventory.children(*key, parents) if parents else {}
    found = conflicts(decisions, previewed.matches, links)
    within = run.config.check.lifecycle.within
    policy = parse_policy(text, where)
    later = due_within(decisions, policy, links, found, now=run.now, within=within)
    return LifecycleConflicts((*found, *later), previewed.evaluated_by)


def _read(
    run: Run, rule: str, keys: Sequence[RepositoryKey], read: Callable[[RepositoryKey], T]
) -> tuple[dict[RepositoryKey, T], list[Unread]]:
    """What could be read of each repository, and what could not; deleted repositories need
    nothing."""

    def attempt(key: RepositoryKey) -> T | Unread | None:
        try:
            return read(key)
        except Gone:
            return None
        except (AwsError, InputError) as error:
            return Unread(rule, f"{display_name(key, run.inventory.registries)}: {error}")

    results = dict(zip(keys, map_concurrently(attempt, keys, run.inventory.workers), strict=True))
    found = {
        key: result
        for key, result in results.items()
        if result is not None and not isinstance(result, Unread)
    }
    return found, [result for result in results.values() if isinstance(result, Unread)]
