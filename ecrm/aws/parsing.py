"""Cheap parsing of AWS's large answers, by botocore's own means of registering a parser.

botocore walks every answer along its model and makes every time a local one, which for a page of
1,000 images takes ten times as long as all else about the call. Where ecrm reads few members of
many answers, JSON as it comes will do. Errors, other operations and other protocols are parsed by
botocore as ever, and so is whatever does not look as this module expects it.

A slim answer has also the members that an older botocore does not know. It has no nulls, not even
in maps, where botocore keeps them.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ecrm.errors import AwsError

if TYPE_CHECKING:
    import botocore.session


class FastShape(NamedTuple):
    """What ecrm expects of an answer: `member` holds what was asked for, and `timestamps` are
    members of each of its items. Times that are not named here stay as AWS sent them."""

    member: str
    timestamps: tuple[str, ...] = ()


FAST_SHAPES: Mapping[str, FastShape] = MappingProxyType(
    {
        "DescribeImages": FastShape(
            "imageDetails",
            ("imagePushedAt", "lastRecordedPullTime", "lastArchivedAt", "lastActivatedAt"),
        ),
        "DescribeRepositories": FastShape("repositories"),
        "DescribeServiceRevisions": FastShape("serviceRevisions"),
        "DescribeServices": FastShape("services"),
        "DescribeTaskDefinition": FastShape("taskDefinition"),
        "DescribeTasks": FastShape("tasks"),
        "ListFunctions": FastShape("Functions"),
    }
)
"""By operation. Only what reads is here: answers to changes are parsed in full."""

_PROTOCOLS = frozenset({"json", "rest-json"})


def fast_parsing_session() -> "botocore.session.Session":
    """A new session whose clients parse SLIMMED operations cheaply, and all else as ever."""
    import botocore.session  # noqa: PLC0415 - takes longer to import than all of ecrm

    session = botocore.session.get_session()
    factory = session.get_component("response_parser_factory")
    session.register_component("response_parser_factory", _Factory(factory))
    return session


class _Factory:
    """Stands in for botocore's ResponseParserFactory."""

    def __init__(self, botocores: Any) -> None:
        self._botocores = botocores

    def set_parser_defaults(self, **defaults: Any) -> None:
        self._botocores.set_parser_defaults(**defaults)

    def create_parser(self, protocol_name: str) -> Any:
        parser = self._botocores.create_parser(protocol_name)
        return _Parser(parser) if protocol_name in _PROTOCOLS else parser


class _Parser:
    """Stands in for botocore's parsers of JSON; it is told the shape, but not the service."""

    def __init__(self, botocores: Any) -> None:
        self._botocores = botocores

    def parse(self, response: dict[str, Any], shape: Any) -> Any:
        """Raises AwsError for a success whose body is none: it must not look empty."""
        operation = _slimmed(response, shape)
        if operation is None:
            return self._botocores.parse(response, shape)
        answer = _load(response["body"], operation)
        _convert(answer, operation)
        # ResponseMetadata, and what else does not come from the body.
        return answer | self._botocores.parse({**response, "body": b"{}"}, shape)


def _slimmed(response: dict[str, Any], shape: Any) -> str | None:
    """The operation, if this is the answer we know by that name; streams are no bytes."""
    if response["status_code"] >= 300 or not isinstance(response["body"], bytes):  # noqa: PLR2004
        return None
    if shape is None or shape.serialization or shape.event_stream_name:
        return None
    operation = str(shape.name).removesuffix("Response")
    expected = FAST_SHAPES.get(operation)
    if expected is None or expected.member not in shape.members:  # another service has the name
        return None
    return operation


def _load(body: bytes, operation: str) -> dict[str, Any]:
    answer = None
    with suppress(ValueError):
        hook = _without_nulls if b"null" in body else None  # which is a call for every object
        answer = json.loads(body.decode(), object_hook=hook)
    if not isinstance(answer, dict):
        raise AwsError(f"{operation}: AWS's answer was cut off; try again")
    return answer


def _without_nulls(members: dict[str, Any]) -> dict[str, Any]:
    if None in members.values():
        return {name: value for name, value in members.items() if value is not None}
    return members


def _convert(answer: dict[str, Any], operation: str) -> None:
    """Raises AwsError for a time that is none."""
    member, timestamps = FAST_SHAPES[operation]
    from_seconds = datetime.fromtimestamp  # thousands of times, so without a call of our own
    try:
        for name in timestamps:
            for item in answer.get(member, ()):
                if name in item:
                    it = item[name]
                    item[name] = _time(it) if isinstance(it, str) else from_seconds(it, UTC)
    except (TypeError, ValueError, OverflowError, OSError, RuntimeError) as error:
        raise AwsError(f"{operation}: AWS's answer cannot be read: {error}") from error


def _time(text: str) -> datetime:
    """AWS sends seconds since 1970; botocore knows what else there may be."""
    from botocore.utils import parse_to_aware_datetime  # noqa: PLC0415 - as botocore.session

    parsed: datetime = parse_to_aware_datetime(text).astimezone(UTC)
    return parsed
