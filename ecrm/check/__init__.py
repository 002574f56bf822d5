"""Is the registry as ecrm.yaml says, and is there what is in use and about to be deployed?

Pure: a plan, a scan and a few facts become violations. Each rule is a function from the evidence to
what it found; `RULES` names them all, most urgent first.

    values        what is looked at, and what is found
    repositories  what ECR holds, looked up by reference
    references    missing_image, pending_deletion: what is named is in ECR, and stays there
    lifecycle     lifecycle: ECR's own policies spare what is needed
    amounts       overdue, budget: how much is deletable, and how much is stored
    mutable_tag   mutable_tag: a tag in use means what it meant
    unmanaged     unmanaged: every repository has a rule, every entry an effect
    baseline      what was accepted before does not fail again
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from ecrm.check.rules.amounts import budget, overdue
from ecrm.check.rules.lifecycle import lifecycle
from ecrm.check.rules.mutable_tag import moved_to, mutable_tag
from ecrm.check.rules.references import elsewhere, missing_image, pending_deletion
from ecrm.check.rules.unmanaged import unmanaged
from ecrm.check.values import (
    CheckInputs,
    Findings,
    Found,
    LifecycleConflicts,
    RepositoryKey,
    Unknown,
    Violation,
    Where,
)
from ecrm.config import Config, Level
from ecrm.model.pattern import NamePattern
from ecrm.model.rule import Rule
from ecrm.model.use import SourceLocation

__all__ = [
    "RULES",
    "CheckInputs",
    "Findings",
    "LifecycleConflicts",
    "RepositoryKey",
    "Unknown",
    "Violation",
    "Where",
    "check",
    "for_all",
    "moved_to",
]

RULES: Mapping[str, Callable[[CheckInputs, Level], Found]] = {
    "missing_image": missing_image,
    "pending_deletion": pending_deletion,
    "lifecycle": lifecycle,
    "overdue": overdue,
    "budget": budget,
    "mutable_tag": mutable_tag,
    "unmanaged": unmanaged,
}


def for_all(config: Config) -> Config:
    """The same, with a rule for the repositories that no other matches, by which nothing goes: so
    that their images are read as well."""
    last = Rule(NamePattern("*", is_glob=True), expires=timedelta(days=365_000))
    return replace(config, repositories=(*config.repositories, last))


def check(evidence: CheckInputs) -> Findings:
    """All that the rules which are not off have found, most urgent first."""
    levels = {rule: evidence.level(rule) for rule in RULES}
    found = [
        it
        for rule, find in RULES.items()
        if levels[rule] is not Level.OFF
        for it in find(evidence, levels[rule])
    ]
    told = sorted((it for it in found if isinstance(it, Violation)), key=lambda it: it.what)
    violations = {(it.identity, it.location): it for it in reversed(told)}
    unknown = [Unknown("", line) for line in evidence.plan.unread]
    unknown += [it for it in evidence.unread if levels.get(it.rule) is not Level.OFF]
    unknown += [it for it in found if isinstance(it, Unknown)]
    return Findings(
        violations=tuple(sorted(violations.values(), key=_urgency)),
        unknown=tuple(dict.fromkeys(unknown)),
        unchecked=tuple(dict.fromkeys((*evidence.passed_over, *elsewhere(evidence)))),
        levels=levels,
        targets=evidence.plan.targets,
        config=_config_place(evidence.config),
    )


def _config_place(config: Config) -> SourceLocation | None:
    """Where ecrm.yaml speaks of checks, else of repositories."""
    places = (config.locations.get(section) for section in ("check", "repositories"))
    return next((SourceLocation(it.file, it.line) for it in places if it), None)


_ORDER = {rule: place for place, rule in enumerate(RULES)}


def _urgency(it: Violation) -> tuple[bool, int, str, str]:
    """Errors first, then by rule, then by where."""
    place = f"{it.location.file}:{it.location.line:09}" if it.location else ""
    return it.level is not Level.ERROR, _ORDER[it.rule], str(it.where), place
