"""The GitHub Action: a valid one, whose shell is run here as GitHub runs it."""

import json
import os
import re
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ci import ROOT, problems, shellcheck

ACTION = ROOT / "action.yml"
STUB = """#!/bin/sh
for word in "$@"; do printf '%s\\n' "$word"; done >> "$RUNNER_TEMP/asked"
while [ $# -gt 0 ]; do
  case "$1" in --report) echo "report of $1" > "${2#*=}";; esac
  shift
done
echo 'a `plan`'
exit ${STUB_CODE:-0}
"""


def action() -> dict[str, Any]:
    return dict(yaml.safe_load(ACTION.read_text()))


def step(name: str) -> dict[str, Any]:
    (found,) = (step for step in action()["runs"]["steps"] if step.get("name") == name)
    return dict(found)


def test_it_is_what_github_takes_for_an_action():
    assert problems(action(), "github-actions") == []


def test_what_github_would_refuse_is_refused():
    assert problems(action() | {"runs": {"using": "composite"}}, "github-actions")


@pytest.mark.parametrize("name", ["Install ecrm", "Run ecrm"])
def test_the_shell_in_it_is_clean(name: str):
    assert shellcheck(step(name)["run"]) == ""


@pytest.mark.parametrize("name", ["Install ecrm", "Run ecrm"])
def test_no_input_is_pasted_into_the_shell(name: str):
    """It would be run there; a variable is not."""
    assert "${{" not in step(name)["run"]


def test_every_input_is_used_and_described():
    text = ACTION.read_text()
    for name, about in action()["inputs"].items():
        assert f"inputs.{name} " in text
        assert about["description"]


# -- running it -----------------------------------------------------------------------------------


@dataclass
class Runner:
    """Runs a step as GitHub does: `bash --noprofile --norc -eo pipefail FILE`."""

    folder: Path

    def __call__(
        self, name: str, tree: Path | None = None, **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        script = self.folder / "step.sh"
        script.write_text(step(name)["run"])
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=tree or self.folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "RUNNER_TEMP": str(self.folder),
                "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
                "GITHUB_OUTPUT": str(self.folder / "output"),
                "GITHUB_PATH": str(self.folder / "path"),
                "GITHUB_ACTION_PATH": "/action",
                **variables,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def read(self, name: str) -> str:
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    def install(self, name: str, text: str) -> None:
        path = self.folder / "ecrm" / "bin" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """With an `ecrm` that writes down what it was asked, and a Python that runs it."""
    made = Runner(tmp_path)
    made.install("ecrm", STUB)
    made.install(
        "python",
        f"""#!/bin/sh
case "$*" in "-I -m ecrm "*) shift 3; exec "$(dirname "$0")/ecrm" "$@";; esac
exec {sys.executable} "$@"
""",
    )
    return made


# Makes a virtual environment in which pip only writes down what it was asked, and in which the
# packages of this Python are found.
PYTHON = f"""#!/bin/sh
set -e
echo "$*" > "$RUNNER_TEMP/made"
last="$4"
{sys.executable} "$1" "$2" "$3" --without-pip "$last"
packages=$(echo "$last"/lib/python*/site-packages)
echo {sysconfig.get_path("purelib")} > "$packages/zz.pth"
cat > "$packages/pip.py" <<'END'
import os, sys
with open(os.environ["RUNNER_TEMP"] + "/installed", "w") as file:
    print(*sys.argv[1:], file=file)
END
"""
HOSTILE = """import os
open(os.environ["RUNNER_TEMP"] + "/hostile", "a").write(__file__ + "\\n")
"""


@pytest.fixture
def installed(tmp_path: Path) -> Runner:
    """Has run the step that installs, in a tree in which every module of Python's and of ours is
    a hostile one."""
    made = Runner(tmp_path)
    tree = tmp_path / "tree"
    tree.mkdir()
    ours = {"ecrm", "pip", "click", "yaml", "boto3", "sitecustomize", "usercustomize"}
    for name in sys.stdlib_module_names | ours:
        (tree / f"{name}.py").write_text(HOSTILE)
    (tmp_path / "python").write_text(PYTHON)
    (tmp_path / "python").chmod(0o755)
    variables = {"GITHUB_ACTION_PATH": str(ROOT), "PYTHONPATH": str(tree)}
    ran = made("Install ecrm", tree, BASE_PYTHON=str(tmp_path / "python"), **variables)
    assert (ran.returncode, ran.stderr) == (0, "")
    return made


def test_b46_nothing_of_the_tree_is_imported(installed: Runner):
    tree = installed.folder / "tree"
    variables = {"PYTHONPATH": str(tree), "SARIF": "false"}
    ran = installed("Run ecrm", tree, COMMAND="version", ARGS="'--color'", **variables)
    assert installed.read("hostile") == ""
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("ecrm ")


def test_b46_hostile_modules_are_seen_without_isolation(installed: Runner):
    """So that the test above can fail."""
    python = installed.folder / "ecrm" / "bin" / "python"
    tree, variables = installed.folder / "tree", {"RUNNER_TEMP": str(installed.folder)}
    subprocess.run([python, "-m", "shlex"], cwd=tree, env=variables, check=False)
    assert installed.read("hostile")


def test_it_installs_what_ecrm_needs_by_hash_and_takes_ecrm_from_its_own_ref(installed: Runner):
    assert installed.read("made") == f"-I -m venv {installed.folder}/ecrm\n"
    assert installed.read("installed") == (
        "install --quiet --disable-pip-version-check --no-deps --only-binary :all: "
        f"--require-hashes --requirement {ROOT}/requirements.txt\n"
    )
    (path,) = (installed.folder / "ecrm").glob("lib/python*/site-packages/ecrm.pth")
    assert path.read_text() == f"{ROOT}\n"


def test_later_steps_find_ecrm_on_their_path_and_nothing_else(installed: Runner):
    (path,) = installed.read("path").splitlines()
    assert [file.name for file in Path(path).iterdir()] == ["ecrm"]
    ran = subprocess.run(
        ["ecrm", "version"],
        cwd=installed.folder / "tree",
        env={"PATH": f"{path}:{os.environ['PATH']}", "RUNNER_TEMP": str(installed.folder)},
        capture_output=True,
        check=False,
        text=True,
    )
    assert (ran.returncode, ran.stdout.split()[:2]) == (0, ["ecrm", "version"])
    assert installed.read("hostile") == ""


def test_every_python_of_the_action_is_isolated():
    text = "".join(step(name)["run"] for name in ("Install ecrm", "Run ecrm"))
    calls = re.findall(r'"\$(?:BASE_PYTHON|python)" (\S+)', text)
    assert len(calls) == text.count('"$BASE_PYTHON"') + text.count('"$python"')
    assert set(calls) == {"-I"}


def test_a_check_annotates_and_writes_the_summary(runner: Runner):
    args = "--files 'deploy/**/*.json' 'k8s/*.yaml' --baseline \"a b.json\""
    ran = runner("Run ecrm", COMMAND="check", ARGS=args, SARIF="false")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert runner.read("asked").splitlines() == [
        *("check", "--no-external-commands", "--format", "github"),
        *("--report", f"markdown={runner.folder}/ecrm-results/summary.md"),
        *("--files", "deploy/**/*.json", "k8s/*.yaml", "--baseline", "a b.json"),
    ]
    assert runner.read("summary") == "report of --report\n"
    assert runner.read("output") == "exit-code=0\n"


def test_nothing_in_the_arguments_is_run_or_expanded(runner: Runner):
    args = "$(touch bad) `touch bad` ; touch bad $HOME *"
    runner("Run ecrm", COMMAND="check", ARGS=args, SARIF="false")
    assert runner.read("asked").splitlines()[6:] == [
        *("$(touch", "bad)", "`touch", "bad`", ";", "touch", "bad", "$HOME", "*")
    ]
    assert not (runner.folder / "bad").exists()


@pytest.mark.parametrize(
    "command",
    [
        " check",
        "check ",
        "check  -r app",
        "demo check",
        "--log-level debug check",
        "-c x demo check",
    ],
)
def test_b46_every_way_to_write_check_is_a_check(runner: Runner, command: str):
    runner("Run ecrm", COMMAND=command, ARGS="", SARIF="false")
    assert "--no-external-commands" in runner.read("asked").splitlines()


def test_the_check_of_a_configuration_is_left_as_it_is(runner: Runner):
    runner("Run ecrm", COMMAND="config check", ARGS="", SARIF="false")
    assert "--no-external-commands" not in runner.read("asked").splitlines()


@pytest.mark.parametrize(
    ("args", "asked"),
    [
        ("delete --force", ["delete", "--force"]),
        ("version", ["version"]),
        ("scan -o 'a b.json'", ["scan", "-o", "a b.json"]),
    ],
)
def test_arguments_may_begin_with_the_command_as_for_fujiwara_ecrm(
    runner: Runner, args: str, asked: list[str]
):
    runner("Run ecrm", COMMAND="", ARGS=args, SARIF="false")
    assert runner.read("asked").splitlines() == asked
    assert runner.read("summary").startswith(f"## ecrm {asked[0]}\n")


@pytest.mark.parametrize(
    ("args", "rest"),
    [("", []), ("check", []), ("--files 'a'", ["--files", "a"]), ("check -r app", ["-r", "app"])],
)
def test_without_a_command_it_checks(runner: Runner, args: str, rest: list[str]):
    runner("Run ecrm", COMMAND="", ARGS=args, SARIF="false")
    asked = runner.read("asked").splitlines()
    assert asked[:2] == ["check", "--no-external-commands"]
    assert asked[6:] == rest


def test_a_command_that_is_given_takes_all_arguments(runner: Runner):
    runner("Run ecrm", COMMAND="explain", ARGS="delete:v1", SARIF="false")
    assert runner.read("asked").splitlines() == ["explain", "delete:v1"]


@pytest.mark.parametrize("args", ["", " \n"])
def test_no_arguments_are_no_arguments(runner: Runner, args: str):
    runner("Run ecrm", COMMAND="check", ARGS=args, SARIF="false")
    assert len(runner.read("asked").splitlines()) == 6


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        ("--files 'deploy/**", "No closing quotation"),
        ('--baseline "a', "No closing quotation"),
        ("--baseline a\\", "No escaped character"),
    ],
)
def test_an_unbalanced_quote_ends_the_step(runner: Runner, args: str, problem: str):
    ran = runner("Run ecrm", COMMAND="check", ARGS=args, SARIF="true")
    assert ran.returncode == 2
    assert ran.stderr == f"ecrm: error: args: {problem}; balance the quotes\n"
    assert runner.read("asked") == ""
    assert runner.read("output") == "exit-code=2\n"


@pytest.mark.parametrize("code", [1, 2, 3])
def test_the_exit_code_is_that_of_ecrm_after_the_summary(runner: Runner, code: int):
    ran = runner("Run ecrm", COMMAND="check", ARGS="", SARIF="true", STUB_CODE=str(code))
    assert ran.returncode == code
    assert runner.read("summary")
    sarif = f"{runner.folder}/ecrm-results/ecrm.sarif"
    assert runner.read("output") == f"exit-code={code}\nsarif={sarif}\n"


@pytest.mark.parametrize("command", ["plan", "--log-level debug plan"])
def test_a_plan_shows_each_image_to_whoever_approves_it(runner: Runner, command: str):
    ran = runner("Run ecrm", COMMAND=command, ARGS="--out x", SARIF="false", STUB_CODE="1")
    assert (ran.returncode, ran.stdout) == (1, "a `plan`\n")
    report = f"markdown={runner.folder}/ecrm-results/summary.md"
    asked = [*command.split(), "--images", "--report", report, "--out", "x"]
    assert runner.read("asked").splitlines() == asked
    assert runner.read("summary") == "report of --report\n"


@pytest.mark.parametrize("code", [0, 1])
def test_another_command_shows_its_output_in_the_summary(runner: Runner, code: int):
    ran = runner("Run ecrm", COMMAND="scan", ARGS="--out x", SARIF="false", STUB_CODE=str(code))
    assert (ran.returncode, ran.stdout) == (code, "a `plan`\n")
    assert runner.read("asked").splitlines() == ["scan", "--out", "x"]
    assert runner.read("summary") == "## ecrm scan\n\n    a `plan`\n"


def test_a_run_that_wrote_nothing_leaves_no_summary_of_the_one_before(runner: Runner):
    runner("Run ecrm", COMMAND="check", ARGS="", SARIF="true")
    runner.install("ecrm", "#!/bin/sh\nexit 2\n")
    (runner.folder / "summary").unlink()
    (runner.folder / "output").unlink()
    ran = runner("Run ecrm", COMMAND="check", ARGS="--nonsense", SARIF="true")
    assert ran.returncode == 2
    assert runner.read("summary") == ""
    assert runner.read("output") == "exit-code=2\n"


@pytest.mark.slow
def test_the_check_of_the_sample_account(runner: Runner):
    runner.install("ecrm", f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m ecrm "$@"\n')
    ran = runner("Run ecrm", COMMAND="demo check", ARGS="", SARIF="true")
    assert ran.returncode == 3, ran.stderr
    assert ran.stdout.startswith("::error title=ecrm check%3A lifecycle::")
    assert runner.read("summary").startswith("## ecrm check\n\n123456789012/us-east-1: 1 error, ")
    (run,) = json.loads(runner.read("ecrm-results/ecrm.sarif"))["runs"]
    assert run["results"]
