"""What a cluster must answer, and what its refusals mean.

As in `aws.shapes`, an answer that lacks a member or has one of another type is an error, and never
an empty list.
"""

import json
from contextlib import suppress
from typing import Any, NamedTuple

from ecrm.aws.shapes import NUMBER, TEXT, ListOf, MisfitError, Record, Scalar, optional, record
from ecrm.errors import AccessDenied, AwsError, Gone

_LONGEST_SHOWN = 300
_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _GONE = 200, 401, 403, 404, 410


class Answer(NamedTuple):
    """`body` is what was sent, decompressed."""

    status: int
    body: bytes


class Question(NamedTuple):
    """What is asked of which cluster, as its roles name it: a verb, a resource and a group."""

    cluster: str
    verb: str
    resource: str
    group: str = ""

    def __str__(self) -> str:
        name = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"cluster {self.cluster}: {self.verb} {name}"


class ExpiredError(AwsError):
    """The list that a page would continue is too old for the cluster to know it."""


def read(question: Question, answer: Answer, kind: str, shape: Record) -> dict[str, Any]:
    """The answer as `aws.shapes` reads it, if it is of this kind. Raises AwsError: AccessDenied,
    Gone for what is not served, ExpiredError."""
    if answer.status != _OK:
        raise _refusal(question, answer)
    try:
        return _of_kind(kind, json.loads(answer.body), shape)
    except (ValueError, RecursionError):  # cut off, or a proxy's own page
        text = "the answer is not JSON; check the network and proxies, and try again"
        raise AwsError(f"{question}: {text}") from None
    except MisfitError as error:
        raise AwsError(f"{question}: {error.about('the answer')}; try again") from None


def _of_kind(kind: str, found: Any, shape: Record) -> dict[str, Any]:
    if (other := _KIND.read(found)["kind"]) != kind:
        raise MisfitError(f"AWS's answer is of kind {other:.60} and not {kind}")
    return shape.read(found)


def _refusal(question: Question, answer: Answer) -> AwsError:
    status, said = answer.status, _message(answer.body)
    if status == _FORBIDDEN:
        action = f"{question.verb} {question.resource} in apiGroup {question.group!r}"
        return AccessDenied(f"{question} is denied; allow {action}: {said}", action)
    if status == _NOT_FOUND:
        return Gone(f"{question}: the cluster has none: {said}")
    if status == _GONE:
        return ExpiredError(f"{question}: the list has expired: {said}")
    if status == _UNAUTHORIZED:
        entry = "EKS needs an access entry for the role that asks"
        text = f"the cluster does not accept the credentials ({entry}): {said}"
        return AwsError(f"{question}: {text}")
    return AwsError(f"{question}: the cluster answers {status}: {said}; try again later")


def _message(body: bytes) -> str:
    """The one of a Status of Kubernetes, or whatever else was sent, in one line."""
    text = body.decode(errors="replace")
    with suppress(ValueError, RecursionError, MisfitError):
        text = _STATUS.read(json.loads(text))["message"]
    return " ".join(text.split())[:_LONGEST_SHOWN]


def _object(value: Any) -> Any:
    """The object with all its members but `managedFields`, which are half of some and never name
    an image."""
    _OBJECT.read(value)
    value["metadata"].pop("managedFields", None)
    return value


_KIND = record(kind=TEXT)
_STATUS = record(message=TEXT)
_OBJECT = record(
    kind=optional(TEXT),
    apiVersion=optional(TEXT),
    metadata=record(name=TEXT, namespace=optional(TEXT)),
)

PAGE = record(
    apiVersion=TEXT,
    metadata=record(**{"continue": optional(TEXT), "remainingItemCount": optional(NUMBER)}),
    items=ListOf(Scalar(_object)),
)
_VERSION = record(version=TEXT)
GROUPS = record(
    groups=ListOf(record(name=TEXT, versions=ListOf(_VERSION), preferredVersion=_VERSION))
)
RESOURCES = record(resources=ListOf(record(name=TEXT, kind=TEXT, verbs=ListOf(TEXT))))
