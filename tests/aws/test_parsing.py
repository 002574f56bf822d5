"""A slim answer says what botocore's own would have said, and never looks emptier."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError, ProfileNotFound, WaiterError
from botocore.model import ServiceModel
from botocore.stub import Stubber
from botocore.utils import parse_timestamp
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from ecrm import config
from ecrm.aws import Target, call, pages, parsing
from ecrm.aws.parsing import FAST_SHAPES, fast_parsing_session
from ecrm.errors import AwsError
from ecrm.model.image import Image
from ecrm.model.reference import Registry
from ecrm.registry import images as inventory
from ecrm.sources.ecs import ecs_uses
from ecrm.sources.lambda_functions import lambda_uses
from tests.fake_aws import DOCKER_LIST, OCI_MANIFEST, FakeAws, Fault, Repository, days_ago

HERE = Registry("123456789012", "us-east-1")
ECRM = Path(inventory.__file__).parents[1]
DIGEST = f"sha256:{'a' * 64}"
LOADER = botocore.session.get_session().get_component("data_loader")
PARAMETERS: dict[str, dict[str, Any]] = {
    "DescribeImages": {"repositoryName": "shop"},
    "DescribeRepositories": {},
    "DescribeServiceRevisions": {"serviceRevisionArns": ["x"]},
    "DescribeServices": {"services": ["x"]},
    "DescribeTaskDefinition": {"taskDefinition": "x"},
    "DescribeTasks": {"tasks": ["x"]},
    "ListFunctions": {},
}


def sessions(**settings: Any) -> tuple[boto3.Session, boto3.Session]:
    """Ours and botocore's own; the models are read only once for all of them."""
    made = (fast_parsing_session(), botocore.session.get_session())
    for session in made:
        session.register_component("data_loader", LOADER)
    ours, theirs = (boto3.Session(botocore_session=it, **settings) for it in made)
    return ours, theirs


def service_of(operation: str) -> str:
    if operation in ("DescribeImages", "DescribeRepositories"):
        return "ecr"
    return "lambda" if operation == "ListFunctions" else "ecs"


KEYS = {"aws_access_key_id": "AKIA", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
OURS, THEIRS = sessions(**KEYS)
ONE_TRY = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
CLIENTS = {
    (session, service): session.client(
        service, config=ONE_TRY, endpoint_url="https://nowhere.invalid"
    )
    for session in (OURS, THEIRS)
    for service in ("ecr", "ecs", "lambda")
}


class Raw(BytesIO):
    def stream(self) -> Iterator[bytes]:
        yield self.read()


def answered(session: boto3.Session, operation: str, body: bytes, status: int = 200) -> Any:
    """What a call gives whose answer, off the wire, is that."""
    headers = {"x-amzn-RequestId": "r-1", "Date": "Thu, 01 Jan 2026 00:00:00 GMT"}
    client = CLIENTS[session, service_of(operation)]

    def answer(**_: object) -> AWSResponse:
        return AWSResponse("https://nowhere.invalid", status, headers, Raw(body))

    client.meta.events.register("before-send", answer)
    try:
        return call(client, operation, **PARAMETERS[operation])
    finally:
        client.meta.events.unregister("before-send", answer)


def shape_of(operation: str) -> Any:
    model = CLIENTS[OURS, service_of(operation)].meta.service_model
    return model.operation_model(operation).output_shape


def in_utc(value: Any, shape: Any) -> Any:
    """An answer with all of its times as datetimes, including those that slim answers leave."""
    if shape is None or value is None:
        return value
    if shape.type_name == "timestamp":
        return (value if isinstance(value, datetime) else parse_timestamp(value)).astimezone(UTC)
    if shape.type_name == "structure":
        return {name: in_utc(it, shape.members.get(name)) for name, it in value.items()}
    if shape.type_name == "list":
        return [in_utc(it, shape.member) for it in value]
    if shape.type_name == "map":
        return {name: in_utc(it, shape.value) for name, it in value.items()}
    return value


def both(operation: str, body: str) -> tuple[Any, Any]:
    """The answer as ours and as botocore's, which must be the same in every member."""
    ours, theirs = (answered(it, operation, body.encode()) for it in (OURS, THEIRS))
    shape = shape_of(operation)
    assert in_utc(ours, shape) == in_utc(theirs, shape)
    return ours, theirs


def images(answer: Any) -> list[Image]:
    return [inventory._image(it) for it in answer.get("imageDetails", ())]


def full(shape: Any, number: int = 1) -> Any:
    """A value in which every member is present, and every list and map has two items."""
    if shape.type_name == "structure":
        members = list(shape.members.items())[: 1 if shape.is_tagged_union else None]
        return {name: full(it, place) for place, (name, it) in enumerate(members)}
    if shape.type_name == "list":
        return [full(shape.member, 1), full(shape.member, 2)]
    if shape.type_name == "map":
        return {"one": full(shape.value, 1), "two": full(shape.value, 2)}
    if shape.type_name == "timestamp":
        return 1.7e9 + number / 3
    numbers = {"integer": number, "long": 2**70 + number, "double": number / 3, "float": number / 7}
    return {"boolean": number % 2 == 1, **numbers}.get(shape.type_name, f"text {number}")


# -- The same answers ---------------------------------------------------------------------------


@pytest.mark.parametrize("operation", FAST_SHAPES)
def test_every_member_that_botocore_knows_is_there(operation):
    ours, _ = both(operation, json.dumps(full(shape_of(operation))))
    assert FAST_SHAPES[operation].member in ours


@pytest.mark.parametrize("operation", FAST_SHAPES)
def test_response_metadata_is_botocores(operation):
    ours, theirs = both(operation, "{}")
    assert ours == theirs
    assert set(ours) == {"ResponseMetadata"}
    assert ours["ResponseMetadata"]["RequestId"] == "r-1"


RECORDED = {
    "an image with nothing but what must be": (
        "DescribeImages",
        '{"imageDetails":[{"imageDigest":"sha256:1","imagePushedAt":1.571690853E9}]}',
    ),
    "nulls at every depth": (
        "DescribeImages",
        (
            '{"nextToken": null, "imageDetails": [{"imageDigest": "sha256:1", "imageTags": null, '
            '"imagePushedAt": 1571690853, "lastRecordedPullTime":null, "imageScanFindingsSummary": '
            '{"imageScanCompletedAt": null, "findingSeverityCounts": {"HIGH": 3}}, '
            '"subjectManifestDigest": null, "imageStatus": null, "lastActivatedAt": null}]}'
        ),
    ),
    "a null for the list": ("DescribeTasks", '{"tasks":null,"failures":null}'),
    "nulls in a list": (
        "DescribeTasks",
        '{"tasks":[null,{"taskArn":"a","containers":[null]}],"failures":[]}',
    ),
    "empty lists": ("DescribeImages", '{"imageDetails":[],"nextToken":"more"}'),
    "an empty list of tags": (
        "DescribeImages",
        '{"imageDetails":[{"imageDigest":"sha256:1","imageTags":[],"imagePushedAt":0}]}',
    ),
    "every time, with a fraction": (
        "DescribeImages",
        (
            '{"imageDetails":[{"imageDigest":"sha256:1","imagePushedAt":1.7640123456789E9,'
            '"lastRecordedPullTime":1764012345.0000005,"lastArchivedAt":1764012345.999,'
            '"lastActivatedAt":1764012345.5,"imageStatus":"ARCHIVED"}]}'
        ),
    ),
    "times as text": (
        "DescribeImages",
        (
            '{"imageDetails":[{"imageDigest":"sha256:1","imagePushedAt":"2026-01-02T03:04:05.678Z",'
            '"lastRecordedPullTime":"2026-01-02T03:04:05+09:00","lastArchivedAt":"1764012345.25",'
            '"lastActivatedAt":"Fri, 02 Jan 2026 03:04:05 GMT"}]}'
        ),
    ),
    "escaped text": (
        "DescribeImages",
        (
            r'{"imageDetails":[{"imageDigest":"sha256:1","imageTags":["\u00e9\/\"\\","\ud83d\ude00",'
            r'"null"],"imagePushedAt":1,"repositoryName":"null\n\u0000"}]}'
        ),
    ),
    "text beyond ASCII": (
        "DescribeTaskDefinition",
        '{"taskDefinition":{"containerDefinitions":[{"name":"größe","image":"\U0001f433"}]}}',
    ),
    "numbers beyond 64 bits": (
        "DescribeImages",
        (
            '{"imageDetails":[{"imageDigest":"sha256:1","imagePushedAt":1,'
            f'"imageSizeInBytes":{2**80}}}]}}'
        ),
    ),
    "Lambda's nulls": (
        "ListFunctions",
        (
            '{"Functions":[{"FunctionName":"f","Version":"$LATEST","PackageType":"Image",'
            '"Runtime":null,"Layers":null,"VpcConfig":{"SubnetIds":[],"VpcId":null},'
            '"Environment":{"Variables":{"A":""},"Error":null},"CodeSize":0}],"NextMarker":null}'
        ),
    ),
    "a service": (
        "DescribeServices",
        (
            '{"services":[{"serviceName":"web","deployments":[{"status":"PRIMARY","createdAt":1.7E9,'
            '"taskDefinition":"d:1"}],"taskSets":[],"events":[{"createdAt":1.7E9}],'
            '"currentServiceRevisions":[{"arn":"r"}]}],"failures":[{"arn":"x","reason":"MISSING"}]}'
        ),
    ),
    "a service revision": (
        "DescribeServiceRevisions",
        (
            '{"serviceRevisions":[{"serviceRevisionArn":"r","containerImages":[{"containerName":"c",'
            '"image":"i","imageDigest":null}],"createdAt":1.7E9}],"failures":[]}'
        ),
    ),
    "a repository": (
        "DescribeRepositories",
        (
            '{"repositories":[{"repositoryName":"shop","createdAt":1.7E9,"encryptionConfiguration":'
            '{"encryptionType":"AES256","kmsKey":null}}]}'
        ),
    ),
}


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_answer_is_what_botocore_makes_of_it(name):
    operation, body = RECORDED[name]
    ours, theirs = both(operation, body)
    assert images(ours) == images(theirs)


def test_an_image_is_read_to_the_microsecond_in_utc(monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        (image,) = images(answered(OURS, *encoded("every time, with a fraction")))
        (theirs,) = images(answered(THEIRS, *encoded("every time, with a fraction")))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert image.pushed_at == datetime(2025, 11, 24, 19, 25, 45, 678900, UTC) == theirs.pushed_at
    assert image.activated_at == datetime(2025, 11, 24, 19, 25, 45, 500000, UTC)
    assert image.pushed_at.tzinfo is UTC
    assert theirs.pushed_at.tzinfo is not UTC


def encoded(name: str) -> tuple[str, bytes]:
    operation, body = RECORDED[name]
    return operation, body.encode()


def test_members_that_this_botocore_does_not_know_are_kept():
    body = b'{"imageDetails":[{"imageDigest":"d","imagePushedAt":1,"soon":{"at":2}}],"new":[1]}'
    ours = answered(OURS, "DescribeImages", body)
    assert ours["imageDetails"][0]["soon"] == {"at": 2}
    assert ours["new"] == [1]


def test_an_answer_cannot_pass_for_response_metadata():
    ours, theirs = both("DescribeImages", '{"ResponseMetadata":{"RequestId":"forged"}}')
    assert ours == theirs


MOMENTS = st.integers(0, 2**32) | st.floats(0, 2**32) | st.datetimes().map(lambda it: f"{it}Z")
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "integer": st.integers(),
    "long": st.integers(),
    "string": st.text(max_size=9) | st.just("null"),
    "timestamp": MOMENTS,
}


def bodies(shape: Any) -> st.SearchStrategy[Any]:
    """Any value of the shape, with members missing or null."""
    if shape.type_name == "structure":
        members = {name: st.none() | bodies(it) for name, it in shape.members.items()}
        return st.fixed_dictionaries({}, optional=members)
    if shape.type_name == "list":
        return st.lists(bodies(shape.member), max_size=3)
    if shape.type_name == "map":
        return st.dictionaries(st.text(max_size=9), bodies(shape.value), max_size=3)
    return VALUES[shape.type_name]


@st.composite
def described(draw: st.DrawFn) -> dict[str, Any]:
    """A body of DescribeImages whose images ecrm can judge."""
    body: dict[str, Any] = draw(bodies(shape_of("DescribeImages")))
    for image in body.get("imageDetails") or ():
        image["imageDigest"] = DIGEST
        image["imagePushedAt"] = draw(MOMENTS)
        image["imageStatus"] = draw(st.sampled_from([None, "ACTIVE", "ARCHIVED", "ACTIVATING"]))
    return body


@given(body=described(), ascii_only=st.booleans(), indent=st.sampled_from([None, 1]))
def test_whatever_describe_images_answers_is_read_the_same(body, ascii_only, indent):
    if (shown := body.get("imageDetails")) is None:
        body.pop("imageDetails", None)
    ours, theirs = both("DescribeImages", json.dumps(body, ensure_ascii=ascii_only, indent=indent))
    shape = shape_of("DescribeImages")
    assert images(ours) == images(in_utc(theirs, shape))
    assert len(images(ours)) == len(shown or ())


# -- Nothing looks empty that is not ------------------------------------------------------------


NOT_JSON = {
    "nothing": b"",
    "a proxy's page": b"<html>Sign in</html>",
    "not UTF-8": b'{"imageDetails":[],"nextToken":"\xff"}',
    "two answers": b"{}{}",
    "null": b"null",
    "a list": b"[]",
    "a string": b'"imageDetails"',
}


@pytest.mark.parametrize("operation", FAST_SHAPES)
@pytest.mark.parametrize("name", NOT_JSON)
def test_a_body_that_is_no_json_object_is_an_error(operation, name):
    with pytest.raises(AwsError) as error:
        answered(OURS, operation, NOT_JSON[name])
    assert str(error.value) == f"{operation}: AWS's answer was cut off; try again"


@given(st.data())
def test_wherever_an_answer_is_cut_off_that_is_an_error(data):
    operation, body = encoded(data.draw(st.sampled_from(list(RECORDED))))
    with pytest.raises(AwsError, match="cut off"):
        answered(OURS, operation, body[: data.draw(st.integers(0, len(body) - 1))])


UNREADABLE = ['"soon"', "{}", "[]", "1e300", '"1e300"', "1e12", "NaN", "Infinity"]


@pytest.mark.parametrize("value", UNREADABLE)
def test_a_time_that_is_none_is_an_error(value):
    body = f'{{"imageDetails":[{{"imageDigest":"d","imagePushedAt":{value}}}]}}'
    with pytest.raises(AwsError, match="DescribeImages: AWS's answer cannot be read: "):
        answered(OURS, "DescribeImages", body.encode())


@pytest.mark.parametrize("value", ["5", "[null]", "[5]"])
def test_a_list_of_images_that_is_none_is_an_error(value):
    with pytest.raises(AwsError, match="DescribeImages: AWS's answer cannot be read: "):
        answered(OURS, "DescribeImages", f'{{"imageDetails":{value}}}'.encode())


# -- What botocore parses as ever ---------------------------------------------------------------


@pytest.mark.parametrize("operation", FAST_SHAPES)
@pytest.mark.parametrize("status", [300, 301, 400, 404, 500])
def test_errors_are_botocores(operation, status):
    body = b'{"__type":"com.amazonaws#AccessDeniedException","message":"no","Message":"no"}'
    ours, theirs = (failed(it, operation, body, status) for it in (OURS, THEIRS))
    assert ours == theirs


def failed(session: boto3.Session, operation: str, body: bytes, status: int) -> tuple[type, str]:
    with pytest.raises(AwsError) as error:
        answered(session, operation, body, status)
    return type(error.value), str(error.value)


def factory() -> Any:
    return fast_parsing_session().get_component("response_parser_factory")


@pytest.mark.parametrize("protocol", ["query", "ec2", "rest-xml", "smithy-rpc-v2-cbor"])
def test_other_protocols_get_botocores_own_parser(protocol):
    theirs = botocore.session.get_session().get_component("response_parser_factory")
    assert type(factory().create_parser(protocol)) is type(theirs.create_parser(protocol))


def test_defaults_reach_botocores_parsers():
    ours = factory()
    ours.set_parser_defaults(timestamp_parser=lambda value: f"at {value}")
    response = {"status_code": 200, "headers": {}, "body": b'{"repository":{"createdAt":1}}'}
    model = CLIENTS[OURS, "ecr"].meta.service_model.operation_model("CreateRepository")
    parsed = ours.create_parser("json").parse(response, model.output_shape)
    assert parsed["repository"] == {"createdAt": "at 1"}


def shape(**definition: Any) -> Any:
    """DescribeTasksResponse as another service, or a later ECS, may define it."""
    shapes = {
        "DescribeTasksResponse": {"type": "structure", **definition},
        "Tasks": {"type": "list", "member": {"shape": "Text"}},
        "Text": {"type": "string"},
        "Bytes": {"type": "blob", "streaming": True},
        "Events": {"type": "structure", "members": {}, "eventstream": True},
    }
    return ServiceModel({"metadata": {}, "operations": {}, "shapes": shapes}).shape_for(
        "DescribeTasksResponse"
    )


TASKS = {"tasks": {"shape": "Tasks"}}
SUCCESS = {"status_code": 200, "headers": {}, "body": b'{"tasks":["a"],"unknown":1}'}


@pytest.mark.parametrize(
    ("definition", "changes"),
    [
        ({"members": {"Items": {"shape": "Tasks"}}}, {}),
        ({"members": TASKS, "payload": "tasks"}, {}),
        ({"members": TASKS | {"more": {"shape": "Events"}}}, {}),
        ({"members": {"tasks": {"shape": "Bytes"}}, "payload": "tasks"}, {}),
        ({"members": TASKS}, {"body": BytesIO(b"{}")}),
        ({"members": TASKS}, {"status_code": 302}),
    ],
    ids=["another service's", "payload", "event stream", "stream", "unread", "redirect"],
)
def test_what_looks_otherwise_than_expected_is_left_to_botocore(definition, changes):
    assert parsing._slimmed(SUCCESS, shape(members=TASKS)) == "DescribeTasks"
    assert parsing._slimmed(SUCCESS | changes, shape(**definition)) is None


def test_an_operation_without_an_answer_is_left_to_botocore():
    parsed = factory().create_parser("json").parse(SUCCESS, None)
    assert parsed == {"ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {}}}


# -- What ecrm reads ----------------------------------------------------------------------------


def members(shape: Any, kinds: tuple[str, ...]) -> set[str]:
    """Names of all members of these types, at any depth."""
    if shape.type_name == "list":
        return members(shape.member, kinds)
    if shape.type_name == "map":
        return members(shape.value, kinds)
    if shape.type_name != "structure":
        return set()
    own = {name for name, it in shape.members.items() if it.type_name in kinds}
    return own.union(*(members(it, kinds) for it in shape.members.values()))


READERS = [*(ECRM / "registry").glob("*.py"), ECRM / "workflow" / "generate.py"]


@pytest.mark.parametrize("operation", FAST_SHAPES)
def test_every_time_that_is_read_is_made_a_datetime(operation):
    """The others are numbers in a slim answer, and nobody may take them for more."""
    code = "".join(path.read_text() for path in [*READERS, *(ECRM / "sources").rglob("*.py")])
    read = {it for it in members(shape_of(operation), ("timestamp",)) if f'"{it}"' in code}
    assert read == set(FAST_SHAPES[operation].timestamps)


@pytest.mark.parametrize("operation", FAST_SHAPES)
def test_nothing_that_is_read_needs_more_than_json(operation):
    """No member has another name on the wire, comes in a header, or is base64."""
    assert not members(shape_of(operation), ("blob",))
    assert not renamed(shape_of(operation))


def renamed(shape: Any) -> list[str]:
    if shape.type_name in ("list", "map"):
        return renamed(shape.member if shape.type_name == "list" else shape.value)
    if shape.type_name != "structure":
        return []
    own = [name for name, it in shape.members.items() if it.serialization]
    return own + [name for it in shape.members.values() for name in renamed(it)]


def test_only_what_reads_is_slimmed():
    assert all(it.startswith(("Describe", "List")) for it in FAST_SHAPES)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    """An account with something of everything, to which the environment leads."""
    with FakeAws() as fake:
        for name, value in fake.env().items():
            monkeypatch.setenv(name, value)
        fill(fake, fake.ecr.repository("shop/api"))
        # Waiting between tries shows nothing.
        monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
        yield fake


def fill(fake: FakeAws, shop: Repository) -> None:
    shop.fill(1200, newest=days_ago(1))
    image = shop.push("v1", pushed=days_ago(40.123), pulled=days_ago(3.7))
    shop.push_index("stable", children=[image], media_type=DOCKER_LIST)
    shop.push_artifact(subject=image)
    shop.archive(shop.push("old"))
    shop.start_restore(shop.push("older"))
    prod = fake.ecs.cluster("prod")
    for number in range(11):
        prod.service(f"web-{number}", fake.ecs.task_definition("web", image), desired=10)
    fake.ecs.deregister(fake.ecs.task_definition("gone", image))
    prod.run(fake.ecs.task_definition("batch", image, version_consistency="disabled"))[0].stop()
    for number in range(60):
        function = fake.lambda_.function(f"function-{number:02}", image if number % 2 else None)
        function.publish()


@pytest.fixture
def targets(aws: FakeAws) -> tuple[Target, Target]:
    ours, theirs = sessions()
    return Target(HERE, ours), Target(HERE, theirs)


def quiet(_: str) -> None:
    """Progress that nobody watches."""


READS: dict[str, Callable[[Target], Any]] = {
    "repositories": lambda target: list(inventory.repositories(target)),
    "images": lambda target: inventory.images(target, "shop/api"),
    "ecs": lambda target: list(ecs_uses(target, config.Config(), quiet)),
    "lambda": lambda target: list(lambda_uses(target, config.Config(), quiet)),
}


@pytest.mark.parametrize("what", READS)
def test_ecrm_reads_the_same_from_an_account(aws, targets, what):
    ours, theirs = (READS[what](target) for target in targets)
    assert ours
    assert ours == theirs


def test_all_that_is_slimmed_was_read_from_that_account(aws, targets):
    for read in READS.values():
        read(targets[0])
    assert {it.operation for it in aws.calls} >= set(FAST_SHAPES)


HALVED: dict[str, tuple[str, dict[str, Any]]] = {
    "DescribeImages": ("ecr", {"repositoryName": "shop/api"}),
    "DescribeTasks": ("ecs", {"cluster": "prod", "tasks": ["x"]}),
    "ListFunctions": ("functions", {}),
}


@pytest.mark.parametrize("fault", [Fault.truncate(), Fault.cut()], ids=["truncated", "cut"])
@pytest.mark.parametrize("operation", HALVED)
def test_half_an_answer_is_an_error(aws, targets, fault, operation):
    client, given = HALVED[operation]
    aws.fault("*", operation, fault)
    with pytest.raises(AwsError, match=f"{operation}: AWS's answer was cut off; try again"):
        call(getattr(targets[0], client), operation, **given)


# -- The rest of botocore -----------------------------------------------------------------------


def test_paginators_follow_the_tokens(aws, targets):
    listing = pages(
        targets[0].ecr, "DescribeImages", repositoryName="shop/api", filter={"imageStatus": "ANY"}
    )
    found = [len(page["imageDetails"]) for page in listing]
    assert (sum(found), set(found[:-1])) == (1205, {100})
    paginator = targets[0].functions.get_paginator("list_functions")
    whole = paginator.paginate(PaginationConfig={"MaxItems": 55}).build_full_result()
    assert len(whole["Functions"]) == 55
    assert whole["NextToken"]


def test_a_throttled_call_is_tried_again(aws, targets):
    aws.fault("ecr", "DescribeImages", Fault.throttle())
    answer = call(targets[0].ecr, "DescribeImages", repositoryName="shop/api")
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    assert len(answer["imageDetails"]) == 100


def test_errors_are_those_that_the_client_names(aws, targets):
    ecr = targets[0].ecr
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException) as error:
        ecr.describe_images(repositoryName="nope")
    assert "'nope' does not exist" in error.value.response["message"]


def test_waiters_look_at_slim_answers(aws, targets):
    cluster = aws.ecs.cluster("prod")
    wanted = {"cluster": "prod", "tasks": [cluster.running()[0].arn]}
    once = {"Delay": 0, "MaxAttempts": 1}
    targets[0].ecs.get_waiter("tasks_running").wait(**wanted, WaiterConfig=once)
    with pytest.raises(WaiterError):
        targets[0].ecs.get_waiter("tasks_stopped").wait(**wanted, WaiterConfig=once)


def test_a_stubbed_client_answers_what_it_was_told():
    client = OURS.client("ecr")
    with Stubber(client) as stub:
        answer = {"imageDetails": [{"imagePushedAt": datetime(2026, 1, 1, tzinfo=UTC)}]}
        stub.add_response("describe_images", answer, {"repositoryName": "shop"})
        stub.add_client_error("describe_images", "ThrottlingException", http_status_code=400)
        assert client.describe_images(repositoryName="shop") == answer
        with pytest.raises(ClientError, match="ThrottlingException"):
            client.describe_images(repositoryName="shop")


def test_other_services_work_as_ever(aws, targets):
    session = targets[0].session
    assert session.client("sts").get_caller_identity()["Account"] == HERE.account


def test_moto_answers_such_a_session():
    with mock_aws():
        session, _ = sessions(region_name="us-east-1")
        ecr, ecs = session.client("ecr"), session.client("ecs")
        ecr.create_repository(repositoryName="shop")
        manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": {}, "layers": []}
        ecr.put_image(repositoryName="shop", imageTag="v1", imageManifest=json.dumps(manifest))
        (image,) = inventory.images(Target(HERE, session), "shop")
        assert image.tags == ("v1",)
        assert image.pushed_at.tzinfo is UTC
        containers = [{"name": "app", "image": "shop:v1", "memory": 64}]
        ecs.register_task_definition(family="web", containerDefinitions=containers)
        answer = ecs.describe_task_definition(taskDefinition="web:1")
        assert answer["taskDefinition"]["containerDefinitions"][0]["image"] == "shop:v1"


def test_a_profile_and_region_may_still_be_given(monkeypatch, tmp_path):
    (tmp_path / "config").write_text("[profile work]\nregion = eu-north-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    work = boto3.Session(profile_name="work", botocore_session=fast_parsing_session())
    assert (work.profile_name, work.region_name) == ("work", "eu-north-1")
    with pytest.raises(ProfileNotFound):
        boto3.Session(profile_name="nope", botocore_session=fast_parsing_session())


def test_botocore_is_not_imported_before_a_session_is_made():
    code = "import ecrm.aws.parsing, sys; sys.exit('botocore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
