"""Task definitions: those that something runs, and the newest of every family."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from ecrm.aws import Target, call, gather, pages
from ecrm.config import DEFAULT_HISTORY, Config, entry_for
from ecrm.errors import AwsError
from ecrm.model import Note, Progress, ReadStatus
from ecrm.sources.found import Found, Met, attempt, uses_of


@dataclass(frozen=True, slots=True)
class Runs:
    """`user` needs this task definition revision, for this reason."""

    definition: str
    user: str
    why: str


def newest_revisions(
    target: Target, config: Config, progress: Progress
) -> Iterator[Note | Met | Runs]:
    """The latest `keep_count` ACTIVE revisions of every family."""
    wanted: list[tuple[str, int]] = []
    listing = pages(
        target.ecs,
        "ListTaskDefinitionFamilies",
        status="ACTIVE",
        PaginationConfig={"PageSize": 100},
    )
    for page in listing:
        for family in page.get("families", ()):
            yield Met("task_definitions", family)
            entry = entry_for(config.task_definitions, family)
            if entry and entry.exclude:
                text = f"task definitions of {family}: excluded by task_definitions"
                yield Note(ReadStatus.EXCLUDED, text)
            else:
                wanted.append((family, entry.keep_count if entry else DEFAULT_HISTORY))
    progress(f"ECS: {len(wanted)} task definition families")
    for found in gather(attempt, [partial(_newest, target, *it) for it in wanted]):
        yield from found


def _newest(target: Target, family: str, keep_count: int) -> Iterator[Runs]:
    """One call where `keep_count` is at most 100. The order of the answer is not relied upon."""
    listing = pages(
        target.ecs,
        "ListTaskDefinitions",
        familyPrefix=family,
        status="ACTIVE",
        sort="DESC",
        PaginationConfig={"PageSize": min(keep_count, 100)},
    )
    arns: list[str] = []
    for page in listing:
        arns.extend(page.get("taskDefinitionArns", ()))
        if len(arns) >= keep_count:
            break
    for arn in sorted(arns, key=_revision, reverse=True)[:keep_count]:
        yield Runs(arn, f"family {family}", f"one of its newest {keep_count} revisions")


def _revision(arn: str) -> int:
    return int(arn.rpartition(":")[2])


def read_definitions(target: Target, runs: Iterable[Runs], progress: Progress) -> Iterator[Found]:
    """All images of all containers of these revisions, on behalf of those who run them."""
    users: dict[str, dict[Runs, None]] = defaultdict(dict)
    for it in runs:
        users[it.definition][it] = None
    progress(f"ECS: {len(users)} task definitions")
    describe = partial(_containers, target)
    for arn, found in zip(users, gather(describe, users), strict=True):
        name = f"task definition {arn.rpartition('/')[2]}"
        for container in found:
            if isinstance(container, Note):
                yield container
                continue
            for run in users[arn]:
                yield from uses_of(
                    container.get("image"),
                    source="ecs",
                    user=run.user,
                    why=run.why,
                    path=(name, _container(container)),
                )


def _containers(target: Target, arn: str) -> list[dict[str, Any] | Note]:
    def read() -> list[dict[str, Any]]:
        answer = call(target.ecs, "DescribeTaskDefinition", taskDefinition=arn)
        if "taskDefinition" not in answer:
            raise AwsError(f"ecs:DescribeTaskDefinition: AWS's answer leaves out {arn}; try again")
        return list(answer["taskDefinition"].get("containerDefinitions", ()))

    return attempt(read)


def _container(definition: dict[str, Any]) -> str:
    name = f"container {definition.get('name', '?')}"
    # Then the tag, and not the digest that a deployment resolved, is what will be pulled.
    unpinned = definition.get("versionConsistency") == "disabled"
    return f"{name} (versionConsistency: disabled)" if unpinned else name
