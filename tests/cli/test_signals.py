"""Ctrl-C, SIGTERM and SIGHUP: the batch in hand ends, what was done is reported, and the exit code
is 128 and the number of the signal."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecrm.cli.signals import signals
from tests.cli.conftest import Shop
from tests.cli.driving import PATIENCE, RUNS, Ecrm
from tests.fake_aws import FOREVER, Fault, days_ago

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
DELETE = ["delete", "--force", "-r", "big", "--journal", "journal.jsonl"]


@pytest.fixture(autouse=True)
def handled() -> Iterator[None]:
    """As in a process of ecrm's own, wherever the tests run."""
    with signals.handled():
        yield
    signals.received = 0


@pytest.fixture
def big(shop: Shop) -> Shop:
    """350 images in another repository, which are deleted in four batches."""
    shop.aws.ecr.repository("big").fill(350, newest=days_ago(40), every=60)
    return shop


def sent(shop: Shop, number: signal.Signals, operation: str, at: int = 1) -> None:
    """This process gets the signal while it waits for AWS's answer to that call."""
    shop.aws.before("ecr", operation, lambda: os.kill(os.getpid(), number), at=at)


def lines() -> list[dict[str, object]]:
    return [json.loads(line) for line in Path("journal.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("number", SIGNALS)
def test_the_batch_in_hand_ends_and_what_is_left_is_reported(
    ecrm: Ecrm, big: Shop, number: signal.Signals
):
    sent(big, number, "BatchDeleteImage", at=2)
    ran = ecrm(*DELETE)
    assert ran.code == 128 + number
    assert ran.out.endswith(
        "\nDeleted 200 (2.0 GB) of 350 images; 150 left.\nUndo: ecrm restore journal.jsonl\n"
    )
    assert ran.errors[-1].startswith("ecrm: stopped")
    assert len(big.aws.calls.of("ecr", "BatchDeleteImage")) == 2
    assert len(big.aws.ecr.repository("big")) == 150
    assert sum(line["type"] == "image" for line in lines()) == 200
    assert sum(line.get("status") == "deleted" for line in lines()) == 200
    assert lines()[-1]["type"] == "end"
    assert lines()[-1]["complete"] is False


@pytest.mark.parametrize("number", SIGNALS)
def test_before_the_first_batch_nothing_is_deleted(ecrm: Ecrm, big: Shop, number: signal.Signals):
    sent(big, number, "DescribeRepositories")
    ran = ecrm(*DELETE)
    assert (ran.code, ran.out) == (128 + number, "")
    assert not big.aws.calls.writes
    assert not Path("journal.jsonl").exists()


def test_a_reading_between_two_repositories_is_given_up(ecrm: Ecrm, big: Shop):
    """Nothing is half done there, and it may take minutes."""
    sent(big, signal.SIGTERM, "DescribeImages", at=4)  # two for the plan, and shop/api's
    ran = ecrm("delete", "--force", "--in-use-max-age", "0s")
    assert ran.code == 143
    assert "\nDeleted 350 (3.5 GB) of 351 images; 1 left.\n" in ran.out
    assert big.old in big.repository


def test_a_failure_in_the_batch_in_hand_does_not_hide_the_signal(ecrm: Ecrm, big: Shop):
    sent(big, signal.SIGTERM, "BatchGetImage")
    big.aws.fault("ecr", "BatchDeleteImage", Fault.denied(), times=FOREVER)
    ran = ecrm("delete", "--force", "--journal", "journal.jsonl")
    assert ran.code == 143
    assert len(big.aws.calls.of("ecr", "BatchDeleteImage")) == 1


@pytest.mark.parametrize("number", SIGNALS)
def test_of_a_restore_the_image_in_hand_is_put_and_what_is_left_is_reported(
    ecrm: Ecrm, shop: Shop, number: signal.Signals
):
    repository = shop.aws.ecr.repository("big")
    repository.fill(10, newest=days_ago(40))
    assert ecrm(*DELETE).code == 0
    sent(shop, number, "PutImage", at=3)
    ran = ecrm("restore", "journal.jsonl", "--yes")
    assert ran.code == 128 + number
    assert ran.out.endswith("\nRestored 3 of 10 images; 7 left.\n")
    assert len(repository) == 3
    signals.received = 0
    assert ecrm("restore", "journal.jsonl", "--yes").code == 0
    assert len(repository) == 10


def test_a_second_signal_does_not_wait():
    done: list[str] = []

    def interrupted_twice() -> None:
        with signals.in_hand():
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("after the first")
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("after the second")

    with pytest.raises(KeyboardInterrupt):
        interrupted_twice()
    assert done == ["after the first"]
    assert signals.exit_code(0) == 143


def test_a_signal_that_is_ignored_stays_ignored():
    """`nohup ecrm delete` ignores SIGHUP, and a shell's background job SIGINT."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.handled():
            os.kill(os.getpid(), signal.SIGHUP)
        assert not signals.received
    finally:
        signal.signal(signal.SIGHUP, before)


def test_sigterm_to_the_process_is_143_and_one_line(ecrm: Ecrm, shop: Shop):
    RUNS.append(["plan"])
    command = [sys.executable, "-m", "ecrm", "plan"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        shop.aws.before("ecr", "DescribeImages", process.terminate)
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err.strip()) == (143, "", "ecrm: stopped by SIGTERM")


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_program_of_the_configuration_and_then_the_run(
    ecrm: Ecrm, shop: Shop, number: signal.Signals
):
    name = number.name.removeprefix("SIG")
    script = f"trap 'touch ended; exit' TERM; kill -{name} $PPID; sleep 3600 & wait"
    ecrm.config(f"""
        external_commands: [{{command: [sh, -c, {json.dumps(script)}]}}]
        repositories: [{{name_pattern: "*", expires: 30d}}]
    """)
    ran = ecrm("delete", "--force")
    assert (ran.code, ran.out) == (128 + number, "")
    assert Path("ended").exists()
    assert not shop.aws.calls.writes
