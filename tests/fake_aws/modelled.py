"""Every service that has no state of its own here: it answers as its model in botocore says, with
empty lists unless a test gives the answers.

    aws.others.answer("batch:DescribeJobDefinitions", {"jobDefinitions": [...]})

Services are called as IAM calls them. An answer may be a function of the parameters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from botocore.loaders import create_loader
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.parsers import RpcV2CBORParser

from .errors import AwsError

Json = dict[str, Any]
Answer = Json | Callable[[Json], Json]

# What boto3 calls otherwise than IAM does.
_NAMES = {
    "bedrock-agentcore": "bedrock-agentcore-control",
    "lambda": "lambda-core",
    "states": "stepfunctions",
}
_STATEFUL = ("ecr", "s3", "sns", "ssm", "sts")
_READS = ("List", "Describe", "Get", "BatchGet", "Search", "Select")
_MEMBER = re.compile(r"\\\{(\w+)\\?\+?\\\}")
_LOADER = create_loader()


@dataclass
class Others:
    """Of one account: the answers that a test gives, by action."""

    answers: dict[str, Answer] = field(default_factory=dict)

    def answer(self, action: str, answer: Answer) -> None:
        self.answers[action] = answer

    def called(self, service: str, operation: str, params: Json) -> Json:
        known = model(service, operation)
        if known is None or service in _STATEFUL or not operation.startswith(_READS):
            text = f"The fake does not know {service}:{operation}"
            raise AwsError("UnknownOperationException", text)
        given = self.answers.get(f"{service}:{operation}", {})
        return _nothing(known.output_shape) | (given(params) if callable(given) else given)


@cache
def _service(service: str) -> ServiceModel | None:
    name = _NAMES.get(service, service)
    if name not in _LOADER.list_available_services("service-2"):
        return None
    return ServiceModel(_LOADER.load_service_model(name, "service-2"), name)


def model(service: str, operation: str) -> OperationModel | None:
    found = _service(service)
    if found is None or operation not in found.operation_names:
        return None
    return found.operation_model(operation)


def protocol(service: str) -> str:
    found = _service(service)
    return found.resolved_protocol if found else "json"


def route(service: str, method: str, path: str, query: str, body: bytes) -> tuple[str, Json] | None:
    """The operation that a request over REST or in CBOR is for, and its parameters."""
    if protocol(service) == "smithy-rpc-v2-cbor":
        parser = RpcV2CBORParser()
        stream = parser.get_peekable_stream_from_bytes(body)
        return path.rpartition("/")[2], parser.parse_data_item(stream) if body else {}
    for pattern, operation in _paths(service):
        if operation.http["method"] == method and (found := pattern.fullmatch(path)):
            return operation.name, _parameters(operation, found.groupdict(), query, body)
    return None


@cache
def _paths(service: str) -> list[tuple[re.Pattern[str], OperationModel]]:
    known = _service(service)
    if known is None or known.resolved_protocol != "rest-json":
        return []
    operations = [known.operation_model(name) for name in known.operation_names]
    return [(_pattern(operation.http["requestUri"]), operation) for operation in operations]


def _pattern(uri: str) -> re.Pattern[str]:
    path = re.escape(uri.partition("?")[0].rstrip("/"))
    return re.compile(_MEMBER.sub(r"(?P<\1>[^/]+)", path) + "/?")


def _parameters(
    operation: OperationModel, found: Mapping[str, str], query: str, body: bytes
) -> Json:
    asked: Json = json.loads(body) if body else {}
    asked |= dict(parse_qsl(query)) | {name: unquote(text) for name, text in found.items()}
    members = operation.input_shape.members if operation.input_shape else {}
    by_name = {shape.serialization.get("name", name): name for name, shape in members.items()}
    return {by_name.get(name, name): value for name, value in asked.items()}


def _nothing(shape: Shape | None) -> Json:
    """Lists and maps are empty, and all else is left out."""
    members = shape.members if shape is not None else {}
    empty: dict[str, Callable[[], Any]] = {"list": list, "map": dict}
    return {
        name: empty[member.type_name]()
        for name, member in members.items()
        if member.type_name in empty
    }


def cbor(value: Any) -> bytes:
    """Text, whole numbers, lists and maps: https://www.rfc-editor.org/rfc/rfc8949.html."""
    if isinstance(value, bool) or value is None:
        return bytes([{False: 0xF4, True: 0xF5, None: 0xF6}[value]])
    if isinstance(value, int):
        return _head(0, value)
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(cbor, value))
    return _head(5, len(value)) + b"".join(cbor(part) for pair in value.items() for part in pair)


def _head(kind: int, number: int) -> bytes:
    return bytes([kind << 5 | 26]) + number.to_bytes(4, "big")


def xml(service: str, operation: str, content: Json) -> bytes:
    known = model(service, operation)
    inner = _xml(known.output_shape if known else None, content)
    if protocol(service) == "query":
        inner = f"<{operation}Result>{inner}</{operation}Result>"
    return f"<{operation}Response>{inner}</{operation}Response>".encode()


def _xml(shape: Any, value: Any) -> str:
    if not isinstance(value, (dict, list)):
        return escape(str(value))
    if isinstance(value, list):
        item = shape.member.serialization.get("name", "member")
        return "".join(f"<{item}>{_xml(shape.member, each)}</{item}>" for each in value)
    members = getattr(shape, "members", {})
    parts = []
    for name, part in value.items():
        member = members.get(name)
        tag = member.serialization.get("name", name) if member is not None else name
        parts.append(f"<{tag}>{_xml(member, part)}</{tag}>")
    return "".join(parts)
