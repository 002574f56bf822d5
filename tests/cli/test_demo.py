"""Every command on the sample account: nothing real is read, and nothing of the user's is written.

What the account holds and what is decided about it is tested with the account itself.
"""

import json
import os
from pathlib import Path

import pytest

from tests.cli.driving import HOST, Ecrm, process
from tests.fake_aws import FakeAws

NOTICE = "This is a sample account; nothing here is real.\n"


def everything(folder: Path) -> dict[str, str]:
    """All files but those in the demo's own folder."""
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "demo" not in path.parts
    }


@pytest.mark.parametrize(
    ("command", "shows"),
    [
        ([], " images can be deleted, in 6 repositories of 123456789012/us-east-1."),
        (["plan", "--format", "json"], '"repository": "shop/web"'),
        (["scan"], f'"{HOST}/shop/web:2.4.0"'),
        (["scan", "--format", "table"], "service prod/web"),
        (["explain", "shop/api:v1.31.0"], "is kept: with a tag of keep_tag_patterns"),
        (["check", "-r", "tools/ci"], "5 images (4.1 GB) could have been deleted"),
        (["snapshot"], '"ecrm_snapshot": 1'),
        (["delete", "--force"], "\nDeleted "),
        (["delete", "--force", "--format", "json"], '"repository": "shop/web"'),
        (["version"], "ecrm "),
    ],
)
def test_every_command_runs_and_leaves_nothing_behind_elsewhere(
    ecrm: Ecrm, tmp_path: Path, command: list[str], shows: str
):
    before, environment = everything(tmp_path), dict(os.environ)
    ran = ecrm("demo", *command)
    assert ran.code == 0
    assert ran.err.startswith(NOTICE)
    assert shows in ran.out
    if "json" in command:
        assert ran.json
    assert everything(tmp_path) == before
    assert dict(os.environ) == environment


def test_what_is_deleted_stays_deleted_and_can_be_explained_and_restored(
    ecrm: Ecrm, tmp_path: Path
):
    folder = tmp_path / "home/.local/state/ecrm/demo"
    ran = ecrm("demo", "delete", "--yes", "-r", "tools/ci")
    assert ran.code == 0
    assert ran.err.startswith(f"{NOTICE}Its files are in {folder}; what you delete stays deleted ")
    (journal,) = (folder / "journals").iterdir()
    assert f"ecrm: info: the journal is {journal}\n" in ran.err
    (listed,) = ecrm("demo", "journals", "--format", "json").json["journals"]
    assert listed["journal"] == str(journal)
    again = ecrm("demo", "delete", "--yes", "-r", "tools/ci")
    assert "Nothing to delete." in again.err
    digest = next(iter(json.loads((folder / "deleted.json").read_text())["tools/ci"]))
    assert "neither in a repository" in ecrm("demo", "explain", digest).err
    ran = ecrm("demo", "restore", "--yes", journal)
    assert (ran.code, listed["restorable"] > 1) == (0, True)
    assert f"Restored {listed['restorable']} of {listed['restorable']} images." in ran.out
    assert "can be deleted" in ecrm("demo", "explain", digest).out


def test_reset_starts_again_and_what_is_damaged_says_so(ecrm: Ecrm, tmp_path: Path):
    memory = tmp_path / "home/.local/state/ecrm/demo/deleted.json"
    assert ecrm("demo", "version").code == 0
    memory.write_text("[]")
    ran = ecrm("demo", "version")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.endswith("; run: ecrm demo --reset\n")
    assert ecrm("demo", "--reset", "version").code == 0
    assert set(json.loads(memory.read_text())["tools/ci"]) == set()


def test_no_call_leaves_the_process(ecrm: Ecrm, aws: FakeAws):
    """The variables of a real account are set, and a profile that does not exist."""
    ran = ecrm("demo", "delete", "--force", AWS_PROFILE="production")
    assert ran.code == 0
    assert not aws.calls


def test_the_users_ecrm_variables_are_about_another_account(ecrm: Ecrm, tmp_path: Path):
    before = everything(tmp_path)
    plain = ecrm("demo")
    ran = ecrm(
        "demo",
        ECRM_CONFIG="no-such.yaml",
        ECRM_OUTPUT="plan.txt",
        ECRM_REPOSITORY="prod/app",
        ECRM_SCANNED_FILES="no-such.json",
        ECRM_FORMAT="json",
    )
    assert ran == plain
    assert everything(tmp_path) == before


def test_generate_never_overwrites_the_users_configuration(ecrm: Ecrm, tmp_path: Path):
    before = everything(tmp_path)
    ran = ecrm("demo", "generate", ECRM_CONFIG="ecrm.yaml")
    assert ran.code == 0
    assert "  - name_pattern: shop/*\n" in ran.err
    assert everything(tmp_path) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["demo", "-c", "own.yaml", "plan"],
        ["demo", "plan", "-c", "own.yaml"],
        ["-c", "own.yaml", "demo"],
    ],
)
def test_rules_of_ones_own_can_be_tried(ecrm: Ecrm, arguments: list[str]):
    ecrm.config("repositories: [{name: legacy/batch, expires: 30d}]", "own.yaml")
    ran = ecrm(*arguments)
    assert ran.code == 0
    assert "in 1 repository of 123456789012/us-east-1." in ran.out
    assert " legacy/batch " in ran.out


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--log-level", "debug", "demo"], {}),
        (["demo", "plan", "--log-level", "debug"], {}),
        (["demo"], {"ECRM_LOG_LEVEL": "debug"}),
    ],
)
def test_global_options_count_before_and_after_demo(
    ecrm: Ecrm, arguments: list[str], variables: dict[str, str]
):
    assert "ecrm: debug: DescribeImages: 200, " in ecrm(*arguments, **variables).err


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [(["demo", "--color"], {}), (["demo"], {"ECRM_COLOR": "true"})],
)
def test_colors_are_as_asked(ecrm: Ecrm, arguments: list[str], variables: dict[str, str]):
    assert "\x1b[34m-" in ecrm(*arguments, **variables).out


def test_errors_and_exit_codes_are_those_of_the_command(ecrm: Ecrm):
    assert ecrm("demo", "plan", "--formt").code == 2
    assert ecrm("demo", "plan", "-r", "nope").code == 1
    assert ecrm("demo", "delete", "--force", "--max-images", "0").code == 5


def test_help_is_that_of_demo_or_of_the_command(ecrm: Ecrm):
    assert "Run a command against a sample account; no AWS needed." in ecrm("demo", "--help").out
    assert "Show which images can be deleted; delete nothing." in ecrm("demo", "plan", "--help").out


def test_a_plan_file_of_the_sample_account_can_be_carried_out(ecrm: Ecrm):
    assert ecrm("demo", "plan", "--out", "plan.json").code == 0
    planned = json.loads(Path("plan.json").read_text())
    ran = ecrm("demo", "delete", "--force", "--plan", "plan.json")
    count = sum(len(stage) for one in planned["repositories"] for stage in one.get("stages", ()))
    assert ran.code == 0
    assert f" of {count} images.\n" in ran.out


@pytest.mark.slow
def test_it_runs_as_a_process(tmp_path: Path):
    before = everything(tmp_path)
    ran = process("demo")
    assert ran.returncode == 0
    assert ran.stderr.startswith(f"{NOTICE}Its files are in ")
    assert everything(tmp_path) == before
