"""What was in use in the last run is remembered per target, or there is a warning."""

import json
import logging
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrm.errors import InputError
from ecrm.model.reference import Registry
from ecrm.planning.guards import WHOLE, Usage
from ecrm.workflow.usage_history import last_usage, record_usage
from tests.model.test_codec import REGISTRIES
from tests.values import HOME, NOW

THERE = Registry("999999999999", "us-east-1")


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def record(folder: Path | str, in_use: dict[Registry, int]) -> None:
    """What a run with nothing but the whole on record does."""
    usage = {target: {WHOLE: number} for target, number in in_use.items()}
    record_usage(str(folder), usage, NOW, last=last_usage(str(folder)))


def on_record(folder: Path | str) -> dict[Registry, int]:
    return {target: usage[WHOLE] for target, usage in last_usage(str(folder)).items()}


COUNTS = st.integers(0, 10**6)
USAGES = st.dictionaries(st.text(max_size=4), COUNTS, max_size=2)


@settings(max_examples=25)
@given(st.dictionaries(REGISTRIES, st.builds(lambda all_, by: by | {WHOLE: all_}, COUNTS, USAGES)))
def test_what_was_recorded_is_read(tmp_path_factory, usage: dict[Registry, Usage]):
    folder = str(tmp_path_factory.mktemp("state"))
    record_usage(folder, usage, NOW, last={})
    assert last_usage(folder) == usage


def test_the_usage_history_is_empty_before_the_first_run(tmp_path, caplog):
    assert on_record(tmp_path) == {}
    assert on_record(f"{tmp_path}/not/there") == {}
    assert not warnings(caplog)


def test_the_file_says_how_many_and_when(tmp_path):
    record_usage(str(tmp_path), {HOME: {WHOLE: 3, "ecs": 2}}, NOW, last={})
    assert (tmp_path / "in-use.json").read_text() == (
        "{\n"
        '  "123456789012/eu-west-1": {\n'
        '    "in_use": 3,\n'
        '    "sources": {\n'
        '      "ecs": 2\n'
        "    },\n"
        '    "at": "2026-06-01T12:00:00+00:00"\n'
        "  }\n"
        "}\n"
    )


def test_the_folder_is_made_and_nothing_else_is_left_in_it(tmp_path, caplog):
    folder = tmp_path / "a" / "b"
    record(folder, {HOME: 3})
    record(folder, {HOME: 4})
    assert [file.name for file in folder.iterdir()] == ["in-use.json"]
    assert not warnings(caplog)


def test_the_last_run_of_a_target_counts_and_those_of_others_are_left(tmp_path):
    record(tmp_path, {HOME: 3, THERE: 5})
    record(tmp_path, {HOME: 0})
    assert on_record(tmp_path) == {HOME: 0, THERE: 5}


def test_b42_of_a_target_that_was_read_in_part_the_rest_stays_on_record(tmp_path):
    last: dict[Registry, Usage] = {HOME: {WHOLE: 9, "ecs": 5, "lambda": 4}}
    record_usage(str(tmp_path), {HOME: {"ecs": 6}, THERE: {"ecs": 7}}, NOW, last=last)
    assert last_usage(str(tmp_path)) == {HOME: {WHOLE: 9, "ecs": 6, "lambda": 4}}
    record_usage(str(tmp_path), {HOME: {WHOLE: 3, "ecs": 3}}, NOW, last=last)
    assert last_usage(str(tmp_path)) == {HOME: {WHOLE: 3, "ecs": 3}}


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
        '{"123456789012/eu-west-1": {"in_use": -1}}',
        '{"123456789012/eu-west-1": {"in_use": true}}',
        '{"123456789012/eu-west-1": {"in_use": 3, "sources": ["ecs"]}}',
        '{"123456789012/eu-west-1": {"in_use": 3, "sources": {"ecs": "2"}}}',
        "[" * 100_000,
    ],
)
def test_b41_damaged_usage_history_is_an_error_and_never_counts_as_nothing(tmp_path, damaged):
    path = tmp_path / "in-use.json"
    path.write_text(damaged)
    with pytest.raises(InputError) as error:
        last_usage(str(tmp_path))
    start = f"{path} cannot be read, so a drop cannot be noticed: "
    assert str(error.value).startswith(start)


def test_usage_history_that_is_not_text_is_an_error(tmp_path):
    (tmp_path / "in-use.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError):
        last_usage(str(tmp_path))


def test_usage_history_of_an_earlier_version_has_no_sources(tmp_path):
    (tmp_path / "in-use.json").write_text('{"123456789012/eu-west-1": {"in_use": 3}}')
    assert last_usage(str(tmp_path)) == {HOME: {WHOLE: 3}}


@pytest.fixture
def unwritable(tmp_path: Path) -> Path:
    """A folder that nobody can make, whoever runs the tests: what is above it is a file."""
    (tmp_path / "file").write_text("")
    return tmp_path / "file" / "state"


def test_a_run_that_cannot_write_its_usage_history_warns_and_continues(unwritable, caplog):
    record_usage(str(unwritable), {HOME: {WHOLE: 3}}, NOW, last={})
    assert (
        warnings(caplog)[-1]
        == f"{unwritable / 'in-use.json'} could not be written: Not a directory"
    )


def test_the_usage_history_is_empty_where_no_folder_can_be(unwritable):
    assert last_usage(str(unwritable)) == {}


def test_b41_usage_history_that_is_there_and_cannot_be_read_is_an_error(tmp_path):
    path = tmp_path / "in-use.json"
    path.mkdir()
    with pytest.raises(InputError) as error:
        last_usage(str(tmp_path))
    start = f"{path} cannot be read, so a drop cannot be noticed: "
    assert str(error.value).startswith(start)


def test_usage_history_that_cannot_be_replaced_leaves_no_temporary_file(tmp_path, caplog):
    (tmp_path / "in-use.json").mkdir()
    record_usage(str(tmp_path), {HOME: {WHOLE: 3}}, NOW, last={})
    assert [file.name for file in tmp_path.iterdir()] == ["in-use.json"]
    assert (
        warnings(caplog)[-1] == f"{tmp_path / 'in-use.json'} could not be written: Is a directory"
    )


def test_a_draft_that_a_killed_run_left_harms_nobody(tmp_path):
    record(tmp_path, {HOME: 3})
    (tmp_path / "in-use.json.1").write_text('{"1234')
    record(tmp_path, {THERE: 5})
    assert on_record(tmp_path) == {HOME: 3, THERE: 5}
    assert json.loads((tmp_path / "in-use.json").read_text()).keys() == {str(HOME), str(THERE)}


def test_usage_history_in_s3_creates_no_local_folder(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    record_usage("s3://bucket/state", {HOME: {WHOLE: 3}}, NOW, last={})
    assert list(tmp_path.iterdir()) == []
    assert warnings(caplog)[-1] == "only files can be read and written here"
