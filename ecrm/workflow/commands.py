"""One short function per command. Each joins the stages:

config ─► targets ─► sources ─► uses ─┐
             │                        ├─► plan ─► formats
             └────► registry ─► images┘     └───► apply ─► outcomes ─► journal
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from ecrm.aws.storage import is_remote, read_text
from ecrm.check import Findings
from ecrm.check import check as find_violations
from ecrm.check.baseline import baseline_text, read_baseline, without_accepted
from ecrm.check.lifecycle import parse_policy
from ecrm.errors import IncompleteError, UsageError
from ecrm.execution.apply import apply
from ecrm.execution.journal import load_journal
from ecrm.execution.restore import Restored, chosen, restored
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.model.reference import RepositoryKey
from ecrm.model.rule import Action
from ecrm.model.scan import Progress, Scan
from ecrm.model.version import version
from ecrm.planning.explain import Explanation, MissingImage, explain
from ecrm.planning.guards import Stop, drops, stops
from ecrm.planning.plan import Plan, RepositoryPlan, SkippedDeletion, still_deletable
from ecrm.planning.plan_file import plan_text, read_plan, refuse_unfit
from ecrm.planning.planner import make_plan
from ecrm.planning.snapshot import snapshot_text
from ecrm.registry.deleter import Deleter
from ecrm.registry.restorer import Restorer
from ecrm.sources.files.working_tree import tree_uses
from ecrm.workflow.check_inputs import CheckRequest, read_check_inputs
from ecrm.workflow.configuration import load
from ecrm.workflow.generate import Names, read_names
from ecrm.workflow.iam_policy import Besides, Command, PolicyScope, policy
from ecrm.workflow.revalidation import Revalidation
from ecrm.workflow.run import (
    Request,
    Run,
    client_factory,
    connected,
    open_journal,
    read_context,
    run_name,
    scan,
    start,
    state_of,
)
from ecrm.workflow.usage_history import last_in_use, record_in_use

__all__ = ["Request", "Run", "client_factory", "run_name", "scan", "start"]


def complete_scan(run: Run) -> Scan:
    """What is in use, for others to read: raises IncompleteError rather than leave anything out."""
    found = scan(run)
    if found.unread:
        raise IncompleteError("\n".join(found.unread))
    return found


def snapshot(run: Run, *, policies: bool = False) -> str:
    """All that a plan depends on, and with `policies` what ECR's own would do, as a file's text."""
    found = complete_scan(run)
    return snapshot_text(found, run.inventory, version(), run.progress, policies=policies)


def plan(run: Run) -> Plan:
    """What stays and what goes, in every repository of every target."""
    return make_plan(run.inventory, read_context(run), run.request.repository, run.progress)


def explain_image(run: Run, text: str) -> tuple[list[Explanation | MissingImage], tuple[str, ...]]:
    """Why the images that `text` names stay or go, and what could not be read for that."""
    facts = read_context(run)
    made = make_plan(run.inventory, facts, None, run.progress)
    keys = {RepositoryKey(it.registry, it.repository) for it in made.repositories}
    rules = {key.repository: rule for key in keys if (rule := facts.rule_for(key))}
    return explain(made, rules, facts.scan.uses, text), made.unread


def check(
    run: Run, globs: Sequence[str] = (), policy: str | None = None, baseline: str | None = None
) -> Findings:
    """What is not as ecrm.yaml says. `globs` are files that name images, `policy` a file with a
    lifecycle policy for the repository of the request, `baseline` one of what is accepted."""
    accepted = read_baseline(read_text(baseline, run.clients), baseline) if baseline else None
    text = read_text(policy, run.clients) if policy else None
    if text is not None:
        parse_policy(text, str(policy))
    found = tuple(tree_uses(globs, Path()))
    findings = find_violations(read_check_inputs(run, CheckRequest(found, text)))
    if accepted is None:
        return findings
    return without_accepted(findings, accepted, is_whole=run.request.repository is None)


def baseline(found: Findings) -> str:
    return baseline_text(found)


def plan_file(made: Plan) -> str:
    return plan_text(made, version())


def plan_from_file(
    run: Run, path: str, max_age: timedelta
) -> tuple[Plan, tuple[SkippedDeletion, ...]]:
    """What of a plan file still holds, and what does not. Never more than the file says."""
    approved = read_plan(read_text(path, run.clients), path)
    current = plan(replace(run, request=replace(run.request, list_kept=True)))
    refuse_unfit(approved, path, current, run.now, max_age)
    now_there = {(it.registry, it.repository): it for it in current.repositories}
    left: list[RepositoryPlan] = []
    dropped: list[SkippedDeletion] = []
    for old in approved.repositories:
        if new := now_there.get((old.registry, old.repository)):
            still, skipped = still_deletable(old, new)
            left.append(still)
            dropped.extend(skipped)
    return replace(current, repositories=tuple(left)), tuple(dropped)


def guard_stops(run: Run, made: Plan) -> tuple[Stop, ...]:
    """The guards that this plan meets. What is in use now is put on record, unless it has dropped:
    then the next run must notice that as well."""
    folder = state_of(run)
    on_record = run.targets and run.request.scan and run.request.now is None
    last = last_in_use(folder, run.clients) if on_record else {}
    if on_record and made.complete and not any(drops(made, run.config.guards, last)):
        record_in_use(folder, made.in_use, run.now, run.clients)
    return stops(made, run.config.guards, last)


def delete(run: Run, to_apply: Plan) -> Iterator[Outcome]:
    """Carry out a plan of this run; what AWS answers, image by image, and what is left where the
    time is over."""
    left = False
    targets = {target.registry: target for target in run.targets}
    with open_journal(run) as journal:
        journal.begin(version=version(), targets=to_apply.targets, config=to_apply.config)
        for outcome in apply(
            to_apply,
            lambda where: Deleter(targets[where]),
            journal,
            Revalidation(run, to_apply),
            run.request.deadline.may_begin,
        ):
            left = left or outcome.answer is OutcomeStatus.DEFERRED
            yield outcome
        journal.end(complete=not left)


def restore(request: Request, journal: str, images: Sequence[str]) -> Iterator[Restored]:
    """Put back what a journal tells of, image by image; all of it where `images` names none."""
    with connected(request) as target:
        contents = load_journal(journal, target.s3)
        if target.registry not in contents.header.targets:
            made_for = ", ".join(map(str, contents.header.targets))
            raise UsageError(f"{journal} is of {made_for}, and this is {target}")
        yield from restored(chosen(contents, images), lambda _: Restorer(target))


def names(request: Request, progress: Progress) -> Names:
    """The names that `generate` makes a configuration of."""
    with connected(request) as target:
        return read_names(target, progress)


def iam_policy(
    command: Command,
    config: str | None,
    place: PolicyScope,
    besides: Besides,
    action: Action | None = None,
) -> dict[str, Any]:
    """The least policy for a command, without asking AWS. `config` names a file, or where in S3 or
    SSM it is; then, and where it is None and there is no ecrm.yaml, the policy does for any."""
    if config and is_remote(config):
        return policy(command, None, place, replace(besides, config=config), action)
    usual = Request().config
    there = config or (usual if Path(usual).exists() else None)
    return policy(command, load(there) if there else None, place, besides, action)
