"""`ecrm check`, end to end: what it reports about an account and about files, and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from ecrm.cli import check
from ecrm.config import RULES_OF_CHECK
from tests.cli.conftest import RULES, Shop
from tests.cli.driving import HOST, TARGET, Ecrm, Ran
from tests.fake_aws import FOREVER, FakeAws, Fault, days_ago
from tests.fake_aws.ecr.repository import Repository
from tests.fake_aws.protocol import Request

QUIET = """
    check:
      overdue: {level: off}
      mutable_tag: {level: off}
"""
POLICY = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 5,
                "description": "two months are enough",
                "selection": {
                    "tagStatus": "any",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 60,
                },
                "action": {"type": "expire"},
            }
        ]
    }
)


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(dedent(text), encoding="utf-8")


def whats(ran: Ran, rule: str = "") -> list[str]:
    return [
        violation["what"] for violation in ran.json["violations"] if rule in ("", violation["rule"])
    ]


@pytest.mark.parametrize(
    ("options", "rules"),
    [
        (["--only", "overdue"], {"overdue"}),
        (["--only", "overdue", "--only", "mutable_tag"], {"overdue", "mutable_tag"}),
        (["--only", "overdue", "--only", "mutable_tag", "--skip", "overdue"], {"mutable_tag"}),
        (["--skip", "overdue"], {"mutable_tag", "missing_image"}),
        ([], {"overdue", "mutable_tag", "missing_image"}),
    ],
)
def test_rules_are_chosen_and_skipped(ecrm: Ecrm, shop: Shop, options: list[str], rules: set[str]):
    shop.aws.lambda_.function("gone", f"{HOST}/shop/api:gone")
    ran = ecrm("check", "--format", "json", *options)
    assert {violation["rule"] for violation in ran.json["violations"]} == rules
    assert ran.code == (3 if "missing_image" in rules else 0)
    preview = shop.aws.calls.of("ecr", "GetLifecyclePolicy")
    assert bool(preview) is ("--only" not in options)


def test_a_check_of_nothing_is_a_usage_error(quiet: Ecrm, shop: Shop):
    for options in (["--only", "overdue"], ["--only", "budget", "--skip", "budget"]):
        ran = quiet("check", *options)
        assert (ran.code, ran.out) == (2, "")
        assert ran.errors == [
            "ecrm: error: no rule is left to check; ecrm.yaml or --skip turns them off"
        ]
    assert not shop.aws.calls.of("ecr")


def test_a_baseline_is_of_all_rules(ecrm: Ecrm, shop: Shop):
    for options in (["--only", "overdue"], ["--skip", "overdue"], ["--files-only", "--files", "a"]):
        ran = ecrm("check", "--write-baseline", "accepted.json", *options)
        assert ran.code == 2
        (error,) = ran.errors
        assert error.endswith("is for all rules; leave out --only, --skip and --files-only")
    assert not shop.aws.calls
    assert ecrm("check", "--write-baseline", "accepted.json").code == 0
    ran = ecrm("check", "--baseline", "accepted.json", "--only", "overdue", "--format", "json")
    assert (ran.json["violations"], ran.json["resolved"]) == ([], [])


def test_warnings_fail_where_that_is_asked_for(ecrm: Ecrm, shop: Shop):
    assert ecrm("check", "--fail-on", "error").code == 0
    ran = ecrm("check", "--fail-on", "warning")
    assert ran.code == 3
    number = len(ecrm("check", "--format", "json").json["violations"])
    what = f"{number} violations are warnings"
    assert ran.errors == [f"ecrm: error: {what}; fix them, or accept them with --write-baseline"]
    ran = ecrm("check", "--only", "overdue", "--fail-on", "warning")
    assert ran.errors[-1].startswith("ecrm: error: 1 violation is a warning; fix it, ")


def test_the_rules_of_the_command_line_are_all_rules():
    assert tuple(RULES_OF_CHECK) == check.RULES


@pytest.fixture(autouse=True)
def _previews_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for a preview is real time."""
    monkeypatch.setattr(Repository, "preview_waits", 0)


@pytest.fixture
def quiet(ecrm: Ecrm) -> Ecrm:
    """Rules that find nothing in the shop."""
    ecrm.config(RULES + QUIET)
    return ecrm


# -- how it ends ----------------------------------------------------------------------------------


def test_nothing_found_is_success(quiet: Ecrm, shop: Shop):
    ran = quiet("check")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"{TARGET}: nothing found\n\nOff: overdue, mutable_tag\n"


def test_warnings_alone_are_success(ecrm: Ecrm, shop: Shop):
    ran = ecrm("check", "--format", "json")
    assert (ran.code, ran.errors) == (0, [])
    assert (ran.json["errors"], ran.json["warnings"]) == (0, 2)
    assert whats(ran) == [
        "1 image (10 MB) could have been deleted more than 30 days ago",
        "in use by tags that can be moved: v2",
    ]


def test_errors_are_code_3_and_one_line(ecrm: Ecrm, shop: Shop):
    ecrm.config(RULES + "    check: {overdue: {level: error, max_images: 0}}\n")
    ran = ecrm("check")
    assert ran.code == 3
    assert ran.errors == [
        "ecrm: error: 2 violations are errors; fix them, or accept them with --write-baseline"
    ]


def test_what_could_not_be_read_is_code_1_and_never_clean(quiet: Ecrm, shop: Shop):
    shop.aws.fault("ecs", "ListClusters", Fault.denied(), times=FOREVER)
    ran = quiet("check")
    assert ran.code == 1
    verdict = "INCOMPLETE: 1 thing could not be read, so something may be missing here."
    lines = ran.out.splitlines()
    assert (lines[0], lines[-1]) == (verdict, verdict)
    assert lines[2].endswith(": nothing found in what could be read")
    assert [error for error in ran.errors if "ecs:ListClusters" in error]


def test_an_error_is_certain_whatever_is_not_known(quiet: Ecrm, shop: Shop):
    quiet.config(RULES + "    check: {budget: {max_bytes: 1MB}, overdue: {max_images: 0}}\n")
    shop.aws.fault("lambda", "ListFunctions", Fault.denied(), times=FOREVER)
    ran = quiet("check", "--format", "json")
    assert (ran.code, ran.json["complete"]) == (3, False)
    assert {violation["rule"] for violation in ran.json["violations"]} >= {"budget"}
    assert not {violation["rule"] for violation in ran.json["violations"]} & {"overdue"}
    assert "can be deleted" not in ran.out


def test_it_changes_nothing_but_the_preview_of_a_policy(quiet: Ecrm, shop: Shop):
    shop.repository.lifecycle_policy = POLICY
    quiet("check")
    calls = {call.operation for call in shop.aws.calls}
    assert {
        operation
        for operation in calls
        if not operation.startswith(("Describe", "List", "Get", "BatchGet"))
    } == {"StartLifecyclePolicyPreview"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["k8s/web.yaml"],
            "'k8s/web.yaml' is given without an option; globs follow --files",
        ),
        (
            ["--lifecycle-policy", "policy.json"],
            "--lifecycle-policy applies to one repository; name it with -r",
        ),
        (
            ["--report", "ecrm.sarif"],
            (
                "Invalid value for '--report': 'ecrm.sarif' is not FORMAT=FILE; formats are text, "
                "json, markdown, sarif, junit, github; see: ecrm check --help"
            ),
        ),
        (
            ["--format", "xml"],
            (
                "Invalid value for '--format': 'xml' is not one of 'text', 'json', 'markdown', "
                "'sarif', 'junit', 'github'; see: ecrm check --help"
            ),
        ),
    ],
)
def test_wrong_usage_is_code_2(quiet: Ecrm, aws: FakeAws, arguments: list[str], message: str):
    ran = quiet("check", *arguments)
    assert (ran.code, ran.out, ran.errors) == (2, "", [f"ecrm: error: {message}"])
    assert not aws.calls


# -- what it finds --------------------------------------------------------------------------------


def test_what_runs_and_is_not_there_is_reported_with_who_runs_it(quiet: Ecrm, shop: Shop):
    shop.repository.remove(shop.used)
    ran = quiet("check", "--format", "json")
    assert ran.code == 3
    missing = [
        violation for violation in ran.json["violations"] if violation["rule"] == "missing_image"
    ]
    assert {violation["what"] for violation in missing} == {
        "shop/api:v2 is needed, and is not in ECR"
    }
    assert "web" in missing[0]["why"]


def test_a_tag_that_moved_since_it_was_deployed_is_reported(ecrm: Ecrm, aws: FakeAws):
    api = aws.ecr.repository("shop/api")
    old = api.push("v1", pushed=days_ago(5))
    aws.ecs.cluster("prod").run(aws.ecs.task_definition("web", old))
    api.push("v1", pushed=days_ago(1))
    assert "the tag v1 was moved" in ecrm("check").out


def test_a_platform_image_of_the_index_of_the_tag_has_not_moved(ecrm: Ecrm, aws: FakeAws):
    aws.world.reading_counts_as_pull = False
    api = aws.ecr.repository("shop/api")
    index = api.push_index("v1", pushed=days_ago(5))
    aws.ecs.cluster("prod").run(aws.ecs.task_definition("web", index))
    assert "was moved" not in ecrm("check").out


def test_an_immutable_repository_is_no_violation(ecrm: Ecrm, shop: Shop):
    assert whats(ecrm("check", "--format", "json"), "mutable_tag")
    shop.repository.mutability = "IMMUTABLE"
    assert not whats(ecrm("check", "--format", "json"), "mutable_tag")


def test_entries_that_match_nothing_are_reported_with_their_line(quiet: Ecrm, shop: Shop):
    quiet.config(RULES + QUIET + "    clusters:\n      - name: prod\n      - name: staging\n")
    ran = quiet("check", "--format", "json")
    (violation,) = ran.json["violations"]
    assert violation["what"] == "the entry staging matches no cluster"
    assert (violation["key"], violation["file"], violation["line"]) == (
        "clusters[1]",
        "ecrm.yaml",
        11,
    )


def test_a_repository_without_a_rule_is_reported_and_looked_into(quiet: Ecrm, shop: Shop):
    quiet.config(RULES.replace('"*"', '"other*"') + QUIET)
    shop.repository.remove(shop.used)
    found = whats(quiet("check", "--format", "json"))
    assert "no rule matches this repository, so ecrm never deletes anything in it" in found
    assert "shop/api:v2 is needed, and is not in ECR" in found


# -- lifecycle policies ---------------------------------------------------------------------------


@pytest.mark.parametrize("previewed", [True, False])
def test_a_policy_that_would_take_what_runs_is_reported_with_rule_and_user(
    quiet: Ecrm, shop: Shop, previewed: bool
):
    shop.repository.lifecycle_policy = POLICY
    if not previewed:
        shop.aws.fault("ecr", "StartLifecyclePolicyPreview", Fault.denied(), times=FOREVER)
    ran = quiet("check")
    assert ran.code == 3
    assert "  ECR's lifecycle policy deletes shop/api:v2, which is in use\n" in ran.out
    assert 'rule 5 "two months are enough"' in ran.out
    assert "in use by service prod/web" in ran.out
    evaluator = "ECR's preview" if previewed else "ecrm's own evaluation"
    assert f"(according to {evaluator})" in ran.out


def without_priority(request: Request, run: Callable[[Request], Any]) -> Any:
    answer = run(request)
    for result in answer.get("previewResults", ()):
        result.pop("appliedRulePriority", None)
    return answer


@pytest.mark.parametrize(
    ("operation", "fault"),
    [
        ("StartLifecyclePolicyPreview", Fault.error("UnknownOperation", "", 404)),
        ("StartLifecyclePolicyPreview", Fault.error("UnknownOperationException", "", 400)),
        ("StartLifecyclePolicyPreview", Fault.error("501", "not implemented", 501)),
        ("GetLifecyclePolicyPreview", Fault(without_priority)),
    ],
)
def test_where_ecrs_preview_is_not_to_be_had_ecrm_evaluates_and_names_the_repository(
    ecrm: Ecrm, shop: Shop, operation: str, fault: Fault
):
    shop.repository.lifecycle_policy = POLICY
    shop.aws.fault("ecr", operation, fault, times=FOREVER)
    ran = ecrm("check")
    assert ran.code == 3
    assert "(according to ecrm's own evaluation)" in ran.out
    assert (
        "ecrm: info: ECR's preview is not available; ecrm evaluated the policies of shop/api itself"
    ) in ran.err


def test_a_preview_that_cannot_be_read_names_the_repository(ecrm: Ecrm, shop: Shop):
    shop.repository.lifecycle_policy = POLICY
    shop.aws.fault("ecr", "StartLifecyclePolicyPreview", Fault.blank(), times=FOREVER)
    ran = ecrm("check")
    assert ran.code == 1
    assert any("shop/api" in line for line in ran.errors)


def test_children_of_a_kept_index_are_not_reported_though_nothing_is_deletable(
    quiet: Ecrm, aws: FakeAws
):
    """ECR does not take the images of an index; ecrm reads which those are for the check."""
    aws.ecr.repository("web").push_index("v1", pushed=days_ago(5))
    untagged = POLICY.replace('"any"', '"untagged"').replace(": 60", ": 2")
    aws.ecr.repository("web").lifecycle_policy = untagged
    aws.fault("ecr", "StartLifecyclePolicyPreview", Fault.denied(), times=FOREVER)
    ran = quiet("check", "--format", "json")
    assert whats(ran, "lifecycle") == []
    aws.ecr.repository("web").push(pushed=days_ago(5))
    [what] = whats(quiet("check", "--format", "json"), "lifecycle")
    assert "deletes web@sha256:" in what


def test_a_policy_that_keeps_what_is_in_use_is_valid(quiet: Ecrm, shop: Shop):
    shop.repository.lifecycle_policy = POLICY.replace(": 60", ": 98")
    assert quiet("check").out.startswith(f"{TARGET}: nothing found\n")


def test_ecr_is_not_asked_for_a_preview_of_another_time(quiet: Ecrm, shop: Shop):
    shop.repository.lifecycle_policy = POLICY
    assert "deletes shop/api:v2" in quiet("check", "--now", "+1d").out
    assert not shop.aws.calls.of("ecr", "StartLifecyclePolicyPreview")


def test_a_policy_that_reaches_what_runs_in_a_few_days_is_a_warning(quiet: Ecrm, shop: Shop):
    shop.repository.lifecycle_policy = POLICY.replace(": 60", ": 95")
    ran = quiet("check", "--format", "json")
    assert (ran.code, ran.json["errors"]) == (0, 0)
    (what,) = whats(ran, "lifecycle")
    assert what.startswith("ECR's lifecycle policy deletes shop/api:v2 on ")


def test_a_policy_that_may_not_be_read_is_not_known(quiet: Ecrm, shop: Shop):
    shop.aws.fault("ecr", "GetLifecyclePolicy", Fault.denied(), times=FOREVER)
    ran = quiet("check")
    assert ran.code == 1
    assert "ecr:GetLifecyclePolicy" in ran.err


def test_a_policy_that_is_not_deployed_yet(quiet: Ecrm, shop: Shop):
    write("policy.json", POLICY)
    ran = quiet("check", "-r", "shop/api", "--lifecycle-policy", "policy.json")
    assert ran.code == 3
    assert "deletes shop/api:v2" in ran.out
    write("policy.json", "{}")
    ran = quiet("check", "-r", "shop/api", "--lifecycle-policy", "policy.json")
    assert ran.code == 1
    assert "policy.json" in ran.err


def test_the_policies_of_a_snapshot_are_evaluated_without_aws(
    quiet: Ecrm, shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    shop.repository.lifecycle_policy = POLICY
    quiet("snapshot", "--lifecycle-policies", "-o", "with.json")
    quiet("snapshot", "-o", "without.json")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    shop.aws.calls.clear()
    ran = quiet("check", "--from", "with.json")
    assert ran.code == 3
    assert "(according to ecrm's own evaluation)" in ran.out
    ran = quiet("check", "--from", "without.json")
    assert ran.code == 1
    assert "the snapshot has no lifecycle policy" in ran.err
    assert not shop.aws.calls


# -- files ----------------------------------------------------------------------------------------


@pytest.fixture
def deployment(shop: Shop) -> Shop:
    """A manifest that names what is there, what is not, and what would be deleted."""
    write(
        "k8s/web.yaml",
        f"""\
        kind: Pod
        spec:
          containers:
            - image: {HOST}/shop/api:v2
            - image: {HOST}/shop/api:v9
            - image: {HOST}/shop/api:{{{{ version }}}}
        """,
    )
    write("deploy/web/task.json", json.dumps({"image": f"{HOST}/shop/api:v1"}))
    return shop


@pytest.mark.parametrize(
    "globs",
    [
        ["--files", "deploy/**/*.json", "k8s/*.yaml"],
        ["--files", "deploy/**/*.json", "--files", "k8s/*.yaml"],
        ["--files=k8s/*.yaml", "deploy/**/*.json", "--repository", "shop/api"],
    ],
)
def test_what_files_name_is_checked_with_file_and_line(
    quiet: Ecrm, deployment: Shop, globs: list[str]
):
    ran = quiet("check", "--format", "json", *globs)
    assert ran.code == 3
    violations = [
        (violation["rule"], violation["file"], violation["line"], violation["image"])
        for violation in ran.json["violations"]
    ]
    assert violations == [
        ("missing_image", "k8s/web.yaml", 5, ":v9"),
        ("pending_deletion", "deploy/web/task.json", 1, ":v1"),
    ]
    (template,) = ran.json["unchecked"]
    assert template.startswith("k8s/web.yaml:6: ")
    assert "template" in template


def test_files_only_says_nothing_about_the_rest_of_the_account(ecrm: Ecrm, deployment: Shop):
    """Of a service whose image is missing, of tags that move, of lifecycle policies."""
    lost = deployment.repository.push("lost", pushed=days_ago(90))
    task = deployment.aws.ecs.task_definition("lost", lost)
    deployment.aws.ecs.cluster("prod").service("lost", task)
    deployment.repository.remove(lost)
    files = ["--files", "deploy/**/*.json", "k8s/*.yaml", "--format", "json"]
    everything = {violation["rule"] for violation in ecrm("check", *files).json["violations"]}
    assert everything > {"missing_image", "pending_deletion", "mutable_tag"}
    deployment.aws.calls.clear()
    ran = ecrm("check", "--files-only", *files)
    assert ran.code == 3
    assert [(found["rule"], found["image"]) for found in ran.json["violations"]] == [
        ("missing_image", ":v9"),
        ("pending_deletion", ":v1"),
    ]
    assert not deployment.aws.calls.of("ecr", "GetLifecyclePolicy")


def test_files_only_needs_files(ecrm: Ecrm, shop: Shop):
    ran = ecrm("check", "--files-only")
    assert (ran.code, ran.errors) == (
        2,
        ["ecrm: error: --files-only without --files would check nothing"],
    )


def test_files_of_ecrm_yaml_are_protected_so_nothing_of_them_is_pending_deletion(
    quiet: Ecrm, deployment: Shop
):
    quiet.config(RULES + QUIET + '    files: ["deploy/**/*.json"]\n')
    ran = quiet("check", "--files", "deploy/**/*.json")
    assert (ran.code, ran.errors) == (0, [])


def test_a_glob_that_matches_nothing_is_not_known(quiet: Ecrm, shop: Shop):
    ran = quiet("check", "--files", "k8z/*.yaml")
    assert ran.code == 1
    assert "k8z/*.yaml: matches no file" in ran.err


def test_annotations_are_at_the_line(quiet: Ecrm, deployment: Shop):
    ran = quiet("check", "--files", "k8s/*.yaml", "--format", "github")
    error, notice = ran.out.splitlines()
    assert error.startswith("::error file=k8s/web.yaml,line=5,title=ecrm check%3A missing_image::")
    assert notice.startswith("::notice title=ecrm check%3A not checked::k8s/web.yaml:6: ")


# -- baseline and output --------------------------------------------------------------------------


def test_a_baseline_accepts_what_is_there_and_not_what_is_new(quiet: Ecrm, deployment: Shop):
    files = ["--files", "k8s/*.yaml"]
    assert quiet("check", *files).code == 3
    assert quiet("check", *files, "--write-baseline", "baseline.json").code == 0
    ran = quiet("check", *files, "--baseline", "baseline.json")
    assert (ran.code, ran.errors) == (0, [])
    assert "1 more is accepted by the baseline." in ran.out
    ran = quiet("check", *files, "deploy/**/*.json", "--baseline", "baseline.json")
    assert ran.code == 3
    assert ran.errors == [
        ("ecrm: error: 1 other violation is an error; fix it, or accept it with --write-baseline")
    ]


def test_a_baseline_shrinks(quiet: Ecrm, deployment: Shop):
    files = ["--files", "k8s/*.yaml"]
    quiet("check", *files, "--write-baseline", "baseline.json")
    deployment.repository.push("v9", pushed=days_ago(1))
    both = ["--baseline", "baseline.json"]
    ran = quiet("check", *files, *both, "--write-baseline", "baseline.json")
    assert ran.code == 0
    assert f"  missing_image: {TARGET}/shop/api:v9 in k8s/web.yaml\n" in ran.out
    assert json.loads(Path("baseline.json").read_text())["accepted"] == {}


def test_an_incomplete_check_writes_no_baseline(quiet: Ecrm, shop: Shop):
    shop.aws.fault("ecs", "ListClusters", Fault.denied(), times=FOREVER)
    ran = quiet("check", "--write-baseline", "baseline.json")
    assert ran.code == 1
    assert not Path("baseline.json").exists()


def test_a_baseline_that_is_not_there_is_an_error_before_any_call(quiet: Ecrm, aws: FakeAws):
    ran = quiet("check", "--baseline", "baseline.json")
    assert (ran.code, ran.out) == (1, "")
    assert ran.errors == ["ecrm: error: baseline.json: cannot be read: No such file or directory"]
    assert {call.operation for call in aws.calls} <= {"GetCallerIdentity"}


@pytest.mark.parametrize("name", ["text", "json", "markdown", "sarif", "junit", "github"])
def test_every_format_can_be_written_to_a_file(quiet: Ecrm, deployment: Shop, name: str):
    ran = quiet("check", "--files", "k8s/*.yaml", "--format", name, "-o", "result")
    assert (ran.code, ran.out) == (3, "")
    assert "v9" in Path("result").read_text()


def test_one_check_writes_several_reports(quiet: Ecrm, deployment: Shop):
    ran = quiet(
        *("check", "--files", "k8s/*.yaml"),
        *("--report", "sarif=ecrm.sarif", "--report", "junit=ecrm.xml"),
    )
    assert ran.code == 3
    assert ran.out.startswith(f"{TARGET}: 1 error\n")
    assert json.loads(Path("ecrm.sarif").read_text())["version"] == "2.1.0"
    assert Path("ecrm.xml").read_text().startswith("<?xml")
    assert len(deployment.aws.calls.of("ecs", "ListClusters")) == 1


def test_a_check_for_later(quiet: Ecrm, shop: Shop):
    write("k8s/web.yaml", f"image: {HOST}/shop/api:v4\n")
    files: Any = ["check", "--files", "k8s/*.yaml"]
    assert quiet(*files).code == 0
    assert "shop/api:v4 is named in a file" in quiet(*files, "--now", "+60d").out


def test_the_check_of_a_snapshot_is_that_of_the_account(quiet: Ecrm, deployment: Shop):
    quiet.config(RULES)
    arguments = ["check", "--files", "k8s/*.yaml", "deploy/**/*.json"]
    live = quiet(*arguments)
    quiet("snapshot", "--lifecycle-policies", "-o", "snapshot.json")
    assert quiet(*arguments, "--from", "snapshot.json") == live


def test_the_sample_account_has_something_to_tell(ecrm: Ecrm):
    ran = ecrm("demo", "check", "--format", "json")
    assert ran.code == 3
    assert {violation["rule"] for violation in ran.json["violations"]} == {
        *("lifecycle", "overdue", "mutable_tag", "unmanaged")
    }
