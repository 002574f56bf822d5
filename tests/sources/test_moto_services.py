"""The other services against an AWS that others wrote, as far as moto has them: what is registered
with one client is found by ours."""

import json
from base64 import b64encode
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from ecrm.aws import Target
from ecrm.model.scan import Diagnostic
from ecrm.model.use import Use
from ecrm.sources.batch import BATCH
from ecrm.sources.builders import CODEBUILD, CODEPIPELINE
from ecrm.sources.pinned import EVENTBRIDGE, PIPES, SCHEDULER, STEP_FUNCTIONS
from ecrm.sources.source import Source
from ecrm.sources.user_data import LAUNCH_TEMPLATES
from tests.sources.reading import found_by
from tests.stubs import HOST, REGION, REGISTRY, new_session

URI = f"{HOST}/shop/web:v1"
ROLE = "arn:aws:iam::123456789012:role/runs"


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws(config={"batch": {"use_docker": False}}):
        yield


def images(source: Source) -> set[str]:
    target = Target(REGISTRY, new_session(region_name=REGION))
    found = found_by(source, target)
    assert not [item for item in found if isinstance(item, Diagnostic)]
    return {str(item.reference) for item in found if isinstance(item, Use)}


@pytest.fixture
def cluster() -> str:
    answer = boto3.client("ecs").create_cluster(clusterName="prod")
    return str(answer["cluster"]["clusterArn"])


@pytest.fixture
def definition() -> str:
    """Of the older of two revisions."""
    ecs = boto3.client("ecs")
    arns = [
        ecs.register_task_definition(
            family="report",
            containerDefinitions=[{"name": "app", "image": image, "memory": 128}],
        )["taskDefinition"]["taskDefinitionArn"]
        for image in (URI, f"{HOST}/shop/web:v2")
    ]
    return str(arns[0])


def test_a_disabled_rule(cluster: str, definition: str):
    events = boto3.client("events")
    events.put_rule(Name="nightly", ScheduleExpression="rate(1 day)", State="DISABLED")
    parameters = {"TaskDefinitionArn": definition}
    target = {"Id": "1", "Arn": cluster, "RoleArn": ROLE, "EcsParameters": parameters}
    events.put_targets(Rule="nightly", Targets=[target])
    assert images(EVENTBRIDGE) == {URI}


def test_a_disabled_schedule(cluster: str, definition: str):
    boto3.client("scheduler").create_schedule(
        Name="nightly",
        State="DISABLED",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": cluster,
            "RoleArn": ROLE,
            "EcsParameters": {"TaskDefinitionArn": definition},
        },
    )
    assert images(SCHEDULER) == {URI}


def test_a_pipe(cluster: str, definition: str):
    boto3.client("pipes").create_pipe(
        Name="orders",
        Source=f"arn:aws:sqs:{REGION}:123456789012:orders",
        Target=cluster,
        RoleArn=ROLE,
        TargetParameters={"EcsTaskParameters": {"TaskDefinitionArn": definition}},
    )
    assert images(PIPES) == {URI}


def test_a_state_machine(definition: str):
    parameters = {"TaskDefinition": definition, "Cluster": "prod"}
    state = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": True}
    text = json.dumps({"StartAt": "A", "States": {"A": {**state, "Parameters": parameters}}})
    boto3.client("stepfunctions").create_state_machine(name="orders", definition=text, roleArn=ROLE)
    assert images(STEP_FUNCTIONS) == {URI}


def test_a_job_definition():
    boto3.client("batch").register_job_definition(
        jobDefinitionName="nightly",
        type="container",
        containerProperties={"image": URI, "vcpus": 1, "memory": 128},
    )
    assert images(BATCH) == {URI}


def test_a_project_over_the_other_protocol():
    boto3.client("codebuild").create_project(
        name="tests",
        source={"type": "S3", "location": "bucket/code.zip"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": URI,
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        serviceRole=ROLE,
    )
    assert images(CODEBUILD) == {URI}


def test_a_launch_template():
    data = b64encode(f"#!/bin/sh\ndocker run {URI}\n".encode()).decode()
    boto3.client("ec2").create_launch_template(
        LaunchTemplateName="nodes", LaunchTemplateData={"UserData": data}
    )
    assert images(LAUNCH_TEMPLATES) == {URI}


def test_a_pipeline_that_is_not_used():
    assert images(CODEPIPELINE) == set()
