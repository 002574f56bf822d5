"""What the repository offers to those who join: workflows, forms, locks, documents."""

import itertools
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

from tests.ci import ROOT, problems, shellcheck

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(
    form for form in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if form.name != "config.yml"
)
NOXFILE = (ROOT / "noxfile.py").read_text()
LOCK = (ROOT / "requirements-dev.txt").read_text()
ACTION_LOCK = (ROOT / "requirements.txt").read_text()
FUNCTION_LOCK = (ROOT / "deploy" / "requirements.txt").read_text()
DOCUMENTS = [ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md")]


@cache
def document(path: Path) -> Any:
    """By YAML 1.2, in which the `on` of a workflow is a text."""
    return YAML(typ="safe", pure=True).load(path.read_text())


# ---- workflows


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_is_as_github_takes_it(path: Path):
    assert problems(document(path), "github-workflows") == []


def zizmor(*paths: Path) -> "subprocess.CompletedProcess[str]":
    """The audit in its strictest mood, without the network."""
    program = Path(sys.executable).with_name("zizmor")
    mood = ("--persona=pedantic", "--strict-collection")
    return subprocess.run(
        [program, "--offline", "--no-config", "--quiet", "--color=never", *mood, *paths],
        capture_output=True,
        check=False,
        text=True,
    )


def test_an_audit_finds_nothing_in_the_workflows_and_the_action():
    found = zizmor(*WORKFLOWS, GITHUB / "dependabot.yml", ROOT / "action.yml")
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_audit_finds_what_is_wrong(tmp_path: Path):
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    workflow = next(path for path in WORKFLOWS if path.name == "tests.yml").read_text()
    (folder / "tests.yml").write_text(
        workflow.replace("persist-credentials: false", "fetch-depth: 1")
    )
    found = zizmor(folder / "tests.yml")
    assert found.returncode != 0
    assert "artipacked" in found.stdout


def jobs() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{path.name}: {name}", job)
        for path in WORKFLOWS
        for name, job in document(path)["jobs"].items()
    ]


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / "action.yml"], ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_with_their_version(path: Path):
    used = re.findall(r"uses: (.*)$", path.read_text(), re.MULTILINE)
    pinned = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert used
    assert [action for action in used if not pinned.fullmatch(action)] == []


def test_an_action_has_one_version_everywhere():
    texts = [path.read_text() for path in (*WORKFLOWS, ROOT / "action.yml")]
    used = {
        action for text in texts for action in re.findall(r"uses: (\S+)@(.+)$", text, re.MULTILINE)
    }
    assert len({name for name, _ in used}) == len(used)


@pytest.mark.parametrize(("name", "job"), jobs(), ids=[name for name, _ in jobs()])
def test_a_job_may_do_what_it_names_and_ends_in_time(name: str, job: dict[str, Any]):
    assert job["timeout-minutes"] <= (350 if name.startswith("everything.yml") else 60)
    writes = {key for key, access in job["permissions"].items() if access == "write"}
    assert writes <= {"release.yml: attest": {"id-token", "attestations"}}.get(
        name, {"id-token"} if name == "release.yml: publish" else set()
    )


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_do_nothing_but_what_its_jobs_name(path: Path):
    assert document(path)["permissions"] == {}
    assert document(path)["concurrency"]


def scripts() -> list[str]:
    return [step["run"] for _, job in jobs() for step in job["steps"] if "run" in step]


@pytest.mark.parametrize("text", scripts())
def test_the_shell_of_a_workflow_is_clean(text: str):
    assert shellcheck(text) == ""
    assert "${{" not in text


def test_the_tests_run_on_every_python_that_the_package_names():
    named = [
        classifier.rpartition(" ")[2]
        for classifier in PROJECT["classifiers"]
        if "Python :: 3." in classifier
    ]
    matrix = document(GITHUB / "workflows" / "tests.yml")["jobs"]["tests"]["strategy"]["matrix"]
    released = document(GITHUB / "workflows" / "release.yml")["jobs"]["test"]["strategy"]["matrix"]
    sessions = [run["session"] for run in matrix["include"]]
    assert [
        session.removeprefix("tests-") for session in sessions if session.startswith("tests-")
    ] == named
    assert released["python"] == named
    assert named[0] == PROJECT["requires-python"].removeprefix(">=")
    listed = ", ".join(f'"{python}"' for python in named)
    assert f"PYTHONS = ({listed})" in NOXFILE


def test_the_sessions_of_the_workflows_are_those_of_nox():
    matrix = document(GITHUB / "workflows" / "tests.yml")["jobs"]["tests"]["strategy"]["matrix"]
    named = {run["session"].partition("-")[0] for run in matrix["include"]}
    named |= {run.partition("--session ")[2] for run in scripts() if run.endswith("everything")}
    defined = re.findall(r"^@nox\.session.*\ndef (\w+)\(", NOXFILE, re.MULTILINE)
    assert named == {*defined} - {"lock"}


def test_nox_and_ci_run_the_same_commands():
    sessions = NOXFILE.partition("def lowest")[0] + NOXFILE.partition("def lint")[2]
    by_nox = {
        " ".join(re.findall(r'"([^"]+)"', arguments))
        for arguments in re.findall(r'session\.run\(((?:"[\w. -]+"(?:, )?)+)', sessions)
    }
    by_ci = (ROOT / ".ci" / "run").read_text().replace('"', "").partition("\nruff")
    assert {*(by_ci[1] + by_ci[2]).split("\n")} - {""} <= by_nox


def test_a_release_tests_what_it_built_before_it_publishes_that():
    release = document(GITHUB / "workflows" / "release.yml")["jobs"]
    assert [(name, job.get("needs")) for name, job in release.items()] == [
        ("build", None),
        ("test", "build"),
        ("attest", "test"),
        ("publish", "attest"),
    ]
    assert release["publish"]["environment"]["name"] == "pypi"
    assert sum("build" in step.get("run", "") for step in release["build"]["steps"]) == 1
    for name in ("test", "attest", "publish"):
        used = [step.get("uses", "").partition("@")[0] for step in release[name]["steps"]]
        assert "actions/download-artifact" in used
        assert "actions/checkout" not in used


# ---- forms


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_a_form_is_as_github_takes_it(path: Path):
    assert problems(document(path), "github-issue-forms") == []


def test_the_other_files_are_as_github_takes_them():
    assert problems(document(GITHUB / "ISSUE_TEMPLATE" / "config.yml"), "github-issue-config") == []
    assert problems(document(GITHUB / "dependabot.yml"), "dependabot") == []


def test_a_wrong_deletion_is_reported_with_its_evidence():
    form = document(GITHUB / "ISSUE_TEMPLATE" / "wrong-deletion.yml")
    asked = {field["id"]: field for field in form["body"] if "id" in field}
    assert {"plan", "explain", "journal", "config", "version"} <= set(asked)
    assert {
        name for name, field in asked.items() if field.get("validations", {}).get("required")
    } >= {*("plan", "explain", "config", "version")}


# ---- versions


def locked() -> dict[str, list[tuple[str, Requirement]]]:
    """By name, each version and for which platforms and Pythons it is."""
    lines = re.findall(r"^([\w.-]+==\S+(?: ; .+)?) \\$", LOCK, re.MULTILINE)
    versions: dict[str, list[tuple[str, Requirement]]] = {}
    for requirement in map(Requirement, lines):
        (specifier,) = requirement.specifier
        versions.setdefault(canonicalize_name(requirement.name), []).append(
            (specifier.version, requirement)
        )
    return versions


def required(extra: str) -> list[Requirement]:
    """What the package and its extra require, with the extras of ecrm that this names."""
    texts = PROJECT["optional-dependencies"][extra]
    own = [requirement for requirement in map(Requirement, texts) if requirement.name == "ecrm"]
    others = [requirement for requirement in map(Requirement, texts) if requirement.name != "ecrm"]
    return others + [
        requirement for one in own for name in one.extras for requirement in required(name)
    ]


@pytest.mark.parametrize(
    "requirement",
    [*map(Requirement, PROJECT["dependencies"]), *required("dev")],
    ids=lambda requirement: requirement.name,
)
def test_the_lock_has_a_version_of_everything_that_pyproject_allows(requirement: Requirement):
    versions = locked()[canonicalize_name(requirement.name)]
    assert versions
    assert [version for version, _ in versions if version not in requirement.specifier] == [], (
        "nox -s lock"
    )


def test_every_locked_version_has_hashes_and_no_address():
    entries = re.split(r"\n(?=\w)", LOCK)
    packages = [entry for entry in entries if "==" in entry]
    assert len(packages) == sum(map(len, locked().values()))
    assert [package for package in packages if "--hash=sha256:" not in package] == []
    assert "://" not in LOCK
    assert not re.search(r"^\s*-(-index|-extra-index|-find-links|i|f)\b", LOCK, re.MULTILINE)


def entries(lock: str) -> set[str]:
    """Each package with its version and hashes."""
    return {entry.strip() for entry in re.split(r"\n(?=\w)", lock) if "==" in entry}


def test_the_action_installs_what_ecrm_needs_in_the_versions_that_are_tested():
    assert entries(ACTION_LOCK) <= entries(LOCK), "nox -s lock"
    names = {canonicalize_name(entry.partition("==")[0]) for entry in entries(ACTION_LOCK)}
    assert names >= {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    assert names == {entry.partition("==")[0] for entry in entries(FUNCTION_LOCK)}


def test_everything_that_is_allowed_has_a_lowest_version():
    texts = [*PROJECT["dependencies"], *itertools.chain(*PROJECT["optional-dependencies"].values())]
    others = [requirement for requirement in map(Requirement, texts) if requirement.name != "ecrm"]
    assert [
        str(requirement)
        for requirement in others
        if not any(s.operator == ">=" for s in requirement.specifier)
    ] == []


def test_hooks_for_contributors_need_nothing_but_the_environment():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repository["repo"] for repository in hooks] == ["local"]
    assert {hook["language"] for hook in hooks[0]["hooks"]} == {"system"}
    for hook in hooks[0]["hooks"]:
        program = Path(sys.executable).with_name(hook["entry"].split()[0])
        assert os.access(program, os.X_OK)


# ---- documents


def test_the_repository_has_one_address():
    """Whoever moves it changes it in pyproject.toml, and then where this says."""
    source = PROJECT["urls"]["Source"]
    assert all(url.startswith(source) for url in PROJECT["urls"].values())
    owner = source.removeprefix("https://github.com/")
    written = re.compile(r"(?:github\.com/|uses: |--repo )([\w-]+/ecrm)\b(?!-)")
    for path in (
        *DOCUMENTS,
        *FORMS,
        FORMS[0].with_name("config.yml"),
        *(ROOT / "docs").glob("*.md"),
    ):
        assert set(written.findall(path.read_text())) <= {owner, "fujiwara/ecrm"}, path.name


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path):
    links = re.findall(r"\]\(([^)\s]+)\)", path.read_text())
    local = [link for link in links if not link.startswith("https://")]
    assert local
    assert [link for link in local if not (ROOT / link.partition("#")[0]).exists()] == []


def test_the_first_green_test_takes_three_commands():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    first = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[0].splitlines()
    assert len(first) == 3
    assert first[0].startswith("git clone")
    assert (ROOT / first[2].split()[-1]).exists()


def test_sessions_that_contributing_names_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"\bnox -s (\w+)", text))
    defined = set(re.findall(r"^@nox\.session.*\ndef (\w+)\(", NOXFILE, re.MULTILINE))
    assert named
    assert named <= defined
