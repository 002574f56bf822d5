"""What of the other services no shape can say: versions, actions of pipelines, user data."""

import gzip
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from ecrm.config import Config, SourceChoice
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use
from ecrm.sources.builders import CODEPIPELINE
from ecrm.sources.inspector import INSPECTOR
from ecrm.sources.items import SourceItem
from ecrm.sources.runners import AGENT_CORE, GAMELIFT
from ecrm.sources.sagemaker import SAGEMAKER
from ecrm.sources.user_data import LAUNCH_TEMPLATES
from tests.sources.reading import found_by
from tests.stubs import ACCOUNT, HOST, REGION, Stubs
from tests.values import NOW, digest


@pytest.fixture
def aws() -> Iterator[Stubs]:
    with Stubs() as stubs:
        yield stubs


def images(items: list[SourceItem]) -> dict[str, str]:
    """Who needs an image, by image."""
    used = [item for item in items if isinstance(item, Use)]
    return {str(use.reference).removeprefix(f"{HOST}/"): str(use) for use in used}


# -- AgentCore


def test_of_an_agent_the_newest_version_counts_and_those_that_endpoints_serve(aws):
    agent = "agent-0123456789"
    runtime = {
        "agentRuntimeArn": "arn",
        "agentRuntimeId": agent,
        "agentRuntimeName": "agent",
        "agentRuntimeVersion": "9",
        "description": "an agent",
        "lastUpdatedAt": 0,
        "status": "READY",
    }
    aws.otherwise("ListHarnesses", {"harnesses": []})
    aws.answer("ListAgentRuntimes", {"agentRuntimes": [runtime]}, maxResults=100)
    endpoints = [endpoint("live", "3"), endpoint("next", "3", targetVersion="4")]
    answer = {"runtimeEndpoints": endpoints}
    aws.answer("ListAgentRuntimeEndpoints", answer, agentRuntimeId=agent, maxResults=100)
    for asked in ({}, {"agentRuntimeVersion": "3"}, {"agentRuntimeVersion": "4"}):
        version = asked.get("agentRuntimeVersion", "9")
        container = {"containerUri": f"{HOST}/agent:v{version}"}
        described = {
            **{key: value for key, value in runtime.items() if key != "description"},
            "agentRuntimeVersion": version,
            "createdAt": 0,
            "roleArn": "arn:aws:iam::1:role/a",
            "networkConfiguration": {"networkMode": "PUBLIC"},
            "lifecycleConfiguration": {},
            "agentRuntimeArtifact": {"containerConfiguration": container},
        }
        aws.answer("GetAgentRuntime", described, agentRuntimeId=agent, **asked)
    found = images(found_by(AGENT_CORE, aws.target))
    assert {image: who.partition(" →")[0] for image, who in found.items()} == {
        "agent:v9": "AgentCore runtime agent (newest version)",
        "agent:v3": "AgentCore runtime agent (live version of live)",
        "agent:v4": "AgentCore runtime agent (target version of next)",
    }


def endpoint(name: str, live: str, **more: str) -> dict[str, Any]:
    arns = {"agentRuntimeEndpointArn": "arn", "agentRuntimeArn": "arn", "id": name}
    times = {"createdAt": 0, "lastUpdatedAt": 0}
    return {"name": name, "liveVersion": live, "status": "READY", **arns, **times, **more}


# -- CodePipeline


def pipeline(aws: Stubs, provider: str, *commands: str, **configuration: str) -> list[SourceItem]:
    kind = {"category": "Source", "owner": "AWS", "provider": provider, "version": "1"}
    action = {"name": "Image", "actionTypeId": kind, "configuration": configuration}
    if commands:
        action["commands"] = list(commands)
    stages = [{"name": "Source", "actions": [action]}]
    role = f"arn:aws:iam::{ACCOUNT}:role/deploys"
    aws.answer("ListPipelines", {"pipelines": [{"name": "deploy"}]}, maxResults=1000)
    answer = {"pipeline": {"name": "deploy", "roleArn": role, "stages": stages}}
    aws.answer("GetPipeline", answer, name="deploy")
    return found_by(CODEPIPELINE, aws.target)


@pytest.mark.parametrize(("tag", "image"), [({"ImageTag": "v1"}, "web:v1"), ({}, "web:latest")])
def test_a_tag_that_starts_a_pipeline_counts_in_the_registry_of_its_account(aws, tag, image):
    found = images(pipeline(aws, "ECR", RepositoryName="web", **tag))
    assert found == {image: "CodePipeline pipeline deploy (source Image)"}


def test_images_in_settings_and_commands_of_an_action_count(aws):
    variables = f'[{{"name": "IMAGE", "value": "{HOST}/tools:v2"}}]'
    found = pipeline(aws, "Commands", f"docker run {HOST}/tests:v1", EnvironmentVariables=variables)
    assert set(images(found)) == {"tools:v2", "tests:v1"}


# -- user data


def template(aws: Stubs, user_data: bytes) -> list[SourceItem]:
    data = {"UserData": b64encode(user_data).decode()}
    version = {"LaunchTemplateName": "nodes", "VersionNumber": 7, "LaunchTemplateData": data}
    page: dict[str, Any] = {"LaunchTemplateVersions": [], "NextToken": "2"}
    asked = {"Versions": ["$Latest", "$Default"], "MaxResults": 200}
    aws.answer("DescribeLaunchTemplateVersions", page, **asked)
    answer = {"LaunchTemplateVersions": [version]}
    aws.answer("DescribeLaunchTemplateVersions", answer, **asked, NextToken="2")
    aws.otherwise("DescribeLaunchConfigurations", {"LaunchConfigurations": []})
    return found_by(LAUNCH_TEMPLATES, aws.target)


SCRIPT = f"#!/bin/sh\nexport TOKEN=hunter2\ndocker run -e TOKEN {HOST}/web:v1\n".encode()


@pytest.mark.parametrize("user_data", [SCRIPT, gzip.compress(SCRIPT)], ids=["plain", "gzip"])
def test_images_in_user_data_count_and_nothing_else_of_it_is_seen(aws, user_data):
    found = template(aws, user_data)
    assert images(found) == {"web:v1": "launch template nodes:7 (user data)"}
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    "user_data", [b"\x1f\x8bnot gzip", b"\x1f\x8b\x08\x00", b"\xff\xfe\x00", b""]
)
def test_user_data_that_is_no_text_protects_nothing_and_fails_nothing(aws, user_data):
    notes = template(aws, user_data)
    assert {item.status for item in notes if isinstance(item, Diagnostic)} <= {ReadStatus.READ}
    assert images(notes) == {}


def test_launch_configurations_have_user_data_too(aws):
    data = b64encode(SCRIPT).decode()
    configuration = {
        "LaunchConfigurationName": "old",
        "ImageId": "ami-1",
        "InstanceType": "t3.micro",
        "CreatedTime": 0,
        "UserData": data,
    }
    aws.otherwise("DescribeLaunchTemplateVersions", {"LaunchTemplateVersions": []})
    answer = {"LaunchConfigurations": [configuration]}
    aws.answer("DescribeLaunchConfigurations", answer, MaxRecords=100)
    found = images(found_by(LAUNCH_TEMPLATES, aws.target))
    assert found == {"web:v1": "launch configuration old (user data)"}


# -- Inspector


def coverage(aws: Stubs, resource: str) -> list[SourceItem]:
    covered = {
        "accountId": ACCOUNT,
        "resourceType": "AWS_ECR_CONTAINER_IMAGE",
        "scanType": "PACKAGE",
        "resourceId": resource,
        "resourceMetadata": {"ecrImage": {"inUseCount": 2}},
    }
    aws.otherwise("ListCoverage", {"coveredResources": [covered]})
    return found_by(
        INSPECTOR, aws.target, Config(sources=(SourceChoice("inspector", exclude=False),))
    )


def test_what_inspector_saw_run_counts_in_the_registry_that_it_names(aws):
    arn = f"arn:aws:ecr:eu-west-1:999999999999:repository/shop/web/{digest(1)}"
    found = images(coverage(aws, arn))
    image = f"999999999999.dkr.ecr.eu-west-1.amazonaws.com/shop/web@{digest(1)}"
    assert found == {image: "Amazon Inspector (says that it ran in the last 14 days)"}
    running, recent = (asked["filterCriteria"] for asked in aws.asked("ListCoverage"))
    assert running["ecrImageInUseCount"] == [{"lowerInclusive": 1}]
    assert recent["ecrImageLastInUseAt"] == [{"startInclusive": NOW - timedelta(days=14)}]


def test_a_resource_of_inspector_that_is_no_image_is_a_failure(aws):
    note, _ = coverage(aws, f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/shop/web")
    assert isinstance(note, Diagnostic)
    assert note.status is ReadStatus.FAILED


# -- GameLift and SageMaker, where AWS resolved a tag


def test_every_version_of_a_container_group_counts_by_what_it_resolved(aws):
    def group(number: int) -> dict[str, Any]:
        container = {"ImageUri": f"{HOST}/game:live", "ResolvedImageDigest": digest(number)}
        server = {"ContainerName": "game", "ServerSdkVersion": "5.2.0", **container}
        return {"Name": "game", "VersionNumber": number, "GameServerContainerDefinition": server}

    groups = "ContainerGroupDefinitions"
    aws.answer("ListContainerGroupDefinitions", {groups: [group(2)]}, Limit=100)
    answer = {groups: [group(2), group(1)]}
    aws.answer("ListContainerGroupDefinitionVersions", answer, Name="game", Limit=100)
    found = images(found_by(GAMELIFT, aws.target))
    assert set(found) == {"game:live", f"game:live@{digest(1)}", f"game:live@{digest(2)}"}


def test_an_endpoint_counts_by_what_it_resolved_also_while_it_is_updated(aws):
    members = {
        "InferenceComponents": "InferenceComponents",
        "Images": "Images",
        "Algorithms": "AlgorithmSummaryList",
        "Pipelines": "PipelineSummaries",
        "MonitoringSchedules": "MonitoringScheduleSummaries",
        "TrainingJobs": "TrainingJobSummaries",
        "HyperParameterTuningJobs": "HyperParameterTuningJobSummaries",
        "ProcessingJobs": "ProcessingJobSummaries",
    }
    for kind in ("DataQuality", "ModelQuality", "ModelBias", "ModelExplainability"):
        members[f"{kind}JobDefinitions"] = "JobDefinitionSummaries"
    for kind, member in members.items():
        aws.otherwise(f"List{kind}", {member: []})
    aws.otherwise("Search", {"Results": []})

    def variant(number: int) -> dict[str, Any]:
        image = {
            "SpecifiedImage": f"{HOST}/fraud:v{number}",
            "ResolvedImage": f"{HOST}/fraud@{digest(number)}",
        }
        return {"VariantName": "all", "DeployedImages": [image]}

    summary = {
        "EndpointName": "fraud",
        "EndpointArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:e",
        "CreationTime": 0,
        "LastModifiedTime": 0,
        "EndpointStatus": "Updating",
    }
    aws.answer("ListEndpoints", {"Endpoints": [summary]}, MaxResults=100)
    pending = {"EndpointConfigName": "next", "ProductionVariants": [variant(2)]}
    described = {"ProductionVariants": [variant(1)], "PendingDeploymentSummary": pending}
    aws.answer("DescribeEndpoint", {**summary, **described}, EndpointName="fraud")
    found = images(found_by(SAGEMAKER, aws.target))
    assert set(found) == {
        *("fraud:v1", f"fraud@{digest(1)}", "fraud:v2", f"fraud@{digest(2)}"),
    }
