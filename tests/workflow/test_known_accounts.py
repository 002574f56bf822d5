"""Accounts that joined or left the organization since the last run are told."""

import json
import logging
from pathlib import Path

import pytest

from ecrm.workflow.known_accounts import note_accounts


def warned(caplog: pytest.LogCaptureFixture, folder: Path, *accounts: str) -> list[str]:
    caplog.clear()
    note_accounts(str(folder), accounts)
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_who_joined_and_who_left(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    assert warned(caplog, tmp_path, "2", "1") == []
    assert json.loads((tmp_path / "accounts.json").read_text()) == ["1", "2"]
    assert warned(caplog, tmp_path, "1", "2") == []
    assert warned(caplog, tmp_path, "2", "4", "3") == [
        "joined the organization since the last run: 3, 4",
        "left the organization since the last run, and are not scanned any more: 1",
    ]
    assert warned(caplog, tmp_path, "2", "3", "4") == []


@pytest.mark.parametrize("text", ["{", "{}", "[1]", "[" * 10**5])
def test_a_record_that_cannot_be_read_is_a_warning_and_is_written_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
):
    (tmp_path / "accounts.json").write_text(text)
    [line] = warned(caplog, tmp_path, "1")
    assert line.startswith(f"{tmp_path}/accounts.json cannot be read, so who joined is not known: ")
    assert warned(caplog, tmp_path, "1") == []


def test_a_record_that_cannot_be_written_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "file").write_text("")
    assert "could not be written" in warned(caplog, tmp_path / "file" / "below", "1")[-1]
