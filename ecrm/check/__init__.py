"""Does the registry comply with ecrm.yaml, and does it hold the images in use and about to be
deployed?

Pure: a plan, a scan and a few facts become violations. Each rule is a function from the inputs to
what it found; `RULES` lists them all, most urgent first.

    values        what is looked at, and what is found
    repositories  the images of all repositories, looked up by reference
    references    missing_image, pending_deletion: referenced images are in ECR, and are kept
    lifecycle     lifecycle: ECR's own policies spare the images that are needed
    amounts       overdue, budget: how much is deletable, and how much is stored
    mutable_tag   mutable_tag: a tag in use cannot be moved, and has not been
    unmanaged     unmanaged: every repository has a rule, every entry an effect
    baseline      accepted violations, which do not fail again
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from ecrm.check.rules.amounts import budget, overdue
from ecrm.check.rules.lifecycle import lifecycle
from ecrm.check.rules.mutable_tag import mutable_tag
from ecrm.check.rules.references import elsewhere, missing_image, pending_deletion
from ecrm.check.rules.unmanaged import unmanaged
from ecrm.check.values import (
    CheckInputs,
    Findings,
    RuleResults,
    Unread,
    Violation,
)
from ecrm.config import Config, Level
from ecrm.model.pattern import NamePattern
from ecrm.model.rule import Rule
from ecrm.model.use import SourceLocation, Use
from ecrm.sources.items import SourceItem

RULES: Mapping[str, Callable[[CheckInputs, Level], RuleResults]] = {
    "missing_image": missing_image,
    "pending_deletion": pending_deletion,
    "lifecycle": lifecycle,
    "overdue": overdue,
    "budget": budget,
    "mutable_tag": mutable_tag,
    "unmanaged": unmanaged,
}


RULES_OF_FILES = ("missing_image", "pending_deletion")
"""Those about the images that files name."""


def for_all(config: Config) -> Config:
    """The same, with a rule that keeps everything in the repositories that no other rule matches,
    so that their images are read too."""
    last = Rule(NamePattern("*", is_glob=True), expires=timedelta(days=365_000))
    return replace(config, repositories=(*config.repositories, last))


def check(inputs: CheckInputs) -> Findings:
    """All violations of the rules that are not off, most urgent first."""
    levels = {rule: inputs.config.check.level(rule) for rule in RULES}
    results = [
        result
        for rule, find in RULES.items()
        if levels[rule] is not Level.OFF
        for result in find(inputs, levels[rule])
    ]
    violations = sorted(
        (result for result in results if isinstance(result, Violation)),
        key=lambda violation: violation.what,
    )
    distinct = {
        (violation.identity, violation.location): violation for violation in reversed(violations)
    }
    unread = [Unread("", line) for line in inputs.plan.unread]
    unread += [hole for hole in inputs.unread if levels.get(hole.rule) is not Level.OFF]
    unread += [result for result in results if isinstance(result, Unread)]
    return Findings(
        violations=tuple(sorted(distinct.values(), key=_urgency)),
        unread=tuple(dict.fromkeys(unread)),
        unchecked=tuple(dict.fromkeys((*inputs.unchecked, *elsewhere(inputs)))),
        levels=levels,
        targets=inputs.plan.targets,
        config=_config_location(inputs.config),
    )


def in_files(found: Findings, items: Iterable[SourceItem]) -> Findings:
    """Of the violations only those of images that these uses in files name, and where they do."""
    files = {item.location.file for item in items if isinstance(item, Use) and item.location}
    return replace(
        found,
        violations=tuple(
            violation
            for violation in found.violations
            if violation.location and violation.location.file in files
        ),
    )


def _config_location(config: Config) -> SourceLocation | None:
    """Where ecrm.yaml configures checks, else where it lists repositories."""
    locations = (config.locations.get(section) for section in ("check", "repositories"))
    return next(
        (SourceLocation(location.file, location.line) for location in locations if location), None
    )


_ORDER = {rule: number for number, rule in enumerate(RULES)}


def _urgency(violation: Violation) -> tuple[bool, int, str, str]:
    """Errors first, then by rule, then by where."""
    location = violation.location
    place = f"{location.file}:{location.line:09}" if location else ""
    is_warning = violation.level is not Level.ERROR
    return is_warning, _ORDER[violation.rule], str(violation.where), place
