"""One short function per command. Each joins the stages:

config ─► targets ─► sources ─► uses ─┐
             │                        ├─► plan ─► formats
             └────► registry ─► images┘     └───► apply ─► outcomes ─► journal
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from ecrm.apply import apply
from ecrm.aws import connect
from ecrm.check import Findings
from ecrm.check import check as find_violations
from ecrm.check.baseline import baseline_text, read_baseline, without_accepted
from ecrm.errors import IncompleteError, UsageError
from ecrm.evidence import Asked, gather_evidence
from ecrm.explain import Absent, Explanation, explain
from ecrm.generate import Names, read_names
from ecrm.guards import Stop, drops, stops
from ecrm.journal import load_journal
from ecrm.lifecycle import parse_policy
from ecrm.model import Outcome, Progress, Scan
from ecrm.plan import Plan, RepositoryPlan, Spared, shrunk
from ecrm.plan_file import plan_text, read_plan, refuse_unfit
from ecrm.planning import make_plan
from ecrm.putting import Restorer
from ecrm.recheck import Recheck
from ecrm.record import last_in_use, record_in_use
from ecrm.registry import Deleter
from ecrm.restore import Restored, chosen, restored
from ecrm.run import Request, Run, facts_of, open_journal, read_text, scan, start
from ecrm.snapshot import snapshot_text
from ecrm.sources.files import tree_uses
from ecrm.state import state_folder
from ecrm.version import version

__all__ = ["Request", "Run", "scan", "start"]


def complete_scan(run: Run) -> Scan:
    """What is in use, for others to read: raises IncompleteError rather than leave anything out."""
    found = scan(run)
    if found.missing:
        raise IncompleteError("\n".join(found.missing))
    return found


def snapshot(run: Run, *, policies: bool = False) -> str:
    """All that a plan depends on, and with `policies` what ECR's own would do, as a file's text."""
    found = complete_scan(run)
    return snapshot_text(found, run.holdings, version(), run.progress, policies=policies)


def plan(run: Run) -> Plan:
    """What stays and what goes, in every repository of every target."""
    return make_plan(run.holdings, facts_of(run), run.request.repository, run.progress)


def explain_image(run: Run, text: str) -> tuple[list[Explanation | Absent], tuple[str, ...]]:
    """Why the images that `text` names stay or go, and what could not be read for that."""
    facts = facts_of(run)
    made = make_plan(run.holdings, facts, None, run.progress)
    names = {it.repository for it in made.repositories}
    rules = {name: rule for name in names if (rule := facts.rule_for(name))}
    return explain(made, rules, facts.scan.uses, text), made.missing


def check(
    run: Run, globs: Sequence[str] = (), policy: str | None = None, baseline: str | None = None
) -> Findings:
    """What is not as ecrm.yaml says. `globs` are files that name images, `policy` a file with a
    lifecycle policy for the repository of the request, `baseline` one of what is accepted."""
    accepted = read_baseline(read_text(baseline), baseline) if baseline else None
    text = read_text(policy) if policy else None
    if text is not None:
        parse_policy(text, str(policy))
    found = tuple(tree_uses(globs, Path()))
    findings = find_violations(gather_evidence(run, Asked(found, text)))
    if accepted is None:
        return findings
    return without_accepted(findings, accepted, is_whole=run.request.repository is None)


def baseline(found: Findings) -> str:
    return baseline_text(found)


def plan_file(made: Plan) -> str:
    return plan_text(made, version())


def plan_from_file(run: Run, path: str, max_age: timedelta) -> tuple[Plan, tuple[Spared, ...]]:
    """What of a plan file still holds, and what does not. Never more than the file says."""
    approved = read_plan(read_text(path), path)
    current = plan(replace(run, request=replace(run.request, list_kept=True)))
    refuse_unfit(approved, path, current, run.now, max_age)
    now_there = {(it.registry, it.repository): it for it in current.repositories}
    left: list[RepositoryPlan] = []
    dropped: list[Spared] = []
    for old in approved.repositories:
        if new := now_there.get((old.registry, old.repository)):
            still, spared = shrunk(old, new)
            left.append(still)
            dropped.extend(spared)
    return replace(current, repositories=tuple(left)), tuple(dropped)


def guard_stops(run: Run, made: Plan) -> tuple[Stop, ...]:
    """The guards that this plan meets. What is in use now is put on record, unless it has dropped:
    then the next run must notice that as well."""
    folder = state_folder(os.environ)
    on_record = run.targets and run.request.scan and run.request.now is None
    last = last_in_use(folder) if on_record else {}
    if on_record and made.complete and not any(drops(made, run.config.guards, last)):
        record_in_use(folder, made.in_use, run.now)
    return stops(made, run.config.guards, last)


def delete(run: Run, to_apply: Plan) -> Iterator[Outcome]:
    """Carry out a plan of this run; what AWS answers, image by image."""
    targets = {target.registry: target for target in run.targets}
    with open_journal(run) as journal:
        journal.begin(version=version(), targets=to_apply.targets, config=to_apply.config)
        yield from apply(
            to_apply, lambda where: Deleter(targets[where]), journal, Recheck(run, to_apply)
        )
        journal.end(complete=True)


def restore(request: Request, journal: str, images: Sequence[str]) -> Iterator[Restored]:
    """Put back what a journal tells of, image by image; all of it where `images` names none."""
    target = connect(request.profile, request.region)
    contents = load_journal(journal, target.s3)
    if target.registry not in contents.header.targets:
        made_for = ", ".join(map(str, contents.header.targets))
        raise UsageError(f"{journal} is of {made_for}, and this is {target}")
    yield from restored(chosen(contents, images), lambda _: Restorer(target))


def names(request: Request, progress: Progress) -> Names:
    """The names that `generate` makes a configuration of."""
    return read_names(connect(request.profile, request.region), progress)
