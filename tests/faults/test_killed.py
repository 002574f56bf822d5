"""A run that is killed, or stopped with Ctrl-C, leaves a true journal; running again finishes."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from typing import Any

import pytest

from tests.fake_aws.calls import Calls

from . import driving
from .driving import STOPPED, Desk, Ran

pytestmark = pytest.mark.slow  # starts processes

MOMENTS = [
    ("ecs", "ListTasks", 3),
    ("ecr", "UpdateImageStorageClass", 2),
    ("ecr", "BatchGetImage", 4),
    ("ecr", "BatchDeleteImage", 2),
    ("ecr", "BatchGetImage", 8),
    ("ecr", "BatchDeleteImage", 5),
    ("ecr", "BatchDeleteImage", 7),
]


def struck(desk: Desk, number: signal.Signals, moment: tuple[str, str, int]) -> Ran:
    """A run that gets a signal while it waits for that call, which AWS carries out."""
    service, operation, at = moment
    running: list[Any] = []

    def strike() -> None:
        os.kill(running[0].pid, number)
        time.sleep(0.05)

    known = desk.journals()
    desk.account.aws.before(service, operation, strike, at=at)
    running.append(desk.spawn("delete", "--force"))
    ran = desk.ended(running[0])
    new = desk.journals() - known
    return Ran(ran.code, ran.out, ran.err, ran.calls, new.pop() if new else None)


def deleted(calls: Calls) -> Counter[str]:
    """How often each digest was in a deletion that AWS carried out."""
    carried_out = [call for call in calls.of("ecr", "BatchDeleteImage") if call.status == 200]
    return Counter(
        image["imageDigest"] for call in carried_out for image in call.parameters["imageIds"]
    )


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: f"{moment[1]} {moment[2]}")
def test_b24_a_killed_run_leaves_a_true_journal_and_the_next_one_finishes(desk: Desk, moment: Any):
    ran = struck(desk, signal.SIGKILL, moment)
    assert ran.code == -signal.SIGKILL
    driving.nothing_in_use_is_gone(desk)
    driving.the_journal_is_true(desk, ran, complete=False)
    assert (ran.journal is None) == (not ran.calls.writes and moment[1] != "BatchGetImage")
    if ran.journal:
        assert ran.written().end is None

    again = driving.running_again_finishes(desk)
    assert again.journal != ran.journal
    assert set(deleted(Calls(ran.calls + again.calls)).values()) <= {1}


@pytest.mark.parametrize("at", [1, 5])
def test_ctrl_c_shows_what_was_done_and_says_so_in_the_journal(desk: Desk, at: int):
    ran = struck(desk, signal.SIGINT, ("ecr", "BatchDeleteImage", at))
    assert ran.code == STOPPED
    assert ran.err.splitlines()[-1] == "ecrm: stopped"
    assert "Traceback" not in ran.err
    assert "Archived 3 (30 MB)" in ran.out
    driving.nothing_in_use_is_gone(desk)
    driving.the_journal_is_true(desk, ran, complete=False)
    contents = ran.written()
    assert contents.end
    assert sum(contents.end.counts.values()) == len(
        [entry for entry in contents.entries if entry.status]
    )
    driving.running_again_finishes(desk)


def test_ctrl_c_while_reading_stops_before_anything_is_deleted(desk: Desk):
    ran = struck(desk, signal.SIGINT, ("ecs", "DescribeTasks", 2))
    assert (ran.code, ran.err.splitlines()[-1]) == (STOPPED, "ecrm: stopped")
    assert not ran.calls.writes
    assert not desk.journals()
