"""The least number of calls that the APIs allow for an account of a size, and what quotas say."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from math import ceil

from ecrm.config import DEFAULT_HISTORY
from tests.fake_aws import PUBLISHED, Rate
from tests.fake_aws.buckets import LAMBDA_CONTROL_PLANE
from tests.fake_aws.sample import Size

NOT_USED = (
    *("ecs:ListDaemonTaskDefinitions", "events:ListEventBuses", "scheduler:ListSchedules"),
    *("pipes:ListPipes", "states:ListStateMachines", "eks:ListClusters"),
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
    Task definitions are asked for once, though services, tasks and families name them. Aliases are
    needed where an old version has an image that would be deleted, and provisioned concurrency
    where no alias needs that image.
    """
    services = size.clusters * size.services
    tasks = ceil(size.services * size.tasks / 100) * size.clusters
    versions = size.functions * (size.versions + 1)  # and $LATEST
    listed = ceil(size.families * size.revisions / 100)
    return {
        **dict.fromkeys(NOT_USED, 1),
        "sagemaker:Search": 2,  # models, and model packages
        "sts:GetCallerIdentity": 1,
        "ecs:ListClusters": ceil(size.clusters / 100),
        "ecs:ListTasks": tasks + size.clusters,  # running; and, in one page, stopped
        "ecs:DescribeTasks": tasks,
        "ecs:ListServices": ceil(size.services / 100) * size.clusters,
        "ecs:DescribeServices": ceil(size.services / 10) * size.clusters,
        "ecs:DescribeServiceRevisions": ceil(services / 20),
        "ecs:ListTaskDefinitionFamilies": ceil(size.families / 100),
        "ecs:ListTaskDefinitions": min(listed, size.families),  # of all, or family by family
        "ecs:DescribeTaskDefinition": size.families * min(size.revisions, DEFAULT_HISTORY),
        "lambda:ListFunctions": ceil(versions / 50),
        "lambda:GetFunction": versions,
        "lambda:ListAliases": size.left_over + size.pointed_to,
        "lambda:ListProvisionedConcurrencyConfigs": size.left_over,
        "ecr:DescribeRegistry": 1,
        "ecr:DescribeRepositories": ceil(size.repositories / 1000),
        "ecr:DescribeImages": ceil(size.images / 1000) * size.repositories,
        "ecr:BatchGetImage": size.repositories,  # its indexes, up to a hundred
        "ecr:GetRegistryPolicy": 1,
        "ecr:GetRepositoryPolicy": size.repositories,
    }


_CACHED = ("ecs:DescribeTaskDefinition", "ecs:DescribeServiceRevisions", "ecr:BatchGetImage")


def least_again(size: Size) -> Mapping[str, int]:
    """For `plan` where nothing has changed since: all but what never changes. Of the versions of a
    function, only `$LATEST` may have become another image."""
    calls = {name: count for name, count in least_calls(size).items() if name not in _CACHED}
    return calls | {"lambda:GetFunction": size.functions}


def listings(calls: Mapping[str, int]) -> Mapping[str, int]:
    return {name: count for name, count in calls.items() if ":List" in name}


def slowest_quota(calls: Mapping[str, int]) -> tuple[str, float]:
    """Which published quota these calls take longest to fit into, and how many seconds."""
    seconds: dict[str, float] = {}
    for rate, count in _by_rate(calls).items():
        names = [name for name in calls if _rate(name) is rate]
        shown = ", ".join(name.partition(":")[2] for name in names)
        seconds[shown] = max(count - rate.burst, 0) / rate.per_second
    return max(seconds.items(), key=lambda choice: choice[1])


def one_after_the_other(calls: Iterable[str], latency: float) -> float:
    """The seconds that these calls take, each of which waits for its answer and, without ever
    being refused, for the published quota."""
    now = 0.0
    tokens: dict[Rate, tuple[float, float]] = {}
    for name in calls:
        if rate := _rate(name):
            left, at = tokens.get(rate, (rate.burst, now))
            left = min(left + (now - at) * rate.per_second, rate.burst) - 1
            tokens[rate] = left, now
            now += max(-left, 0) / rate.per_second
        now += latency
    return now


def _by_rate(calls: Mapping[str, int]) -> Mapping[Rate, int]:
    counts: Counter[Rate] = Counter()
    for name, count in calls.items():
        if rate := _rate(name):
            counts[rate] += count
    return counts


@cache
def _rate(call: str) -> Rate | None:
    service, _, name = call.partition(":")
    own = [rate for rate in PUBLISHED if rate.service == service]
    exact = [rate for rate in own if name in rate.operations]
    rest = [rate for rate in own if LAMBDA_CONTROL_PLANE in rate.operations]
    return next(iter(exact + rest), None)
