"""What an invocation does and reports, in this process; the same under AWS's own runtime is in
test_runtime."""

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from ecrm.errors import (
    AwsError,
    ConfigError,
    EcrmError,
    GuardError,
    IncompleteError,
    NotDeletedError,
    UsageError,
)
from ecrm.execution.journal.reading import read_journal
from ecrm.execution.journal.records import Contents
from ecrm.lambda_handler import handler
from ecrm.model.outcome import OutcomeStatus
from tests.fake_aws import FOREVER, FakeAws, Fault, Repository, days_ago

RULES = "repositories: [{name_pattern: '*', expires: 30d}]\n"
TOPIC = "arn:aws:sns:us-east-1:123456789012:ecrm"
_THEIRS = ("ECRM_", "AWS_", "LAMBDA_")


@dataclass
class Context:
    """As Lambda's: `left` is how many milliseconds are left."""

    left: Callable[[], int] = lambda: 900_000
    aws_request_id: str = field(default_factory=lambda: str(uuid4()))

    def get_remaining_time_in_millis(self) -> int:
        return self.left()


@dataclass
class Invoked:
    value: dict[str, Any] = field(default_factory=dict)
    error: EcrmError | None = None
    lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def messages(self) -> list[tuple[str, str]]:
        return [(line["level"], line["message"]) for line in self.lines if "level" in line]

    @property
    def metrics(self) -> dict[str, Any]:
        (line,) = [line for line in self.lines if "_aws" in line]
        return line


Invoke = Callable[..., Invoked]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeAws]:
    for name in [name for name in os.environ if name.startswith(_THEIRS)]:
        monkeypatch.delenv(name)
    (tmp_path / "ecrm.yaml").write_text(RULES)
    with FakeAws() as fake:
        fake.s3.bucket("ecrm")
        fake.sns.topic(TOPIC)
        variables = {
            "LAMBDA_TASK_ROOT": str(tmp_path),
            "ECRM_STATE_DIR": "s3://ecrm/state",
            "ECRM_REPORT": "s3://ecrm/reports",
            "ECRM_SNS_TOPIC_ARN": TOPIC,
            "ECRM_EVENT_KEYS": "config,out,scan,scanned_files,output,journal,report",
        }
        for name, value in {**fake.env(), **variables}.items():
            monkeypatch.setenv(name, value)
        yield fake


@pytest.fixture
def invoke(capsys: pytest.CaptureFixture[str]) -> Invoke:
    def invoked(event: object = None, context: object = None, **_: object) -> Invoked:
        capsys.readouterr()
        made = Invoked()
        try:
            made.value = handler(event, context or Context())
        except EcrmError as error:
            made.error = error
        out = capsys.readouterr().out
        made.lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        return made

    return invoked


def kept(aws: FakeAws, folder: str) -> dict[str, str]:
    texts = aws.s3.texts("ecrm").items()
    return {key.removeprefix(folder): text for key, text in texts if key.startswith(folder)}


def deletions(aws: FakeAws) -> int:
    return len(aws.calls.of("ecr", "BatchDeleteImage"))


# What it does


def test_a_deletion_is_in_the_summary_the_log_the_metrics_the_report_and_the_notification(
    invoke: Invoke, aws: FakeAws, shop: Repository
):
    ran = invoke({"command": "delete"})
    assert ran.error is None
    assert ran.value["images"]["deleted"]["images"] == 1
    assert "v1" not in shop
    assert re.fullmatch(r"\d{8}T\d{6}Z-123456789012-us-east-1-[0-9a-f]{8}", ran.value["run"])
    assert ran.value["journal"] == f"s3://ecrm/state/journals/{ran.value['run']}"
    assert [text for _, text in ran.messages] == [
        "started",
        "planned",
        f"the journal is {ran.value['journal']}",
        next(text for _, text in ran.messages if " calls to AWS in " in text),
        "shop/api",
        "finished",
    ]
    planned = ran.lines[1]
    assert [planned[key] for key in ("total", "in_use", "deletable")] == [2, 1, 1]
    assert planned["sources"][0] == {"source": "ecs", "status": "read", "references": 2}
    assert (ran.metrics["ImagesDeleted"], ran.metrics["FunctionName"]) == (1, "ecrm")
    reports = kept(aws, "reports/")
    assert list(reports) == [f"{ran.value['run']}.json", f"{ran.value['run']}.md"]
    report = json.loads(reports[f"{ran.value['run']}.json"])
    assert report["images"] == ran.value["images"]
    ((subject, text),) = aws.sns.topic(TOPIC)
    assert subject.endswith(" deleted in 123456789012/us-east-1")
    assert f"report: s3://ecrm/reports/{ran.value['run']}.md" in text


def test_a_plan_changes_nothing_and_can_be_carried_out_later(
    invoke: Invoke, aws: FakeAws, shop: Repository
):
    assert invoke({"out": "s3://ecrm/plan.json"}).error is None
    assert len(shop) == 2
    shop.push("v0", pushed=days_ago(200))
    ran = invoke({"command": "delete", "plan": "s3://ecrm/plan.json"})
    assert ran.value["images"]["deleted"]["images"] == 1
    assert ("v0" in shop, "v1" in shop) == (True, False)


def test_one_repository_alone(invoke: Invoke, aws: FakeAws, shop: Repository):
    aws.ecr.repository("other").push("v1", pushed=days_ago(100))
    ran = invoke({"command": "delete", "repository": "other"})
    assert [repository["repository"] for repository in ran.value["repositories"]] == ["other"]
    assert "v1" in shop


def test_output_is_written_where_the_event_says(
    invoke: Invoke, aws: FakeAws, shop: Repository, monkeypatch: pytest.MonkeyPatch
):
    invoke({"output": "s3://ecrm/plan.txt"})
    assert "\x1b" not in kept(aws, "plan.txt")[""]
    assert kept(aws, "plan.txt")[""].startswith(" REPOSITORY   | TYPE   | TOTAL ")
    monkeypatch.setenv("ECRM_OUTPUT", "s3://ecrm/shown")
    invoke({"format": "markdown"})
    assert kept(aws, "shown")[""].startswith("# ECR images\n")
    invoke({"command": "scan"})
    assert json.loads(kept(aws, "shown")[""])
    wrong = invoke({"format": "detail"})
    assert isinstance(wrong.error, UsageError)
    assert str(wrong.error) == "format is 'detail'; known are text, table, json, markdown"


def test_a_check_that_finds_errors_fails_after_reporting(
    invoke: Invoke, aws: FakeAws, shop: Repository
):
    gone = aws.ecs.task_definition("gone", f"{shop.uri}:deleted")
    aws.ecs.cluster("prod").service("gone", gone)
    ran = invoke({"command": "check"})
    assert str(ran.error) == "1 violation of level error"
    [finished] = [line for line in ran.lines if line.get("message") == "finished"]
    assert (finished["complete"], finished["check"]["errors"]) == (False, 1)
    [violation] = [
        violation for violation in finished["check"]["violations"] if violation["level"] == "error"
    ]
    assert violation["rule"] == "missing_image"
    assert ":deleted" in violation["what"] + violation["where"]
    [report] = [text for key, text in kept(aws, "reports").items() if key.endswith(".md")]
    assert ":deleted" in report


def test_a_check_that_finds_nothing_wrong_is_complete(
    invoke: Invoke, aws: FakeAws, shop: Repository
):
    ran = invoke({"command": "check"})
    assert ran.error is None
    assert ran.value["complete"]
    assert ran.value["check"]["errors"] == 0


def test_an_invocation_remembers_only_where_a_location_is_set(
    invoke: Invoke, aws: FakeAws, shop: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for folder, asked in ((None, [1, 1]), (tmp_path / "cache", [1, 0])):
        if folder:
            monkeypatch.setenv("ECRM_CACHE_DIR", str(folder))
        for number in asked:
            aws.calls.clear()
            assert invoke({}).error is None
            assert len(aws.calls.of("ecs", "DescribeTaskDefinition")) == number


def test_scanned_files_protect(invoke: Invoke, aws: FakeAws, shop: Repository):
    aws.s3.put("ecrm", "scan.json", json.dumps([f"{shop.uri}:v1"]))
    ran = invoke({"command": "delete", "scanned_files": ["s3://ecrm/scan.json"]})
    assert (ran.error, ran.value["images"]["deletable"]["images"]) == (None, 0)
    assert len(shop) == 2


def test_the_configuration_comes_from_the_package_s3_a_parameter_or_a_variable(
    invoke: Invoke, aws: FakeAws, shop: Repository, monkeypatch: pytest.MonkeyPatch
):
    nothing_goes = RULES.replace("30d", "9999d")
    aws.s3.put("ecrm", "conf.yaml", nothing_goes)
    aws.ssm.put("/ecrm/config", nothing_goes, secret=True)
    places = [{}, {"config": "s3://ecrm/conf.yaml"}, {"config": "ssm://ecrm/config"}]
    deletable = [invoke(event).value["images"]["deletable"]["images"] for event in places]
    monkeypatch.setenv("ECRM_CONFIG_YAML", nothing_goes)
    assert [*deletable, invoke().value["images"]["deletable"]["images"]] == [1, 0, 0, 0]


# What is a failure


def test_a_mistake_in_the_configuration_is_reported_with_its_location(
    invoke: Invoke, aws: FakeAws, shop: Repository
):
    aws.s3.put("ecrm", "conf.yaml", "repositories: 1")
    ran = invoke({"config": "s3://ecrm/conf.yaml"})
    assert isinstance(ran.error, ConfigError)
    assert str(ran.error).startswith("s3://ecrm/conf.yaml:1: repositories: is the number 1 ")
    assert aws.calls.of("ecr") == []
    assert aws.sns.topic(TOPIC)[0][0] == "ecrm plan: FAILED"
    assert ran.metrics["Failed"] == 1


def test_a_mistake_in_the_package_costs_no_call_where_nobody_is_notified(
    invoke: Invoke, aws: FakeAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("ECRM_SNS_TOPIC_ARN", "ECRM_REPORT"):
        monkeypatch.delenv(name)
    (tmp_path / "ecrm.yaml").write_text("")
    ran = invoke()
    assert str(ran.error).startswith(f"{tmp_path}/ecrm.yaml: is empty; ")
    assert aws.calls == []


def test_a_guard_stops_a_deletion_as_a_failure_after_reporting(
    invoke: Invoke, aws: FakeAws, shop: Repository, tmp_path: Path
):
    (tmp_path / "ecrm.yaml").write_text(RULES + "guards: {max_images: 0}\n")
    planned = invoke()
    assert (planned.error, len(planned.value["guards"])) == (None, 1)
    assert ("warn", f"`delete` would stop here: {planned.value['guards'][0]}") in planned.messages
    ran = invoke({"command": "delete"})
    assert isinstance(ran.error, GuardError)
    stop = "guard max_images: 1 image would be deleted, and the limit is 0; "
    assert str(ran.error).startswith(stop)
    assert (deletions(aws), len(shop)) == (0, 2)
    assert aws.sns.topic(TOPIC)[-1][0] == "ecrm delete: FAILED in 123456789012/us-east-1"
    assert len(kept(aws, "reports/")) == 4


def test_a_sudden_drop_is_noticed_by_another_environment(
    invoke: Invoke, aws: FakeAws, shop: Repository
):
    """The usage history is in S3, since no folder outlives the function."""
    assert invoke().error is None
    assert json.loads(kept(aws, "state/")["in-use.json"])["123456789012/us-east-1"]["in_use"] == 2
    aws.s3.put("ecrm", "state/in-use.json", '{"123456789012/us-east-1": {"in_use": 100}}')
    ran = invoke({"command": "delete"})
    assert isinstance(ran.error, GuardError)
    assert str(ran.error).startswith("guard max_in_use_drop: 2 images of 123456789012/us-east-1 ")


def test_an_image_that_is_refused_is_a_failure(invoke: Invoke, aws: FakeAws, shop: Repository):
    aws.fault("ecr", "BatchDeleteImage", Fault.failure("KmsError", "no key"), times=FOREVER)
    ran = invoke({"command": "delete"})
    assert isinstance(ran.error, NotDeletedError)
    assert str(ran.error) == "1 of 1 images not done, the first because of KmsError: no key"
    assert ran.metrics["ImagesFailed"] == 1
    (warning,) = [line for line in ran.lines if line.get("level") == "warn"]
    assert (warning["repository"], warning["answer"]) == ("shop/api", "failed")


def test_an_incomplete_scan_is_a_failure_of_every_command(
    invoke: Invoke, aws: FakeAws, shop: Repository
):
    aws.fault("lambda", "ListFunctions", Fault.denied(), times=FOREVER)
    for command in ("plan", "delete", "scan"):
        ran = invoke({"command": command, "output": f"s3://ecrm/{command}"})
        assert isinstance(ran.error, IncompleteError)
        assert str(ran.error).startswith("lambda:ListFunctions is denied; allow it: ")
    assert deletions(aws) == 0
    texts = aws.s3.texts("ecrm")  # a list that leaves something out must not be taken for a whole
    assert [command in texts for command in ("plan", "delete", "scan")] == [True, True, False]


def test_no_credentials_are_a_failure_that_is_logged(
    invoke: Invoke, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    ran = invoke()
    assert isinstance(ran.error, AwsError)
    assert ("error", str(ran.error)) in ran.messages


# What cannot be reported


@pytest.mark.parametrize(
    ("action", "what"), [("sns:Publish", "notification"), ("s3:PutObject", "report")]
)
def test_a_report_that_cannot_be_sent_never_fails_the_cleanup_and_is_logged(
    invoke: Invoke, aws: FakeAws, shop: Repository, action: str, what: str
):
    service, operation = action.split(":")

    def is_told(params: dict[str, Any]) -> bool:
        return service == "sns" or params["Key"].startswith("reports/")

    aws.fault(service, operation, Fault.denied(), times=FOREVER, when=is_told)
    ran = invoke({"command": "delete"})
    assert ran.error is None
    assert "v1" not in shop
    (unsent,) = ran.value["unsent"]
    assert unsent.startswith(f"{what}: ")
    assert f"{action} is denied; allow it: " in unsent
    assert [level for level, text in ran.messages if text.startswith(f"the {what} could ")] == [
        "warn"
    ]


def test_a_topic_that_is_not_there_is_reported(
    invoke: Invoke, aws: FakeAws, shop: Repository, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ECRM_SNS_TOPIC_ARN", f"{TOPIC}-none")
    ran = invoke()
    assert ran.value["unsent"] == ["notification: sns:Publish: NotFound: Topic does not exist"]


# Time


def test_time_that_is_over_while_reading_deletes_nothing_and_is_no_failure(
    invoke: Invoke, aws: FakeAws, shop: Repository
):
    left = [900_000]
    aws.before("ecs", "ListClusters", lambda: left.__setitem__(0, 20_000))
    ran = invoke({"command": "delete"}, Context(lambda: left[0]))
    assert ran.error is None
    assert (ran.value["complete"], ran.value["out_of_time"]) == (False, True)
    assert "images" not in ran.value
    assert deletions(aws) == 0
    assert aws.sns.topic(TOPIC)[0][0] == "ecrm delete: out of time in 123456789012/us-east-1"
    assert ("warn", "the time is over; the next run goes on") in ran.messages


def test_time_that_is_over_after_the_plan_leaves_all_of_it(
    invoke: Invoke, aws: FakeAws, shop: Repository
):
    left = [900_000]
    aws.after("ecr", "DescribeImages", lambda: left.__setitem__(0, 80_000))
    ran = invoke({"command": "delete"}, Context(lambda: left[0]))
    assert ran.error is None
    assert (ran.value["complete"], ran.value["images"]["deferred"]["images"]) == (False, 1)
    assert deletions(aws) == 0
    (part,) = [text for key, text in kept(aws, "state/journals/").items() if "end" in text]
    assert json.loads(part.splitlines()[-1])["complete"] is False


@pytest.mark.parametrize(("number", "last"), [(250, 2), (2000, 8)])
def test_the_batch_in_hand_is_finished_and_the_next_run_continues(
    invoke: Invoke, aws: FakeAws, number: int, last: int
):
    """Nothing is lost, deleted twice or recorded twice."""
    big = aws.ecr.repository("big")
    big.fill(number, newest=days_ago(100))
    aws.ecs.task_definition("another", "123456789012.dkr.ecr.us-east-1.amazonaws.com/another:v1")
    latest = big.push("latest", pushed=days_ago(1))
    left = [900_000]
    aws.before("ecr", "BatchDeleteImage", lambda: left.__setitem__(0, 80_000), at=last)
    first = invoke({"command": "delete"}, Context(lambda: left[0]))
    deleted = 100 * last
    assert (first.error, first.value["complete"]) == (None, False)
    assert (first.value["out_of_time"], len(big)) == (True, number - deleted + 1)
    assert first.value["images"]["deleted"]["images"] == deleted
    assert first.value["images"]["deferred"]["images"] == number - deleted
    assert first.metrics["ImagesDeferred"] == number - deleted
    assert "left for the next run" in aws.sns.topic(TOPIC)[-1][1]
    journal = journal_of(aws, first)
    assert [entry.status for entry in journal.entries] == [OutcomeStatus.DELETED] * deleted
    assert journal.end is not None
    assert not journal.end.complete

    second = invoke({"command": "delete"}, Context(aws_request_id="99999999"))
    assert second.value["complete"]
    assert [image.digest for image in big] == [latest.digest]
    both = [*journal.entries, *journal_of(aws, second).entries]
    assert len({entry.image.digest for entry in both}) == len(both) == number


def journal_of(aws: FakeAws, ran: Invoked) -> Contents:
    texts = kept(aws, f"state/journals/{ran.value['run']}/")
    return read_journal("".join(texts.values()).split("\n"))


def test_the_margin_may_be_set(
    invoke: Invoke, aws: FakeAws, shop: Repository, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ECRM_TIME_MARGIN", "10s")
    assert invoke({"command": "delete"}, Context(lambda: 11_000)).value["complete"]
    shop.push("v1", pushed=days_ago(100))
    assert invoke({"command": "delete"}, Context(lambda: 9_000)).value["out_of_time"]


def test_a_program_gets_no_more_time_than_there_is(
    invoke: Invoke, aws: FakeAws, shop: Repository, tmp_path: Path
):
    """Of 0.4 seconds half are the margin, half of which is for calls: 0.15 for each program."""
    program = "external_commands: [{command: [sleep, '3600']}, {command: [sleep, '3600']}]\n"
    (tmp_path / "ecrm.yaml").write_text(RULES + program)
    ran = invoke({"command": "delete"}, Context(lambda: 400))
    assert isinstance(ran.error, IncompleteError)
    assert str(ran.error).splitlines()[0] == (
        "external command sleep: did not end within 0.15 seconds and was stopped "
        "(and 1 more of this kind)"
    )


def test_b46_a_scan_without_the_programs_says_so(
    invoke: Invoke, shop: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "ecrm.yaml").write_text(f"{RULES}external_commands: [{{command: [inventory]}}]\n")
    monkeypatch.setenv("ECRM_EXTERNAL_COMMANDS", "false")
    ran = invoke({"command": "scan"})
    assert ran.value["complete"]
    line = "command inventory: not run, because of --no-external-commands"
    assert ("warn", line) in ran.messages


def test_without_a_context_there_is_no_end(invoke: Invoke, aws: FakeAws, shop: Repository):
    assert invoke({"command": "delete"}, object()).value["complete"]


# One process after the other


def test_nothing_outlives_an_invocation(invoke: Invoke, aws: FakeAws, shop: Repository):
    logger = logging.getLogger("ecrm")
    before = (dict(os.environ), logger.handlers, logger.propagate, logger.level)
    assert invoke({"command": "delete"}).error is None
    assert invoke({"command": "destroy"}).error is not None
    assert (dict(os.environ), logger.handlers, logger.propagate, logger.level) == before


def test_what_one_event_says_is_not_said_to_the_next(
    invoke: Invoke, aws: FakeAws, shop: Repository
):
    invoke({"repository": "shop/api", "config": "s3://ecrm/none"})
    ran = invoke(None, Context(aws_request_id="2"))
    assert (ran.value["command"], ran.value["complete"]) == ("plan", True)
    assert {line["request_id"] for line in ran.lines if "level" in line} == {"2"}


def test_the_log_is_text_where_that_is_asked_for(
    aws: FakeAws,
    shop: Repository,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setenv("ECRM_LOG_FORMAT", "text")
    monkeypatch.setenv("ECRM_LOG_LEVEL", "warn")
    handler({}, Context())
    assert [line for line in capsys.readouterr().out.splitlines() if "_aws" not in line] == []


def test_importing_the_function_imports_nothing_that_it_may_not_use():
    code = "import sys, ecrm.lambda_handler; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    packages = {name.partition(".")[0] for name in ran.stdout.split()}
    assert "yaml" in packages
    assert not packages & {"click", "tabulate", "moto", "boto3", "botocore", "urllib3"}


@pytest.mark.slow
def test_a_whole_run_needs_neither_click_nor_tabulate(aws: FakeAws, shop: Repository):
    code = (
        "import sys, ecrm.lambda_handler as it; it.handler({'command': 'delete'}, None);"
        "assert not {'click', 'tabulate', 'moto'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert "v1" not in shop


def test_b47_an_event_does_not_replace_the_configuration(
    invoke: Invoke, aws: FakeAws, shop: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """Its own would delete everything, and run its own program."""
    ran = tmp_path / "ran"
    program = f"external_commands: [{{command: [touch, '{ran}']}}]\n"
    aws.s3.put("ecrm", "theirs.yaml", f"{program}repositories: [{{name: '*', expires: 0s}}]")
    event = {"command": "delete", "config": "s3://ecrm/theirs.yaml"}
    monkeypatch.setenv("ECRM_EVENT_KEYS", "")
    refused = invoke(event)
    assert isinstance(refused.error, UsageError)
    monkeypatch.setenv("ECRM_EVENT_KEYS", "config")
    allowed = invoke(event)
    assert isinstance(allowed.error, IncompleteError)
    assert "external_commands" in str(allowed.error)
    assert not ran.exists()
    assert deletions(aws) == 0


def test_a_page_of_html_is_written_among_the_reports(aws: FakeAws, invoke: Invoke):
    ran = invoke({"command": "plan", "format": "html"})
    (name,) = [name for name in kept(aws, "reports/") if name.endswith(".html")]
    assert name == f"{ran.value['run']}.html"
    assert kept(aws, "reports/")[name].startswith("<!DOCTYPE html>")
    assert ran.value["reports"][0] == f"s3://ecrm/reports/{name}"
    stored = aws.s3.bucket("ecrm")[f"reports/{name}"]
    assert stored.content_type == "text/html; charset=utf-8"


def test_a_page_of_html_is_written_where_the_event_says(aws: FakeAws, invoke: Invoke):
    ran = invoke({"command": "plan", "format": "html", "output": "s3://ecrm/page.html"})
    assert "<title>ECR storage" in kept(aws, "")["page.html"]
    assert "s3://ecrm/page.html" in ran.value["reports"]


def test_a_page_of_html_needs_a_place(
    aws: FakeAws, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("ECRM_REPORT")
    ran = invoke({"command": "plan", "format": "html"})
    assert isinstance(ran.error, UsageError)
    assert "set output" in str(ran.error)
