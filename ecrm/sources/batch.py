"""AWS Batch: the job definitions that can be submitted, and the jobs that run or wait to run.

A job definition that was deregistered cannot be submitted again, but jobs that were submitted
before still run, and a job on EKS may name other images than its definition.
"""

from typing import Any

from ecrm.aws import Operation, listing
from ecrm.aws.shapes import NUMBER, TEXT, ListOf, Record, optional, record
from ecrm.config.quotas import Quota
from ecrm.sources.answers import IMAGE, JSON_DOCUMENT
from ecrm.sources.steps import Item, Step, table_source

# In the order in which a job passes them, so that none moves on unseen between two calls.
_ALIVE = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING")
_ALIVE_OF_SERVICE = ("SUBMITTED", "PENDING", "RUNNABLE", "SCHEDULED", "STARTING", "RUNNING")
_OF_SERVICE = "SAGEMAKER_TRAINING"


def _containers(required: bool = True) -> Any:
    image = record(image=IMAGE) if required else record(image=optional(IMAGE))
    return optional(ListOf(image))


def _ecs(required: bool = True) -> Any:
    return optional(
        record(taskProperties=optional(ListOf(record(containers=_containers(required)))))
    )


def _eks(required: bool = True) -> Any:
    pod = record(containers=_containers(required), initContainers=_containers(required))
    return optional(record(podProperties=optional(pod)))


_NODES = optional(
    record(
        nodeRangeProperties=ListOf(
            record(
                container=optional(record(image=optional(IMAGE))),
                ecsProperties=_ecs(),
                eksProperties=_eks(),
            )
        )
    )
)


def _job(container: str, *, required: bool, **members: Any) -> Record:
    return record(
        **members,
        **{container: optional(record(image=optional(IMAGE)))},
        ecsProperties=_ecs(required),
        eksProperties=_eks(required),
        nodeProperties=_NODES,
    )


DESCRIBE_JOB_DEFINITIONS = listing(
    "batch",
    "DescribeJobDefinitions",
    "jobDefinitions",
    _job("containerProperties", required=True, jobDefinitionName=TEXT, revision=NUMBER),
)
DESCRIBE_JOB_QUEUES = listing(
    "batch",
    "DescribeJobQueues",
    "jobQueues",
    record(jobQueueName=TEXT, jobQueueArn=TEXT, jobQueueType=optional(TEXT)),
)
LIST_JOBS = listing("batch", "ListJobs", "jobSummaryList", record(jobId=TEXT))
DESCRIBE_JOBS = Operation(
    "batch",
    "DescribeJobs",
    record(jobs=ListOf(_job("container", required=False, jobId=TEXT, jobName=TEXT, status=TEXT))),
    listed="jobs",
)
LIST_SERVICE_JOBS = listing("batch", "ListServiceJobs", "jobSummaryList", record(jobId=TEXT))
DESCRIBE_SERVICE_JOB = Operation(
    "batch",
    "DescribeServiceJob",
    record(jobId=TEXT, jobName=TEXT, status=TEXT, serviceRequestPayload=optional(JSON_DOCUMENT)),
)

_JOB = "Batch job {jobQueueName}/{jobName}"


def _is_of_service(queue: Item) -> bool:
    return bool(queue["jobQueueType"] == _OF_SERVICE)


def _is_of_containers(queue: Item) -> bool:
    return not _is_of_service(queue)


def _jobs(status: str) -> Step:
    """Those of one queue that are in this status, which is one call even if there are none."""
    describe = Step(
        DESCRIBE_JOBS, {"jobs": "jobId"}, user=_JOB, why="{status}", at_once=100, identity="jobId"
    )
    return Step(
        LIST_JOBS,
        {"jobQueue": "jobQueueArn"},
        {"jobStatus": status, "maxResults": 1000},
        only=_is_of_containers,
        then=(describe,),
    )


def _service_jobs(status: str) -> Step:
    ask = {"jobId": "jobId"}
    describe = Step(DESCRIBE_SERVICE_JOB, ask, user=_JOB, why="{status}", identity="jobId")
    return Step(
        LIST_SERVICE_JOBS,
        {"jobQueue": "jobQueueArn"},
        {"jobStatus": status, "maxResults": 1000},
        only=_is_of_service,
        then=(describe,),
    )


BATCH = table_source(
    "batch",
    "AWS Batch",
    (
        Step(
            DESCRIBE_JOB_DEFINITIONS,
            given={"status": "ACTIVE", "maxResults": 100},
            user="Batch job definition {jobDefinitionName}:{revision}",
            why="active",
            names_some=lambda _: True,
        ),
        Step(
            DESCRIBE_JOB_QUEUES,
            given={"maxResults": 100},
            then=(*map(_jobs, _ALIVE), *map(_service_jobs, _ALIVE_OF_SERVICE)),
        ),
    ),
    counts="every active job definition, and jobs that run or wait to run",
    calls="2; 1 for each 100 job definitions, 5 for each job queue, 1 for each 100 jobs",
    quotas={"batch": Quota("batch", (), 20, 20)},
)
