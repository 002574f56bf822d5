"""Where something cannot be written: one clear line, and no deletion that is not in the journal."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Any

import pytest

from . import driving
from .driving import FAILED, Desk, Ran

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


def nothing_happened(desk: Desk, ran: Ran) -> str:
    """And one line says why."""
    assert ran.code == FAILED
    assert not ran.calls.writes
    assert desk.account.present() == desk.before
    assert "Traceback" not in ran.err
    [line] = ran.errors
    return line


@pytest.fixture
def below_a_file(desk: Desk) -> str:
    """A path that not even root can make."""
    (desk.folder / "file").write_text("")
    return str(desk.folder / "file" / "below")


@needs_full
def test_a_journal_on_a_full_disk_stops_the_run_before_the_first_deletion(desk: Desk):
    line = nothing_happened(desk, desk.delete("--journal", str(FULL)))
    assert "/dev/full cannot be written: No space left on device" in line


def test_a_journal_that_cannot_be_made_stops_the_run(desk: Desk, below_a_file: str):
    line = nothing_happened(desk, desk.delete("--journal", below_a_file))
    assert f"the journal {below_a_file} cannot be written" in line


def test_a_journal_is_never_overwritten(desk: Desk):
    (desk.folder / "journal").write_text("of another run")
    assert "never overwritten" in nothing_happened(desk, desk.delete("--journal", "journal"))
    assert (desk.folder / "journal").read_text() == "of another run"


def test_a_state_folder_that_cannot_be_made_stops_a_deletion_and_no_plan(
    desk: Desk, below_a_file: str
):
    desk.monkeypatch.setenv("ECRM_STATE_DIR", below_a_file)
    line = nothing_happened(desk, desk.delete())
    assert "the journal" in line
    plan = desk.run("plan")
    assert (plan.code, plan.errors) == (0, [])
    assert "ecrm: warn: " in plan.err


def test_another_location_for_the_journal_makes_up_for_the_state_folder(
    desk: Desk, below_a_file: str
):
    desk.monkeypatch.setenv("ECRM_STATE_DIR", below_a_file)
    ran = desk.delete("--journal", "journal.jsonl")
    assert ran.code == 0
    assert not desk.left()
    driving.nothing_in_use_is_gone(desk)


@needs_full
def test_a_plan_that_cannot_be_written_to_its_file_stops_the_run(desk: Desk):
    assert "/dev/full could not be written" in nothing_happened(desk, desk.delete("-o", str(FULL)))


@pytest.mark.slow
@needs_full
@pytest.mark.parametrize("command", [["delete", "--force"], ["plan"]])
def test_standard_output_on_a_full_disk_stops_the_run(desk: Desk, command: list[str]):
    with FULL.open("w") as full:
        ran = desk.ended(desk.spawn(*command, stdout=full))
    assert "the output could not be written: No space left" in nothing_happened(desk, ran)


@pytest.mark.slow
@pytest.mark.parametrize("command", [["delete", "--force"], ["plan"], ["scan"]])
def test_a_reader_that_went_away_stops_the_run(desk: Desk, command: list[str]):
    reading, writing = os.pipe()
    os.close(reading)
    if command == ["scan"]:
        desk.monkeypatch.setattr(desk, "_complete", lambda args: [*args, "-c", "ecrm.yaml"])
    ran = desk.ended(desk.spawn(*command, stdout=writing))
    os.close(writing)
    assert "the output " in nothing_happened(desk, ran)


@pytest.mark.slow
def test_a_reader_that_goes_away_during_the_deletion_stops_nothing(desk: Desk):
    """`ecrm delete --force | head -1`: what was confirmed is done and in the journal."""
    reading, writing = os.pipe()
    desk.account.aws.before("ecr", "BatchDeleteImage", lambda: os.close(reading))
    ran = desk.ended(desk.spawn("delete", "--force", stdout=writing))
    os.close(writing)
    assert (ran.code, len(ran.errors)) == (FAILED, 1)
    assert "Traceback" not in ran.err
    assert not desk.left()
    driving.nothing_in_use_is_gone(desk)
    [journal] = desk.journals()
    driving.the_journal_is_true(desk, Ran(ran.code, ran.out, ran.err, ran.calls, journal))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("closed", "command"),
    [(0, ["delete"]), (1, ["delete", "--force"]), (2, ["delete", "--force"]), (1, ["plan"])],
)
def test_without_a_standard_stream_there_is_no_traceback(
    desk: Desk, closed: int, command: list[str]
):
    """As under some process managers, and with `<&-`, `>&-` and `2>&-` in a shell."""
    ran = desk.ended(desk.spawn(*command, preexec_fn=lambda: os.close(closed)))
    assert "Traceback" not in ran.err
    assert ran.code in (0, 1, 2)
    if ran.code:
        assert desk.account.present() == desk.before
    driving.nothing_in_use_is_gone(desk)


@pytest.mark.slow
@pytest.mark.parametrize("kilobytes", [1, 60, 150])
def test_a_disk_that_fills_up_on_the_way_ends_the_run_at_once(desk: Desk, kilobytes: int):
    """Every deletion is in the journal; what could not be written there is not deleted."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1000, kilobytes * 1000))

    ran: Any = desk.ended(desk.spawn("delete", "--force", preexec_fn=limited))
    [journal] = desk.journals()
    ran = Ran(ran.code, ran.out, ran.err, ran.calls, journal)
    assert ran.code == FAILED
    [line] = ran.errors
    assert f"the journal {journal} cannot be written: File too large" in line
    driving.nothing_in_use_is_gone(desk)
    driving.the_journal_is_true(desk, ran, complete=False)
    driving.running_again_finishes(desk)
