"""The calls that fujiwara/ecrm makes to plan an account of a size, one after the other.

By its code (scanner.go, lambda.go and planner.go), with pages as large as it asks for, and with
`keep_count` of 5 for task definitions and of the size's window for functions. What its later
versions ask about aliases is left out, so this is rather too few calls than too many.
"""

from collections.abc import Iterator
from math import ceil

from ecrm.config import DEFAULT_HISTORY
from tests.fake_aws.sample import Size


def calls(size: Size) -> Iterator[str]:
    """Such as `ecs:ListClusters`, in their order; each run makes them all."""
    yield from _clusters(size)
    yield from _definitions(size)
    yield from _functions(size)
    yield from _registry(size)


def _clusters(size: Size) -> Iterator[str]:
    yield from ["ecs:ListClusters"] * ceil(size.clusters / 100)
    tasks = ceil(size.services * size.tasks / 100)
    for _ in range(size.clusters):
        yield from ["ecs:ListTasks"] * (tasks + 1)  # running; and stopped
        yield from ["ecs:DescribeTasks"] * tasks
        for _ in range(ceil(size.services / 10)):
            yield "ecs:ListServices"
            yield "ecs:DescribeServices"


def _definitions(size: Size) -> Iterator[str]:
    yield from ["ecs:ListTaskDefinitionFamilies"] * ceil(size.families / 100)
    yield from ["ecs:ListTaskDefinitions"] * size.families
    described = size.families * min(size.revisions, DEFAULT_HISTORY)
    yield from ["ecs:DescribeTaskDefinition"] * described


def _functions(size: Size) -> Iterator[str]:
    yield from ["lambda:ListFunctions"] * ceil(size.functions / 50)
    for _ in range(size.functions):
        pages = ceil((size.versions + 1) / size.window)  # of as many as are kept
        yield from ["lambda:ListVersionsByFunction"] * pages
        yield from ["lambda:GetFunction"] * size.window


def _registry(size: Size) -> Iterator[str]:
    yield from ["ecr:DescribeRepositories"] * ceil(size.repositories / 100)
    for _ in range(size.repositories):
        yield from ["ecr:DescribeImages"] * ceil(size.images / 100)
        yield "ecr:BatchGetImage"  # for the SOCI indexes of what expired
