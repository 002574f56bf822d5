"""The pages for CI: their files are valid for their systems, and their commands are ecrm's."""

import json
import re
import shlex
from collections.abc import Iterator
from functools import cache
from typing import Any

import click
import pytest
import yaml
from ruamel.yaml import YAML

from ecrm.cli import cli
from tests.ci import ROOT, problems, shellcheck

PAGES = [ROOT / "docs" / f"{name}.md" for name in ("ci", "github", "gitlab", "codebuild")]
TEXT = "\n".join(page.read_text() for page in PAGES)
FILES = dict(re.findall(r"^```yaml (\S+)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL))
SCHEMAS = {".github/workflows/": "github-workflows", ".gitlab-ci.yml": "gitlab-ci"}
# https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
PHASES = {"install", "pre_build", "build", "post_build"}
IN_PHASE = {"runtime-versions", "commands", "finally", "on-failure", "run-as"}
IN_BUILDSPEC = {"version", "phases", "reports", "artifacts", "env", "cache", "batch", "proxy"}
REPORT_FORMATS = {"CUCUMBERJSON", "JUNITXML", "NUNITXML", "NUNIT3XML", "TESTNGXML"}


@cache
def document(path: str) -> Any:
    """By YAML 1.2, in which the `on` of a workflow is a text."""
    return YAML(typ="safe", pure=True).load(FILES[path])


def of(start: str) -> list[str]:
    return [path for path in FILES if path.startswith(start)]


def test_each_system_has_the_three_jobs():
    assert of(".github/") == [
        f".github/workflows/ecr-{name}.yml" for name in ("check", "nightly", "delete")
    ]
    assert {"check", "plan", "delete"} <= set(document(".gitlab-ci.yml"))
    assert of("buildspec") == [f"buildspec-{name}.yml" for name in ("check", "plan", "delete")]


@pytest.mark.parametrize("path", [*of(".github/"), *of(".gitlab")])
def test_a_file_is_as_the_schema_of_its_system_says(path: str):
    (schema,) = (schema for start, schema in SCHEMAS.items() if path.startswith(start))
    assert problems(document(path), schema) == []


@pytest.mark.parametrize("path", of("buildspec"))
def test_a_buildspec_has_the_keys_that_codebuild_knows(path: str):
    spec = document(path)
    assert spec["version"] == 0.2
    assert set(spec) <= IN_BUILDSPEC
    assert set(spec["phases"]) <= PHASES
    for phase in spec["phases"].values():
        assert set(phase) <= IN_PHASE
        assert all(isinstance(command, str) for command in phase["commands"])
    for report in spec.get("reports", {}).values():
        assert report["file-format"] in REPORT_FORMATS


def steps() -> Iterator[dict[str, Any]]:
    for path in of(".github/"):
        for job in document(path)["jobs"].values():
            yield from job["steps"]


def test_third_party_actions_are_pinned_by_commit_with_their_version():
    """The same ones as our own workflows have."""
    texts = [FILES[path] for path in of(".github/")]
    used = {name for text in texts for name in re.findall(r"uses: (.+)$", text, re.MULTILINE)}
    others = {name for name in used if not name.startswith("my-org/ecrm@")}
    pinned = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert others
    assert [name for name in others if not pinned.fullmatch(name)] == []
    ours = "".join(path.read_text() for path in (ROOT / ".github" / "workflows").glob("*.yml"))
    assert {name for name in others if name.startswith("actions/") and name not in ours} == set()


@pytest.mark.parametrize("path", [".gitlab-ci.yml", *of("buildspec")])
def test_b46_what_ecrm_needs_is_installed_by_hashes_and_ecrm_is_not_built(path: str):
    """As the action does; and no module of the checked-out tree is run."""
    lines = FILES[path].splitlines()
    installs = [line for line in lines if re.search(r"\bpip install\b", line)]
    assert installs
    for line in installs:
        assert "python -I -m pip install" in line
        assert "--require-hashes" in line
        assert "--only-binary :all:" in line
    pythons = re.findall(r"\bpython3? (\S+)", "\n".join(lines))
    assert set(pythons) == {"-I"}


def test_the_action_is_given_inputs_that_it_has():
    inputs = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    given = [step.get("with", {}) for step in steps() if step["uses"].startswith("my-org/ecrm@")]
    assert given
    assert {name for values in given for name in values} <= set(inputs)


def scripts() -> list[str]:
    found = re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    for job in document(".gitlab-ci.yml").values():
        if isinstance(job, dict):
            found += ["\n".join(job.get(key, ())) for key in ("before_script", "script")]
    for path in of("buildspec"):
        found += ["\n".join(phase["commands"]) for phase in document(path)["phases"].values()]
    return [script for script in found if script]


@pytest.mark.parametrize("text", scripts())
def test_the_shell_is_clean(text: str):
    assert shellcheck(text) == ""


def commands() -> list[str]:
    by_action = [
        f"ecrm {inputs.get('command', 'check')} {inputs.get('args', '')}"
        for step in steps()
        if step["uses"].startswith("my-org/ecrm@")
        for inputs in [step["with"]]
    ]
    lines = [line for text in scripts() for line in text.splitlines()]
    return [*by_action, *(line for line in lines if line.startswith("ecrm "))]


@pytest.mark.parametrize("line", commands())
def test_every_command_has_the_options_that_are_given(line: str):
    _, name, *arguments = shlex.split(line)
    command = cli.commands[name]
    context = click.Context(command, info_name=name, **command.context_settings)
    command.make_parser(context).parse_args(list(arguments))


# -- what a pull request may do -------------------------------------------------------------------


def test_b46_no_documented_check_of_a_pull_request_runs_its_programs():
    checks = [line for line in scripts() if re.search(r"^ecrm check .*--files", line, re.MULTILINE)]
    by_system = [text for text in checks if "--report" in text]
    assert len(by_system) == 2
    assert [text for text in by_system if "--no-external-commands" not in text] == []
    action = (ROOT / "action.yml").read_text()
    assert "(--no-external-commands --format github" in action
    (check,) = of(".github/workflows/ecr-check")
    assert "--external-commands" not in FILES[check]


SUBJECTS = {
    "github": "repo:my-org/my-app:environment:ecr-cleanup",
    "gitlab": "project_path:my-group/my-app:ref_type:branch:ref:main",
}


@pytest.mark.parametrize("system", SUBJECTS)
def test_b46_the_role_that_deletes_trusts_the_approved_job_alone(system: str):
    (text,) = re.findall(
        rf"^```json {system} ecrm-delete\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL
    )
    (statement,) = json.loads(text)["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    provider = statement["Principal"]["Federated"].partition("oidc-provider/")[2]
    assert statement["Condition"] == {
        "StringEquals": {
            f"{provider}:aud": "sts.amazonaws.com",
            f"{provider}:sub": SUBJECTS[system],
        }
    }


def test_b46_only_main_deletes_and_in_the_environment_that_is_trusted():
    job = document(".github/workflows/ecr-delete.yml")["jobs"]["delete"]
    assert job["environment"] == "ecr-cleanup"
    job = document(".gitlab-ci.yml")["delete"]
    assert [rule["if"].partition(" && ")[2] for rule in job["rules"]] == [
        '$CI_COMMIT_BRANCH == "main"'
    ]


def test_no_release_is_named_that_the_changelog_does_not_have():
    changelog = (ROOT / "CHANGELOG.md").read_text()
    releases = set(re.findall(r"^## \[(\d.*?)\]", changelog, re.MULTILINE))
    named = re.findall(r"my-org/ecrm@(\S+?)[\"`\s]", TEXT)
    assert named
    assert {name.removeprefix("v") for name in named if name != "main"} <= releases
