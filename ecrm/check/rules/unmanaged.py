"""The rule `unmanaged`: every repository has a rule, and every entry of ecrm.yaml has an effect."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ecrm.check.values import CheckInputs, RuleResults, Unread, Violation, Where
from ecrm.config import Config, History, HistorySection, Level
from ecrm.model.humanize import count
from ecrm.model.rule import Rule
from ecrm.model.scan import ReadStatus
from ecrm.model.use import SourceLocation
from ecrm.sources import SOURCES


def unmanaged(inputs: CheckInputs, level: Level) -> RuleResults:
    for repository in inputs.plan.repositories:
        if not inputs.config.rule_for(repository.key):
            yield Violation(
                "unmanaged",
                level,
                Where(repository.key),
                "no rule matches this repository, so ecrm never deletes anything in it",
                repository.unread or f"it holds {count(repository.images, 'image')}",
                "add an entry to `repositories` in ecrm.yaml",
            )
    if not inputs.only:
        names = sorted({repository.repository for repository in inputs.plan.repositories})
        section = _Section("repositories", "repository", inputs.config.repositories, names)
        yield from _idle(inputs.config, level, section)
        for source in SOURCES:
            for declared in source.sections:
                yield from _idle_history(inputs, level, source.name, declared)


@dataclass(frozen=True, slots=True)
class _Section:
    """A section of ecrm.yaml with its entries, and the names that these may match."""

    name: str
    noun: str
    entries: Sequence[Rule | History]
    names: Sequence[str]


def _idle_history(
    inputs: CheckInputs, level: Level, source: str, section: HistorySection
) -> RuleResults:
    """Where the source could not be read in full, or a snapshot does not list its names, an entry
    may match something all the same."""
    entries, name = inputs.config.entries(section.name), section.name
    reports = [
        report
        for report in inputs.scan.source_reports
        if report.registry and report.source == source
    ]
    unread = (ReadStatus.DENIED, ReadStatus.FAILED)
    names = sorted({found for report in reports for found in (report.names or {}).get(name, ())})
    idle = list(
        _idle(inputs.config, level, _Section(name, section.matches or section.noun, entries, names))
    )
    if reports and all(
        report.names is not None and report.status not in unread for report in reports
    ):
        yield from idle
    else:
        for violation in idle:
            why = f"not all names that {source} has are known"
            yield Unread("unmanaged", f"{violation.where}: whether it matches anything: {why}")


def _idle(config: Config, level: Level, section: _Section) -> Iterator[Violation]:
    """The entries that apply to no name, since the first entry that matches a name applies."""
    applied: dict[str, int] = {}
    for number, entry in enumerate(section.entries):
        matches = [name for name in section.names if entry.name.matches(name)]
        applies_to = [name for name in matches if applied.setdefault(name, number) == number]
        if applies_to:
            continue
        key = f"{section.name}[{number}]"
        location = config.locations.get(key)
        yield Violation(
            "unmanaged",
            level,
            Where(key=key),
            f"the entry {entry.name} {_idle_words(section, matches, applied)}",
            "the first entry that matches is the one that applies"
            if matches
            else "it has no effect",
            "move it up, or remove it" if matches else "correct the name, or remove the entry",
            str(entry.name),
            SourceLocation(location.file, location.line) if location else None,
        )


def _idle_words(section: _Section, matches: Sequence[str], applied: Mapping[str, int]) -> str:
    if not matches:
        return f"matches no {section.noun}"
    earlier = sorted({applied[name] for name in matches})
    entries = ", ".join(f"{section.name}[{number}]" for number in earlier)
    return f"never applies: earlier entries ({entries}) match everything that it matches"
