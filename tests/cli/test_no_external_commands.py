"""`--no-external-commands`: no program of ecrm.yaml runs, and everything shows that."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.conftest import RULES, Shop
from tests.cli.driving import Ecrm, decisions

NOT_RUN = "not run, because of --no-external-commands"
NOTHING_DELETED = (
    "nothing was deleted: what external_commands and kubernetes.contexts protect is not known "
    "without asking them (--no-external-commands)"
)
COMMANDS: Sequence[Sequence[str]] = (
    ("plan",),
    ("explain", "shop/api:v1"),
    ("check",),
    ("scan", "--format", "detail"),
    ("snapshot",),
    ("delete", "--force"),
)


@pytest.fixture
def program(ecrm: Ecrm, shop: Shop) -> Path:
    """Is written by the program of ecrm.yaml, which alone uses `old`."""
    script = f"touch ran; echo '[\"{shop.old.by_digest}\"]'"
    ecrm.config(f"""{RULES}
    external_commands:
      - command: [sh, -c, {json.dumps(script)}]
    check: {{overdue: {{level: off}}, mutable_tag: {{level: off}}}}
    """)
    return Path("ran")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_b46_no_command_runs_a_program(ecrm: Ecrm, program: Path, command: Sequence[str]):
    ecrm(*command, "--no-external-commands")
    assert not program.exists()
    ecrm(*command)
    assert program.exists()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_b46_the_variable_says_so_too_and_the_option_comes_first(
    ecrm: Ecrm, program: Path, command: Sequence[str]
):
    ecrm(*command, ECRM_EXTERNAL_COMMANDS="false")
    assert not program.exists()
    ecrm(*command, "--external-commands", ECRM_EXTERNAL_COMMANDS="false")
    assert program.exists()


def test_a_plan_shows_what_was_not_run_as_it_shows_what_is_excluded(ecrm: Ecrm, program: Path):
    ran = ecrm("plan", "--no-external-commands")
    assert ran.code == 0
    assert f"\n  command sh: excluded, 0 references; {NOT_RUN}\n" in ran.out


def test_a_check_lists_it_among_what_is_not_checked(ecrm: Ecrm, program: Path):
    ran = ecrm("check", "--no-external-commands")
    assert ran.code == 0
    assert f"\nNot checked:\n  command sh: {NOT_RUN}\n" in ran.out


@pytest.mark.parametrize("command", ["scan", "snapshot"])
def test_what_others_will_read_is_written_with_a_warning(ecrm: Ecrm, program: Path, command: str):
    ran = ecrm(command, "--no-external-commands")
    assert ran.code == 0
    assert f"ecrm: warn: command sh: {NOT_RUN}" in ran.errors


def test_b46_what_the_programs_may_protect_is_not_said_to_be_deletable(
    ecrm: Ecrm, program: Path, shop: Shop
):
    ran = ecrm("explain", "shop/api:v1", "--no-external-commands")
    assert (ran.code, ran.errors) == (1, [f"ecrm: error: command sh: {NOT_RUN}"])
    assert ran.out.startswith("INCOMPLETE: 1 thing could not be read")
    assert "could be deleted by what is known: expired" in ran.out


def test_b46_nothing_is_deleted_without_what_the_programs_protect(
    ecrm: Ecrm, program: Path, shop: Shop
):
    ran = ecrm("delete", "--force", "--no-external-commands")
    assert ran.code == 1
    assert ran.errors == [f"ecrm: error: {NOTHING_DELETED}"]
    assert ran.out.count("REPOSITORY") == 1
    assert not shop.aws.calls.writes


def test_without_programs_the_option_changes_nothing(ecrm: Ecrm, shop: Shop):
    ran = ecrm("delete", "--force", "--no-external-commands")
    assert (ran.code, shop.deleted) == (0, [shop.old.digest])
    assert NOT_RUN not in ran.out


def test_a_plan_without_the_programs_is_not_compared_with_the_last_run(
    ecrm: Ecrm, program: Path, shop: Shop, state: Path
):
    """It knows of too few uses: that is no drop, and the next run must not be compared with it."""
    ecrm("plan")
    before = (state / "in-use.json").read_text()
    ran = ecrm("plan", "--no-external-commands", "--max-in-use-drop", "0")
    assert (ran.code, ran.errors) == (0, [])
    assert decisions(ecrm.plan("--no-external-commands"))
    assert (state / "in-use.json").read_text() == before


def test_a_snapshot_has_what_the_programs_said_when_it_was_made(
    ecrm: Ecrm, program: Path, shop: Shop
):
    ecrm("snapshot", "-o", "snapshot.json")
    program.unlink()
    made = ecrm.plan("--from", "snapshot.json", "--no-external-commands")
    assert decisions(made) == {}
    assert not program.exists()
