"""AWS Batch: every shape of a job definition, and the jobs that run or wait to run."""

from collections.abc import Iterator
from typing import Any

import pytest

from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use
from ecrm.sources.batch import BATCH
from tests.sources.reading import found_by
from tests.stubs import ACCOUNT, HOST, REGION, Stubs

QUEUE = f"arn:aws:batch:{REGION}:{ACCOUNT}:job-queue"
ALIVE = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING")


def image(name: str) -> dict[str, Any]:
    return {"image": f"{HOST}/{name}:v1"}


def ecs(name: str) -> Any:
    return {"taskProperties": [{"containers": [image(name)]}]}


def eks(name: str) -> Any:
    pod = {"containers": [image(name)], "initContainers": [image(f"{name}-init")]}
    return {"podProperties": pod}


def nodes(*ranges: Any) -> Any:
    properties = [{"targetNodes": str(number), **given} for number, given in enumerate(ranges)]
    return {"numNodes": len(ranges), "mainNode": 0, "nodeRangeProperties": properties}


SHAPES = {
    "a container": ({"containerProperties": image("app")}, {"app"}),
    "ECS": ({"ecsProperties": ecs("app")}, {"app"}),
    "EKS": ({"eksProperties": eks("app")}, {"app", "app-init"}),
    "nodes of containers": (
        {"nodeProperties": nodes({"container": image("one")}, {"container": image("two")})},
        {"one", "two"},
    ),
    "nodes on ECS": ({"nodeProperties": nodes({"ecsProperties": ecs("app")})}, {"app"}),
    "nodes on EKS": (
        {"nodeProperties": nodes({"eksProperties": eks("app")})},
        {"app", "app-init"},
    ),
}


@pytest.fixture
def aws() -> Iterator[Stubs]:
    with Stubs() as stubs:
        stubs.otherwise("DescribeJobDefinitions", {"jobDefinitions": []})
        stubs.otherwise("DescribeJobQueues", {"jobQueues": []})
        stubs.otherwise("ListJobs", {"jobSummaryList": []})
        stubs.otherwise("ListServiceJobs", {"jobSummaryList": []})
        yield stubs


def uses(aws: Stubs) -> dict[str, str]:
    found = found_by(BATCH, aws.target)
    assert not [item for item in found if isinstance(item, Diagnostic)]
    used = [item for item in found if isinstance(item, Use)]
    return {use.reference.repository: str(use) for use in used}


def definition(name: str, **properties: Any) -> Any:
    arn = f"arn:aws:batch:{REGION}:{ACCOUNT}:job-definition/{name}:3"
    return {
        "jobDefinitionName": name,
        "jobDefinitionArn": arn,
        "revision": 3,
        "type": "container",
        **properties,
    }


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_an_active_job_definition_counts(aws, shape):
    properties, images = SHAPES[shape]
    page = {"jobDefinitions": [], "nextToken": "2"}
    asked = {"status": "ACTIVE", "maxResults": 100}
    aws.answer("DescribeJobDefinitions", page, **asked)
    page = {"jobDefinitions": [definition("nightly", **properties)]}
    aws.answer("DescribeJobDefinitions", page, **asked, nextToken="2")
    found = uses(aws)
    assert set(found) == images
    assert all(who.startswith("Batch job definition nightly:3 (active)") for who in found.values())


def test_an_active_job_definition_without_an_image_is_not_understood(aws):
    aws.otherwise("DescribeJobDefinitions", {"jobDefinitions": [definition("nightly")]})
    [note] = found_by(BATCH, aws.target)
    assert note == Diagnostic(
        ReadStatus.FAILED,
        "batch:DescribeJobDefinitions: AWS's answer names no image of Batch job definition "
        "nightly:3; try again",
    )


def queue(name: str, **more: Any) -> Any:
    return {
        "jobQueueName": name,
        "jobQueueArn": f"{QUEUE}/{name}",
        "state": "DISABLED",
        "priority": 1,
        "computeEnvironmentOrder": [],
        **more,
    }


def job(number: int, status: str, **properties: Any) -> Any:
    return {
        "jobId": f"job-{number}",
        "jobName": "nightly",
        "jobQueue": "q",
        "status": status,
        "startedAt": 0,
        "jobDefinition": "nightly:1",
        **properties,
    }


JOB_SHAPES = {
    "a container": ({"container": image("app")}, {"app"}),
    **{name: shape for name, shape in SHAPES.items() if name != "a container"},
    "nothing": ({}, set()),
}


@pytest.mark.parametrize("shape", JOB_SHAPES)
def test_every_shape_of_a_job_counts(aws, shape):
    """Of a definition that was deregistered, say, or with an image of its own on EKS."""
    properties, images = JOB_SHAPES[shape]
    aws.otherwise("DescribeJobQueues", {"jobQueues": [queue("fast")]})
    waiting = {"jobQueue": f"{QUEUE}/fast", "jobStatus": "RUNNABLE", "maxResults": 1000}
    aws.answer(
        "ListJobs", {"jobSummaryList": [{"jobId": "job-1", "jobName": "nightly"}]}, **waiting
    )
    aws.answer("DescribeJobs", {"jobs": [job(1, "RUNNABLE", **properties)]}, jobs=["job-1"])
    found = uses(aws)
    assert set(found) == images
    assert all(who.startswith("Batch job fast/nightly (RUNNABLE)") for who in found.values())
    assert [asked["jobStatus"] for asked in aws.asked("ListJobs")] == list(ALIVE)


def test_jobs_are_described_a_hundred_at_a_time(aws):
    aws.otherwise("DescribeJobQueues", {"jobQueues": [queue("fast")]})
    jobs = [{"jobId": f"job-{number}", "jobName": "nightly"} for number in range(120)]
    running = {"jobQueue": f"{QUEUE}/fast", "jobStatus": "RUNNING", "maxResults": 1000}
    aws.answer("ListJobs", {"jobSummaryList": jobs}, **running)

    def described(params: Any) -> Any:
        numbers = [int(name.removeprefix("job-")) for name in params["jobs"]]
        return {"jobs": [job(number, "RUNNING", container=image("app")) for number in numbers]}

    aws.otherwise("DescribeJobs", described)
    assert set(uses(aws)) == {"app"}
    assert [len(asked["jobs"]) for asked in aws.asked("DescribeJobs")] == [100, 20]


def test_a_job_that_an_answer_leaves_out_is_missed(aws):
    aws.otherwise("DescribeJobQueues", {"jobQueues": [queue("fast")]})
    running = {"jobQueue": f"{QUEUE}/fast", "jobStatus": "RUNNING", "maxResults": 1000}
    aws.answer("ListJobs", {"jobSummaryList": [{"jobId": "1", "jobName": "a"}]}, **running)
    aws.answer("DescribeJobs", {"jobs": []}, jobs=["1"])
    [note] = found_by(BATCH, aws.target)
    assert isinstance(note, Diagnostic)
    assert (note.status, note.text) == (
        "failed",
        "batch:DescribeJobs: AWS's answer leaves out 1 of 1, such as 1; try again",
    )


def test_training_jobs_of_sagemaker_have_their_image_in_what_is_passed_on(aws):
    queues = [queue("train", jobQueueType="SAGEMAKER_TRAINING")]
    aws.otherwise("DescribeJobQueues", {"jobQueues": queues})
    summary = {"jobId": "job-1", "jobName": "fit", "serviceJobType": "SAGEMAKER_TRAINING"}
    asked = {"jobQueue": f"{QUEUE}/train", "jobStatus": "SCHEDULED", "maxResults": 1000}
    aws.answer("ListServiceJobs", {"jobSummaryList": [summary]}, **asked)
    payload = f'{{"AlgorithmSpecification": {{"TrainingImage": "{HOST}/fit:v1"}}}}'
    answer = {**summary, "jobQueue": "train", "startedAt": 0, "status": "SCHEDULED"}
    aws.answer("DescribeServiceJob", {**answer, "serviceRequestPayload": payload}, jobId="job-1")
    assert uses(aws) == {
        "fit": "Batch job train/fit (SCHEDULED) → AlgorithmSpecification.TrainingImage"
    }
    assert not aws.asked("ListJobs")
