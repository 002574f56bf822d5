"""What was in use in the last run is remembered per target, or there is a warning."""

import json
import logging
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrm.model.reference import Registry
from ecrm.workflow.usage_history import last_in_use, record_in_use
from tests.model.test_codec import REGISTRIES
from tests.values import HOME, NOW

THERE = Registry("999999999999", "us-east-1")


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@settings(max_examples=25)
@given(st.dictionaries(REGISTRIES, st.integers(0, 10**6), max_size=4))
def test_what_was_recorded_is_read(tmp_path_factory, in_use):
    folder = str(tmp_path_factory.mktemp("state"))
    record_in_use(folder, in_use, NOW)
    assert last_in_use(folder) == in_use


def test_the_usage_history_is_empty_before_the_first_run(tmp_path, caplog):
    assert last_in_use(str(tmp_path)) == {}
    assert last_in_use(f"{tmp_path}/not/there") == {}
    assert not warnings(caplog)


def test_the_file_says_how_many_and_when(tmp_path):
    record_in_use(str(tmp_path), {HOME: 3}, NOW)
    assert (tmp_path / "in-use.json").read_text() == (
        "{\n"
        '  "123456789012/eu-west-1": {\n'
        '    "in_use": 3,\n'
        '    "at": "2026-06-01T12:00:00+00:00"\n'
        "  }\n"
        "}\n"
    )


def test_the_folder_is_made_and_nothing_else_is_left_in_it(tmp_path, caplog):
    folder = tmp_path / "a" / "b"
    record_in_use(str(folder), {HOME: 3}, NOW)
    record_in_use(str(folder), {HOME: 4}, NOW)
    assert [file.name for file in folder.iterdir()] == ["in-use.json"]
    assert not warnings(caplog)


def test_the_last_run_of_a_target_counts_and_those_of_others_are_left(tmp_path):
    record_in_use(str(tmp_path), {HOME: 3, THERE: 5}, NOW)
    record_in_use(str(tmp_path), {HOME: 0}, NOW)
    assert last_in_use(str(tmp_path)) == {HOME: 0, THERE: 5}


@pytest.mark.parametrize(
    "damaged",
    [
        "",
        "{",
        "[]",
        "5",
        '{"123456789012": {"in_use": 3}}',
        '{"a/b/c": {"in_use": 3}}',
        '{"123456789012/eu-west-1": 3}',
        '{"123456789012/eu-west-1": {}}',
        '{"123456789012/eu-west-1": {"in_use": "many"}}',
        '{"123456789012/eu-west-1": {"in_use": null}}',
    ],
)
def test_damaged_usage_history_is_warned_of_and_counts_as_nothing(tmp_path, caplog, damaged):
    path = tmp_path / "in-use.json"
    path.write_text(damaged)
    assert last_in_use(str(tmp_path)) == {}
    (warning,) = warnings(caplog)
    assert warning.startswith(f"{path} cannot be read, so a drop cannot be noticed: ")


def test_usage_history_that_is_not_text_is_warned_of_and_counts_as_nothing(tmp_path, caplog):
    (tmp_path / "in-use.json").write_bytes(b"\xff\xfe\x00")
    assert last_in_use(str(tmp_path)) == {}
    assert len(warnings(caplog)) == 1


def test_damaged_usage_history_is_replaced_by_the_next_run(tmp_path):
    (tmp_path / "in-use.json").write_text("{")
    record_in_use(str(tmp_path), {HOME: 3}, NOW)
    assert last_in_use(str(tmp_path)) == {HOME: 3}


@pytest.fixture
def unwritable(tmp_path: Path) -> Path:
    """A folder that nobody can make, whoever runs the tests: what is above it is a file."""
    (tmp_path / "file").write_text("")
    return tmp_path / "file" / "state"


def test_a_run_that_cannot_write_its_usage_history_warns_and_continues(unwritable, caplog):
    record_in_use(str(unwritable), {HOME: 3}, NOW)
    assert (
        warnings(caplog)[-1]
        == f"{unwritable / 'in-use.json'} could not be written: Not a directory"
    )


def test_usage_history_that_cannot_be_read_is_warned_of_and_counts_as_nothing(unwritable, caplog):
    assert last_in_use(str(unwritable)) == {}
    (warning,) = warnings(caplog)
    assert warning.startswith(
        f"{unwritable / 'in-use.json'} cannot be read, so a drop cannot be noticed: "
    )


def test_usage_history_that_cannot_be_replaced_leaves_no_temporary_file(tmp_path, caplog):
    (tmp_path / "in-use.json").mkdir()
    record_in_use(str(tmp_path), {HOME: 3}, NOW)
    assert [file.name for file in tmp_path.iterdir()] == ["in-use.json"]
    assert (
        warnings(caplog)[-1] == f"{tmp_path / 'in-use.json'} could not be written: Is a directory"
    )


def test_a_draft_that_a_killed_run_left_harms_nobody(tmp_path):
    record_in_use(str(tmp_path), {HOME: 3}, NOW)
    (tmp_path / "in-use.json.1").write_text('{"1234')
    record_in_use(str(tmp_path), {THERE: 5}, NOW)
    assert last_in_use(str(tmp_path)) == {HOME: 3, THERE: 5}
    assert json.loads((tmp_path / "in-use.json").read_text()).keys() == {str(HOME), str(THERE)}


def test_usage_history_in_s3_creates_no_local_folder(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    record_in_use("s3://bucket/state", {HOME: 3}, NOW)
    assert list(tmp_path.iterdir()) == []
    assert warnings(caplog)[-1] == "only files can be read and written here"
