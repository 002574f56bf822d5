"""One short function per command. Each joins the stages:

config ─► targets ─► sources ─► uses ─┐
             │                        ├─► plan ─► reports
             └────► registry ─► images┘     └───► apply ─► outcomes ─► journal

What makes and applies a plan is in `cleanup`.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path

from ecrm.aws.storage import ClientFactory, read_text
from ecrm.aws.targets import Resolved, members_of
from ecrm.check import RULES_OF_FILES, in_files
from ecrm.check import check as find_violations
from ecrm.check.baseline import baseline_text, read_baseline, without_accepted
from ecrm.check.lifecycle.reading import parse_policy
from ecrm.check.values import Findings
from ecrm.config import RULES_OF_CHECK, Config, Level
from ecrm.config.targets import Organization
from ecrm.errors import IncompleteError, InputError, UsageError
from ecrm.execution.journal.listing import journals
from ecrm.execution.journal.reading import load_journal
from ecrm.execution.restore import Restored, chosen, refuse_foreign, restored
from ecrm.model.humanize import count
from ecrm.model.pattern import ALL
from ecrm.model.scan import Progress, Scan
from ecrm.model.version import version
from ecrm.planning.explain import Answer, explain
from ecrm.planning.plan_diff import PlanDiff, plan_diff
from ecrm.planning.plan_file import read_plan
from ecrm.planning.planner import make_plan
from ecrm.planning.snapshot import snapshot_text
from ecrm.registry.restorer import Restorer, RestoreRehearsal
from ecrm.sources import SOURCES
from ecrm.sources.files.working_tree import tree_uses
from ecrm.sources.source import Source
from ecrm.workflow.check_inputs import CheckRequest, read_check_inputs
from ecrm.workflow.cleanup import (
    ApprovedPlan,
    Review,
    plan,
    plan_and_delete,
    plan_file,
    review,
    reviewed,
)
from ecrm.workflow.connections import Connections, connected, refuse_unreached
from ecrm.workflow.generate import Names, read_names
from ecrm.workflow.kubernetes_manifest import Job, manifest_text
from ecrm.workflow.report import report, without_kept
from ecrm.workflow.request import Request, config_if_any, read_configuration
from ecrm.workflow.run import (
    Run,
    connections_for,
    read_context,
    run_name,
    scan,
    start,
)

log = logging.getLogger(__name__)

__all__ = [
    "ApprovedPlan",
    "Request",
    "Review",
    "Run",
    "connections_for",
    "journals",
    "plan",
    "plan_and_delete",
    "plan_file",
    "report",
    "review",
    "reviewed",
    "run_name",
    "scan",
    "start",
    "without_kept",
]


def complete_scan(run: Run) -> Scan:
    """The images in use, for other tools; raises IncompleteError rather than omit anything."""
    found = scan(run)
    if found.unread:
        raise IncompleteError("\n".join(found.unread))
    for line in found.skipped_commands:
        log.warning("%s", line)
    return found


def snapshot(run: Run, *, policies: bool = False) -> str:
    """A file with all that a plan depends on, and with `policies` the lifecycle policies."""
    found = complete_scan(run)
    return snapshot_text(found, run.inventory, version(), run.progress, policies=policies)


def explain_image(run: Run, text: str) -> tuple[Sequence[Answer], tuple[str, ...]]:
    """Why the images that `text` names are kept or deleted, and what was not read."""
    facts = read_context(run)
    made = make_plan(run.inventory, facts, ALL, run.progress, shows_consumers=False)
    keys = [planned.key for planned in made.repositories]
    rules = {key: rule for key in keys if (rule := facts.rule_for(key))}
    unread = (*made.unread, *facts.scan.skipped_commands)
    return explain(made, rules, facts.scan.uses, text, run.config.guards), unread


def check(
    run: Run,
    globs: Sequence[str] = (),
    policy: str | None = None,
    baseline: str | None = None,
    rules: Collection[str] = tuple(RULES_OF_CHECK),
    *,
    files_only: bool = False,
) -> Findings:
    """The violations of these rules, as far as ecrm.yaml has them. `globs` match files that name
    images, `policy` is a file with a lifecycle policy for the repository of the request, `baseline`
    one with accepted violations. With `files_only` only what is wrong with images that these files
    name is looked for. Raises UsageError if none of the rules is on."""
    rules = [rule for rule in rules if not files_only or rule in RULES_OF_FILES]
    checks = run.config.check.limited(rules)
    if all(checks.level(rule) is Level.OFF for rule in rules):
        raise UsageError("no rule is left to check; ecrm.yaml or --skip turns them off")
    run = replace(run, config=replace(run.config, check=checks))
    accepted = read_baseline(read_text(baseline, run.home), baseline) if baseline else None
    text = read_text(policy, run.home) if policy else None
    if text is not None:
        parse_policy(text, str(policy))
    found = tuple(tree_uses(globs, Path()))
    findings = find_violations(read_check_inputs(run, CheckRequest(found, text)))
    if files_only:
        findings = in_files(findings, found)
    if accepted is None:
        return findings
    is_whole = not run.request.only and set(rules) == set(RULES_OF_CHECK)
    return without_accepted(findings, accepted, is_whole=is_whole)


def baseline(found: Findings) -> str:
    return baseline_text(found)


def diff(request: Request, old: str, new: str) -> tuple[PlanDiff, ClientFactory]:
    """What has changed between two plan files, and who may write that down; AWS is asked only for
    what is there."""
    home = connections_for(request).home
    plans = (read_plan(read_text(place, home), place) for place in (old, new))
    return plan_diff(*plans), home


def restore(
    request: Request,
    journal: str,
    images: Sequence[str],
    review: Callable[[Sequence[Restored], Sequence[str]], bool],
    connections: Connections | None = None,
) -> Iterator[Restored]:
    """Put back the images that a journal names, or of them those that `images` name, each into its
    own registry. `review` gets what would become of each, and the lines of the journal that could
    not be read, and says whether to go on. Raises InputError at the end where there are such."""
    connections = connections or connections_for(request)
    contents = load_journal(journal, lambda: connections.home().s3())
    entries = chosen(contents, images)
    registries = {entry.registry for entry in entries}
    config = config_if_any(request, connections.home)
    needed = connections.of(registries)
    with connected(needed, config, use_cache=request.cache, scans=False) as reached:
        targets = {target.registry: target for target in reached.planned}
        refuse_unreached(reached, registries)
        refuse_foreign(entries, connections.registries | targets.keys(), journal)
        restore_by = partial(restored, entries, urls_allowed=bool(images))
        expected = tuple(restore_by(lambda registry: RestoreRehearsal(targets[registry])))
        if review(expected, contents.left_out):
            yield from _one_by_one(
                restore_by(lambda registry: Restorer(targets[registry])), request.in_hand
            )
    if contents.left_out:
        lines = count(len(contents.left_out), "line")
        raise InputError(f"{journal}: {lines} could not be read, and nothing of that was restored")


def _one_by_one(
    outcomes: Iterator[Restored], in_hand: Callable[[], AbstractContextManager[object]]
) -> Iterator[Restored]:
    """`in_hand` is entered around each image and its outcome, so that a signal breaks none off."""
    while True:
        with in_hand():
            outcome = next(outcomes, None)
            if outcome is None:
                return
            yield outcome


def names(
    request: Request,
    progress: Progress,
    connections: Connections | None = None,
    *,
    organization: bool = False,
) -> Names:
    """The names from which `generate` makes a configuration, of all targets together, and with
    `organization` how many accounts belong to that of the home."""
    connections = connections or connections_for(request)
    with connected(connections, use_cache=request.cache) as reached:
        found = [read_names(target, progress) for target in reached.targets]
    home = connections.home() if organization else None
    sections = {section: None for names in found for section in names.resources}
    return Names(
        tuple(name for names in found for name in names.repositories),
        {
            section: tuple(name for names in found for name in names.resources.get(section, ()))
            for section in sections
        },
        len(members_of(Organization(), home)) if home else 0,
        home.registry if home else None,
    )


def targets(
    request: Request, progress: Progress, connections: Connections | None = None
) -> Sequence[Resolved]:
    """The accounts of a run, each with what of it can be reached."""
    connections = connections or connections_for(request)
    config = config_if_any(request, connections.home)
    with connected(connections, config, use_cache=False, progress=progress) as reached:
        return reached.accounts


def sources_of(request: Request) -> tuple[Sequence[Source], Config]:
    """All sources, and the configuration that says which are read; an empty one where there is no
    ecrm.yaml. AWS is asked only for one in S3 or SSM."""
    usual = Request().config
    if request.config == usual and request.config_text is None and not Path(usual).exists():
        return SOURCES, Config()
    return SOURCES, read_configuration(request, connections_for(request).home)


def kubernetes_manifest(request: Request, role: str | None, job: Job | None) -> str:
    """What a cluster must allow, by the configuration that `sources_of` finds. No cluster is
    asked."""
    _, config = sources_of(request)
    return manifest_text(config, role, job)
