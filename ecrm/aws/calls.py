"""One call, a listing page by page, and many calls in flight."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from ecrm.aws.errors import translated
from ecrm.aws.rate_limits import StoppedError

Client = Any
"""A botocore client; their types are made at run time."""
T = TypeVar("T")
R = TypeVar("R")


def call(client: Client, operation: str, **params: object) -> dict[str, Any]:
    """One call, such as `call(ecr, "DescribeImages", repositoryName=...)`."""
    with translated(_action(client, operation)):
        answer: dict[str, Any] = getattr(client, _method(client, operation))(**params)
    return answer


def pages(client: Client, operation: str, **params: object) -> Iterator[dict[str, Any]]:
    """Every page of a listing; a page may be empty and still be followed by others."""
    with translated(_action(client, operation)):
        yield from client.get_paginator(_method(client, operation)).paginate(**params)


def map_concurrently(
    function: Callable[[T], R],
    items: Iterable[T],
    workers: int,
    stop: Callable[[], object] = lambda: None,
) -> list[R]:
    """`function` of every item, as many at once as there are workers, in the order of the items.

    The first failure is raised when what is in flight has ended; nothing is begun after it, and
    `stop` is called so that it ends soon. One worker is the thread that asks.
    """
    if workers <= 1:
        return [function(item) for item in items]
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(function, item) for item in items]
        unfinished = True
        try:
            unfinished = bool(wait(futures, return_when=FIRST_EXCEPTION).not_done)
        finally:
            if unfinished:  # a failure, or Ctrl-C
                stop()
            pool.shutdown(wait=False, cancel_futures=True)
    failures = [error for it in futures if not it.cancelled() and (error := it.exception())]
    for error in sorted(failures, key=lambda it: isinstance(it, StoppedError)):
        raise error  # what stopped the others comes before their being stopped
    return [future.result() for future in futures]


def run_all(
    functions: Sequence[Callable[[], R]], workers: int, stop: Callable[[], object]
) -> list[R]:
    """All of these side by side, each of which gathers with workers of its own; one after the
    other where there is but one worker. What each returns; `stop` is as for `gather`."""
    side_by_side = len(functions) if workers > 1 else 1
    return map_concurrently(lambda function: function(), functions, side_by_side, stop)


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _action(client: Client, operation: str) -> str:
    return f"{client.meta.service_model.signing_name}:{operation}"


def _method(client: Client, operation: str) -> str:
    names: dict[str, str] = client.meta.method_to_api_mapping
    return next(method for method, name in names.items() if name == operation)
