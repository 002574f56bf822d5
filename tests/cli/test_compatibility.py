"""What was written for fujiwara/ecrm works here unchanged: flags, variables, ecrm.yaml, outputs."""

import json
import os
import stat
from pathlib import Path

import click
import pytest

from ecrm.cli import cli
from ecrm.cli.switches import without_values
from ecrm.model.version import VERSION
from tests.cli.conftest import Shop
from tests.cli.driving import HOST, TARGET, Ecrm
from tests.cli.test_empty_options import leaves
from tests.fake_aws import FOREVER, SOCI_INDEX, FakeAws, Fault, days_ago

ONLY_WORKER = """
    repositories:
      - name: shop/worker
        expires: 30d
"""

TABLE = """\
 REPOSITORY   | TYPE   | TOTAL     | EXPIRED    | KEEP
--------------+--------+-----------+------------+-----------
 shop/api     | Image  | 4 (40 MB) | -1 (10 MB) | 3 (30 MB)

1 (10 MB) of 4 (40 MB) images can be deleted, in 1 repository of 123456789012/us-east-1.

Kept images:
  1  in use
  1  with a tag of keep_tag_patterns
  1  pushed within expires

Sources:
  ecs of 123456789012/us-east-1: read, 2 references
  lambda of 123456789012/us-east-1: read, 0 references
"""


# -- flags and variables ------------------------------------------------------------------------


def test_plan_shows_the_table_and_below_it_what_the_numbers_mean(ecrm: Ecrm, shop: Shop):
    ran = ecrm("plan")
    assert (ran.code, ran.out, ran.err) == (0, TABLE, "")


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["-c", "other.yaml", "plan"], {}),
        (["--config=other.yaml", "plan"], {}),
        (["plan", "--config", "other.yaml"], {}),
        (["plan"], {"ECRM_CONFIG": "other.yaml"}),
        (["-c", "no-such.yaml", "plan", "-c", "other.yaml"], {}),
        (["-c", "other.yaml", "plan"], {"ECRM_CONFIG": "no-such.yaml"}),
    ],
)
def test_the_configuration_is_named_before_or_after_the_command_or_by_variable(
    ecrm: Ecrm, shop: Shop, arguments: list[str], variables: dict[str, str]
):
    ecrm.config(ONLY_WORKER, "other.yaml")
    ran = ecrm(*arguments, "--format", "json", **variables)
    assert (ran.code, ran.json) == (0, [])


def test_the_configuration_is_ecrm_yaml_unless_said(ecrm: Ecrm, shop: Shop):
    Path("ecrm.yaml").rename("elsewhere.yaml")
    ran = ecrm("plan")
    assert ran.code == 2
    hint = "`ecrm generate` writes one, or name another with --config"
    assert ran.errors == [f"ecrm: error: ecrm.yaml: no such file; {hint}"]
    assert not shop.aws.calls


@pytest.mark.parametrize("level", ["debug", "info", "notice", "warn", "error"])
def test_every_log_level_is_known(ecrm: Ecrm, shop: Shop, level: str):
    ecrm.config("repositories: []")  # a warning
    ran = ecrm("--log-level", level, "plan")
    assert ran.code == 0
    assert ("no repository rule" in ran.err) is (level != "error")
    assert ("DescribeRepositories: 200, " in ran.err) is (level == "debug")


def test_the_log_level_is_given_after_the_command_or_by_variable(ecrm: Ecrm, shop: Shop):
    for ran in (ecrm("plan", "--log-level=debug"), ecrm("plan", ECRM_LOG_LEVEL="debug")):
        assert "DescribeRepositories: 200, " in ran.err


def test_an_unknown_log_level_is_a_usage_error(ecrm: Ecrm, shop: Shop):
    assert ecrm("--log-level", "loud", "plan").code == 2
    assert ecrm("plan", ECRM_LOG_LEVEL="loud").code == 2
    assert not shop.aws.calls


@pytest.mark.parametrize(
    ("arguments", "variables", "colored"),
    [
        (["plan"], {}, False),  # no terminal
        (["--color", "plan"], {}, True),
        (["plan", "--color"], {}, True),
        (["--color", "plan", "--no-color"], {}, False),
        (["plan", "--color=always"], {}, True),
        (["--color", "always", "plan", "--color=auto"], {}, False),
        (["--color=always", "plan", "--color", "never"], {}, False),
        (["plan"], {"FORCE_COLOR": "1"}, True),
        (["plan"], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["plan", "--color=auto"], {"FORCE_COLOR": "1"}, False),
        (["plan"], {"ECRM_COLOR": "never", "FORCE_COLOR": "1"}, False),
        (["plan"], {"ECRM_COLOR": "true"}, True),
        (["plan"], {"ECRM_COLOR": "1"}, True),
        (["plan", "--color"], {"ECRM_COLOR": "false"}, True),
        (["plan", "--color"], {"ECRM_NO_COLOR": "true"}, True),
        (["plan"], {"ECRM_COLOR": "true", "NO_COLOR": "1"}, True),
    ],
)
def test_colors_are_for_those_who_ask(
    ecrm: Ecrm, shop: Shop, arguments: list[str], variables: dict[str, str], colored: bool
):
    ran = ecrm(*arguments, **variables)
    assert ran.code == 0
    assert ("\x1b[34m-1 (10 MB)\x1b[0m" in ran.out) is colored
    assert ("\x1b" in ran.out) is colored


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--format", "json"], {}),
        (["--format=json"], {}),
        ([], {"ECRM_FORMAT": "json"}),
        (["--format", "json"], {"ECRM_FORMAT": "table"}),
    ],
)
def test_the_format_is_an_option_or_a_variable(
    ecrm: Ecrm, shop: Shop, arguments: list[str], variables: dict[str, str]
):
    assert ecrm("plan", *arguments, **variables).rows == {("shop/api", "Image"): (1, 4)}


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["-r", "shop/worker"], {}),
        (["--repository", "shop/worker"], {}),
        ([], {"ECRM_REPOSITORY": "shop/worker"}),
        (["-r", "shop/worker"], {"ECRM_REPOSITORY": "shop/api"}),
    ],
)
def test_one_repository_is_chosen_by_option_or_variable(
    ecrm: Ecrm, shop: Shop, arguments: list[str], variables: dict[str, str]
):
    shop.aws.ecr.repository("shop/worker")
    ran = ecrm("plan", "--format", "json", *arguments, **variables)
    assert ran.rows == {("shop/worker", "Image"): (0, 0)}
    read = shop.aws.calls.of("ecr", "DescribeImages")
    assert {call.parameters["repositoryName"] for call in read} == {"shop/worker"}


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["-r", "shop/api", "-r", "shop/worker"], {}),
        (["-r", "shop/*"], {}),
        (["-r", "shop/api,shop/w*"], {}),
        ([], {"ECRM_REPOSITORY": "shop/api, shop/worker"}),
        ([], {"ECRM_REPOSITORY": "s*p/*"}),
        (["-r", "shop/*"], {"ECRM_REPOSITORY": "other"}),
    ],
)
def test_several_repositories_are_chosen_by_names_and_globs(
    ecrm: Ecrm, shop: Shop, arguments: list[str], variables: dict[str, str]
):
    for name in ("shop/worker", "other"):
        shop.aws.ecr.repository(name).push("v1", pushed=days_ago(90))
    ran = ecrm("delete", "--force", "--format", "json", *arguments, **variables)
    assert ran.rows == {("shop/api", "Image"): (1, 4), ("shop/worker", "Image"): (1, 1)}
    read = shop.aws.calls.of("ecr", "DescribeImages")
    assert {call.parameters["repositoryName"] for call in read} == {"shop/api", "shop/worker"}
    assert len(shop.aws.ecr.repository("other")) == 1
    ran = ecrm("check", "--format", "json", *arguments, **variables)
    assert "other" not in ran.out


def test_names_that_are_given_are_all_that_is_asked_about(ecrm: Ecrm, shop: Shop):
    shop.aws.ecr.repository("shop/worker")
    assert ecrm("plan", "-r", "shop/worker", "-r", "shop/api").code == 0
    calls = shop.aws.calls.of("ecr", "DescribeRepositories")
    assert [call.parameters["repositoryNames"] for call in calls] == [["shop/worker"], ["shop/api"]]


@pytest.mark.parametrize("missing", ["shop/apx", "shop/apx*"])
@pytest.mark.parametrize("command", ["plan", "delete --force", "check"])
def test_a_repository_that_is_not_there_ends_the_run(
    ecrm: Ecrm, shop: Shop, command: str, missing: str
):
    ran = ecrm(*command.split(), "-r", "shop/api", "-r", missing)
    assert (ran.code, ran.out) == (1, "")
    assert ran.errors == [f"ecrm: error: there is no repository {missing} in {TARGET}"]
    assert not shop.aws.calls.writes


@pytest.mark.parametrize("names", [["-r", "shop/*"], ["-r", "a", "-r", "b"], []])
def test_a_lifecycle_policy_is_tried_on_one_repository(ecrm: Ecrm, aws: FakeAws, names: list[str]):
    ran = ecrm("check", "--lifecycle-policy", "policy.json", *names)
    assert ran.code == 2
    assert ran.errors == [
        "ecrm: error: --lifecycle-policy applies to one repository; name it with -r"
    ]
    assert not aws.calls


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--scanned-files", "a.json,b.json"], {}),
        (["--scanned-files", "a.json", "--scanned-files", "b.json"], {}),
        (["--scanned-files", "a.json, b.json"], {}),
        ([], {"ECRM_SCANNED_FILES": "a.json,b.json"}),
    ],
)
def test_scanned_files_are_joined_by_commas_or_repeated(
    ecrm: Ecrm, shop: Shop, arguments: list[str], variables: dict[str, str]
):
    also_old = shop.repository.push("v0", pushed=days_ago(200))
    Path("a.json").write_text(json.dumps([f"{HOST}/shop/api:v1"]))
    Path("b.json").write_text(json.dumps([also_old.by_digest]))
    ran = ecrm("plan", *arguments, **variables)
    assert ran.code == 0
    assert "0 (0 B) of 5 (50 MB) images can be deleted" in ran.out
    assert "\n  file a.json: read, 1 reference\n  file b.json: read, 1 reference\n" in ran.out


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--no-scan"], {}),
        (["--scan=false"], {}),
        ([], {"ECRM_SCAN": "false"}),
        ([], {"ECRM_SCAN": "0"}),
    ],
)
def test_without_a_scan_only_the_files_tell_what_is_in_use(
    ecrm: Ecrm, shop: Shop, arguments: list[str], variables: dict[str, str]
):
    Path("in-use.json").write_text(json.dumps([f"{HOST}/shop/api:v1"]))
    ran = ecrm("plan", *arguments, "--scanned-files", "in-use.json", **variables)
    assert ran.code == 0
    assert f"  ecs, lambda of {TARGET}: excluded, 0 references; not read: --no-scan\n" in ran.out
    assert "1 (10 MB) of 4 (40 MB) images can be deleted" in ran.out  # now v2, which runs
    assert not shop.aws.calls.of("ecs")
    assert not shop.aws.calls.of("lambda")


@pytest.mark.parametrize("command", [["plan"], ["delete", "--force"]])
def test_no_scan_without_files_is_a_usage_error_since_all_would_seem_unused(
    ecrm: Ecrm, shop: Shop, command: list[str]
):
    ran = ecrm(*command, "--no-scan")
    assert (ran.code, ran.out) == (2, "")
    assert ran.errors == [
        "ecrm: error: --no-scan without --scanned-files would take every image for unused"
    ]
    assert not shop.aws.calls


@pytest.mark.parametrize("command", [["plan"], ["delete", "--force"]])
@pytest.mark.parametrize(
    "uris",
    [
        [],
        ["nginx", "public.ecr.aws/docker/library/nginx:latest"],
        ["210987654321.dkr.ecr.us-east-1.amazonaws.com/shop/api:v2"],
        ["123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/api:v2"],
    ],
    ids=["nothing", "elsewhere", "another account", "another region"],
)
def test_b40_no_scan_with_files_that_name_nothing_of_this_registry_is_a_usage_error(
    ecrm: Ecrm, shop: Shop, command: list[str], uris: list[str]
):
    Path("a.json").write_text(json.dumps(uris))
    ran = ecrm(*command, "--no-scan", "--scanned-files", "a.json")
    assert (ran.code, ran.out) == (2, "")
    (error,) = ran.errors
    assert error == (
        f"ecrm: error: with --no-scan, a.json names no image of {TARGET}, so all of them would "
        "seem unused; name files of a scan of whoever uses it"
    )
    assert not shop.aws.calls.writes


def test_scan_overrides_its_variable(ecrm: Ecrm, shop: Shop):
    assert ecrm("plan", "--scan", ECRM_SCAN="false").out == TABLE


@pytest.mark.parametrize(
    ("arguments", "variables"), [(["--force"], {}), ([], {"ECRM_FORCE": "true"})]
)
def test_force_deletes_without_asking(
    ecrm: Ecrm, shop: Shop, arguments: list[str], variables: dict[str, str]
):
    ran = ecrm("delete", *arguments, **variables)
    assert (ran.code, ran.errors) == (0, [])
    assert ran.out.startswith(TABLE)
    assert "\nDeleted 1 (10 MB) of 1 image.\n" in ran.out
    assert set(shop.repository) == {shop.used, shop.latest, shop.young}


@pytest.mark.parametrize("variables", [{}, {"ECRM_FORCE": "false"}])
def test_delete_without_a_terminal_and_without_force_refuses_before_any_call(
    ecrm: Ecrm, shop: Shop, variables: dict[str, str]
):
    ran = ecrm("delete", **variables)
    assert (ran.code, ran.out) == (2, "")
    assert ran.errors == ["ecrm: error: no terminal for the prompt; --yes deletes without asking"]
    assert not shop.aws.calls


@pytest.mark.parametrize("arguments", [["version"], ["--version"], ["version", "-c", "x.yaml"]])
def test_version_needs_neither_configuration_nor_aws(ecrm: Ecrm, aws: FakeAws, arguments):
    Path("ecrm.yaml").unlink()
    ran = ecrm(*arguments)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("ecrm ")
    assert not aws.calls


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ([], "CONFIG LOG_LEVEL COLOR"),
        (["scan"], "OUTPUT"),
        (["plan"], "OUTPUT FORMAT SCAN REPOSITORY SCANNED_FILES"),
        (["delete"], "OUTPUT FORMAT SCAN REPOSITORY SCANNED_FILES FORCE"),
    ],
)
def test_help_names_every_variable_of_fujiwara_ecrm(ecrm: Ecrm, command: list[str], names: str):
    for option in ("--help", "-h"):
        ran = ecrm(*command, option)
        assert ran.code == 0
        for name in names.split():
            assert f"ECRM_{name}" in ran.out


# -- switches with values, as kong, the parser of fujiwara/ecrm, takes them -----------------------

SPELLINGS = {
    True: ("true", "TRUE", "True", "1", "yes", "YES", "t", "T"),
    False: ("false", "FALSE", "False", "0", "no", "NO", "f", "F"),
}
SWITCHES = [
    (f"{flag}={text}", value)
    for flag in ("--force", "--scan", "--no-scan", "--color", "--no-color")
    for value, texts in SPELLINGS.items()
    for text in texts
]


@pytest.mark.parametrize(("argument", "value"), SWITCHES)
def test_every_flag_takes_every_spelling_of_a_boolean(argument: str, value: bool):
    name = argument.partition("=")[0].removeprefix("--")
    word = name.removeprefix("no-")
    plain = f"--{word}" if value is not name.startswith("no-") else f"--no-{word}"
    plain = {"--color": "--color=always", "--no-color": "--color=never"}.get(plain, plain)
    assert without_values(["delete", argument], cli) == ["delete", plain]


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        (["--color", "plan", "--no-color"], ["--color=always", "plan", "--color=never"]),
        (["--color", "auto", "plan"], ["--color", "auto", "plan"]),
        (["plan", "--color=auto"], ["plan", "--color=auto"]),
        (["--version=true"], ["--version"]),
        (["plan", "--help=1"], ["plan", "--help"]),
        (["--version=false", "plan", "--help=0"], ["plan"]),
        (["plan", "--no-guards=true", "--cache=no"], ["plan", "--no-guards", "--no-cache"]),
        (["delete", "-y=true", "--yes=0"], ["delete", "--force", "--no-force"]),
        (["explain", "--", "--scan=false"], ["explain", "--", "--scan=false"]),
        (["plan", "--scan=", "--scan= ", "--scan=maybe"],) * 2,
        (["plan", "--out=true", "-r", "scan=true"],) * 2,
    ],
)
def test_what_is_no_switch_or_no_boolean_is_left_alone(given: list[str], plain: list[str]):
    assert without_values(given, cli) == plain


def test_a_word_is_a_switch_in_every_command_or_in_none():
    options = [
        parameter
        for _, command in leaves(cli)
        for parameter in command.params
        if isinstance(parameter, click.Option)
    ]
    kinds = {
        word: {option.is_flag for option in options if word in option.opts + option.secondary_opts}
        for option in options
        for word in option.opts
    }
    assert [word for word, kind in kinds.items() if len(kind) > 1] == []


@pytest.mark.parametrize("value", ["false", "0", "No"])
def test_force_false_asks_whatever_the_variable_says(ecrm: Ecrm, shop: Shop, value: str):
    for force in ({}, {"ECRM_FORCE": "true"}):
        ran = ecrm("delete", f"--force={value}", **force)
        assert (ran.code, ran.out) == (2, "")
        assert "no terminal for the prompt" in ran.err
    assert not shop.aws.calls


@pytest.mark.parametrize("value", ["true", "1", "Yes"])
def test_force_true_deletes(ecrm: Ecrm, shop: Shop, value: str):
    assert ecrm("delete", f"--force={value}").code == 0
    assert shop.deleted == [shop.old.digest]


@pytest.mark.parametrize("argument", ["--force=maybe", "--force=", "--scan= "])
def test_a_switch_with_another_value_is_a_usage_error(ecrm: Ecrm, shop: Shop, argument: str):
    ran = ecrm("delete", argument)
    assert (ran.code, ran.out) == (2, "")
    assert "does not take a value" in ran.err
    assert not shop.aws.calls


@pytest.mark.parametrize("level", ["WARN", "Warning", "DEBUG", "error", "Notice", "INFO"])
def test_a_log_level_is_written_in_any_case(ecrm: Ecrm, shop: Shop, level: str):
    expected = ecrm("plan", "--log-level", level.lower().replace("warning", "warn"))
    for ran in (ecrm("plan", ECRM_LOG_LEVEL=level), ecrm("--log-level", level, "plan")):
        assert ran.code == 0
        assert ("DescribeRepositories" in ran.err) is ("DescribeRepositories" in expected.err)


@pytest.mark.parametrize("arguments", [[], ["-c", "x.yaml"], ["--log-level", "debug"]])
def test_no_command_shows_the_help_and_is_no_failure(
    ecrm: Ecrm, aws: FakeAws, arguments: list[str]
):
    ran = ecrm(*arguments)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == ecrm("--help").out
    assert not aws.calls


def test_the_version_is_printed_as_fujiwara_ecrm_prints_it(ecrm: Ecrm):
    assert ecrm("--version").out == f"ecrm version {VERSION}\n"
    assert ecrm("version").out == f"ecrm version {VERSION}\nRun with --help for usage.\n"


# -- ecrm.yaml ----------------------------------------------------------------------------------

README_CONFIG = """
    clusters:
      - name: my-cluster
      - name_pattern: "prod*"
      - name_pattern: "dev*"
    task_definitions:
      - name: "*"
        keep_count: 3
    lambda_functions:
      - name: "*"
        keep_count: 3
    external_commands:
      - command: ["path/to/command", "arg1", "arg2"]
        timeout: 30s
        env:
          AWS_REGION: "us-west-2"
    repositories:
      - name_pattern: "prod/*"
        expires: 90days
        keep_tag_patterns:
          - latest
      - name_pattern: "dev/*"
        expires: 30days
"""

COMMAND = f"""#!/bin/sh
echo '["{HOST}/prod/app:'$1-$2-$AWS_REGION'"]'
"""


def test_the_configuration_of_fujiwara_ecrms_readme_runs_unchanged(ecrm: Ecrm, aws: FakeAws):
    ecrm.config(README_CONFIG)
    command = Path("path/to/command")
    command.parent.mkdir(parents=True)
    command.write_text(COMMAND)
    command.chmod(0o755)
    prod, dev = aws.ecr.repository("prod/app"), aws.ecr.repository("dev/app")
    named = prod.push("arg1-arg2-us-west-2", pushed=days_ago(400))
    latest = prod.push("latest", pushed=days_ago(400))
    fresh = prod.push("v2", pushed=days_ago(60))
    gone = [prod.push("v1", pushed=days_ago(100)), dev.push("v1", pushed=days_ago(60))]
    young = dev.push("v2", pushed=days_ago(20))
    aws.ecr.repository("else").push("v1", pushed=days_ago(900))
    aws.ecs.cluster("not-in-the-file").service(
        "web", aws.ecs.task_definition("web", dev.push("runs", pushed=days_ago(70)))
    )

    ran = ecrm("delete", "--force")
    assert ran.code == 0
    assert [line.rpartition(": ")[2] for line in ran.errors] == [
        "'*' matches only a task definition literally named so; did you mean name_pattern?",
        "'*' matches only a Lambda function literally named so; did you mean name_pattern?",
    ]
    assert "  command path/to/command: read, 1 reference\n" in ran.out
    assert "  no rule matches, so nothing is touched: else\n" in ran.out
    assert set(prod) == {named, latest, fresh}
    assert set(dev) == {young, dev.image("runs")}
    assert not any(image in where for image in gone for where in (prod, dev))


def test_the_configuration_of_the_readme_of_0_4_runs_with_a_warning(ecrm: Ecrm, shop: Shop):
    ecrm.config("""
        lambda_funcions:
          - name: "*"
            keep_count: 3
        repositories:
          - name_pattern: "*"
            expires: 30d
    """)
    ran = ecrm("plan")
    assert (ran.code, ran.out) == (0, TABLE)
    text = "is misspelled and has no effect; write lambda_functions, or remove it"
    assert ran.errors == [f"ecrm: warn: ecrm.yaml:2: lambda_funcions: {text}"]


def test_obsolete_keep_aliase_is_accepted_with_a_warning(ecrm: Ecrm, shop: Shop):
    ecrm.config("""
        lambda_functions:
          - name: resize
            keep_count: 5
            keep_aliase: true
        repositories:
          - name_pattern: "*"
            expires: 30d
    """)
    ran = ecrm("plan")
    assert (ran.code, ran.out) == (0, TABLE)
    where = "ecrm.yaml:5: lambda_functions[0].keep_aliase"
    text = "is obsolete, aliases are always kept; remove it"
    assert ran.errors == [f"ecrm: warn: {where}: {text}"]


@pytest.mark.parametrize(
    ("expires", "deletable"),
    [
        ("99days", True),
        ("99 days", True),
        ("12h", True),
        ("101d", False),
        ("1 year 2 months", False),
    ],
)
def test_durations_are_written_as_ever(ecrm: Ecrm, shop: Shop, expires: str, deletable: bool):
    ecrm.config(f'repositories: [{{name: shop/api, expires: "{expires}"}}]')
    assert (shop.old.digest in str(ecrm.plan()["repositories"][0].get("stages"))) is deletable


def test_the_first_rule_that_matches_applies(ecrm: Ecrm, shop: Shop):
    ecrm.config("""
        repositories:
          - name_pattern: "shop/*"
            expires: 1000d
          - name: shop/api
            expires: 1d
    """)
    assert ecrm("plan", "--format", "json").rows == {("shop/api", "Image"): (0, 4)}


@pytest.mark.usefixtures("another_use")
def test_b5_keep_count_and_one_tag_of_keep_tag_patterns_keep(ecrm: Ecrm, aws: FakeAws):
    api = aws.ecr.repository("api")
    images = [api.push(f"v{age}", pushed=days_ago(age)) for age in (90, 80, 70, 60)]
    release = api.push("release-1", "other", pushed=days_ago(400))
    ecrm.config("""
        repositories:
          - name: api
            expires: 30d
            keep_count: 2
            keep_tag_patterns: ["release-?"]
    """)
    assert ecrm("delete", "--force").code == 0
    assert set(api) == {*images[2:], release}


# -- outputs ------------------------------------------------------------------------------------


def test_the_json_plan_has_the_keys_and_types_of_fujiwara_ecrm(ecrm: Ecrm, shop: Shop):
    index = shop.repository.push_index("multi", pushed=days_ago(50))
    shop.repository.push_artifact(
        "soci", artifact_type=SOCI_INDEX, subject=index, pushed=days_ago(50), size=1_000
    )
    shop.aws.ecr.repository("empty")
    ran = ecrm("plan", "--format", "json")
    assert ran.code == 0
    assert ran.json == [
        {
            "repository": repository,
            "type": kind,
            "expired_images": expired,
            "total_images": total,
            "expired_image_size": expired_size,
            "total_image_size": total_size,
            "registry": TARGET,
            "complete": True,
            "missing": [],
        }
        for repository, kind, expired, total, expired_size, total_size in (
            ("empty", "Image", 0, 0, 0, 0),
            ("shop/api", "Image", 3, 6, 30_000_000, 60_000_000),
            ("shop/api", "Image index", 1, 1, 10_000_000, 10_000_000),
            ("shop/api", "Soci index", 1, 1, 1_000, 1_000),
        )
    ]


def test_delete_keeps_stdout_pure_json(ecrm: Ecrm, shop: Shop):
    ran = ecrm("delete", "--force", "--format", "json")
    assert ran.code == 0
    assert ran.rows == {("shop/api", "Image"): (1, 4)}
    assert "Deleted 1 (10 MB) of 1 image." in ran.err
    assert shop.old not in shop.repository


def test_delete_keeps_stdout_pure_json_when_it_does_not_delete(ecrm: Ecrm, shop: Shop):
    arguments = ["delete", "--force", "--format", "json"]
    assert ecrm(*arguments, "--max-images", "0").rows == {("shop/api", "Image"): (1, 4)}
    shop.aws.fault("lambda", "ListFunctions", Fault.denied())
    assert ecrm(*arguments).rows == {("shop/api", "Image"): (1, 4)}
    assert not shop.aws.calls.writes


def test_delete_keeps_stdout_pure_json_when_stdout_is_named(ecrm: Ecrm, shop: Shop):
    ran = ecrm("delete", "--force", "--format", "json", "-o", "-")
    assert ran.rows == {("shop/api", "Image"): (1, 4)}


def test_delete_with_the_json_in_a_file_tells_the_outcome_on_stdout(ecrm: Ecrm, shop: Shop):
    ran = ecrm("delete", "--force", "--format", "json", "-o", "plan.json")
    assert json.loads(Path("plan.json").read_text())[0]["expired_images"] == 1
    assert "Deleted 1 (10 MB) of 1 image." in ran.out


def test_delete_with_nothing_to_do_asks_for_nothing(ecrm: Ecrm, shop: Shop):
    shop.repository.remove(shop.old)
    ran = ecrm("delete", "--force", "--format", "json")
    assert (ran.code, ran.err) == (0, "Nothing to delete.\n")
    assert ran.rows == {("shop/api", "Image"): (0, 3)}
    assert not shop.aws.calls.writes


def test_scan_writes_a_sorted_json_array_that_scanned_files_reads_back(ecrm: Ecrm, shop: Shop):
    chart = shop.repository.push("z", pushed=days_ago(50))
    shop.aws.lambda_.function("resize", chart)
    ran = ecrm("scan")
    assert (ran.code, ran.err) == (0, "")
    assert ran.json == sorted(
        [
            *(f"{HOST}/shop/api:v2", f"{HOST}/shop/api@{shop.used.digest}"),
            *(f"{HOST}/shop/api:z", f"{HOST}/shop/api@{chart.digest}"),
        ]
    )
    assert ecrm("scan", "-o", "scan.json").out == ""
    assert Path("scan.json").read_text() == ran.out

    live = ecrm.plan()
    shop.aws.calls.clear()
    offline = ecrm.plan("--no-scan", "--scanned-files", "scan.json")
    assert offline["repositories"][0]["stages"] == live["repositories"][0]["stages"]
    assert not shop.aws.calls.of("ecs")


def test_the_variable_for_plans_formats_is_none_for_scans(ecrm: Ecrm, shop: Shop):
    assert ecrm("scan", ECRM_FORMAT="table").json == ecrm("scan").json


@pytest.mark.parametrize("command", [["plan"], ["plan", "--format", "json"], ["scan"]])
def test_what_is_written_to_a_file_is_what_stdout_would_get(
    ecrm: Ecrm, shop: Shop, command: list[str]
):
    expected = ecrm(*command).out
    for arguments, variables in (
        (["-o", "out.txt"], {}),
        (["--output=out.txt"], {}),
        ([], {"ECRM_OUTPUT": "out.txt"}),
    ):
        ran = ecrm(*command, *arguments, **variables)
        assert (ran.code, ran.out, ran.err) == (0, "", "")
        assert Path("out.txt").read_text() == expected
        Path("out.txt").unlink()
    assert [path.name for path in Path().iterdir()] == ["ecrm.yaml"]


def test_a_file_gets_no_colors(ecrm: Ecrm, shop: Shop):
    ecrm("plan", "-o", "out.txt", "--color")
    assert Path("out.txt").read_text() == TABLE


def test_an_output_file_is_as_before_when_the_run_fails(ecrm: Ecrm, shop: Shop):
    Path("scan.json").write_text("before")
    shop.aws.fault("ecs", "ListTasks", Fault.denied(), times=FOREVER)
    assert ecrm("scan", "-o", "scan.json").code == 1
    assert Path("scan.json").read_text() == "before"
    assert sorted(path.name for path in Path().iterdir()) == ["ecrm.yaml", "scan.json"]


def test_an_output_file_that_cannot_be_written_is_one_line(ecrm: Ecrm, shop: Shop):
    ran = ecrm("plan", "-o", "no/such/folder/plan.txt")
    assert (ran.code, ran.out) == (1, "")
    assert ran.errors == [
        "ecrm: error: no/such/folder/plan.txt could not be written: No such file or directory"
    ]


def test_delete_deletes_nothing_when_its_plan_cannot_be_written(ecrm: Ecrm, shop: Shop):
    assert ecrm("delete", "--force", "-o", "no/such/folder/plan.txt").code == 1
    assert not shop.aws.calls.writes


def test_an_output_file_has_the_permissions_that_the_umask_leaves(ecrm: Ecrm, shop: Shop):
    before = os.umask(0o027)
    try:
        ecrm("plan", "-o", "plan.txt")
    finally:
        os.umask(before)
    assert stat.S_IMODE(Path("plan.txt").stat().st_mode) == 0o640


def test_an_output_file_that_is_a_link_remains_one(ecrm: Ecrm, shop: Shop):
    Path("real.txt").write_text("before")
    Path("link.txt").symlink_to("real.txt")
    assert ecrm("plan", "-o", "link.txt").code == 0
    assert Path("link.txt").is_symlink()
    assert Path("real.txt").read_text() == TABLE
