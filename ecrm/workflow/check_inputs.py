"""Reads what `check` looks at: a plan, a scan, and what ECR tells of the repositories in it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from ecrm.aws import map_concurrently
from ecrm.check import CheckInputs, LifecycleConflicts, RepositoryKey, Unknown, for_all, moved_to
from ecrm.check.lifecycle import conflicts, due_within, parse_policy
from ecrm.check.lifecycle.preview import preview
from ecrm.check.repositories import RepositoryIndex, repository_indexes
from ecrm.config import Level
from ecrm.errors import AwsError, Gone, InputError
from ecrm.model.image import Kind, Links
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use
from ecrm.planning.planner import make_plan
from ecrm.sources.items import Found
from ecrm.workflow.run import Run, read_context

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a check looks at besides the account: the uses and notes of files, and the text of a
    lifecycle policy that the repository of the request is to have."""

    found: tuple[Found, ...] = ()
    policy: str | None = None


def read_check_inputs(run: Run, asked: Asked) -> CheckInputs:
    """Raises AwsError where not even the names of the repositories can be read; what else cannot be
    is in the evidence."""
    seen = replace(run, config=for_all(run.config), request=replace(run.request, list_kept=True))
    facts = replace(read_context(seen), overdue=run.config.check.overdue.longer_than)
    plan = make_plan(run.inventory, facts, run.request.repository, run.progress)
    notes = [it for it in asked.found if isinstance(it, Diagnostic)]
    notes += [note for read in facts.scan.source_reports for note in read.notes]
    evidence = CheckInputs(
        plan,
        run.config,
        facts.scan,
        run.request.repository,
        named=tuple(it for it in asked.found if isinstance(it, Use)),
        passed_over=tuple(it.text for it in notes if it.status is ReadStatus.READ),
        unread=tuple(
            Unknown("", it.text)
            for it in asked.found
            if isinstance(it, Diagnostic) and it.status in (ReadStatus.DENIED, ReadStatus.FAILED)
        ),
    )
    return _with_policies(run, asked, _with_tags(run, evidence))


def _with_tags(run: Run, evidence: CheckInputs) -> CheckInputs:
    """Which tags can move, and the children of the indexes to which they did."""
    if evidence.level("mutable_tag") is Level.OFF:
        return evidence
    used = {use.reference.repository for use in evidence.scan.uses if use.reference.tag}
    keys = [key for key in repository_indexes(evidence.plan) if key[1] in used]
    mutability, unread = _read(run, "mutable_tag", keys, lambda key: run.inventory.mutability(*key))
    indexes = moved_to(evidence)

    def children(key: RepositoryKey) -> Links:
        return run.inventory.children(*key, indexes[key])

    links, unknown = _read(run, "mutable_tag", list(indexes), children)
    return replace(
        evidence,
        mutability=mutability,
        children=links,
        unread=(*evidence.unread, *unread, *unknown),
    )


def _with_policies(run: Run, asked: Asked, evidence: CheckInputs) -> CheckInputs:
    """What ECR's own policies would take, or the one that is asked about."""
    if evidence.level("lifecycle") is Level.OFF:
        return evidence
    repositories = repository_indexes(evidence.plan)
    lifecycle_conflicts, unread = _read(
        run, "lifecycle", list(repositories), partial(_policed, run, asked, repositories)
    )
    found = {key: it for key, it in lifecycle_conflicts.items() if it}
    return replace(evidence, lifecycle_conflicts=found, unread=(*evidence.unread, *unread))


def _policed(
    run: Run,
    asked: Asked,
    repositories: Mapping[RepositoryKey, RepositoryIndex],
    key: RepositoryKey,
) -> LifecycleConflicts | None:
    """None where there is no policy. ECR's preview is of now, so other times do without it."""
    text = asked.policy or run.inventory.lifecycle_policy(*key)
    if text is None:
        return None
    registry, repository = key
    decisions = tuple(repositories[key].images.values())
    images = [it.image for it in decisions]
    targets = [it for it in run.targets if it.registry == registry and run.request.now is None]
    told = preview(next(iter(targets), None), repository, text, images, now=run.now)
    run.progress(f"ECR: lifecycle policy of {repository}")
    indexes = [it for it in images if it.kind is Kind.INDEX] if told.preview else []
    links = run.inventory.children(*key, indexes) if indexes else {}
    found = conflicts(decisions, told.preview, links)
    policy = parse_policy(text, f"lifecycle policy of {repository}")
    within = run.config.check.lifecycle.within
    later = due_within(decisions, policy, links, found, now=run.now, within=within)
    return LifecycleConflicts((*found, *later), told.by)


def _read(
    run: Run, rule: str, keys: Sequence[RepositoryKey], read: Callable[[RepositoryKey], T]
) -> tuple[dict[RepositoryKey, T], list[Unknown]]:
    """What could be read of each repository, and what could not; what is gone needs nothing."""

    def attempt(key: RepositoryKey) -> T | Unknown | None:
        try:
            return read(key)
        except Gone:
            return None
        except (AwsError, InputError) as error:
            return Unknown(rule, str(error))

    found = dict(zip(keys, map_concurrently(attempt, keys, run.inventory.workers), strict=True))
    return (
        {key: it for key, it in found.items() if it is not None and not isinstance(it, Unknown)},
        [it for it in found.values() if isinstance(it, Unknown)],
    )
