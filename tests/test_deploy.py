"""The stack of deploy/template.yaml, in moto; the zip, the image, and the documents."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws
from packaging.requirements import Requirement

from ecrm.lambda_handler.metrics import metrics_line
from ecrm.lambda_handler.result import Result
from ecrm.sources import SOURCES
from tests.deployed import Stack, load_template, teach_moto
from tests.fake_aws import FakeAws
from tests.fake_aws.sample import build_sample
from tests.lambda_handler.results import deleted
from tests.runtime_api import Function, RuntimeApi

ROOT = Path(__file__).parent.parent
TEMPLATE = ROOT / "deploy" / "template.yaml"
BUILD = ROOT / "deploy" / "build-zip"
LOCK = ROOT / "deploy" / "requirements.txt"
TOPIC = "arn:aws:sns:us-east-1:123456789012:ours"
COMMANDS = ("plan", "delete", "scan", "check")
CODE = {"CodeBucket": "code", "CodeKey": "ecrm.zip"}

Deploy = Callable[..., Stack]


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deploy]:
    """Makes or changes the stack, with these parameters."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    teach_moto()
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="code")
        s3.put_object(Bucket="code", Key="ecrm.zip", Body=b"PK\5\6" + bytes(18))
        yield lambda **parameters: Stack(TEMPLATE, CODE | parameters)


# ---- the stack


@pytest.mark.slow
def test_the_template_is_clean_and_plain_cloudformation():
    lint = Path(sys.executable).with_name("cfn-lint")
    command = [str(lint), "--non-zero-exit-code", "informational", str(TEMPLATE)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert "Transform" not in load_template(TEMPLATE)


def test_every_parameter_but_the_code_has_a_default_and_all_are_explained():
    for name, parameter in load_template(TEMPLATE)["Parameters"].items():
        assert parameter["Description"].endswith("."), name
        assert "Default" in parameter, name


def test_the_function_plans_by_default(deploy: Deploy):
    function = deploy().function
    assert function["Handler"] == "ecrm.lambda_handler.handler"
    assert (function["Timeout"], function["MemorySize"]) == (900, 1024)
    assert function["Environment"]["Variables"]["ECRM_COMMAND"] == "plan"


def test_two_runs_never_overlap_and_a_failed_one_is_not_tried_again_at_once(deploy: Deploy):
    stack = deploy()
    name, client = stack.physical("Function"), boto3.client("lambda")
    assert client.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 1
    invoking = client.get_function_event_invoke_config(FunctionName=name)
    assert invoking["MaximumRetryAttempts"] == 0


def test_an_account_without_executions_to_spare_need_not_reserve_one(deploy: Deploy):
    name = deploy(ReserveConcurrency="false").physical("Function")
    answer = boto3.client("lambda").get_function_concurrency(FunctionName=name)
    assert "ReservedConcurrentExecutions" not in answer


def test_an_image_takes_the_place_of_the_zip(deploy: Deploy):
    uri = "123456789012.dkr.ecr.us-east-1.amazonaws.com/ecrm:1"
    stack = deploy(ImageUri=uri)
    answer = boto3.client("lambda").get_function(FunctionName=stack.physical("Function"))
    assert answer["Code"]["ImageUri"] == uri
    assert not {"Handler", "Runtime"} & answer["Configuration"].keys()


def test_the_schedule_calls_the_function_and_its_role_may_do_nothing_else(deploy: Deploy):
    stack = deploy(ScheduleExpression="rate(6 hours)", TimeZone="Europe/Berlin")
    schedule = boto3.client("scheduler").get_schedule(Name=stack.physical("Schedule"))
    assert schedule["ScheduleExpression"] == "rate(6 hours)"
    assert schedule["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert (schedule["State"], schedule["Target"]["Input"]) == ("ENABLED", "{}")
    arn = stack.function["FunctionArn"]
    assert schedule["Target"]["Arn"] == arn
    role = stack.physical("SchedulerRole")
    assert schedule["Target"]["RoleArn"].endswith(f":role/{role}")
    [statement] = stack.statements("SchedulerRole", "invoke")
    assert (statement["Action"], statement["Resource"]) == (["lambda:InvokeFunction"], [arn])


def printed(*options: str) -> list[dict[str, Any]]:
    """The statements that `ecrm iam-policy` prints in a folder without an ecrm.yaml."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ECRM_")}
    ran = subprocess.run(
        [sys.executable, "-m", "ecrm", "iam-policy", *options],
        cwd=ROOT / "deploy",
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    statements: list[dict[str, Any]] = json.loads(ran.stdout)["Statement"]
    return statements


@pytest.mark.parametrize("command", COMMANDS)
def test_the_role_is_what_iam_policy_prints(deploy: Deploy, command: str):
    stack = deploy(Command=command, TopicArn=TOPIC, Bucket="ours", Config="ecrm/prod.yaml")
    expected = printed(
        *("--for", command, "--account", "123456789012", "--region", "us-east-1"),
        *("--topic", TOPIC, "--report", "s3://ours/reports", "--journal", "s3://ours/journals/"),
        *("--plan", "s3://ours/plans/", "--state", "s3://ours/state"),
        *("--config", "s3://ours/ecrm/prod.yaml"),
    )
    assert stack.statements("Role", "ecrm") == expected
    variables = stack.function["Environment"]["Variables"]
    assert variables["ECRM_JOURNAL"] == "s3://ours/journals/"
    assert variables["ECRM_REPORT"] == "s3://ours/reports"
    assert variables["ECRM_STATE_DIR"] == "s3://ours/state"
    assert variables["ECRM_SNS_TOPIC_ARN"] == TOPIC
    assert variables["ECRM_CONFIG"] == "s3://ours/ecrm/prod.yaml"


def test_the_role_may_besides_write_its_own_logs(deploy: Deploy):
    stack = deploy(LogDays="30")
    [group] = boto3.client("logs").describe_log_groups()["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == (stack.physical("Logs"), 30)
    [statement] = stack.statements("Role", "logs")
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert statement["Resource"][0].removesuffix(":*") == group["arn"].removesuffix(":*")
    function = load_template(TEMPLATE)["Resources"]["Function"]["Properties"]
    assert function["LoggingConfig"] == {"LogGroup": {"Ref": "Logs"}}


def test_with_nobody_to_tell_and_no_bucket_it_makes_a_bucket_alone(deploy: Deploy):
    stack = deploy()
    sids = [statement["Sid"] for statement in stack.statements("Role", "ecrm")]
    assert sids == [
        *("ReadWhatIsInUse", "ReadRegistry", "ReadImages", "WriteReport"),
        *("ListState", "KeepState", "WritePlan"),
    ]
    assert boto3.client("sns").list_topics()["Topics"] == []
    bucket = stack.physical("StateBucket")
    variables = stack.function["Environment"]["Variables"]
    assert variables["ECRM_REPORT"] == f"s3://{bucket}/reports"
    assert not {"ECRM_CONFIG", "ECRM_CONFIG_YAML", "ECRM_SNS_TOPIC_ARN"} & variables.keys()


def test_the_bucket_is_private_encrypted_versioned_and_outlives_the_stack(deploy: Deploy):
    bucket, s3 = deploy().physical("StateBucket"), boto3.client("s3")
    [rule] = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    kept = load_template(TEMPLATE)["Resources"][
        "StateBucket"
    ]  # moto's stack reads nothing more of it
    assert kept["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    blocked = kept["Properties"]["PublicAccessBlockConfiguration"]
    assert (len(blocked), set(blocked.values())) == (4, {True})
    assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_a_bucket_of_yours_is_used_and_none_is_made(deploy: Deploy):
    deploy(Bucket="ours")
    assert [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]] == ["code"]


def test_an_address_gets_a_topic_and_the_alarms(deploy: Deploy):
    stack = deploy(Email="you@example.com")
    [subscription] = boto3.client("sns").list_subscriptions()["Subscriptions"]
    topic = stack.physical("Topic")
    assert (subscription["Endpoint"], subscription["TopicArn"]) == ("you@example.com", topic)
    assert stack.function["Environment"]["Variables"]["ECRM_SNS_TOPIC_ARN"] == topic
    alarms = boto3.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert [alarm["AlarmActions"] for alarm in alarms] == [[topic]] * 3


def test_alarms_fire_on_a_failure_and_on_a_missed_run(deploy: Deploy):
    stack = deploy(MissedRunAlarmHours="50", TopicArn=TOPIC)
    alarms = {
        alarm["AlarmName"]: alarm
        for alarm in boto3.client("cloudwatch").describe_alarms()["MetricAlarms"]
    }
    failed = alarms[stack.physical("Failed")]
    silent = alarms[stack.physical("HasNotRun")]
    assert (failed["MetricName"], failed["TreatMissingData"]) == ("Errors", "notBreaching")
    assert failed["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert (silent["MetricName"], silent["TreatMissingData"]) == ("Invocations", "breaching")
    assert silent["ComparisonOperator"] == "LessThanThreshold"
    assert silent["Period"] * silent["EvaluationPeriods"] == 50 * 3600
    for alarm in (failed, silent):
        assert (alarm["Namespace"], alarm["Threshold"]) == ("AWS/Lambda", 1)
        assert alarm["AlarmActions"] == [TOPIC]
        assert [dimension["Value"] for dimension in alarm["Dimensions"]] == [
            stack.physical("Function")
        ]


def test_an_alarm_fires_when_no_run_was_complete_for_days(deploy: Deploy):
    stack = deploy(IncompleteAlarmDays="5", TopicArn=TOPIC)
    (alarm,) = boto3.client("cloudwatch").describe_alarms(
        AlarmNames=[stack.physical("Incomplete")]
    )["MetricAlarms"]
    function = stack.physical("Function")
    directive = json.loads(metrics_line(Result("plan"), function, datetime.now(UTC)))["_aws"]
    [published] = directive["CloudWatchMetrics"]
    assert (alarm["Namespace"], alarm["MetricName"]) == (published["Namespace"], "Complete")
    assert "Complete" in [metric["Name"] for metric in published["Metrics"]]
    assert [[dimension["Name"] for dimension in alarm["Dimensions"]]] == published["Dimensions"]
    assert alarm["Dimensions"][0]["Value"] == function
    assert (alarm["Statistic"], alarm["ComparisonOperator"]) == ("Maximum", "LessThanThreshold")
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["Threshold"]) == (86400, 5, 1)
    assert (alarm["TreatMissingData"], alarm["AlarmActions"]) == ("ignore", [TOPIC])


def test_the_dashboard_shows_metrics_that_exist():
    text = load_template(TEMPLATE)["Resources"]["Dashboard"]["Properties"]["DashboardBody"]
    widgets = json.loads(text["Fn::Sub"].replace("${Function}", "ecrm"))["widgets"]
    shown = [row for widget in widgets for row in widget["properties"]["metrics"]]
    line = json.loads(metrics_line(deleted(), "ecrm", datetime.now(UTC)))
    (published,) = line["_aws"]["CloudWatchMetrics"]
    names = {metric["Name"] for metric in published["Metrics"]}
    assert {row[1] for row in shown} <= names
    assert {(row[0], row[2], row[3]) for row in shown} == {
        (published["Namespace"], published["Dimensions"][0][0], line["FunctionName"])
    }


def test_the_bucket_takes_tls_alone(deploy: Deploy):
    bucket = deploy().physical("StateBucket")
    policy = json.loads(boto3.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])
    [statement] = policy["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == (
        "Deny",
        "*",
        "s3:*",
    )
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    kept = load_template(TEMPLATE)["Resources"]["StateBucketPolicy"]
    assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_reports_expire_and_journals_do_not():
    bucket = load_template(TEMPLATE)["Resources"]["StateBucket"]["Properties"]
    rules = bucket["LifecycleConfiguration"]["Rules"]
    expiring = [rule for rule in rules if "ExpirationInDays" in rule]
    assert [(rule["Prefix"], rule["ExpirationInDays"]) for rule in expiring] == [
        ("reports/", {"Ref": "ReportDays"})
    ]
    assert {rule.get("Prefix") for rule in rules if "NoncurrentVersionExpiration" in rule} == {
        "reports/"
    }


def test_the_log_outlives_the_stack():
    logs = load_template(TEMPLATE)["Resources"]["Logs"]
    assert (logs["DeletionPolicy"], logs["UpdateReplacePolicy"]) == ("Retain", "Retain")


KEY = "arn:aws:kms:us-east-1:123456789012:key/1"


def test_a_key_of_yours_encrypts_everything_and_the_function_may_use_it(deploy: Deploy):
    stack = deploy(KmsKeyArn=KEY, Email="you@example.com")
    bucket = stack.physical("StateBucket")
    answer = boto3.client("s3").get_bucket_encryption(Bucket=bucket)
    [rule] = answer["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": KEY,
    }
    topic = boto3.client("sns").get_topic_attributes(TopicArn=stack.physical("Topic"))
    assert topic["Attributes"]["KmsMasterKeyId"] == KEY
    parts = load_template(TEMPLATE)["Resources"]  # of these moto does not read it
    key = {"Fn::If": ["HasKey", {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}]}
    assert parts["Logs"]["Properties"]["KmsKeyId"] == key
    assert parts["Function"]["Properties"]["KmsKeyArn"] == key
    [statement] = stack.statements("Role", "key")
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert statement["Resource"] == [KEY]


def test_without_a_key_the_role_has_no_policy_for_one(deploy: Deploy):
    role = deploy().physical("Role")
    policies = boto3.client("iam").list_role_policies(RoleName=role)["PolicyNames"]
    assert sorted(policies) == ["ecrm", "logs"]


def test_the_function_may_assume_the_roles_of_other_accounts(deploy: Deploy):
    assert load_template(TEMPLATE)["Resources"]["Accounts"]["Condition"] == "HasScanRole"
    stack = deploy(ScanRole="sec/ecrm-scan", RegistryRole="ecrm-delete")
    _, assumes = stack.statements("Role", "accounts")
    assert assumes["Action"] == ["sts:AssumeRole"]
    assert assumes["Resource"] == [
        "arn:aws:iam::*:role/sec/ecrm-scan",
        "arn:aws:iam::*:role/ecrm-delete",
    ]


def test_both_roles_are_bounded_where_a_boundary_is_given(deploy: Deploy):
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    stack, iam = deploy(PermissionsBoundary=boundary), boto3.client("iam")
    for logical in ("Role", "SchedulerRole"):
        role = iam.get_role(RoleName=stack.physical(logical))["Role"]
        assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary


TAGGED = {
    *("AWS::Lambda::Function", "AWS::IAM::Role", "AWS::Logs::LogGroup"),
    *("AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::CloudWatch::Alarm"),
}


def test_what_can_have_a_tag_has_one():
    parts = load_template(TEMPLATE)["Resources"].values()
    tags = [part["Properties"].get("Tags") for part in parts if part["Type"] in TAGGED]
    assert tags == [[{"Key": "app", "Value": "ecrm"}]] * len(tags)
    assert {part["Type"] for part in parts if "Tags" in part["Properties"]} == TAGGED


def test_b47_events_may_say_more_only_where_the_stack_says_so(deploy: Deploy):
    stack = deploy()
    assert "ECRM_EVENT_KEYS" not in stack.function["Environment"]["Variables"]
    stack.update({"EventKeys": "out,scanned_files"})
    variables = stack.function["Environment"]["Variables"]
    assert variables["ECRM_EVENT_KEYS"] == "out,scanned_files"


def test_the_text_of_a_configuration_may_be_given(deploy: Deploy):
    text = "repositories: [{name: app, expires: 30d}]"
    stack = deploy(ConfigYaml=text, Config="ecrm/prod.yaml", Bucket="ours")
    variables = stack.function["Environment"]["Variables"]
    assert variables["ECRM_CONFIG_YAML"] == text
    assert "ECRM_CONFIG" not in variables  # which would come first
    assert "ReadConfiguration" not in [
        statement["Sid"] for statement in stack.statements("Role", "ecrm")
    ]


# ---- the zip


def build(*options: object) -> Path:
    """Builds it as users do. That needs the package index, as installing ecrm does; where there is
    none, these tests are skipped, except in CI."""
    command = [sys.executable, str(BUILD), *map(str, options)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if "pip could not" in ran.stderr and not os.environ.get("CI"):
        pytest.skip("the package index cannot be reached")
    assert ran.returncode == 0, ran.stderr
    return Path(ran.stdout.strip())


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("--output", tmp_path_factory.mktemp("zip"))


@pytest.fixture(scope="module")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    zipfile.ZipFile(package).extractall(folder)
    return folder


RULES = "repositories: [{name_pattern: 'shop/*', expires: 30d}]"


def isolated(code: str, folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Python that finds nothing but itself and what is in the folder."""
    path = f"import sys; sys.path.insert(0, {str(folder)!r}); "
    command = [sys.executable, "-I", "-S", "-B", "-c", path + code]
    return subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_same_files_make_the_same_zip(package: Path, tmp_path: Path):
    again = build("--output", tmp_path)
    assert again.name == package.name
    assert again.read_bytes() == package.read_bytes()


@pytest.mark.slow
def test_the_zip_is_small_and_holds_nothing_compiled(package: Path):
    assert package.stat().st_size < 6_000_000  # half of it describes the services to boto3
    entries = zipfile.ZipFile(package).infolist()
    names = [entry.filename for entry in entries]
    assert names == sorted(names)
    assert not [
        name for name in names if name.endswith((".pyc", ".so")) or "demo" in name.split("/")
    ]
    assert {(entry.date_time, entry.external_attr >> 16) for entry in entries} == {
        ((1980, 1, 1, 0, 0, 0), 0o100644)
    }


@pytest.mark.slow
def test_the_zip_can_make_every_client_that_ecrm_asks_for(unpacked: Path):
    own = {"ecr", "s3", "sns", "ssm", "sts"}
    asked = own | {operation.service for source in SOURCES for operation in source.operations}
    made = "; ".join(f"boto3.client({name!r}, 'us-east-1')" for name in sorted(asked))
    ran = isolated(f"import boto3, yaml, ecrm.workflow; {made}", unpacked)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.slow
def test_the_zip_runs_under_the_runtime_interface_client(unpacked: Path):
    pytest.importorskip("awslambdaric", reason="AWS has none for this system")
    with FakeAws() as aws, RuntimeApi() as api:
        build_sample(aws.account())
        aws.s3.bucket("kept")
        variables = {"ECRM_STATE_DIR": "s3://kept/state", "ECRM_CONFIG_YAML": RULES}
        with Function(api, unpacked, aws.env() | variables, code=unpacked) as function:
            planned, deleted = function.invoke({}), function.invoke({"command": "delete"})
            checked = function.invoke({"command": "check"})
    assert (planned.error, deleted.error) == (None, None)
    assert planned.value["images"]["deletable"]["images"] > 0
    assert deleted.value["images"]["deleted"] == planned.value["images"]["deletable"]
    assert (deleted.value["complete"], checked.error) == (True, None)
    assert not aws.calls.of("ecr", "PutImage")


@pytest.mark.slow
def test_ecrm_of_the_zip_plans(unpacked: Path, tmp_path: Path):
    (tmp_path / "ecrm.yaml").write_text("repositories: [{name_pattern: 'shop/*', expires: 30d}]")
    code = f"from ecrm.cli.main import main; main(['plan', '-c', '{tmp_path}/ecrm.yaml'])"
    with FakeAws() as aws:
        build_sample(aws.account())
        ran = isolated(code, unpacked, **aws.env(), ECRM_STATE_DIR=str(tmp_path))
    assert ran.returncode == 0, ran.stderr
    assert "images can be deleted" in ran.stdout


@pytest.mark.slow
def test_a_configuration_is_put_into_the_zip_and_makes_it_another(package: Path, tmp_path: Path):
    (tmp_path / "mine.yaml").write_text("repositories: []\n")
    other = build("--output", tmp_path, "--config", tmp_path / "mine.yaml")
    assert other.name != package.name
    assert zipfile.ZipFile(other).read("ecrm.yaml") == b"repositories: []\n"


def test_the_locked_versions_are_what_ecrm_asks_for():
    locked = dict(
        re.findall(
            r"^([\w-]+)==(\S+) \\\n    --hash=sha256:\w{64}$", LOCK.read_text(), re.MULTILINE
        )
    )
    assert len(locked) == LOCK.read_text().count("==")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for needed in map(Requirement, project["dependencies"]):
        assert needed.specifier.contains(locked[needed.name])


# ---- the image


def test_the_image_is_of_the_same_python_and_calls_the_same_handler():
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    function = load_template(TEMPLATE)["Resources"]["Function"]["Properties"]
    [_, _, runtime] = function["Runtime"]["Fn::If"]
    [_, _, handler] = function["Handler"]["Fn::If"]
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert set(bases) == {f"public.ecr.aws/lambda/{runtime.replace('python', 'python:')}"}
    assert f'CMD ["{handler}"]' in text
    assert f"--python-version={runtime.removeprefix('python')}" in BUILD.read_text()


def test_the_handler_that_the_template_and_the_image_name_is_there():
    assert callable(pytest.importorskip("ecrm.lambda_handler").handler)


@pytest.mark.slow
def test_what_docker_is_given_is_what_the_build_needs(package: Path, tmp_path: Path):
    lines = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text().splitlines()
    for name in (line.removeprefix("!") for line in lines if line.startswith("!")):
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, target)
    ran = subprocess.run(
        [sys.executable, tmp_path / "deploy" / "build-zip"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(ran.stdout.strip()).name == package.name


# ---- the commands of docs/lambda-deploy.md

_AWS = """#!/bin/sh
printf '%s\\n' "$@" >>"$CALLS"
echo --- >>"$CALLS"
"""


def deploying() -> list[str]:
    """The shell blocks of the section."""
    text = (ROOT / "docs" / "lambda-deploy.md").read_text()
    section = re.split(r"^#+ Deploying$", text, flags=re.MULTILINE)[1].partition("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def calls_of(block: str, folder: Path) -> list[list[str]]:
    """What `aws` is called with when a block is run, beside a build-zip that builds nothing."""
    (folder / "deploy").mkdir(parents=True)
    for name, text in {"aws": _AWS, "deploy/build-zip": "#!/bin/sh\necho build/ecrm.zip\n"}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    environment = os.environ | {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "CALLS": str(folder / "calls"),
        "BUCKET": "code",
    }
    ran = subprocess.run(
        ["bash", "-eu", "-c", block], cwd=folder, env=environment, capture_output=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    return [call.splitlines() for call in (folder / "calls").read_text().split("---\n") if call]


def overrides(call: list[str]) -> dict[str, str]:
    assert call[:2] == ["cloudformation", "deploy"]
    assert call[call.index("--template-file") + 1] == "deploy/template.yaml"
    given = call[call.index("--parameter-overrides") + 1 :]
    return dict(parameter.split("=", 1) for parameter in given)


def test_three_commands_make_a_dry_run_and_one_more_deletes(deploy: Deploy, tmp_path: Path):
    first, more = deploying()[:2]
    assert len(re.findall(r"^\w", first, re.MULTILINE)) == 3
    assert len(re.findall(r"^\w", more, re.MULTILINE)) == 1
    [upload, create] = calls_of(first, tmp_path / "first")
    assert upload == ["s3", "cp", "build/ecrm.zip", "s3://code/"]
    stack = deploy(**overrides(create))
    variables = stack.function["Environment"]["Variables"]
    assert (variables["ECRM_COMMAND"], variables.get("ECRM_FORCE")) == ("plan", None)
    [update] = calls_of(more, tmp_path / "more")
    stack.update(overrides(update))
    variables = stack.function["Environment"]["Variables"]
    assert (variables["ECRM_COMMAND"], variables["ECRM_FORCE"]) == ("delete", "true")


def test_every_shell_block_is_shell():
    for block in deploying():
        assert subprocess.run(["bash", "-n", "-c", block], check=False).returncode == 0


def test_parameters_that_the_documents_name_are_in_the_template():
    parameters = load_template(TEMPLATE)["Parameters"]
    text = (ROOT / "docs" / "lambda-deploy.md").read_text()
    table = re.findall(r"^\| `(\w+)` \| (.*?) \|", text, re.MULTILINE)
    assert [name for name, _ in table] == list(parameters)
    for name, default in table:
        stated = str(parameters[name]["Default"])
        assert default == (f"`{stated}`" if stated not in ("", "none") else "none"), name


def test_yaml_reads_the_template_as_cloudformation_does():
    assert yaml.safe_load("a: OFF") == {"a": False}  # why the template has "OFF" in quotes
    every = load_template(TEMPLATE)["Resources"]["Schedule"]["Properties"]
    assert every["FlexibleTimeWindow"] == {"Mode": "OFF"}
