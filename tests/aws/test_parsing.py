"""Answers of declared operations come as the JSON that they are; all else is botocore's."""

import json
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ProfileNotFound
from hypothesis import given
from hypothesis import strategies as st

from ecrm.aws import Operation, call
from ecrm.aws.parsing import plain_json_session
from ecrm.errors import AwsError
from ecrm.registry.operations import DESCRIBE_IMAGES
from ecrm.sources.ecs.operations import LIST_TASKS
from ecrm.sources.lambda_functions.operations import LIST_FUNCTIONS
from tests.stubs import new_session
from tests.values import digest

KEYS = {
    "aws_access_key_id": "AKIA",
    "aws_secret_access_key": "secret",
    "region_name": "us-east-1",
}
OURS = new_session(**KEYS)
THEIRS = boto3.Session(**KEYS)
PARAMETERS: dict[Operation, dict[str, Any]] = {
    DESCRIBE_IMAGES: {"repositoryName": "shop"},
    LIST_TASKS: {},
    LIST_FUNCTIONS: {},
}
CLIENTS = {
    (session, service): session.client(service, endpoint_url="https://nowhere.invalid")
    for session in (OURS, THEIRS)
    for service in ("ecr", "ecs", "lambda")
}


class Raw(BytesIO):
    def stream(self) -> Iterator[bytes]:
        yield self.read()


def answered(session: boto3.Session, operation: Operation, body: bytes, status: int = 200) -> Any:
    """What a call gives whose answer, off the wire, is that."""
    client = CLIENTS[session, operation.service]

    def answer(**_: object) -> AWSResponse:
        return AWSResponse("https://nowhere.invalid", status, {}, Raw(body))

    client.meta.events.register("before-send", answer)
    try:
        return call(client, operation, **PARAMETERS[operation])
    finally:
        client.meta.events.unregister("before-send", answer)


IMAGE = {
    "imageDigest": digest(1),
    "imageTags": ["v1"],
    "imagePushedAt": 1.7e9,
    "imageSizeInBytes": 5,
}
IMAGES = json.dumps({"imageDetails": [IMAGE]})


def test_an_answer_is_read_as_botocore_would_have_read_it():
    ours, theirs = (answered(parser, DESCRIBE_IMAGES, IMAGES.encode()) for parser in (OURS, THEIRS))
    assert ours == theirs
    assert ours["imageDetails"][0]["imageTags"] == ["v1"]


NOT_JSON = {
    "nothing": b"",
    "a proxy's page": b"<html>Sign in</html>",
    "not UTF-8": b'{"imageDetails":[],"nextToken":"\xff"}',
    "two answers": b"{}{}",
    "null": b"null",
    "a list": b"[]",
    "a string": b'"imageDetails"',
}


@pytest.mark.parametrize("operation", PARAMETERS, ids=lambda parameter: parameter.name)
@pytest.mark.parametrize("name", NOT_JSON)
def test_a_body_that_is_no_json_object_is_an_error(operation, name):
    with pytest.raises(AwsError) as error:
        answered(OURS, operation, NOT_JSON[name])
    assert str(error.value) == f"{operation.action}: AWS's answer was cut off; try again"


@given(st.integers(0, len(IMAGES) - 1))
def test_wherever_an_answer_is_cut_off_that_is_an_error(length):
    with pytest.raises(AwsError, match="cut off"):
        answered(OURS, DESCRIBE_IMAGES, IMAGES[:length].encode())


@pytest.mark.parametrize("operation", PARAMETERS, ids=lambda parameter: parameter.name)
@pytest.mark.parametrize("status", [300, 301, 400, 404])
def test_errors_are_botocores(operation, status):
    body = b'{"__type":"com.amazonaws#AccessDeniedException","message":"no","Message":"no"}'
    ours, theirs = (failed(parser, operation, body, status) for parser in (OURS, THEIRS))
    assert ours == theirs


def failed(
    session: boto3.Session, operation: Operation, body: bytes, status: int
) -> tuple[type, str]:
    with pytest.raises(AwsError) as error:
        answered(session, operation, body, status)
    return type(error.value), str(error.value)


def test_a_call_that_botocore_makes_by_itself_is_parsed_by_botocore():
    client = CLIENTS[OURS, "ecr"]

    def answer(**_: object) -> AWSResponse:
        return AWSResponse("https://nowhere.invalid", 200, {}, Raw(IMAGES.encode()))

    client.meta.events.register("before-send", answer)
    try:
        [image] = client.describe_images(repositoryName="shop")["imageDetails"]
    finally:
        client.meta.events.unregister("before-send", answer)
    assert image["imagePushedAt"].timestamp() == 1.7e9


def factory() -> Any:
    return plain_json_session().get_component("response_parser_factory")


@pytest.mark.parametrize("protocol", ["query", "ec2", "rest-xml", "smithy-rpc-v2-cbor"])
def test_other_protocols_get_botocores_own_parser(protocol):
    theirs = botocore.session.get_session().get_component("response_parser_factory")
    assert type(factory().create_parser(protocol)) is type(theirs.create_parser(protocol))


def test_botocores_parsers_get_its_defaults():
    ours = factory()
    ours.set_parser_defaults(timestamp_parser=lambda value: f"at {value}")
    response = {"status_code": 200, "headers": {}, "body": b'{"repository":{"createdAt":1}}'}
    model = CLIENTS[OURS, "ecr"].meta.service_model.operation_model("CreateRepository")
    parsed = ours.create_parser("json").parse(response, model.output_shape)
    assert parsed["repository"] == {"createdAt": "at 1"}


def test_a_profile_and_region_may_still_be_given(monkeypatch, tmp_path):
    (tmp_path / "config").write_text("[profile work]\nregion = eu-north-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    work = boto3.Session(profile_name="work", botocore_session=plain_json_session())
    assert (work.profile_name, work.region_name) == ("work", "eu-north-1")
    with pytest.raises(ProfileNotFound):
        boto3.Session(profile_name="nope", botocore_session=plain_json_session())


def test_botocore_is_not_imported_before_a_session_is_made():
    code = "import ecrm.aws.parsing, sys; sys.exit('botocore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
