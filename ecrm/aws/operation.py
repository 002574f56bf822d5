"""The operations of AWS that ecrm calls: each declared once, with what AWS must answer.

A declaration is all that a client for reading goes by (`hooks`), what IAM policies are made of
(`workflow.iam_policy`), and how an answer is read (`calls`, `parsing`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from ecrm.aws.shapes import (
    TEXT,
    ListOf,
    MisfitError,
    Optional,
    Record,
    Shape,
    optional,
)
from ecrm.errors import AwsError


class Tokens(NamedTuple):
    """How a page leads to the next: a parameter of the request, and a member of the answer."""

    asked: str
    answered: str


NEXT_TOKEN = Tokens("nextToken", "nextToken")
UPPER_NEXT_TOKEN = Tokens("NextToken", "NextToken")
MARKER = Tokens("Marker", "NextMarker")

# Services that IAM calls otherwise than boto3 does.
_IAM_PREFIXES = MappingProxyType(
    {
        "bedrock-agentcore-control": "bedrock-agentcore",
        "lambda-core": "lambda",
        "stepfunctions": "states",
    }
)


@dataclass(frozen=True, eq=False)
class Operation:
    """`service` is boto3's name of the client, and `name` AWS's of the operation.

    Whatever does not say that it `writes` only reads. `action` is the IAM action that allows it
    and, in every error, the name of the operation. A listing has in `listed` the member with what
    it lists (`a.b`, where that is further down), and in `tokens` how its pages follow each other.
    """

    service: str
    name: str
    answer: Record
    writes: bool = False
    tokens: Tokens = NEXT_TOKEN
    listed: str = ""

    @property
    def action(self) -> str:
        return f"{_IAM_PREFIXES.get(self.service, self.service)}:{self.name}"

    def read(self, answer: Any) -> dict[str, Any]:
        """The answer as `shapes` reads it. Raises AwsError, with one line, for any other."""
        try:
            return self.answer.read(answer)
        except MisfitError as error:
            raise AwsError(f"{self.action}: {error}; try again") from None


def listing(
    service: str,
    name: str,
    listed: str,
    item: Shape,
    *,
    tokens: Tokens = NEXT_TOKEN,
    **others: Shape | Optional,
) -> Operation:
    """An operation that answers page by page; `others` are further members of each page."""
    own: dict[str, Shape | Optional] = {listed: ListOf(item), tokens.answered: optional(TEXT)}
    answer = Record(MappingProxyType(own | others))
    return Operation(service, name, answer, tokens=tokens, listed=listed)


_called: ContextVar[Operation | None] = ContextVar("_called", default=None)


@contextmanager
def calling(operation: Operation) -> Iterator[None]:
    """Within, this operation is being called by this thread."""
    token = _called.set(operation)
    try:
        yield
    finally:
        _called.reset(token)


def being_called() -> Operation | None:
    """The declared operation that this thread is calling; None for a call that botocore or a
    test makes by itself."""
    return _called.get()
