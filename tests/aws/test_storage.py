"""Texts are read and written the same way in files, in S3 and in parameters."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest

from ecrm.aws import Target
from ecrm.aws.storage import is_remote, read, read_text, write_text
from ecrm.errors import AwsError, InputError, NotThereError, OutputError, UsageError
from ecrm.planning.guards import WHOLE
from ecrm.workflow.usage_history import last_usage, record_usage
from tests.fake_aws import FakeAws, Fault
from tests.stubs import NOW, REGISTRY


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    with FakeAws() as fake:
        for name, value in fake.env().items():
            monkeypatch.setenv(name, value)
        yield fake


@pytest.fixture
def target(aws: FakeAws) -> Target:
    return Target(REGISTRY, boto3.Session())


def test_a_file_is_read_with_the_time_at_which_it_was_written(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("größe", encoding="utf-8")
    stored = read(str(path))
    assert stored.content.decode() == "größe"
    assert stored.at == datetime.fromtimestamp(path.stat().st_mtime, UTC)


def test_an_object_is_read_with_the_time_at_which_it_was_written(aws, target):
    aws.s3.put("kept", "a/b.yaml", "größe", at=NOW.timestamp())
    stored = read("s3://kept/a/b.yaml", lambda: target)
    assert (stored.content.decode(), stored.at) == ("größe", NOW)


@pytest.mark.parametrize("name", ["config", "/ecrm/config", "ecrm/config"])
def test_a_parameter_is_decrypted(aws, target, name):
    aws.ssm.put(name if name == "config" else "/ecrm/config", "repositories: []", secret=True)
    assert read_text(f"ssm://{name}", lambda: target) == "repositories: []"


@pytest.mark.parametrize(
    ("location", "message"),
    [
        (
            "s3://kept/none",
            (
                "s3://kept/none: is not there (s3:GetObject: NoSuchKey: The specified key does not "
                "exist.)"
            ),
        ),
        (
            "s3://other/none",
            (
                "s3://other/none: is not there (s3:GetObject: NoSuchBucket: The specified bucket "
                "does not exist)"
            ),
        ),
        ("ssm://none", "ssm://none: is not there (ssm:GetParameter: ParameterNotFound)"),
        ("none", "none: cannot be read: No such file or directory"),
    ],
)
def test_a_missing_object_is_reported_with_its_location_as_given(aws, target, location, message):
    aws.s3.bucket("kept")
    with pytest.raises(NotThereError) as raised:
        read(location, lambda: target)
    assert str(raised.value) == message


def test_what_may_not_be_read_is_reported_with_the_permission_that_is_missing(aws, target):
    aws.fault("s3", "GetObject", Fault.denied())
    with pytest.raises(AwsError) as raised:
        read("s3://kept/a", lambda: target)
    assert str(raised.value).startswith(
        "s3://kept/a: cannot be read: s3:GetObject is denied; allow it: "
    )


def test_content_that_is_not_text_is_reported(tmp_path):
    (tmp_path / "a").write_bytes(b"\xff")
    with pytest.raises(InputError, match="a: is no UTF-8 text"):
        read_text(f"{tmp_path}/a")


@pytest.mark.parametrize("location", ["s3://kept", "s3://", "s3://kept/", "s3:///key"])
def test_a_location_in_s3_has_a_bucket_and_a_key(target, location):
    with pytest.raises(UsageError) as raised:
        read(location, lambda: target)
    assert str(raised.value) == f"{location} names no object; write s3://bucket/key"


def test_files_alone_need_no_aws(tmp_path):
    write_text(f"{tmp_path}/a", "text")
    assert read_text(f"{tmp_path}/a") == "text"
    with pytest.raises(UsageError, match="only files"):
        read("s3://kept/a")


def test_a_text_is_written_to_s3_with_its_type(aws, target):
    bucket = aws.s3.bucket("kept")
    write_text("s3://kept/a/b.md", "größe", lambda: target, "text/markdown")
    assert bucket["a/b.md"].body.decode() == "größe"
    assert bucket["a/b.md"].content_type == "text/markdown; charset=utf-8"


def test_what_cannot_be_written_is_reported(aws, target, tmp_path):
    for location, message in (
        (
            "s3://none/a",
            (
                "s3://none/a could not be written: s3:PutObject: NoSuchBucket: "
                "The specified bucket does not exist"
            ),
        ),
        ("ssm://a", "ssm://a can only be read; write to s3://bucket/key"),
        (f"{tmp_path}/b/c", f"{tmp_path}/b/c could not be written: No such file or directory"),
    ):
        with pytest.raises(OutputError) as raised:
            write_text(location, "text", lambda: target)
        assert str(raised.value) == message


def test_a_file_that_is_written_replaces_the_whole_of_another(tmp_path):
    path = tmp_path / "a"
    path.write_text("what was there before")
    write_text(str(path), "new")
    assert path.read_text() == "new"
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_remote_locations_are_distinguished_from_files():
    assert [
        is_remote(location)
        for location in ("s3://b/k", "ssm://p", "a", "./s3://b", str(Path("/a")))
    ] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_usage_history_can_be_in_s3(aws, target, caplog):
    aws.s3.bucket("kept")
    assert last_usage("s3://kept/state", lambda: target) == {}
    record_usage("s3://kept/state", {REGISTRY: {WHOLE: 3}}, NOW, lambda: target, last={})
    assert last_usage("s3://kept/state", lambda: target) == {REGISTRY: {WHOLE: 3}}
    assert list(aws.s3.bucket("kept")) == ["state/in-use.json"]
    assert caplog.records == []


def test_usage_history_in_s3_that_cannot_be_read_or_written_is_reported(aws, target, caplog):
    aws.s3.put("kept", "state/in-use.json", "{")
    with pytest.raises(InputError, match=r"state/in-use\.json cannot be read, so a drop "):
        last_usage("s3://kept/state", lambda: target)
    aws.fault("s3", "PutObject", Fault.denied())
    record_usage("s3://kept/state", {REGISTRY: {WHOLE: 3}}, NOW, lambda: target, last={})
    (warning,) = (record.getMessage() for record in caplog.records)
    assert warning.startswith("s3://kept/state/in-use.json could not be written: s3:PutObject is ")


def test_b41_a_record_in_s3_that_is_denied_is_an_error(aws, target):
    aws.s3.put("kept", "state/in-use.json", "{}")
    aws.fault("s3", "GetObject", Fault.denied())
    with pytest.raises(InputError, match="s3:GetObject is denied"):
        last_usage("s3://kept/state", lambda: target)
