"""The function under AWS's own runtime interface client, against a Runtime API and an AWS on
loopback: what is said of an invocation in README holds for it as a whole."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecrm.execution.journal.reading import read_journal
from ecrm.execution.journal.records import Contents
from ecrm.model.outcome import OutcomeStatus
from tests.fake_aws import FOREVER, FakeAws, Fault, Repository
from tests.runtime_api import Answer, Function, RuntimeApi

pytestmark = pytest.mark.slow  # starts processes

pytest.importorskip("awslambdaric", reason="AWS has no runtime interface client for this system")

RULES = "repositories: [{name_pattern: '*', expires: 30d}]\n"
TOPIC = "arn:aws:sns:us-east-1:123456789012:ecrm"
MARGIN = 60.0  # seconds
VARIABLES = {
    "ECRM_STATE_DIR": "s3://ecrm/state",
    "ECRM_EVENT_KEYS": "out,output",
    "ECRM_REPORT": "s3://ecrm/reports",
    "ECRM_SNS_TOPIC_ARN": TOPIC,
    "ECRM_TIME_MARGIN": f"{MARGIN:.0f}s",
}


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    with RuntimeApi() as made:
        yield made


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    with FakeAws() as fake:
        fake.s3.bucket("ecrm")
        fake.sns.topic(TOPIC)
        yield fake


@pytest.fixture
def function(api: RuntimeApi, aws: FakeAws, tmp_path: Path) -> Iterator[Function]:
    (tmp_path / "ecrm.yaml").write_text(RULES)
    with Function(api, tmp_path, aws.env() | VARIABLES) as made:
        yield made


def images(answer: Answer) -> dict[str, int]:
    return {key: totals["images"] for key, totals in answer.value["images"].items()}


def journals(aws: FakeAws) -> list[Contents]:
    texts: dict[str, str] = {}
    for key, text in aws.s3.texts("ecrm").items():
        if key.startswith("state/journals/"):
            name = key.rpartition("/")[0]
            texts[name] = texts.get(name, "") + text
    return [read_journal(text.split("\n")) for text in texts.values()]


def test_an_empty_event_plans_with_the_configuration_of_the_package(
    function: Function, aws: FakeAws, shop: Repository
):
    answer = function.invoke({})
    assert answer.error is None
    assert (answer.value["command"], answer.value["complete"]) == ("plan", True)
    assert {key: number for key, number in images(answer).items() if number} == {
        "total": 2,
        "in_use": 1,
        "deletable": 1,
    }
    assert {call.name for call in aws.calls.writes} == {"s3:PutObject", "sns:Publish"}
    assert len(shop) == 2


def test_each_command_in_one_warm_process(function: Function, aws: FakeAws, shop: Repository):
    scanned = function.invoke({"command": "scan", "output": "s3://ecrm/scan.json"})
    planned = function.invoke({"command": "plan", "out": "s3://ecrm/plan.json"})
    deleted = function.invoke({"command": "delete", "plan": "s3://ecrm/plan.json"})
    again = function.invoke({"detail-type": "Scheduled Event", "detail": {"command": "delete"}})
    assert [ran.error for ran in (scanned, planned, deleted, again)] == [None] * 4
    assert scanned.value["in_use"] >= 1
    assert json.loads(aws.s3.texts("ecrm")["scan.json"])
    assert [images(ran)["deletable"] for ran in (planned, deleted, again)] == [1, 1, 0]
    assert images(deleted)["deleted"] == 1
    assert ("v1" in shop, "v2" in shop) == (False, True)
    (journal,) = journals(aws)
    assert [entry.status for entry in journal.entries] == [OutcomeStatus.DELETED]
    for ran in (scanned, planned, deleted, again):  # nothing of one is left for the next
        assert [text for _, text in ran.messages].count("started") == 1
        assert [text for _, text in ran.messages].count("finished") == 1
        assert len({event["request_id"] for event in ran.events if "level" in event}) == 1


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"comand": "delete"}, "event: unknown key 'comand'; did you mean 'command'?"),
        ({"scan": "true"}, 'event: scan is the text "true", not true or false'),
        ([], "event: is [], not a map of keys such as 'command'"),
    ],
)
def test_a_bad_event_fails_before_any_call(
    function: Function, aws: FakeAws, event: object, message: str
):
    answer = function.invoke(event)
    assert answer.error == ("UsageError", message)
    assert answer.messages == [("error", message)]
    assert aws.calls == []


def test_a_scan_that_fails_raises_after_reporting(
    function: Function, aws: FakeAws, shop: Repository
):
    aws.fault("ecs", "ListClusters", Fault.denied(), times=FOREVER)
    answer = function.invoke({"command": "delete"})
    assert answer.error is not None
    assert answer.error[0] == "IncompleteError"
    assert answer.error[1].startswith("ecs:ListClusters is denied; allow it: ")
    assert answer.metrics["Failed"] == 1
    (notice,) = aws.sns.topic(TOPIC)
    assert (
        notice[0] == "ecrm delete: INCOMPLETE, it cannot be carried out in 123456789012/us-east-1"
    )
    report = next(
        report for key, report in aws.s3.texts("ecrm").items() if key.startswith("reports/")
    )
    assert json.loads(report)["error"] == answer.error[1]
    assert "ecr:BatchDeleteImage" not in aws.calls.names
    assert len(shop) == 2


def test_a_time_limit_that_ends_before_the_deletion_leaves_all_of_it_for_the_next_run(
    function: Function, aws: FakeAws, shop: Repository
):
    """Less than the margin is left from the start; half of it suffices for reading."""
    first = function.invoke({"command": "delete"}, seconds=MARGIN - 1)
    assert first.error is None
    assert (first.value["complete"], first.value["out_of_time"]) == (False, True)
    assert (images(first)["deletable"], images(first)["deferred"]) == (1, 1)
    assert not aws.calls.of("ecr", "BatchDeleteImage")
    (journal,) = journals(aws)
    assert journal.end is not None
    assert not journal.end.complete
    assert "left for the next run" in aws.sns.topic(TOPIC)[-1][1]

    second = function.invoke({"command": "delete"})
    assert (second.value["complete"], images(second)["deleted"]) == (True, 1)
    assert "v1" not in shop
