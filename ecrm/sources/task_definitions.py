"""Task definition revisions that something names: ECS itself, or whatever starts tasks there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any

from ecrm.aws import Operation, Target, call
from ecrm.aws.cache import Namespace
from ecrm.aws.cache.facts import arn_pattern
from ecrm.aws.executor import Workers
from ecrm.aws.shapes import TEXT, ListOf, optional, record
from ecrm.config.quotas import Quota
from ecrm.model.scan import Diagnostic, Progress
from ecrm.sources.items import SourceItem, TaskDefinitionUse, attempt, uses_of

DESCRIBE_TASK_DEFINITION = Operation(
    "ecs",
    "DescribeTaskDefinition",
    record(
        taskDefinition=record(
            containerDefinitions=ListOf(
                record(name=optional(TEXT), image=TEXT, versionConsistency=optional(TEXT))
            )
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
        self._known: dict[str, Containers | Diagnostic] = {}
        self._lock = Lock()

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
            self._progress(f"ECS: {len(asked)} task definitions")
        answers = dict(zip(asked, self._workers.map(self._describe, asked), strict=True))
        fresh = {arn: found for arn, found in answers.items() if found and isinstance(found, list)}
        self._target.cache.put(TASK_DEFINITION, fresh)
        self._known |= cached | answers

    def containers(self, arn: str) -> Containers | Diagnostic | None:
        """Of a revision that was described, which has none where it is gone meanwhile; None for
        one that was not."""
        return self._known.get(arn)

    def uses(self, source: str, items: Iterable[TaskDefinitionUse]) -> Iterator[SourceItem]:
        """All images of all containers of these revisions, on behalf of those who name them; to be
        asked when all of them are described."""
        noted: set[str] = set()
        for use in dict.fromkeys(items):
            containers = self._known[use.definition]
            if isinstance(containers, Diagnostic):
                if use.definition not in noted:
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

    def _describe(self, arn: str) -> Containers | Diagnostic:
        def read() -> Iterator[dict[str, str]]:
            answer = call(self._target.ecs, DESCRIBE_TASK_DEFINITION, taskDefinition=arn)
            for container in answer["taskDefinition"]["containerDefinitions"]:
                yield {key: text for key, text in container.items() if text is not None}

        found = attempt(read)
        notes = [item for item in found if isinstance(item, Diagnostic)]
        return notes[0] if notes else [item for item in found if not isinstance(item, Diagnostic)]


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
