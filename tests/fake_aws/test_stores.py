"""The fake S3, SSM and SNS, seen through real boto3 clients."""

import pytest
from botocore.exceptions import ClientError

from tests.fake_aws import FakeAws
from tests.fake_aws.driving import client


def test_an_object_is_read_as_it_was_put(aws: FakeAws):
    aws.s3.bucket("kept")
    aws.world.clock = lambda: 1_800_000_000.0
    s3 = client(aws, "s3")
    s3.put_object(Bucket="kept", Key="a/ä b.json", Body="größe".encode(), ContentType="text/x")
    answer = s3.get_object(Bucket="kept", Key="a/ä b.json")
    assert (answer["Body"].read().decode(), answer["ContentType"]) == ("größe", "text/x")
    assert answer["LastModified"].timestamp() == 1_800_000_000
    assert aws.s3.texts("kept") == {"a/ä b.json": "größe"}


@pytest.mark.parametrize(("bucket", "code"), [("kept", "NoSuchKey"), ("another", "NoSuchBucket")])
def test_what_is_not_in_s3_is_said_so(aws: FakeAws, bucket: str, code: str):
    aws.s3.bucket("kept")
    with pytest.raises(ClientError) as refused:
        client(aws, "s3").get_object(Bucket=bucket, Key="none")
    assert refused.value.response["Error"]["Code"] == code


def test_an_object_that_must_be_new_is_refused_where_one_is(aws: FakeAws):
    aws.s3.put("kept", "a", "first")
    with pytest.raises(ClientError) as refused:
        client(aws, "s3").put_object(Bucket="kept", Key="a", Body=b"second", IfNoneMatch="*")
    assert refused.value.response["Error"]["Code"] == "PreconditionFailed"
    assert aws.s3.texts("kept") == {"a": "first"}


def test_objects_are_listed_a_thousand_at_a_time(aws: FakeAws):
    for number in range(1001):
        aws.s3.put("kept", f"a/{number:04d}", "")
    aws.s3.put("kept", "b", "")
    pages = client(aws, "s3").get_paginator("list_objects_v2").paginate(Bucket="kept", Prefix="a/")
    found = [[stored["Key"] for stored in page["Contents"]] for page in pages]
    assert [len(page) for page in found] == [1000, 1]
    assert found[1] == ["a/1000"]


def test_a_secret_parameter_is_shown_to_who_asks_for_decryption(aws: FakeAws):
    aws.ssm.put("/ecrm/config", "secret", secret=True)
    ssm = client(aws, "ssm")
    shown = [
        ssm.get_parameter(Name="/ecrm/config", WithDecryption=decrypted)["Parameter"]["Value"]
        for decrypted in (True, False)
    ]
    assert shown[0] == "secret"
    assert shown[1] != "secret"
    for name, code in (("/none", "ParameterNotFound"), ("a/b", "ValidationException")):
        with pytest.raises(ClientError) as refused:
            ssm.get_parameter(Name=name)
        assert refused.value.response["Error"]["Code"] == code


def test_a_topic_remembers_what_was_published(aws: FakeAws):
    arn = "arn:aws:sns:us-east-1:123456789012:ecrm"
    messages = aws.sns.topic(arn)
    sns = client(aws, "sns")
    assert sns.publish(TopicArn=arn, Subject="ecrm: done", Message="2 < 3 & ä")["MessageId"]
    assert messages == [("ecrm: done", "2 < 3 & ä")]


@pytest.mark.parametrize(
    ("subject", "message"), [("x" * 101, "m"), ("ä", "m"), ("two\nlines", "m"), ("s", "m" * 262145)]
)
def test_a_topic_refuses_what_sns_refuses(aws: FakeAws, subject: str, message: str):
    arn = "arn:aws:sns:us-east-1:123456789012:ecrm"
    aws.sns.topic(arn)
    with pytest.raises(ClientError) as refused:
        client(aws, "sns").publish(TopicArn=arn, Subject=subject, Message=message)
    assert refused.value.response["Error"]["Code"] == "InvalidParameter"
