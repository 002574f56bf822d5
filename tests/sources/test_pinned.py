"""Rules, schedules, pipes and state machines keep the task definitions that they name."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ecrm.config import Config, SourceChoice
from ecrm.model.scan import Diagnostic
from ecrm.model.use import Use
from ecrm.sources.pinned import (
    EVENTBRIDGE,
    PIPES,
    SCHEDULER,
    STEP_FUNCTIONS,
    STEP_FUNCTIONS_VERSIONS,
)
from ecrm.sources.source import Source
from tests.sources.reading import found_by
from tests.stubs import ACCOUNT, HOST, REGION, Stubs

CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/runs"


def definition(name: str) -> str:
    return f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{name}"


@pytest.fixture
def aws() -> Iterator[Stubs]:
    """Where `web:3`, say, runs `web:v3`, and the newest revision of a family `web:latest`."""

    def describe(params: Any) -> Any:
        family, _, revision = params["taskDefinition"].rpartition("/")[2].partition(":")
        image = f"{HOST}/{family}:{f'v{revision}' if revision else 'latest'}"
        arn = definition(f"{family}:{revision or 9}")
        containers = [{"name": "app", "image": image}]
        return {"taskDefinition": {"taskDefinitionArn": arn, "containerDefinitions": containers}}

    with Stubs() as stubs:
        stubs.otherwise("DescribeTaskDefinition", describe)
        stubs.otherwise("ListClusters", {"clusterArns": [f"{CLUSTER}/prod", f"{CLUSTER}/batch"]})
        yield stubs


def uses(aws: Stubs, source: Source) -> dict[str, str]:
    """Who needs an image, by image."""
    choice = SourceChoice(source.name, exclude=False)
    found = found_by(source, aws.target, Config(sources=(choice,)))
    assert not [item for item in found if isinstance(item, Diagnostic)]
    used = [item for item in found if isinstance(item, Use)]
    assert {use.source for use in used} <= {source.name}
    return {str(use.reference).removeprefix(f"{HOST}/"): str(use) for use in used}


def target(name: str, task: str) -> Any:
    parameters = {"TaskDefinitionArn": definition(task)}
    return {"Id": name, "Arn": f"{CLUSTER}/batch", "EcsParameters": parameters}


def test_a_rule_is_found_by_the_cluster_in_which_it_starts_tasks(aws):
    """Of all event buses; whether it is enabled is not asked."""
    aws.answer("ListEventBuses", {"EventBuses": [{"Name": "default"}], "NextToken": "2"}, Limit=100)
    aws.answer("ListEventBuses", {"EventBuses": [{"Name": "ours"}]}, Limit=100, NextToken="2")
    aws.otherwise("ListRuleNamesByTarget", {"RuleNames": []})
    asked = {"EventBusName": "ours", "TargetArn": f"{CLUSTER}/batch", "Limit": 100}
    aws.answer("ListRuleNamesByTarget", {"RuleNames": ["nightly"]}, **asked)
    queue = {"Id": "3", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:other"}
    answer = {"Targets": [target("1", "report:7"), target("2", "web"), queue]}
    aws.answer("ListTargetsByRule", answer, EventBusName="ours", Rule="nightly", Limit=100)
    rule = "EventBridge rule ours/nightly"
    assert uses(aws, EVENTBRIDGE) == {
        "report:v7": f"{rule} (target 1) → task definition report:7 → container app",
        "web:latest": f"{rule} (target 2) → task definition web → container app",
    }
    assert len(aws.asked("ListRuleNamesByTarget")) == 4


def test_a_rule_of_two_clusters_is_read_once(aws):
    aws.answer("ListEventBuses", {"EventBuses": [{"Name": "default"}]}, Limit=100)
    aws.otherwise("ListRuleNamesByTarget", {"RuleNames": ["nightly"]})
    aws.otherwise("ListTargetsByRule", {"Targets": [target("1", "report:7")]})
    assert set(uses(aws, EVENTBRIDGE)) == {"report:v7"}
    assert len(aws.asked("ListTargetsByRule")) == 1


def schedule(name: str, arn: str, **target: Any) -> Any:
    answer = {"Name": name, "GroupName": "ours", "Target": {"Arn": arn, "RoleArn": ROLE, **target}}
    return {"Name": name, "GroupName": "ours", "State": "DISABLED", "Target": {"Arn": arn}}, answer


def test_schedules_that_start_tasks_or_call_an_api_are_read_also_when_disabled(aws):
    api = "arn:aws:scheduler:::aws-sdk:ecs:runTask"
    nightly = schedule(
        "nightly", f"{CLUSTER}/prod", EcsParameters={"TaskDefinitionArn": definition("report:7")}
    )
    weekly = schedule("weekly", api, Input=json.dumps({"TaskDefinition": "weekly:2"}))
    other = schedule("other", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:other")
    listed = [summary for summary, _ in (nightly, weekly, other)]
    aws.answer("ListSchedules", {"Schedules": listed}, MaxResults=100)
    for name, (_, answer) in (("nightly", nightly), ("weekly", weekly)):
        aws.answer("GetSchedule", answer, Name=name, GroupName="ours")
    found = uses(aws, SCHEDULER)
    assert set(found) == {"report:v7", "weekly:v2"}
    assert found["weekly:v2"] == (
        "schedule ours/weekly (its target) → task definition weekly:2 → container app"
    )


def test_pipes_that_start_tasks_are_read(aws):
    pipes = [
        {"Name": "orders", "Target": f"{CLUSTER}/prod", "CurrentState": "STOPPED"},
        {"Name": "other", "Target": f"arn:aws:sqs:{REGION}:{ACCOUNT}:other"},
    ]
    aws.answer("ListPipes", {"Pipes": pipes}, Limit=100)
    tasks = {"EcsTaskParameters": {"TaskDefinitionArn": definition("report:7")}}
    aws.answer("DescribePipe", {"Name": "orders", "TargetParameters": tasks}, Name="orders")
    assert uses(aws, PIPES) == {
        "report:v7": "pipe orders (its target) → task definition report:7 → container app"
    }


MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:orders"


def machine(name: str, image: str, task: str) -> Any:
    return {
        "stateMachineArn": name,
        "name": "orders",
        "roleArn": ROLE,
        "type": "STANDARD",
        "creationDate": 0,
        "definition": json.dumps({"TaskDefinition": task, "Image": f"{HOST}/{image}"}),
    }


def listed_machine(aws: Stubs) -> None:
    summary = {"stateMachineArn": MACHINE, "name": "orders", "type": "STANDARD", "creationDate": 0}
    aws.answer("ListStateMachines", {"stateMachines": [summary]}, maxResults=1000)


def test_a_state_machine_names_task_definitions_and_images_in_its_newest_definition(aws):
    listed_machine(aws)
    answer = machine(MACHINE, "train:v1", "report:7")
    aws.answer("DescribeStateMachine", answer, stateMachineArn=MACHINE)
    assert uses(aws, STEP_FUNCTIONS) == {
        "train:v1": "state machine orders (its definition) → Image",
        "report:v7": (
            "state machine orders (its definition) → task definition report:7 → container app"
        ),
    }


def test_versions_of_a_state_machine_are_read_where_that_is_asked_for(aws):
    listed_machine(aws)
    versions = [{"stateMachineVersionArn": f"{MACHINE}:{n}", "creationDate": 0} for n in (2, 1)]
    asked = {"stateMachineArn": MACHINE, "maxResults": 1000}
    page = {"stateMachineVersions": versions[:1], "nextToken": "2"}
    aws.answer("ListStateMachineVersions", page, **asked)
    aws.answer(
        "ListStateMachineVersions", {"stateMachineVersions": versions[1:]}, **asked, nextToken="2"
    )
    for number in (1, 2):
        answer = machine(f"{MACHINE}:{number}", f"train:v{number}", f"report:{number}")
        aws.answer("DescribeStateMachine", answer, stateMachineArn=f"{MACHINE}:{number}")
    images = uses(aws, STEP_FUNCTIONS_VERSIONS)
    assert set(images) == {"train:v1", "train:v2", "report:v1", "report:v2"}
    assert not STEP_FUNCTIONS_VERSIONS.by_default


def test_a_definition_that_is_encrypted_with_a_key_of_somebody_else_is_denied(aws):
    listed_machine(aws)
    text = "User is not authorized to perform: kms:Decrypt"
    aws.refuse("DescribeStateMachine", "KmsAccessDeniedException", text, stateMachineArn=MACHINE)
    [note] = found_by(STEP_FUNCTIONS, aws.target)
    assert isinstance(note, Diagnostic)
    assert note.status == "denied"
    assert text in note.text


def test_a_task_definition_that_was_deleted_needs_nothing(aws):
    listed_machine(aws)
    answer = machine(MACHINE, "train:v1", "gone:7")
    aws.answer("DescribeStateMachine", answer, stateMachineArn=MACHINE)
    gone = ("ClientException", "Unable to describe task definition.")
    aws.refuse("DescribeTaskDefinition", *gone, taskDefinition=definition("gone:7"))
    assert set(uses(aws, STEP_FUNCTIONS)) == {"train:v1"}


def test_b36_an_endpoint_that_does_not_know_task_definitions_does_not_make_them_gone(aws):
    listed_machine(aws)
    answer = machine(MACHINE, "train:v1", "report:7")
    aws.answer("DescribeStateMachine", answer, stateMachineArn=MACHINE)
    aws.refuse("DescribeTaskDefinition", "404", taskDefinition=definition("report:7"))
    [note] = [item for item in found_by(STEP_FUNCTIONS, aws.target) if isinstance(item, Diagnostic)]
    assert note.status == "failed"


def test_b35_what_starts_tasks_and_names_no_task_definition_is_not_understood(aws):
    summary, answer = schedule("nightly", f"{CLUSTER}/prod")
    aws.answer("ListSchedules", {"Schedules": [summary]}, MaxResults=100)
    aws.answer("GetSchedule", answer, Name="nightly", GroupName="ours")
    [note] = found_by(SCHEDULER, aws.target)
    assert isinstance(note, Diagnostic)
    assert (note.status, note.text) == (
        "failed",
        "scheduler:GetSchedule: AWS's answer names no image of schedule ours/nightly; try again",
    )


@pytest.mark.parametrize("text", ["{", "null", '"a text"'])
def test_b35_a_definition_that_is_not_json_is_not_understood(aws, text):
    listed_machine(aws)
    answer = {**machine(MACHINE, "train:v1", "report:7"), "definition": text}
    aws.answer("DescribeStateMachine", answer, stateMachineArn=MACHINE)
    [note] = found_by(STEP_FUNCTIONS, aws.target)
    assert isinstance(note, Diagnostic)
    assert (note.status, note.text) == (
        "failed",
        "state machine orders (its definition): the text is not JSON; try again",
    )
