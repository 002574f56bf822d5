"""What `delete` asks, says afterwards, and logs; and what a run says while it goes on."""

import logging
import sys
from pathlib import Path

import click
import pytest

from ecrm.cli.terminal import Progress, ask, set_up_logging
from ecrm.errors import EcrmError
from tests.cli.conftest import Shop
from tests.cli.driving import Ecrm, Ran
from tests.fake_aws import FOREVER, Fault


def answered(ecrm: Ecrm, monkeypatch: pytest.MonkeyPatch, answers: str, *args: object) -> Ran:
    """`ecrm delete` with a person at the keyboard."""
    typed = iter(answers.split(","))

    def type_next(question: str) -> str:
        click.echo(question, err=True)
        return next(typed)

    with monkeypatch.context() as patch:
        patch.setattr(sys.stdin, "isatty", lambda: True)
        patch.setattr("click.termui.visible_prompt_func", type_next)
        return ecrm("delete", *args)


QUESTION = "Delete 1 (10 MB) images of 123456789012/us-east-1? (v lists them) [y/N/v]"


def test_the_prompt_has_the_account_the_largest_repositories_and_the_journal(
    ecrm: Ecrm, shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    ran = answered(ecrm, monkeypatch, "maybe,v,y", "--journal", "j 1.jsonl")
    assert ran.code == 0
    asked, listed, rest = ran.err.partition("IMAGE  ")
    assert "\nLargest: shop/api 10 MB\nJournal: j 1.jsonl\n" in asked
    assert asked.count(QUESTION) == 2
    assert "Error: invalid input" in asked
    assert "    v1 " in listed + rest
    assert rest.count(QUESTION) == 1
    assert ran.out.endswith("\nDeleted 1 (10 MB) of 1 image.\nUndo: ecrm restore 'j 1.jsonl'\n")
    assert shop.old not in shop.repository


def test_who_declines_leaves_no_journal(
    ecrm: Ecrm, shop: Shop, state: Path, monkeypatch: pytest.MonkeyPatch
):
    for answer in ("", "n", "No"):
        ran = answered(ecrm, monkeypatch, answer)
        assert ran.code == 1
        assert ran.err.endswith("ecrm: error: cancelled; nothing was changed\n")
    assert not (state / "journals").exists()
    assert not shop.aws.calls.writes


def test_other_questions_have_nothing_to_list(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: "n")
    with pytest.raises(EcrmError, match="cancelled"):
        ask("Overwrite?", "no")


def test_each_image_that_is_gone_is_a_line_of_the_log(ecrm: Ecrm, shop: Shop):
    ran = ecrm("delete", "--force")
    [line] = [line for line in ran.err.splitlines() if line.startswith("ecrm: notice: ")]
    digest = shop.old.digest
    assert line.startswith(f"ecrm: notice: deleted 123456789012/us-east-1/shop/api@{digest} (v1), ")
    assert line.endswith(": expired")


def test_what_is_not_deleted_is_not_logged_as_deleted(ecrm: Ecrm, shop: Shop):
    shop.aws.fault("ecr", "BatchDeleteImage", Fault.denied(), times=FOREVER)
    ran = ecrm("delete", "--force")
    assert ran.code == 4
    assert "notice" not in ran.err
    assert "Undo" not in ran.out
    assert "notice" not in ecrm("delete", "--force", "--log-level", "warn").err


def test_how_often_each_api_was_called_is_for_those_who_ask(ecrm: Ecrm, shop: Shop):
    assert "DescribeImages" not in ecrm("plan").err
    assert "info: 0 answers known from earlier runs, " in ecrm("plan", "--stats").err
    assert "debug: 0 answers known from" in ecrm("plan", "--log-level", "debug").err


# -- progress


def test_without_a_terminal_progress_is_a_line_every_30_seconds(
    capsys: pytest.CaptureFixture[str],
):
    set_up_logging("info", "text")
    now = [1000.0]
    progress = Progress(lambda: now[0])
    for seconds in range(0, 91, 10):
        now[0] = 1000.0 + seconds
        progress(f"ECR {seconds}/90 images")
    assert capsys.readouterr().err.splitlines() == [
        f"ecrm: info: ECR {seconds}/90 images" for seconds in (30, 60, 90)
    ]
    set_up_logging("warn", "text")
    now[0] += 100
    progress("ECR 90/90 images")
    assert capsys.readouterr().err == ""
    assert logging.getLogger("ecrm").level == logging.WARNING
