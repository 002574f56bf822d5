"""An account that uses every service: for each source answers that make it call all that it calls.

Each source has an image of its own, whose URI is given; `ANSWERS` are functions of it.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from ecrm.sources.kubernetes.resources import KUBERNETES_OWN
from tests.fake_aws import FakeAws
from tests.sources.kubernetes.client.certificates import authority
from tests.sources.kubernetes.client.fake_cluster import FakeCluster

Answers = Mapping[str, Any]
"""By IAM action."""

_HERE = "us-east-1:123456789012"
_CLUSTER = f"arn:aws:ecs:{_HERE}:cluster/prod"
_ROLE = "arn:aws:iam::123456789012:role/runs"
_TARGET = {"Arn": _CLUSTER, "RoleArn": _ROLE}


def _task_definition(name: str) -> str:
    return f"arn:aws:ecs:{_HERE}:task-definition/{name}"


def _daemons(uri: str) -> Answers:
    definition = f"arn:aws:ecs:{_HERE}:daemon-task-definition/agent:1"
    revision = f"arn:aws:ecs:{_HERE}:daemon-revision/prod/agent/1"
    return {
        "ecs:ListDaemonTaskDefinitions": {"daemonTaskDefinitions": [{"arn": definition}]},
        "ecs:DescribeDaemonTaskDefinition": {
            "daemonTaskDefinition": {"containerDefinitions": [{"image": uri}]}
        },
        "ecs:ListDaemons": {"daemonSummariesList": [{"daemonArn": "agent"}]},
        "ecs:DescribeDaemon": {"daemon": {"currentRevisions": [{"arn": revision}]}},
        "ecs:DescribeDaemonRevisions": {
            "daemonRevisions": [
                {"daemonRevisionArn": revision, "containerImages": [{"image": uri}]}
            ]
        },
    }


@cache
def _cluster() -> FakeCluster:
    """It ends with the process."""
    return FakeCluster().__enter__()


def _eks(uri: str) -> Answers:
    """A pod of its cluster has the image."""
    pod = {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"containers": [{"name": "web", "image": uri}]},
    }
    cluster = _cluster()
    cluster.served = {resource: [] for resource in KUBERNETES_OWN.values()}
    cluster.served[KUBERNETES_OWN["", "pods"]] = [pod]
    authority_data = b64encode(authority().certificate.encode()).decode()
    described = {
        "name": "prod",
        "status": "ACTIVE",
        "endpoint": cluster.url,
        "certificateAuthority": {"data": authority_data},
    }
    return {
        "eks:ListClusters": {"clusters": ["prod"]},
        "eks:DescribeCluster": {"cluster": described},
    }


def _eventbridge(task_definition: str) -> Answers:
    target = {"Id": "1", **_TARGET, "EcsParameters": {"TaskDefinitionArn": task_definition}}
    return {
        "events:ListEventBuses": {"EventBuses": [{"Name": "default"}]},
        "events:ListRuleNamesByTarget": {"RuleNames": ["nightly"]},
        "events:ListTargetsByRule": {"Targets": [target]},
    }


def _scheduler(task_definition: str) -> Answers:
    schedule = {"Name": "nightly", "GroupName": "default", "Target": _TARGET}
    task = {"TaskDefinitionArn": task_definition}
    return {
        "scheduler:ListSchedules": {"Schedules": [schedule]},
        "scheduler:GetSchedule": {"Target": {**_TARGET, "EcsParameters": task}},
    }


def _pipes(task_definition: str) -> Answers:
    tasks = {"EcsTaskParameters": {"TaskDefinitionArn": task_definition}}
    return {
        "pipes:ListPipes": {"Pipes": [{"Name": "orders", "Target": _CLUSTER}]},
        "pipes:DescribePipe": {"Name": "orders", "TargetParameters": tasks},
    }


def _step_functions(uri: str) -> Answers:
    arn = f"arn:aws:states:{_HERE}:stateMachine:orders"
    return {
        "states:ListStateMachines": {"stateMachines": [{"name": "orders", "stateMachineArn": arn}]},
        "states:DescribeStateMachine": {"definition": f'{{"Image": "{uri}"}}'},
    }


def _versions(uri: str) -> Answers:
    arn = f"arn:aws:states:{_HERE}:stateMachine:orders:1"
    version = {"stateMachineVersionArn": arn}
    versions = {"states:ListStateMachineVersions": {"stateMachineVersions": [version]}}
    return {**_step_functions(uri), **versions}


def _batch(uri: str) -> Answers:
    job = {"jobId": "1", "jobName": "nightly", "status": "RUNNABLE"}
    queues = [
        {"jobQueueName": name, "jobQueueArn": name, "jobQueueType": kind}
        for name, kind in (("fast", "ECS"), ("train", "SAGEMAKER_TRAINING"))
    ]
    return {
        "batch:DescribeJobDefinitions": {"jobDefinitions": []},
        "batch:DescribeJobQueues": {"jobQueues": queues},
        "batch:ListJobs": {"jobSummaryList": [job]},
        "batch:DescribeJobs": {"jobs": [{**job, "container": {"image": uri}}]},
        "batch:ListServiceJobs": {"jobSummaryList": [job]},
        "batch:DescribeServiceJob": job,
    }


def _sagemaker(uri: str) -> Answers:
    """A model has the image; all else is there and names none."""
    model = {"ModelName": "fraud", "PrimaryContainer": {"Image": uri}}
    found = {"Model": {"Model": model}, "ModelPackage": {"ModelPackageArn": "a"}}

    def search(params: Any) -> Any:
        return {"Results": [{params["Resource"]: found[params["Resource"]]}]}

    answers: dict[str, Any] = {
        "Search": search,
        "ListEndpoints": {"Endpoints": [{"EndpointName": "a"}]},
        "DescribeEndpoint": {"EndpointName": "a"},
        "ListInferenceComponents": {"InferenceComponents": [{"InferenceComponentName": "a"}]},
        "DescribeInferenceComponent": {"InferenceComponentName": "a"},
        "ListPipelines": {"PipelineSummaries": [{"PipelineName": "a"}]},
        "DescribePipeline": {"PipelineName": "a", "PipelineDefinition": "{}"},
        "ListMonitoringSchedules": {
            "MonitoringScheduleSummaries": [{"MonitoringScheduleName": "a"}]
        },
        "DescribeMonitoringSchedule": {"MonitoringScheduleConfig": {}},
        "ListImages": {"Images": [{"ImageName": "a"}]},
        "ListImageVersions": {"ImageVersions": [{"Version": 0}]},
        "DescribeImageVersion": {"ImageVersionArn": "a"},
        "ListAlgorithms": {"AlgorithmSummaryList": [{"AlgorithmName": "a"}]},
        "DescribeAlgorithm": {"TrainingSpecification": {"TrainingImage": "python"}},
        "ListTrainingJobs": {"TrainingJobSummaries": [{"TrainingJobName": "a"}]},
        "DescribeTrainingJob": {"TrainingJobName": "a"},
        "ListHyperParameterTuningJobs": {
            "HyperParameterTuningJobSummaries": [{"HyperParameterTuningJobName": "a"}]
        },
        "DescribeHyperParameterTuningJob": {"HyperParameterTuningJobName": "a"},
        "ListProcessingJobs": {"ProcessingJobSummaries": [{"ProcessingJobName": "a"}]},
        "DescribeProcessingJob": {"AppSpecification": {"ImageUri": "python"}},
    }
    for kind in ("DataQuality", "ModelQuality", "ModelBias", "ModelExplainability"):
        listed = {"JobDefinitionSummaries": [{"MonitoringJobDefinitionName": "a"}]}
        answers[f"List{kind}JobDefinitions"] = listed
        app = {f"{kind}AppSpecification": {"ImageUri": "python"}}
        answers[f"Describe{kind}JobDefinition"] = app
    return {f"sagemaker:{name}": answer for name, answer in answers.items()}


def _apprunner(uri: str) -> Answers:
    source = {"SourceConfiguration": {"ImageRepository": {"ImageIdentifier": uri}}}
    service = {"ServiceArn": "arn:aws:apprunner:service", "ServiceName": "web"}
    return {
        "apprunner:ListServices": {"ServiceSummaryList": [service]},
        "apprunner:DescribeService": {"Service": source},
    }


def _agentcore(uri: str) -> Answers:
    """An endpoint serves an older version."""
    runtime = {"agentRuntimeId": "agent-0123456789", "agentRuntimeName": "agent"}
    endpoint = {"name": "live", "liveVersion": "1"}

    def get(params: Any) -> Any:
        older = {"containerConfiguration": {"containerUri": uri}}
        newest = {} if params.get("agentRuntimeVersion") is None else older
        return {"agentRuntimeVersion": "2", "agentRuntimeArtifact": newest}

    return {
        "bedrock-agentcore:ListAgentRuntimes": {"agentRuntimes": [runtime]},
        "bedrock-agentcore:ListAgentRuntimeEndpoints": {"runtimeEndpoints": [endpoint]},
        "bedrock-agentcore:GetAgentRuntime": get,
        "bedrock-agentcore:ListHarnesses": {
            "harnesses": [{"harnessId": "harness-0123456789", "harnessName": "tests"}]
        },
        "bedrock-agentcore:GetHarness": {"harness": {}},
    }


def _emr_serverless(uri: str) -> Answers:
    run = {"id": "1", "applicationId": "1", "state": "RUNNING"}
    return {
        "emr-serverless:ListApplications": {"applications": [{"id": "1"}]},
        "emr-serverless:GetApplication": {"application": {}},
        "emr-serverless:ListJobRuns": {"jobRuns": [run]},
        "emr-serverless:GetJobRun": {"jobRun": {"imageConfiguration": {"imageUri": uri}}},
    }


def _lightsail(uri: str) -> Answers:
    deployment = {"containers": {"web": {"image": uri}}}
    service = {"containerServiceName": "web", "currentDeployment": deployment}
    return {"lightsail:GetContainerServices": {"containerServices": [service]}}


def _gamelift(uri: str) -> Answers:
    group = {"Name": "game", "VersionNumber": 1}
    older = {**group, "GameServerContainerDefinition": {"ImageUri": uri}}
    groups = "ContainerGroupDefinitions"
    return {
        "gamelift:ListContainerGroupDefinitions": {groups: [group]},
        "gamelift:ListContainerGroupDefinitionVersions": {groups: [older]},
    }


def _codebuild(uri: str) -> Answers:
    project = {"name": "tests", "environment": {"image": uri}}
    return {
        "codebuild:ListProjects": {"projects": ["tests"]},
        "codebuild:BatchGetProjects": {"projects": [project]},
    }


def _codepipeline(uri: str) -> Answers:
    action = {
        "name": "Image",
        "actionTypeId": {"provider": "ECR"},
        "configuration": dict(
            zip(("RepositoryName", "ImageTag"), uri.partition("/")[2].split(":"), strict=True)
        ),
    }
    return {
        "codepipeline:ListPipelines": {"pipelines": [{"name": "deploy"}]},
        "codepipeline:GetPipeline": {"pipeline": {"stages": [{"actions": [action]}]}},
    }


def _elasticbeanstalk(uri: str) -> Answers:
    version = {"ApplicationName": "web", "VersionLabel": "1", "ImageSource": {"Uri": uri}}
    return {
        "elasticbeanstalk:DescribeApplicationVersions": {"ApplicationVersions": [version]},
    }


def _lambda_runtimes(uri: str) -> Answers:
    return {
        "lambda:ListRuntimes": {"Items": [{"Name": "ours"}]},
        "lambda:ListRuntimeVersions": {"Items": [{"Arn": "ours:1", "ResolvedUri": uri}]},
    }


def _launch_templates(uri: str) -> Answers:
    script = b64encode(f"#!/bin/sh\ndocker run {uri}\n".encode()).decode()
    template = {"LaunchTemplateName": "nodes", "VersionNumber": 1}
    configuration = {"LaunchConfigurationName": "old"}
    return {
        "ec2:DescribeLaunchTemplateVersions": {
            "LaunchTemplateVersions": [{**template, "LaunchTemplateData": {"UserData": script}}]
        },
        "autoscaling:DescribeLaunchConfigurations": {"LaunchConfigurations": [configuration]},
    }


def _inspector(uri: str) -> Answers:
    """It tells of digests alone."""
    name, _, digest = uri.partition("/")[2].partition("@")
    resource = f"arn:aws:ecr:{_HERE}:repository/{name}/{digest}"
    return {"inspector2:ListCoverage": {"coveredResources": [{"resourceId": resource}]}}


def _aggregators(_: str) -> Answers:
    aggregator = {"ConfigurationAggregatorName": "all"}
    return {
        "config:DescribeConfigurationAggregators": {"ConfigurationAggregators": [aggregator]},
        "config:SelectAggregateResourceConfig": {"Results": []},
    }


ANSWERS: Mapping[str, Callable[[str], Answers]] = {
    "ecs-daemons": _daemons,
    "eks": _eks,
    "eventbridge": _eventbridge,
    "scheduler": _scheduler,
    "pipes": _pipes,
    "stepfunctions": _step_functions,
    "stepfunctions-versions": _versions,
    "batch": _batch,
    "sagemaker": _sagemaker,
    "apprunner": _apprunner,
    "agentcore": _agentcore,
    "emr-serverless": _emr_serverless,
    "lightsail": _lightsail,
    "gamelift": _gamelift,
    "codebuild": _codebuild,
    "codepipeline": _codepipeline,
    "elasticbeanstalk": _elasticbeanstalk,
    "lambda-runtimes": _lambda_runtimes,
    "launch-templates": _launch_templates,
    "inspector": _inspector,
    "aws-config": _aggregators,
}
"""By source. Those of `STARTING_TASKS` are functions of a task definition."""

STARTING_TASKS = ("eventbridge", "scheduler", "pipes")
BY_DIGEST = ("inspector",)
"""Sources that know images by their digests alone."""

NO_IMAGES = ("aws-config",)
"""Sources that only count what others should find."""


def use(aws: FakeAws, source: str, uri: str) -> Callable[[], None]:
    """Have the source use the image, which nothing else tells of; undone by what is returned."""
    if source in STARTING_TASKS:
        definition = aws.ecs.task_definition(f"of-{source}", uri)
        aws.ecs.deregister(definition)
        given = ANSWERS[source](definition.arn)
    else:
        given = ANSWERS[source](uri)
    for action, answer in given.items():
        aws.others.answer(action, answer)

    def forget() -> None:
        for action in given:
            del aws.others.answers[action]

    return forget
