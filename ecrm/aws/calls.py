"""One call, a listing page by page, and many calls in flight."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from ecrm.aws.errors import translated
from ecrm.aws.operation import Operation, calling
from ecrm.aws.rate_limits import StoppedError
from ecrm.errors import AwsError

Client = Any
"""A botocore client; their types are made at run time."""
T = TypeVar("T")
R = TypeVar("R")


def call(client: Client, operation: Operation, **params: object) -> dict[str, Any]:
    """One call, such as `call(ecr, DESCRIBE_IMAGES, repositoryName=...)`: the answer's declared
    members. Raises AwsError for an answer that is not of the declared shape."""
    from botocore import xform_name  # noqa: PLC0415 - whoever has a client has imported it

    with translated(operation.action), calling(operation):
        answer = getattr(client, xform_name(operation.name))(**params)
    return operation.read(answer)


def pages(client: Client, operation: Operation, **params: object) -> Iterator[dict[str, Any]]:
    """Every page of a listing; a page may be empty and still be followed by others.

    Raises AwsError for a token that comes a second time: such a listing has no end, and what it
    leaves out nobody knows.
    """
    asked, answered = operation.tokens
    seen: set[str] = set()
    more: dict[str, object] = {}
    while True:
        page = call(client, operation, **params, **more)
        yield page
        token = page[answered]
        if not token:
            return
        if token in seen:
            again = f"AWS's answer gives the same {answered} a second time"
            raise AwsError(f"{operation.action}: {again}; try again")
        seen.add(token)
        more = {asked: token}


def items(client: Client, operation: Operation, **params: object) -> Iterator[Any]:
    """What a listing lists, from all its pages."""
    for page in pages(client, operation, **params):
        yield from page[operation.listed]


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
    failures = [
        error for future in futures if not future.cancelled() and (error := future.exception())
    ]
    for error in sorted(failures, key=lambda failure: isinstance(failure, StoppedError)):
        raise error  # what stopped the others comes before their being stopped
    return [future.result() for future in futures]


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
