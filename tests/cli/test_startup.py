"""How ecrm is found, how fast it answers what needs no AWS, and what it says of itself."""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from ecrm.cli import cli
from tests.cli.conftest import Shop
from tests.cli.driving import Ecrm, process
from tests.fake_aws import Fault

SLOW = {"boto3", "botocore", "s3transfer", "urllib3", "moto", "hypothesis"}
COMMANDS = (
    *("generate", "config", "scan", "plan", "explain", "report", "check", "snapshot"),
    *("delete", "restore", "journals", "cache", "iam-policy", "kubernetes", "sources", "demo"),
    *("version", "top", "diff", "targets"),
)


def imported(*args: str) -> set[str]:
    """The top-level packages that a run imports."""
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "ecrm", *args],
        capture_output=True,
        check=False,
        text=True,
    )
    lines = [line for line in ran.stderr.splitlines() if line.startswith("import time:")]
    assert lines
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


@pytest.mark.parametrize(
    "command",
    [
        *(["--help"], ["--version"], ["plan", "--help"], ["plan", "--formt"]),
        *(["config", "check"], ["config", "schema"]),
    ],
)
def test_what_needs_no_aws_imports_nothing_slow(command: list[str]):
    assert not imported(*command) & SLOW


def test_a_mistake_in_ecrm_yaml_does_not_wait_for_boto3():
    Path("ecrm.yaml").write_text("repositories: 1")
    assert "boto3" not in imported("plan")


def test_completing_a_word_imports_nothing_slow(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("_ECRM_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "ecrm pl")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert not imported() & SLOW


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_get_a_script_for_completion(shell: str):
    ran = process(env={"_ECRM_COMPLETE": f"{shell}_source"})
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "_ecrm_completion" in ran.stdout
    assert f"{shell}_complete" in ran.stdout


@pytest.mark.parametrize(
    ("words", "completions"),
    [
        ("ecrm pl", ["plain,plan"]),
        ("ecrm ", [f"plain,{command}" for command in sorted(COMMANDS)]),
        ("ecrm plan --format j", ["plain,json"]),
    ],
)
def test_commands_options_and_choices_are_completed(words: str, completions: list[str]):
    ran = process(
        env={
            "_ECRM_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        }
    )
    assert (ran.returncode, ran.stdout.split()) == (0, completions)


def test_every_way_to_start_ecrm_says_the_same_version():
    expected = f"ecrm version {metadata.version('ecrm')}\n"
    script = Path(sys.executable).with_name("ecrm")
    for command in ([sys.executable, "-m", "ecrm"], [str(script)]):
        for argument in ("version", "--version"):
            ran = subprocess.run([*command, argument], capture_output=True, check=False, text=True)
            assert (ran.returncode, ran.stderr) == (0, "")
            assert ran.stdout.startswith(expected)


def test_help_lists_every_command_and_the_exit_codes(ecrm: Ecrm):
    ran = ecrm("--help")
    assert (ran.code, ran.err) == (0, "")
    for command in COMMANDS:
        assert f"\n  {command} " in ran.out
    text = " ".join(ran.out.split())
    assert (
        "Exit codes: 0 done; 1 failed; 2 usage or configuration; 3 check found violations; "
        "4 some images were not deleted; 5 a guard stopped the run."
    ) in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(ecrm: Ecrm, command: str):
    short, long = ecrm(command, "-h"), ecrm(command, "--help")
    assert short == long
    assert (long.code, long.err) == (0, "")
    assert long.out.startswith(f"Usage: ecrm {command}")


def test_a_bug_keeps_its_traceback(ecrm: Ecrm, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("ecrm.workflow.commands.start", broken)
    with pytest.raises(ZeroDivisionError):
        ecrm("plan")


def test_no_home_and_no_state_folder_is_a_usage_error(
    ecrm: Ecrm, aws: object, monkeypatch: pytest.MonkeyPatch
):
    for name in ("HOME", "ECRM_STATE_DIR", "USERPROFILE"):
        monkeypatch.delenv(name, raising=False)
    ran = ecrm("plan")
    assert ran.code == 2
    assert ran.errors == ["ecrm: error: no home folder for state; set ECRM_STATE_DIR"]
    assert ecrm("plan", XDG_STATE_HOME=str(Path.cwd() / "xdg")).code == 0
    left = os.listdir("xdg/ecrm")  # noqa: PTH208 - names are all
    assert sorted(left) == ["in-use.json", "repositories.json", "totals.json"]


# -- what shells complete -------------------------------------------------------------------------


@pytest.fixture
def complete(ecrm: Ecrm, capsys: pytest.CaptureFixture[str]) -> Callable[[str], list[str]]:
    def completed(line: str) -> list[str]:
        words = line.split(" ")
        variables = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            text = BashComplete(cli, {}, "ecrm", "_ECRM_COMPLETE").complete()
        return [entry.partition(",")[2] for entry in text.splitlines()]

    return completed


def test_repositories_are_those_of_the_last_complete_plan(
    ecrm: Ecrm, shop: Shop, state: Path, complete: Callable[[str], list[str]]
):
    assert complete("ecrm plan -r ") == []
    ecrm.config("repositories: [{name: shop/api, expires: 30d}]")
    shop.aws.ecr.repository("tools")
    shop.aws.fault("ecs", "ListTasks", Fault.denied())
    assert ecrm("plan").code == 1
    assert not state.exists()
    assert ecrm("plan").code == 0
    assert complete("ecrm plan -r ") == ["shop/api", "tools"]
    assert complete("ecrm delete --repository sh") == ["shop/api"]
    shop.aws.ecr.repository("unplanned")
    assert ecrm("plan", "-r", "tools").code == 0
    assert complete("ecrm check -r u") == []
    state.joinpath("repositories.json").write_text('["a", 1]')
    assert complete("ecrm plan -r ") == []
    state.joinpath("repositories.json").write_text('["a"]')
    state.joinpath("repositories.json").chmod(0o666)
    assert complete("ecrm plan -r ") == []


def test_profiles_are_those_of_the_aws_cli(
    complete: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
):
    assert complete("ecrm --profile ") == []
    folder = Path.home() / ".aws"
    folder.mkdir()
    (folder / "config").write_text("[default]\n[profile prod]\na=1\na=2\n[sso-session my]\n")
    Path("mine").write_text("[default]\n[ci]\n[preview]\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "mine")
    assert complete("ecrm --profile ") == ["ci", "default", "preview", "prod"]
    assert complete("ecrm plan --profile pr") == ["preview", "prod"]
    (folder / "config").write_text("no section")
    assert complete("ecrm --profile ") == ["ci", "default", "preview"]
