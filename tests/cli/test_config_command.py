"""`ecrm config`: ecrm.yaml alone, without AWS; and the hook that runs it before a commit."""

import json
import re
import shlex
from pathlib import Path
from typing import cast

import pytest
from jsonschema import Draft202012Validator
from pre_commit.clientlib import load_manifest

from tests.cli.conftest import Shop
from tests.cli.driving import HOST, ROOT, Ecrm, process

HOOKS = ROOT / ".pre-commit-hooks.yaml"
GOOD = """
    repositories:
      - {name: a, expires: 30d}
      - {name_pattern: "*", expires: 60d}
    clusters: []
    files: ["k8s/*.yaml"]
"""


def test_a_valid_configuration_is_reported_as_valid_with_its_contents(ecrm: Ecrm):
    ecrm.config(GOOD)
    ran = ecrm("config", "check")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "ecrm.yaml is valid (files: 1, repositories: 2)\n"


def test_programs_get_what_is_wrong_of_each_file(ecrm: Ecrm):
    ecrm.config("guards:\n", "odd.yaml")
    ecrm.config("repositories: 1\nxyzzy: 2\n", "bad.yaml")
    ran = ecrm("config", "check", "--format", "json", "odd.yaml", "bad.yaml")
    assert ran.code == 2
    assert (ran.json["ecrm_config_check"], ran.json["complete"]) == (1, True)
    assert [
        (found["file"], len(found["problems"]), len(found["warnings"]))
        for found in ran.json["files"]
    ] == [("odd.yaml", 0, 1), ("bad.yaml", 2, 0)]


def test_it_does_not_look_for_the_files_that_the_configuration_names(ecrm: Ecrm):
    ecrm.config("repositories:\n- {name: a, expires: 1d}\nfiles: [none/*.yaml]\n")
    assert ecrm("config", "check").code == 0


def test_what_is_odd_is_a_warning_and_the_configuration_still_good(ecrm: Ecrm):
    ecrm.config("guards:\n")
    ran = ecrm("config", "check")
    assert (ran.code, ran.out) == (0, "ecrm.yaml is valid\n")
    assert ran.err == (
        "ecrm: warn: ecrm.yaml:1: no repository rule: nothing will ever be deleted\n"
    )
    assert ecrm("config", "check", "--log-level", "error").err == ""


def test_a_mistake_is_reported_as_by_every_command(ecrm: Ecrm):
    ecrm.config("repositories:\n- name: a\n  expire: 30d\n")
    ran = ecrm("config", "check")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == ecrm("plan").err
    assert ran.err == (
        "ecrm: error: ecrm.yaml:3: repositories[0]: unknown key 'expire'; did you mean 'expires'?\n"
    )


@pytest.mark.parametrize("before", [["-c", "other.yaml"], []])
def test_the_configuration_is_the_one_that_every_command_reads(ecrm: Ecrm, before: list[str]):
    ecrm.config("repositories: 1", "other.yaml")
    variables = {} if before else {"ECRM_CONFIG": "other.yaml"}
    ran = ecrm(*before, "config", "check", **variables)
    assert (ran.code, len(ran.errors)) == (2, 1)
    assert "other.yaml:1: " in ran.errors[0]
    assert ecrm(*before, "config", "check", "-c", "ecrm.yaml", **variables).code == 0


def test_every_file_that_is_named_is_checked_though_one_is_wrong(ecrm: Ecrm):
    ecrm.config("repositories: 1", "a.yaml")
    ran = ecrm("config", "check", "a.yaml", "ecrm.yaml", "none.yaml")
    assert (ran.code, ran.out) == (2, "ecrm.yaml is valid (repositories: 1)\n")
    assert [line.partition(": error: ")[2].partition(":")[0] for line in ran.errors] == [
        "a.yaml",
        "none.yaml",
    ]


def test_the_schema_is_one_and_tells_good_from_bad(ecrm: Ecrm):
    ran = ecrm("config", "schema")
    assert (ran.code, ran.err) == (0, "")
    Draft202012Validator.check_schema(ran.json)
    schema = Draft202012Validator(ran.json)
    assert schema.is_valid({"repositories": [{"name": "a", "expires": "30d"}]})
    assert not schema.is_valid({"repositories": [{"name": "a", "expires": 30}]})
    assert ecrm("config", "schema", "-o", "schema.json").out == ""
    assert json.loads(Path("schema.json").read_text()) == ran.json


def hook(name: str = "ecrm-config") -> dict[str, object]:
    """As pre-commit reads it, which refuses a manifest that breaks its rules."""
    [found] = [entry for entry in load_manifest(str(HOOKS)) if entry["id"] == name]
    return dict(found)


def command_of(name: str) -> list[str]:
    """What pre-commit runs, without the file names that it appends."""
    described = hook(name)
    return [*shlex.split(str(described["entry"])), *cast("list[str]", described["args"])]


def test_the_hook_runs_for_ecrm_yaml_wherever_it_is():
    described = hook()
    assert (described["id"], described["language"], described["pass_filenames"]) == (
        "ecrm-config",
        "python",
        True,
    )
    pattern = str(described["files"])
    for path in ("ecrm.yaml", "ecrm.yml", "deploy/ecrm.yaml"):
        assert re.search(pattern, path)
    for path in ("my-ecrm.yaml", "ecrm.yaml.example", "ecrm_yaml", "ecrm.yaml/a"):
        assert not re.search(pattern, path)


def test_the_hook_fails_for_a_configuration_that_is_wrong(ecrm: Ecrm):
    program, *arguments = command_of("ecrm-config")
    assert program == "ecrm"
    assert process(*arguments, "ecrm.yaml").returncode == 0
    ecrm.config("repositories: 1")
    ran = process(*arguments, "ecrm.yaml")
    assert ran.returncode == 2
    assert ran.stderr.startswith("ecrm: error: ecrm.yaml:1: repositories: ")


def test_the_hook_for_files_checks_them_offline(
    ecrm: Ecrm, shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    arguments = command_of("ecrm-files")
    assert ecrm("snapshot", "--lifecycle-policies", "-o", "ecrm-snapshot.json").code == 0
    for name in shop.aws.env():
        monkeypatch.delenv(name)
    Path("good.yaml").write_text(f"image: {HOST}/shop/api:v4\n")
    Path("bad.yaml").write_text(f"image: {HOST}/shop/api:v9\n")
    assert ecrm(*arguments[1:], "good.yaml").code == 0
    ran = ecrm(*arguments[1:], "good.yaml", "bad.yaml")
    assert ran.code == 3
    assert "bad.yaml:1" in ran.out
    assert "good.yaml" not in ran.out


def test_the_hook_for_files_runs_for_what_names_images_and_not_for_ecrms_own_files():
    described = hook("ecrm-files")
    wanted, others = str(described["files"]), str(described["exclude"])
    for path in ("k8s/web.yaml", "task.json", "Dockerfile", "app/Dockerfile.prod", "main.tf"):
        assert re.search(wanted, path)
        assert not re.search(others, path)
    for path in ("ecrm.yaml", "ecrm-snapshot.json"):
        assert re.search(others, path)


@pytest.mark.parametrize(
    "name",
    ["--help", "-rshop", "--write-baseline=x", "[ab].yaml", "*.yaml", "**", "?.yaml", "a b.yaml"],
)
def test_b46_the_hooks_take_names_as_names(
    ecrm: Ecrm, shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str
):
    assert ecrm("snapshot", "--lifecycle-policies", "-o", "ecrm-snapshot.json").code == 0
    for variable in shop.aws.env():
        monkeypatch.delenv(variable)
    Path("a.yaml").write_text(f"image: {HOST}/shop/api:v8\n")
    Path(name).write_text(f"image: {HOST}/shop/api:v9\n")
    ran = ecrm(*command_of("ecrm-files")[1:], name)
    assert ran.code == 3
    assert "shop/api:v9" in ran.out
    assert "shop/api:v8" not in ran.out
    wrong = ecrm(*command_of("ecrm-config")[1:], name)
    assert wrong.code == 2
    assert wrong.errors[0].startswith(f"ecrm: error: {name}:1: ")
