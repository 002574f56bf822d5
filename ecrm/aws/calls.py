"""One call, and a listing page by page."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from ecrm.aws.errors import translated
from ecrm.aws.operation import Operation, calling
from ecrm.errors import AwsError

Client = Any
"""A botocore client; their types are made at run time."""
T = TypeVar("T")


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


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
