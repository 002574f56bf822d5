"""The least number of calls that the APIs allow for an account of a size, and what quotas say."""

from collections.abc import Mapping
from math import ceil

from tests.fake_aws import PUBLISHED
from tests.fake_aws.sample import Size

NOT_USED = (
    *("ecs:ListDaemonTaskDefinitions", "events:ListEventBuses", "scheduler:ListSchedules"),
    *("pipes:ListPipes", "states:ListStateMachines"),
    *("batch:DescribeJobDefinitions", "batch:DescribeJobQueues"),
    *("sagemaker:ListEndpoints", "sagemaker:ListInferenceComponents", "sagemaker:ListPipelines"),
    *("sagemaker:ListMonitoringSchedules", "sagemaker:ListDataQualityJobDefinitions"),
    *("sagemaker:ListModelQualityJobDefinitions", "sagemaker:ListModelBiasJobDefinitions"),
    *("sagemaker:ListModelExplainabilityJobDefinitions", "sagemaker:ListImages"),
    *("sagemaker:ListAlgorithms", "sagemaker:ListTrainingJobs", "sagemaker:ListProcessingJobs"),
    "sagemaker:ListHyperParameterTuningJobs",
    *("apprunner:ListServices", "bedrock-agentcore:ListAgentRuntimes"),
    *("bedrock-agentcore:ListHarnesses", "emr-serverless:ListApplications"),
    *("lightsail:GetContainerServices", "gamelift:ListContainerGroupDefinitions"),
    *("codebuild:ListProjects", "codepipeline:ListPipelines", "lambda:ListRuntimes"),
    *("elasticbeanstalk:DescribeApplicationVersions", "ec2:DescribeLaunchTemplateVersions"),
    "autoscaling:DescribeLaunchConfigurations",
)
"""What shows that an account does not use a service."""


def least_calls(size: Size) -> Mapping[str, int]:
    """For `plan` without anything known, by API.

    Pages are as large as AWS allows. What has no operation for many is one call each: a task
    definition, the image of a version of a function, the images and the policy of a repository.
    Task definitions are asked for once, though services, tasks and families name them. Aliases need
    no call, since no function has more versions than are kept.
    """
    services = size.clusters * size.services
    tasks = ceil(size.services * size.tasks / 100) * size.clusters
    versions = size.functions * (size.versions + 1)  # and $LATEST
    return {
        **dict.fromkeys(NOT_USED, 1),
        "sagemaker:Search": 2,  # models, and model packages
        "sts:GetCallerIdentity": 1,
        "ecs:ListClusters": 2 * ceil(size.clusters / 100),  # once more for rules of EventBridge
        "ecs:ListTasks": tasks + size.clusters,  # running; and, in one page, stopped
        "ecs:DescribeTasks": tasks,
        "ecs:ListServices": ceil(size.services / 100) * size.clusters,
        "ecs:DescribeServices": ceil(size.services / 10) * size.clusters,
        "ecs:DescribeServiceRevisions": ceil(services / 20),
        "ecs:ListTaskDefinitionFamilies": ceil(size.families / 100),
        "ecs:ListTaskDefinitions": ceil(size.families * size.revisions / 100),
        "ecs:DescribeTaskDefinition": size.families * size.revisions,
        "lambda:ListFunctions": ceil(versions / 50),
        "lambda:GetFunction": versions,
        "ecr:DescribeRegistry": 1,
        "ecr:DescribeRepositories": ceil(size.repositories / 1000),
        "ecr:DescribeImages": ceil(size.images / 1000) * size.repositories,
        "ecr:BatchGetImage": size.repositories,  # its indexes, up to a hundred
        "ecr:GetRegistryPolicy": 1,
        "ecr:GetRepositoryPolicy": size.repositories,
    }


def slowest_quota(calls: Mapping[str, int]) -> tuple[str, float]:
    """Which published quota these calls take longest to fit into, and how many seconds."""
    resolve_uses = {}
    for rate in PUBLISHED:
        named = sum(calls.get(f"{rate.service}:{name}", 0) for name in rate.operations)
        resolve_uses[", ".join(rate.operations)] = max(named - rate.burst, 0) / rate.per_second
    return max(resolve_uses.items(), key=lambda choice: choice[1])
