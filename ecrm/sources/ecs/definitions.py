"""Task definitions: those that something runs, and the newest of every family."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ecrm.aws import Target, call, map_concurrently, pages
from ecrm.aws.cache import Namespace
from ecrm.config import DEFAULT_HISTORY, Config, entry_for
from ecrm.errors import AwsError
from ecrm.model.scan import Diagnostic, Progress, ReadStatus
from ecrm.sources.items import Found, SeenResource, attempt, uses_of

_PAGE = 100  # the largest that the listings of ECS allow
_OF_A_CONTAINER = ("name", "image", "versionConsistency")

Containers = Sequence[Mapping[str, str]]
"""Of one revision: `_OF_A_CONTAINER`, as far as the definition has them."""


@dataclass(frozen=True, slots=True)
class TaskDefinitionUse:
    """`user` needs this task definition revision, for this reason."""

    definition: str
    user: str
    why: str


def newest_revisions(
    target: Target, config: Config, progress: Progress
) -> Iterator[Diagnostic | SeenResource | TaskDefinitionUse]:
    """The latest `keep_count` ACTIVE revisions of every family."""
    wanted: dict[str, int] = {}
    listing = pages(
        target.ecs,
        "ListTaskDefinitionFamilies",
        status="ACTIVE",
        PaginationConfig={"PageSize": _PAGE},
    )
    for page in listing:
        for family in page.get("families", ()):
            yield SeenResource("task_definitions", family)
            entry = entry_for(config.task_definitions, family)
            if entry and entry.exclude:
                text = f"task definitions of {family}: excluded by task_definitions"
                yield Diagnostic(ReadStatus.EXCLUDED, text)
            else:
                wanted[family] = entry.keep_count if entry else DEFAULT_HISTORY
    progress(f"ECS: {len(wanted)} task definition families")
    if (revisions := _all_revisions(target, len(wanted))) is not None:
        for family, keep_count in wanted.items():
            yield from _newest(family, revisions.get(family, ()), keep_count)
        return
    readers = [partial(_newest_of_family, target, *it) for it in wanted.items()]
    for found in map_concurrently(attempt, readers, target.workers):
        yield from found


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


def _newest_of_family(target: Target, family: str, keep_count: int) -> Iterator[TaskDefinitionUse]:
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
        "ListTaskDefinitions",
        **which,
        status="ACTIVE",
        sort="DESC",
        PaginationConfig={"PageSize": page_size},
    )
    return (page.get("taskDefinitionArns", ()) for page in listing)


def _newest(family: str, arns: Sequence[str], keep_count: int) -> Iterator[TaskDefinitionUse]:
    """The order in which AWS lists them is not relied upon."""
    for arn in sorted(arns, key=_revision, reverse=True)[:keep_count]:
        yield TaskDefinitionUse(
            arn, f"family {family}", f"one of its newest {keep_count} revisions"
        )


def _revision(arn: str) -> int:
    return int(arn.rpartition(":")[2])


class Definitions:
    """The containers of task definition revisions, each asked for once in a run."""

    def __init__(self, target: Target, progress: Progress) -> None:
        self._target = target
        self._progress = progress
        self._known: dict[str, Containers | Diagnostic] = {}

    def read(self, runs: Iterable[Diagnostic | TaskDefinitionUse | Found]) -> None:
        """Get to know the revisions that these name."""
        arns = {it.definition: None for it in runs if isinstance(it, TaskDefinitionUse)}
        unknown = [arn for arn in arns if arn not in self._known]
        cached = self._target.cache.get(Namespace.TASK_DEFINITION, unknown, _cached)
        asked = [arn for arn in unknown if arn not in cached]
        if asked:
            self._progress(f"ECS: {len(asked)} task definitions")
        answers = dict(
            zip(asked, map_concurrently(self._describe, asked, self._target.workers), strict=True)
        )
        fresh = {arn: it for arn, it in answers.items() if it and not isinstance(it, Diagnostic)}
        self._target.cache.put(Namespace.TASK_DEFINITION, fresh)
        self._known |= cached | answers

    def containers(self, arn: str) -> Containers | Diagnostic:
        """Of a revision that was read; none where it is gone meanwhile."""
        return self._known[arn]

    def uses(self, runs: Iterable[TaskDefinitionUse]) -> Iterator[Found]:
        """All images of all containers of these revisions, on behalf of those who run them."""
        told: set[str] = set()
        for run in dict.fromkeys(runs):
            containers = self.containers(run.definition)
            if isinstance(containers, Diagnostic):
                if run.definition not in told:
                    told.add(run.definition)
                    yield containers
                continue
            name = f"task definition {run.definition.rpartition('/')[2]}"
            for container in containers:
                yield from uses_of(
                    container.get("image"),
                    source="ecs",
                    user=run.user,
                    why=run.why,
                    path=(name, _container(container)),
                )

    def _describe(self, arn: str) -> Containers | Diagnostic:
        def read() -> Iterator[dict[str, str]]:
            answer = call(self._target.ecs, "DescribeTaskDefinition", taskDefinition=arn)
            if "taskDefinition" not in answer:
                operation = "ecs:DescribeTaskDefinition"
                raise AwsError(f"{operation}: AWS's answer leaves out {arn}; try again")
            for it in answer["taskDefinition"].get("containerDefinitions", ()):
                yield {key: it[key] for key in _OF_A_CONTAINER if key in it}

        found = attempt(read)
        notes = [it for it in found if isinstance(it, Diagnostic)]
        return notes[0] if notes else [it for it in found if not isinstance(it, Diagnostic)]


def _cached(value: Any) -> Containers:
    """Raises ValueError for what is not as `_describe` makes it."""
    texts = [text for container in value for text in (*container, *container.values())]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("no containers")
    return list(value)


def _container(definition: Mapping[str, str]) -> str:
    name = f"container {definition.get('name', '?')}"
    # Then the tag, and not the digest that a deployment resolved, is what will be pulled.
    unpinned = definition.get("versionConsistency") == "disabled"
    return f"{name} (versionConsistency: disabled)" if unpinned else name
