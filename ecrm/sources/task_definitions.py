"""Task definition revisions that something names: ECS itself, or whatever starts tasks there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any

from ecrm.aws import Operation, Target, call
from ecrm.aws.cache.facts import Namespace, arn_pattern
from ecrm.aws.executor import Workers
from ecrm.aws.shapes import TEXT, ListOf, matching, optional, record
from ecrm.config.quotas import Quota
from ecrm.errors import AwsError
from ecrm.model.humanize import progress_text
from ecrm.model.scan import Diagnostic, Progress
from ecrm.sources.items import SaidToBeGone, SourceItem, TaskDefinitionUse, attempt, uses_of

DESCRIBE_TASK_DEFINITION = Operation(
    "ecs",
    "DescribeTaskDefinition",
    record(
        taskDefinition=record(
            taskDefinitionArn=TEXT,
            containerDefinitions=ListOf(
                record(
                    name=optional(TEXT),
                    image=matching(r"(?s).+", "an image"),
                    versionConsistency=optional(TEXT),
                )
            ),
        )
    ),
)
TASK_DEFINITION = Namespace(
    "TASK_DEFINITION",
    arn_pattern("ecs") + "task-definition/[A-Za-z0-9_-]+:[1-9][0-9]*",
    ("name", "image", "versionConsistency"),
)
TASK_DEFINITION_QUOTA = Quota(
    "ecs", ("ListTaskDefinitionFamilies", "ListTaskDefinitions", "DescribeTaskDefinition"), 50, 20
)

Containers = Sequence[Mapping[str, str]]
"""Of one revision: `name`, `image` and `versionConsistency`, as far as the revision has them."""


class TaskDefinitions:
    """The containers of task definition revisions, each described once in a run.

    Many sources may ask at the same time; whoever names a revision first has it described.
    """

    def __init__(self, target: Target, progress: Progress, workers: Workers) -> None:
        self._target = target
        self._progress = progress
        self._workers = workers
        self._asked: set[str] = set()
        self._known: dict[str, Containers | Diagnostic | SaidToBeGone] = {}
        self._lock = Lock()
        self._total = self._done = 0

    def describe(self, items: Iterable[object]) -> None:
        """Get to know the revisions that these name, but for those that another thread is
        describing."""
        arns = {item.definition: None for item in items if isinstance(item, TaskDefinitionUse)}
        with self._lock:
            mine = [arn for arn in arns if arn not in self._asked]
            self._asked.update(mine)
        cached = self._target.cache.get(TASK_DEFINITION, mine, _cached)
        asked = [arn for arn in mine if arn not in cached]
        if asked:
            with self._lock:
                self._total += len(asked)
            self._show()
        answers = dict(zip(asked, self._workers.map(self._describe, asked), strict=True))
        fresh = {arn: found for arn, found in answers.items() if found and isinstance(found, list)}
        self._target.cache.put(TASK_DEFINITION, fresh)
        self._known |= cached | answers

    def containers(self, arn: str) -> Containers | Diagnostic | SaidToBeGone | None:
        """Of a revision that was described; None for one that was not."""
        return self._known.get(arn)

    def said_to_be_gone(self, use: TaskDefinitionUse) -> bool:
        """Although what names it cannot outlive it."""
        return not use.may_be_gone and isinstance(self._known[use.definition], SaidToBeGone)

    def forget(self, uses: Iterable[TaskDefinitionUse]) -> None:
        """Describe the revisions that these name once more when they are named again."""
        self._asked.difference_update(use.definition for use in uses)

    def uses(self, source: str, items: Iterable[TaskDefinitionUse]) -> Iterator[SourceItem]:
        """All images of all containers of these revisions, on behalf of those who name them; to be
        asked when all of them are described."""
        noted: set[str] = set()
        for use in dict.fromkeys(items):
            containers = self._known[use.definition]
            if isinstance(containers, Diagnostic | SaidToBeGone):
                is_failure = isinstance(containers, Diagnostic) or self.said_to_be_gone(use)
                if is_failure and use.definition not in noted:
                    noted.add(use.definition)
                    yield containers
                continue
            name = f"task definition {use.definition.rpartition('/')[2]}"
            for container in containers:
                yield from uses_of(
                    container.get("image"),
                    source=source,
                    user=use.user,
                    why=use.why,
                    path=(name, _container(container)),
                )

    def _show(self) -> None:
        """How many are described of those that AWS was asked for, and how long the rest takes."""
        operation = DESCRIBE_TASK_DEFINITION
        rate = self._target.rate_limiter.waited_for(operation.service, operation.name)
        left = self._total - self._done
        of = "ECS task definitions"
        self._progress(progress_text(self._done, self._total, of, rate, calls_left=left))

    def _describe(self, arn: str) -> Containers | Diagnostic | SaidToBeGone:
        found = self._read(arn)
        with self._lock:
            self._done += 1
        self._show()
        return found

    def _read(self, arn: str) -> Containers | Diagnostic | SaidToBeGone:
        def read() -> Iterator[dict[str, str]]:
            answer = call(self._target.ecs, DESCRIBE_TASK_DEFINITION, taskDefinition=arn)
            definition = answer["taskDefinition"]
            if arn not in _names(definition["taskDefinitionArn"]):
                what = f"AWS's answer is {definition['taskDefinitionArn']} and not {arn}; try again"
                raise AwsError(f"{DESCRIBE_TASK_DEFINITION.action}: {what}")
            if not definition["containerDefinitions"]:  # as ECS lets nobody register one
                what = f"AWS's answer has no container of {arn}; try again"
                raise AwsError(f"{DESCRIBE_TASK_DEFINITION.action}: {what}")
            for container in definition["containerDefinitions"]:
                yield {key: text for key, text in container.items() if text is not None}

        containers: list[dict[str, str]] = []
        for item in attempt(read, arn):
            if isinstance(item, Diagnostic | SaidToBeGone):
                return item
            containers.append(item)
        return containers


def _names(arn: str) -> tuple[str, str]:
    """Of a revision: its own, and that of its family, which stands for the newest."""
    return arn, arn.rpartition(":")[0]


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
