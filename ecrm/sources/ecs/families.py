"""The newest revisions of every task definition family, to which a service may return."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial

from ecrm.aws import Target, items, pages
from ecrm.config import DEFAULT_HISTORY
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.sources.ecs.operations import LIST_TASK_DEFINITION_FAMILIES, LIST_TASK_DEFINITIONS
from ecrm.sources.items import (
    SaidToBeGone,
    SeenResource,
    SourceItem,
    TaskDefinitionUse,
    attempt,
    look_twice,
)
from ecrm.sources.source import Reading

_PAGE = 100  # the largest that the listings of ECS allow


def family_names(target: Target) -> Iterator[SeenResource]:
    for family in items(
        target.ecs, LIST_TASK_DEFINITION_FAMILIES, status="ACTIVE", maxResults=_PAGE
    ):
        yield SeenResource("task_definitions", family)


def newest_revisions(reading: Reading) -> Iterator[SourceItem]:
    """The latest `keep_count` ACTIVE revisions of every family."""
    return look_twice(partial(_newest_revisions, reading))


def _newest_revisions(reading: Reading, only: Collection[str] | None) -> Iterator[SourceItem]:
    """Also of families that have revisions and are not listed, if that is seen."""
    listed = [
        seen.name for seen in family_names(reading.target) if only is None or seen.name in only
    ]
    keep_counts: dict[str, int] = {}
    yield from _families(reading, listed, keep_counts)
    reading.progress(f"ECS: {len(keep_counts)} task definition families")
    if (revisions := _all_revisions(reading.target, len(keep_counts))) is not None:
        if only is None:
            yield from _families(reading, sorted(revisions.keys() - set(listed)), keep_counts)
        for family, keep_count in keep_counts.items():
            yield from _newest(family, revisions.get(family, ()), keep_count)
        return
    readers = [partial(_newest_of_family, reading.target, *which) for which in keep_counts.items()]
    for found in reading.workers.map(attempt, readers):
        yield from found


def _families(
    reading: Reading, names: Iterable[str], keep_counts: dict[str, int]
) -> Iterator[SourceItem]:
    """Adds to `keep_counts` how many revisions are in use of each family that is not excluded."""
    for name in names:
        yield SeenResource("task_definitions", name)
        entry = reading.config.entry_for("task_definitions", name)
        if entry and entry.exclude:
            text = f"task definitions of {name}: excluded by task_definitions"
            yield Diagnostic(ReadStatus.EXCLUDED, text)
        else:
            keep_counts[name] = entry.keep_count if entry else DEFAULT_HISTORY


def _all_revisions(target: Target, families: int) -> Mapping[str, Sequence[str]] | None:
    """The ARNs of all ACTIVE revisions by family, read a hundred at a time; None where that takes
    more than half a call for each of so many families: asking one by one is cheaper then."""
    if families < 2:  # noqa: PLR2004 - one is not many
        return None
    revisions: dict[str, list[str]] = defaultdict(list)
    for number, page in enumerate(_revisions(target, _PAGE)):
        if number == families // 2:
            return None
        for arn in page:
            revisions[arn.rpartition("/")[2].rpartition(":")[0]].append(arn)
    return revisions


def _newest_of_family(target: Target, family: str, keep_count: int) -> Iterator[SourceItem]:
    """One call where `keep_count` is at most 100."""
    arns: list[str] = []
    for page in _revisions(target, min(keep_count, _PAGE), familyPrefix=family):
        arns.extend(page)
        if len(arns) >= keep_count:
            break
    return _newest(family, arns, keep_count)


def _revisions(target: Target, page_size: int, **which: str) -> Iterator[Sequence[str]]:
    """The ARNs of ACTIVE revisions, page by page, the newest of a family first."""
    listing = pages(
        target.ecs,
        LIST_TASK_DEFINITIONS,
        **which,
        status="ACTIVE",
        sort="DESC",
        maxResults=page_size,
    )
    return (page["taskDefinitionArns"] for page in listing)


def _newest(family: str, arns: Sequence[str], keep_count: int) -> Iterator[SourceItem]:
    """The order in which AWS lists them is not relied upon. A family that is listed as ACTIVE has
    an ACTIVE revision."""
    if not arns:
        yield SaidToBeGone(family, f"ecs:ListTaskDefinitions: no revision of the family {family}")
    for arn in sorted(arns, key=_revision, reverse=True)[:keep_count]:
        yield TaskDefinitionUse(
            arn, f"family {family}", f"one of its newest {keep_count} revisions"
        )


def _revision(arn: str) -> int:
    return int(arn.rpartition(":")[2])
