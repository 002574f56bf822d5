"""B35: what AWS must answer is declared once for each operation, and anything else is an error."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from itertools import product
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.model import OperationModel, Shape
from hypothesis import given
from hypothesis import strategies as st

from ecrm.aws import Operation, call, listing, pages
from ecrm.aws.operation import MARKER
from ecrm.aws.parsing import plain_json_session
from ecrm.aws.shapes import (
    DIGEST,
    FLAG,
    NUMBER,
    TEXT,
    TIME,
    ListOf,
    MapOf,
    MisfitError,
    Optional,
    Record,
    matching,
    optional,
    record,
)
from ecrm.errors import AwsError
from ecrm.sources.aggregators import SELECT
from ecrm.sources.answers import DOCUMENT, IMAGE, IMAGE_DIGEST, TASK_DEFINITION
from ecrm.sources.ecs.operations import REVISION
from ecrm.sources.lambda_functions.operations import PACKAGE_TYPE, RESOLVED, VERSION
from tests.fake_aws.modelled import cbor
from tests.operations import OPERATIONS
from tests.stubs import new_session
from tests.values import digest

KEYS = {
    "aws_access_key_id": "AKIA",
    "aws_secret_access_key": "secret",
    "region_name": "us-east-1",
}
SESSION = new_session(**KEYS)
CLIENTS = {
    service: SESSION.client(service, endpoint_url="https://nowhere.invalid")
    for service in {operation.service for operation in OPERATIONS}
}


def protocol(operation: Operation) -> str:
    """Of the service, as botocore speaks it."""
    return str(CLIENTS[operation.service].meta.service_model.resolved_protocol)


IN_JSON = [operation for operation in OPERATIONS if protocol(operation) in ("json", "rest-json")]
IN_CBOR = [operation for operation in OPERATIONS if protocol(operation) == "smithy-rpc-v2-cbor"]


def encoded(operation: Operation, content: Any) -> bytes:
    return cbor(content) if operation in IN_CBOR else json.dumps(content).encode()


def model_of(operation: Operation) -> OperationModel:
    return CLIENTS[operation.service].meta.service_model.operation_model(operation.name)


def parameters(shape: Any) -> Any:
    """The least that botocore lets through."""
    if shape.type_name == "structure":
        return {name: parameters(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [parameters(shape.member)]
    return shape.enum[0] if getattr(shape, "enum", None) else "text"


class Raw(BytesIO):
    def stream(self) -> Iterator[bytes]:
        yield self.read()


def answered(operation: Operation, *bodies: bytes) -> Any:
    """What calls give whose answers, off the wire, are these."""
    client, left = CLIENTS[operation.service], list(bodies)

    def answer(**_: object) -> AWSResponse:
        return AWSResponse("https://nowhere.invalid", 200, {}, Raw(left.pop(0)))

    client.meta.events.register("before-send", answer)
    asked = parameters(model_of(operation).input_shape)
    try:
        if len(bodies) > 1:
            return list(pages(client, operation, **asked))
        return call(client, operation, **asked)
    finally:
        client.meta.events.unregister("before-send", answer)


RESULTS: Any = SELECT.answer.members["Results"]
COUNT = '{"accountId": "123456789012", "awsRegion": "us-east-1", "COUNT(*)": 1}'


def fitting(shape: Any) -> Any:
    """A value of the shape, in which every member is present."""
    if isinstance(shape, Optional):
        return fitting(shape.shape)
    if isinstance(shape, Record):
        return {name: fitting(member) for name, member in shape.members.items()}
    if isinstance(shape, ListOf):
        return [fitting(shape.item)]
    if isinstance(shape, MapOf):
        return {"1": fitting(shape.value)}
    values = {
        REVISION: "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1",
        PACKAGE_TYPE: "Image",
        RESOLVED: f"123456789012.dkr.ecr.us-east-1.amazonaws.com/web@{digest(1)}",
        VERSION: "arn:aws:lambda:us-east-1:123456789012:function:web:1",
        TEXT: "text",
        DIGEST: digest(1),
        NUMBER: 7,
        FLAG: True,
        TIME: 1.7e9,
    }
    values |= dict.fromkeys(NAMING, "text") | {IMAGE_DIGEST: digest(1), RESULTS.item: COUNT}
    return values.get(shape, "anything")


def required(operation: Operation) -> list[str]:
    members = operation.answer.members
    return [name for name, shape in members.items() if not isinstance(shape, Optional)]


ODD: list[dict[str, Any]] = [
    {},
    {"message": "something went wrong"},
    {"Output": {"__type": "com.amazon.coral.service#InternalFailure"}, "Version": "1.0"},
]


@pytest.mark.parametrize("operation", IN_JSON + IN_CBOR, ids=lambda operation: operation.action)
def test_an_answer_without_its_members_is_an_error(operation):
    missing = required(operation)[0]
    for odd in ODD:
        with pytest.raises(AwsError) as error:
            answered(operation, encoded(operation, odd))
        assert str(error.value) == f"{operation.action}: AWS's answer has no {missing}; try again"


def lists(operation: Operation) -> list[str]:
    """The members of its answer that are lists."""
    members = operation.answer.members.items()
    return [
        name
        for name, shape in members
        if isinstance(shape.shape if isinstance(shape, Optional) else shape, ListOf)
    ]


LISTING = [operation for operation in IN_JSON if lists(operation)]


@pytest.mark.parametrize("operation", LISTING, ids=lambda operation: operation.action)
def test_a_list_that_is_none_is_an_error(operation):
    whole = fitting(operation.answer)
    for name, value in product(lists(operation), ("abc", 5, {"a": 1}, None, [None])):
        if value is None and operation.name == "GetLifecyclePolicyPreview":
            continue  # of a preview that is in progress
        with pytest.raises(AwsError, match=rf"^{operation.action}: .*\b{name}\b.*; try again$"):
            answered(operation, json.dumps(whole | {name: value}).encode())


def members(shape: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path to every member, at any depth."""
    shape = shape.shape if isinstance(shape, Optional) else shape
    if isinstance(shape, Record):
        for name, member in shape.members.items():
            yield (*path, name)
            yield from members(member, (*path, name))
    elif isinstance(shape, ListOf):
        yield from members(shape.item, (*path, 0))


DEEP = [(operation, path) for operation in IN_JSON for path in members(operation.answer)]


@given(st.sampled_from(DEEP))
def test_a_member_of_the_wrong_type_is_an_error_that_names_it(chosen):
    operation, path = chosen
    body = fitting(operation.answer)
    *way, last = path
    place = body
    for step in way:
        place = place[step]
    place[last] = "text" if isinstance(place[last], list) else [1]
    if last == "AdditionalVersionWeights" or place[last] == "anything":
        place[last] = "text"
    with pytest.raises(AwsError, match=rf"^{operation.action}: [^\n]*{last}"):
        answered(operation, json.dumps(body).encode())


@pytest.mark.parametrize("operation", IN_JSON, ids=lambda operation: operation.action)
def test_an_answer_as_declared_is_read_as_it_is(operation):
    body = fitting(operation.answer) | {"unknown": 1}
    read = answered(operation, encoded(operation, body))
    assert set(read) == set(operation.answer.members)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.action)
def test_every_declared_member_is_in_the_model_of_botocore(operation):
    """With its type. A typing error would read as "AWS leaves it out"."""
    agree(operation.answer, model_of(operation).output_shape)
    assert required(operation), "an answer of which nothing is required may be anything"


class Older:
    """Loads AWS's models without a single member of an answer, as none is older than that."""

    def __init__(self) -> None:
        self._loader = botocore.session.Session().get_component("data_loader")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def load_service_model(self, service: str, kind: str, api_version: str | None = None) -> Any:
        model = self._loader.load_service_model(service, kind, api_version)
        if kind != "service-2":
            return model
        none = {"type": "structure", "members": {}}
        answers = (operation.get("output") for operation in model["operations"].values())
        shapes = {answer["shape"]: none for answer in answers if answer}
        return model | {"shapes": model["shapes"] | shapes}


@pytest.fixture(scope="module")
def older() -> dict[str, Any]:
    session = botocore.session.Session()
    session.register_component("data_loader", Older())
    made = boto3.Session(botocore_session=plain_json_session(session), **KEYS)
    services = {operation.service for operation in IN_JSON}
    return {name: made.client(name, endpoint_url="https://nowhere.invalid") for name in services}


@pytest.mark.parametrize("operation", IN_JSON, ids=lambda operation: operation.action)
def test_b39_what_decides_is_read_though_the_model_of_botocore_does_not_know_it(
    operation, older, monkeypatch
):
    """As deleteReplication with boto3 1.43, and imageStatus and subjectManifestDigest before."""
    body = fitting(operation.answer)
    expected = answered(operation, json.dumps(body).encode())
    monkeypatch.setitem(CLIENTS, operation.service, older[operation.service])
    assert not model_of(operation).output_shape.members
    assert answered(operation, json.dumps(body).encode()) == expected


NAMING = (IMAGE, TASK_DEFINITION, DOCUMENT)
TYPES = {
    TEXT: "string",
    REVISION: "string",
    PACKAGE_TYPE: "string",
    RESOLVED: "string",
    VERSION: "string",
    DIGEST: "string",
    NUMBER: ("integer", "long"),
    FLAG: "boolean",
}
TYPES |= dict.fromkeys((*NAMING, IMAGE_DIGEST), "string")


def agree(ours: Any, theirs: Shape) -> None:
    ours = ours.shape if isinstance(ours, Optional) else ours
    if isinstance(ours, Record):
        assert theirs.type_name == "structure"
        for name, member in ours.members.items():
            agree(member, theirs.members[name])
    elif isinstance(ours, ListOf):
        assert theirs.type_name == "list"
        agree(ours.item, theirs.member)
    elif isinstance(ours, MapOf):
        assert theirs.type_name == "map"
        agree(ours.value, theirs.value)
    elif ours in TYPES:
        assert theirs.type_name in TYPES[ours]
    elif ours is TIME:
        assert theirs.type_name == "timestamp"


def test_pages_of_a_listing_lead_on_as_the_model_says():
    """Where an answer has a token, no page may be left out."""
    for operation in OPERATIONS:
        model = model_of(operation)
        asked = set(model.input_shape.members if model.input_shape else ())
        answered = set(model.output_shape.members)
        if {"nextToken", "NextToken", "Marker"} & asked:
            assert operation.tokens.asked in asked, operation.action
            assert operation.tokens.answered in answered, operation.action
            assert operation.tokens.answered in operation.answer.members, operation.action


def test_an_operation_that_is_declared_as_reading_is_one():
    """By its name, but for the one that asks ECR what a policy would do."""
    reads = (
        *("Describe", "List", "Get", "BatchGet", "BatchCheck", "Search", "Select"),
        "StartLifecyclePolicyPreview",
    )
    for operation in OPERATIONS:
        assert operation.writes is not operation.name.startswith(reads), operation.action


# -- listings


NAMES = listing("ecs", "ListClusters", "clusterArns", TEXT)


def page(*names: str, then: str | None = None) -> bytes:
    return json.dumps({"clusterArns": names, "nextToken": then}).encode()


def test_a_page_may_be_empty_and_tokens_lead_on():
    bodies = (page(then="1"), page("a", then="2"), page(then="3"), page("b"))
    assert [page["clusterArns"] for page in answered(NAMES, *bodies)] == [[], ["a"], [], ["b"]]


@pytest.mark.parametrize("tokens", [("1", "1"), ("1", "2", "1"), ("1", "2", "3", "2")])
def test_a_token_that_comes_a_second_time_is_an_error(tokens):
    bodies = [page("a", then=token) for token in tokens]
    with pytest.raises(AwsError) as error:
        answered(NAMES, *bodies, page("z"))
    assert str(error.value) == (
        "ecs:ListClusters: AWS's answer gives the same nextToken a second time; try again"
    )


def test_a_listing_of_lambda_has_other_tokens():
    functions = listing("lambda", "ListFunctions", "Functions", record(Version=TEXT), tokens=MARKER)
    first = {"Functions": [{"Version": "1"}], "NextMarker": "m"}
    second: dict[str, Any] = {"Functions": [], "NextMarker": None}
    found = answered(functions, json.dumps(first).encode(), json.dumps(second).encode())
    assert [page["Functions"] for page in found] == [[{"Version": "1"}], []]


# -- shapes


def test_what_aws_may_leave_out_is_none_or_empty():
    shape = record(
        text=optional(TEXT),
        texts=optional(ListOf(TEXT)),
        texts_by_name=optional(MapOf(TEXT)),
        of_optional=optional(record(a=optional(TEXT))),
        of_required=optional(record(a=TEXT)),
    )
    assert shape.read({"text": None, "more": 1}) == {
        "text": None,
        "texts": (),
        "texts_by_name": {},
        "of_optional": {"a": None},
        "of_required": None,
    }


def test_an_optional_list_is_left_out_and_never_null():
    """As imageTags of an image whose tags are not known, which would look untagged."""
    with pytest.raises(MisfitError, match="AWS's answer has imageTags null"):
        record(imageTags=optional(ListOf(TEXT))).read({"imageTags": None})


@pytest.mark.parametrize("value", [1.5, True, "1", None, [], -1, 2**63, 10**400])
def test_a_number_is_one_that_a_journal_can_hold(value):
    """What a journal cannot give back could not be restored."""
    assert NUMBER.read(2**63 - 1) == 2**63 - 1
    with pytest.raises(MisfitError):
        NUMBER.read(value)


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (PACKAGE_TYPE, "image"),
        (PACKAGE_TYPE, ""),
        (VERSION, "3"),
        (VERSION, "arn:aws:lambda:us-east-1:123456789012:function:web"),
        (RESOLVED, f"{digest(1)}"),
        (RESOLVED, "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:v1"),
    ],
)
def test_b35_a_text_of_another_form_is_not_passed_over(shape, value):
    """A version that nothing seems to point to, or a function without an image, loses its image."""
    with pytest.raises(MisfitError):
        shape.read(value)


@pytest.mark.parametrize("value", [digest(1)[:-1], digest(1) + "0", "sha512:" + "a" * 64, "", 5])
def test_a_digest_is_sha256_and_64_lower_case_hexadecimal_digits(value):
    assert DIGEST.read(digest(255)) == digest(255)
    for odd in (value, f"sha256:{'A' * 64}", f"{digest(1)}\n"):
        with pytest.raises(MisfitError):
            DIGEST.read(odd)


SECOND = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "value", [SECOND.timestamp(), int(SECOND.timestamp()), "2026-03-01T13:00:00+01:00", SECOND]
)
def test_a_time_is_a_moment_in_utc(value):
    read = TIME.read(value)
    assert (read, read.tzinfo) == (SECOND, UTC)


@pytest.mark.parametrize(
    "value", ["soon", {}, [], 1e300, "1e300", 1e12, float("nan"), float("inf"), True, None]
)
def test_what_is_no_time_is_an_error(value):
    with pytest.raises(MisfitError):
        TIME.read(value)


def test_an_error_names_the_way_to_what_is_wrong():
    operation = Operation("ecs", "X", record(a=record(b=ListOf(record(c=MapOf(FLAG))))))
    with pytest.raises(AwsError) as error:
        operation.read({"a": {"b": [{"c": {}}, {"c": {"d": "yes"}}]}})
    assert str(error.value) == (
        "ecs:X: a.b[1].c.d of AWS's answer is a text and not a boolean; try again"
    )


def test_a_text_of_a_form_is_read_as_it_is():
    assert matching(r"[a-z]+", "a word").read("word") == "word"
    with pytest.raises(MisfitError, match="is not a word"):
        matching(r"[a-z]+", "a word").read("Word")
