"""What a person at a terminal sees and answers, and what happens to pipes and to Ctrl-C."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ecrm.cli.terminal import say
from tests.cli.conftest import Shop
from tests.cli.driving import PATIENCE, RUNS, TARGET, Ecrm, Ran, Terminal, process
from tests.fake_aws import Fault, days_ago

OF = f"images of {TARGET}? (v lists them) [y/N/v]: "
QUESTION = f"Delete 1 (10 MB) {OF}"


def wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# -- the question -------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["y", "YES"])
def test_delete_asks_once_and_deletes_after_a_yes(ecrm: Ecrm, shop: Shop, answer: str):
    with Terminal("delete") as terminal:
        terminal.wait_for(QUESTION)
        assert not shop.aws.calls.writes
        assert "\rComplete plan of 123456789012/us-east-1\n" in terminal.text
        terminal.type(f"{answer}\n")
        assert terminal.end().code == 0
    assert terminal.text.count(QUESTION) == 1
    assert "Deleted 1 (10 MB) of 1 image.\n" in terminal.text
    assert shop.deleted == [shop.old.digest]


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_anything_but_yes_deletes_nothing(ecrm: Ecrm, shop: Shop, answer: str):
    with Terminal("delete") as terminal:
        terminal.wait_for(QUESTION)
        terminal.type(answer)
        assert terminal.end().code == 1
    assert terminal.text.endswith("ecrm: error: cancelled; nothing was changed\n")
    assert not shop.aws.calls.writes


@pytest.mark.slow
def test_the_end_of_input_is_no_yes(ecrm: Ecrm, shop: Shop):
    with Terminal("delete") as terminal:
        terminal.wait_for(QUESTION)
        terminal.type("\x04")
        assert terminal.end().code == 130
    assert not shop.aws.calls.writes


@pytest.mark.slow
def test_ctrl_c_at_the_question_is_130_and_deletes_nothing(ecrm: Ecrm, shop: Shop):
    with Terminal("delete") as terminal:
        terminal.wait_for(QUESTION)
        time.sleep(0.3)  # Python loses a signal between showing the question and reading
        terminal.interrupt()
        assert terminal.end().code == 130
    assert terminal.text.endswith("ecrm: stopped\n")
    assert not shop.aws.calls.writes


@pytest.mark.slow
def test_the_question_names_what_is_archived_and_what_is_deleted(ecrm: Ecrm, shop: Shop):
    ecrm.config("""
        repositories:
          - {name: shop/api, expires: 30d, action: archive}
          - {name: other, expires: 30d}
    """)
    with Terminal("delete", "-r", "shop/api") as terminal:
        terminal.wait_for(f"Archive 1 (10 MB) {OF}")
    shop.aws.ecr.repository("other").push("v1", pushed=days_ago(60))
    with Terminal("delete") as terminal:
        terminal.wait_for(f"Archive and delete 2 (20 MB) {OF}")


@pytest.mark.slow
def test_nothing_is_asked_where_nothing_is_deletable_or_a_guard_stops(ecrm: Ecrm, shop: Shop):
    with Terminal("delete", "--max-images", "0") as terminal:
        assert terminal.end().code == 5
    assert "[y/N" not in terminal.text
    shop.repository.remove(shop.old)
    with Terminal("delete") as terminal:
        assert terminal.end().code == 0
    assert terminal.text.endswith("\nNothing to delete.\n")


@pytest.mark.slow
def test_force_asks_nothing_on_a_terminal_either(ecrm: Ecrm, shop: Shop):
    with Terminal("delete", "--force") as terminal:
        assert terminal.end().code == 0
    assert "[y/N" not in terminal.text
    assert shop.old not in shop.repository


@pytest.mark.slow
def test_the_question_is_no_part_of_the_json(ecrm: Ecrm, shop: Shop):
    with Terminal("delete", "--format", "json", out=False) as terminal:
        terminal.wait_for(QUESTION)
        terminal.type("y\n")
        ran = terminal.end()
    assert ran.code == 0
    assert ran.rows == {("shop/api", "Image"): (1, 4)}


@pytest.mark.slow
def test_generate_asks_before_it_overwrites(ecrm: Ecrm, shop: Shop):
    before = Path("ecrm.yaml").read_text()
    for answer, code in (("n", 1), ("y", 0)):
        with Terminal("generate") as terminal:
            terminal.wait_for("ecrm.yaml already exists. Overwrite it? [y/N]: ")
            assert Path("ecrm.yaml").read_text() == before
            terminal.type(f"{answer}\n")
            assert terminal.end().code == code
        assert (Path("ecrm.yaml").read_text() == before) is (answer == "n")


# -- progress and colors ------------------------------------------------------------------------


@pytest.mark.slow
def test_progress_is_one_line_that_is_wiped_and_only_on_a_terminal(ecrm: Ecrm, shop: Shop):
    shop.aws.slow(0.15, "ecr", "DescribeRepositories")
    with Terminal("plan") as terminal:
        assert terminal.end().code == 0
    assert re.search(r"\r\x1b\[K(ECS|Lambda): \d", terminal.shown)
    assert "\r\x1b[KECR 1/1 repositories" in terminal.shown
    assert re.search(r"\r\x1b\[Kecrm: info: \d+ calls.*\r\nComplete plan ", terminal.shown)

    with Terminal("plan", out=False) as terminal:  # ecrm plan > file
        ran = terminal.end()
    assert ran.out.startswith(" REPOSITORY")
    assert "ECR 1/1 repositories" in terminal.shown

    with Terminal("plan", err=False) as terminal:  # ecrm plan 2> file
        ran = terminal.end()
    assert ran.err == ""
    assert "\x1b[K" not in terminal.shown


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "variables", "colored"),
    [
        ([], {}, True),
        ([], {"ECRM_NO_COLOR": "1"}, False),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"ECRM_COLOR": "false"}, False),
    ],
)
def test_a_terminal_gets_colors_by_default(
    ecrm: Ecrm, shop: Shop, options: list[str], variables: dict[str, str], colored: bool
):
    with Terminal("plan", *options, env=variables, err=False) as terminal:
        assert terminal.end().code == 0
    assert ("\x1b[36m10 MB\x1b[0m" in terminal.shown) is colored
    assert ("\x1b" in terminal.shown) is colored


@pytest.mark.slow
def test_a_pipe_gets_no_colors_though_stderr_is_a_terminal(ecrm: Ecrm, shop: Shop):
    with Terminal("plan", out=False) as terminal:
        assert "\x1b" not in terminal.end().out


@pytest.mark.slow
def test_what_keeps_nothing_stands_out(ecrm: Ecrm, shop: Shop):
    for image in (shop.used, shop.latest, shop.young):
        shop.repository.remove(image)
    assert "\x1b[33m0 (0 B)\x1b[0m" in ecrm("plan", "--color").out


# -- messages -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_debug_shows_every_call_with_its_answer_and_duration(ecrm: Ecrm, shop: Shop):
    shop.aws.fault("lambda", "ListFunctions", Fault.denied())
    ran = ecrm("plan", "--log-level", "debug")
    calls = [line for line in ran.err.splitlines() if line.startswith("ecrm: debug: ")]
    shown = [re.fullmatch(r"ecrm: debug: (\w+): (\d+), \d+ ms", line) for line in calls]
    assert sorted(match[1] for match in shown if match) == sorted(
        call.operation for call in shop.aws.calls
    )
    assert {match[1] for match in shown if match and match[2] == "403"} == {"ListFunctions"}
    assert "secret" not in ran.err
    assert "AKIA" not in ran.err


@pytest.mark.slow
def test_stdout_is_the_same_at_every_log_level(ecrm: Ecrm, shop: Shop):
    quiet = ecrm("plan", "--log-level", "error")
    assert ecrm("plan", "--log-level", "debug").out == quiet.out
    assert quiet.err == ""


# -- pipes and signals --------------------------------------------------------------------------


@pytest.mark.slow
def test_an_output_that_is_closed_is_no_traceback(ecrm: Ecrm, shop: Shop):
    with Terminal("plan", out=False, err=False) as terminal:
        assert terminal.process.stdout
        terminal.process.stdout.close()
        terminal.process.stdout = None
        ran = terminal.end()
    assert ran.code == 1
    assert ran.err == "ecrm: error: the output could not be written: Broken pipe\n"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has it")
def test_a_disk_that_is_full_is_no_traceback(ecrm: Ecrm, shop: Shop):
    for command in (["plan"], ["delete", "--force"]):
        with Path("/dev/full").open("w") as full:
            ran = process(*command, stdout=full, stderr=-1, capture_output=False)
        assert ran.returncode == 1
        assert ran.stderr == (
            "ecrm: error: the output could not be written: No space left on device\n"
        )
    assert not shop.aws.calls.writes


@pytest.mark.slow
@pytest.mark.usefixtures("every_source")
def test_a_stream_of_the_system_may_be_the_output_file(ecrm: Ecrm, shop: Shop):
    expected = ecrm("plan").out
    with Path("out.txt").open("w") as file:
        ran = process("plan", "-o", "/dev/fd/1", stdout=file, stderr=-1, capture_output=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert Path("out.txt").read_text() == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "code", "beginning"),
    [
        ("delete <&-", 2, "ecrm: error: no terminal for the prompt; --yes deletes without"),
        ("plan >&-", 1, "ecrm: error: the output could not be written: Bad file descriptor"),
        ("version >&-", 1, "ecrm: error: the output could not be written: Bad file descriptor"),
        ("plan -o plan.txt >&-", 0, ""),
        ("delete --yes >&-", 1, "ecrm: error: the output could not be written: Bad file"),
        ("plan 2>&-", 0, " REPOSITORY "),
    ],
)
def test_a_stream_that_was_never_opened_is_no_traceback(
    ecrm: Ecrm, shop: Shop, command: str, code: int, beginning: str
):
    RUNS.append(command.split())
    script = f"exec {sys.executable} -m ecrm {command}"
    ran = subprocess.run(["sh", "-c", script], capture_output=True, check=False, text=True)
    assert (ran.returncode, "Traceback" in ran.stderr) == (code, False)
    assert (ran.stdout + Ran.of(0, "", ran.stderr).err).startswith(beginning)
    assert not shop.aws.calls.writes


@pytest.mark.slow
def test_a_terminal_that_cannot_show_an_arrow_is_no_traceback(ecrm: Ecrm, shop: Shop):
    ran = process("explain", "shop/api:v2", env={"PYTHONIOENCODING": "latin-1"})
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "  service prod/web (running task) ? container app\n" in ran.stdout


@pytest.mark.slow
@pytest.mark.parametrize("command", [["delete", "--force"], ["generate"]])
def test_ctrl_c_is_130_and_one_line(ecrm: Ecrm, shop: Shop, command: list[str]):
    shop.aws.slow(1, "ecs", "ListClusters")
    with Terminal(*command, keyboard=False, out=False, err=False) as terminal:
        wait_until(lambda: shop.aws.calls.of("ecs", "ListClusters"))
        terminal.interrupt()
        ran = terminal.end()
    assert (ran.code, ran.out, ran.err.strip()) == (130, "", "ecrm: stopped")
    assert not shop.aws.calls.writes


@pytest.mark.slow
def test_ctrl_c_while_deleting_tells_what_is_deleted_and_the_next_run_does_the_rest(
    ecrm: Ecrm, shop: Shop
):
    big = shop.aws.ecr.repository("big")
    big.fill(350, newest=days_ago(40), every=60)
    shop.aws.slow(0.4, "ecr", "BatchDeleteImage")
    options = ["--force", "-r", "big", "--journal", "journal.jsonl"]
    with Terminal("delete", *options, keyboard=False, out=False, err=False) as terminal:
        wait_until(lambda: len(shop.aws.calls.of("ecr", "BatchDeleteImage")) == 2)
        terminal.interrupt()
        ran = terminal.end()
    assert ran.code == 130
    assert "\nDeleted 200 (2.0 GB) of 350 images; 150 left.\n" in ran.out
    assert ran.err.endswith("ecrm: stopped\n")
    assert len(shop.aws.calls.of("ecr", "BatchDeleteImage")) == 2
    lines = [json.loads(line) for line in Path("journal.jsonl").read_text().splitlines()]
    answered = [line["digest"] for line in lines if line.get("status") == "deleted"]
    intended = {line["decision"]["image"]["digest"] for line in lines if line["type"] == "image"}
    assert len(answered) == 200  # the call that was under way, too
    assert len(intended) == 200
    assert len(big) == 150

    shop.aws.clear_weather()
    assert ecrm("delete", "--force", "-r", "big").code == 0
    assert len(big) == 0


@pytest.mark.slow
@pytest.mark.parametrize("flag", ["-y", "--yes", "--force"])
def test_yes_answers_the_prompts_of_delete_and_generate(ecrm: Ecrm, shop: Shop, flag: str):
    before = Path("ecrm.yaml").read_text()
    assert ecrm("delete", flag).code == 0
    assert shop.deleted == [shop.old.digest]
    assert ecrm("generate", flag).code == 0
    assert Path("ecrm.yaml").read_text() != before


@pytest.mark.slow
def test_what_is_said_without_a_level_is_printable_line_by_line(capsys: pytest.CaptureFixture[str]):
    say("shop\x1b[31m\n::error::shop")
    assert capsys.readouterr().err == "shop\\x1b[31m\n\\x3a:error::shop\n"
