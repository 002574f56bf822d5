"""The rule `unmanaged`: every repository has a rule, and every entry of ecrm.yaml has an effect."""

from collections.abc import Iterator, Sequence

from ecrm.check.values import CheckInputs, Found, Unknown, Violation, Where
from ecrm.config import Config, History, Level
from ecrm.model.humanize import count
from ecrm.model.rule import Rule
from ecrm.model.scan import ReadStatus
from ecrm.model.use import SourceLocation

_SOURCES = {"clusters": "ecs", "task_definitions": "ecs", "lambda_functions": "lambda"}
_NOUNS = {
    "repositories": "repository",
    "clusters": "cluster",
    "task_definitions": "task definition family",
    "lambda_functions": "Lambda function with an image",
}


def unmanaged(evidence: CheckInputs, level: Level) -> Found:
    for it in evidence.plan.repositories:
        if not evidence.config.rule_for(it.key):
            yield Violation(
                "unmanaged",
                level,
                Where(it.registry, it.repository),
                "no rule matches this repository, so nothing in it is ever deleted",
                it.unread or f"it holds {count(it.images, 'image')}",
                "add an entry to `repositories` in ecrm.yaml",
            )
    if evidence.only is None:
        names = sorted({it.repository for it in evidence.plan.repositories})
        rules = evidence.config.repositories
        yield from _idle(evidence.config, level, "repositories", rules, names)
        yield from _idle_history(evidence, level)


def _idle_history(evidence: CheckInputs, level: Level) -> Found:
    """An entry says nothing where the source could not be read in full, and where nobody wrote
    down the names: then it may match all the same."""
    for section, source in _SOURCES.items():
        entries = evidence.config.entries(section)
        reads = [it for it in evidence.scan.source_reports if it.registry and it.source == source]
        unread = (ReadStatus.DENIED, ReadStatus.FAILED)
        names = sorted({name for it in reads for name in (it.names or {}).get(section, ())})
        idle = list(_idle(evidence.config, level, section, entries, names))
        if all(it.names is not None and it.status not in unread for it in reads) and reads:
            yield from idle
        else:
            for it in idle:
                why = f"not all names that {source} has are known"
                yield Unknown("unmanaged", f"{it.where}: whether it matches anything: {why}")


def _idle(
    config: Config,
    level: Level,
    section: str,
    entries: Sequence[Rule | History],
    names: Sequence[str],
) -> Iterator[Violation]:
    """The entries that no name is left for, since the first that matches applies."""
    taken: dict[str, int] = {}
    for number, entry in enumerate(entries):
        matches = [name for name in names if entry.name.matches(name)]
        won = [name for name in matches if taken.setdefault(name, number) == number]
        if not won:
            key = f"{section}[{number}]"
            place = config.locations.get(key)
            yield Violation(
                "unmanaged",
                level,
                Where(key=key),
                f"the entry {entry.name} {_idle_words(section, matches, taken)}",
                "the first entry that matches is the one that applies"
                if matches
                else "it has no effect",
                "move it up, or remove it" if matches else "correct the name, or remove the entry",
                str(entry.name),
                SourceLocation(place.file, place.line) if place else None,
            )


def _idle_words(section: str, matches: Sequence[str], taken: dict[str, int]) -> str:
    if not matches:
        return f"matches no {_NOUNS[section]}"
    earlier = sorted({taken[name] for name in matches})
    names = ", ".join(f"{section}[{number}]" for number in earlier)
    return f"never applies: all that it matches is matched by {names} before"
