"""The operations of ECS that ecrm calls, and what ECS must answer."""

from ecrm.aws import Operation, listing
from ecrm.aws.shapes import DIGEST, TEXT, ListOf, Record, matching, optional, record

REVISION = matching(r"arn:\S+:task-definition/[A-Za-z0-9_-]+:[1-9][0-9]*", "the ARN of a revision")
_FAILURE = record(arn=optional(TEXT), reason=optional(TEXT), detail=optional(TEXT))


def _describing(name: str, member: str, item: Record) -> Operation:
    """Describes what it is asked for, and says in `failures` what it does not describe."""
    failures = optional(ListOf(_FAILURE))
    return Operation("ecs", name, record(**{member: ListOf(item)}, failures=failures))


LIST_CLUSTERS = listing("ecs", "ListClusters", "clusterArns", TEXT)
LIST_TASKS = listing("ecs", "ListTasks", "taskArns", TEXT)
DESCRIBE_TASKS = _describing(
    "DescribeTasks",
    "tasks",
    record(
        taskArn=TEXT,
        taskDefinitionArn=TEXT,
        group=optional(TEXT),
        containers=ListOf(
            record(
                name=optional(TEXT),
                # AWS adds containers of its own to a task, and need not say what they run.
                image=optional(TEXT),
                imageDigest=optional(DIGEST),  # left out until the image is pulled
            )
        ),
    ),
)
LIST_SERVICES = listing("ecs", "ListServices", "serviceArns", TEXT)
DESCRIBE_SERVICES = _describing(
    "DescribeServices",
    "services",
    record(
        serviceArn=TEXT,
        serviceName=TEXT,
        taskDefinition=optional(TEXT),  # an EXTERNAL service has it in its task sets alone
        deployments=ListOf(record(taskDefinition=optional(TEXT), status=optional(TEXT))),
        taskSets=optional(ListOf(record(taskDefinition=optional(TEXT), status=optional(TEXT)))),
        # Services that were last deployed before 2024-10-25 have none.
        currentServiceRevisions=optional(ListOf(record(arn=TEXT))),
    ),
)
DESCRIBE_SERVICE_REVISIONS = _describing(
    "DescribeServiceRevisions",
    "serviceRevisions",
    record(
        serviceRevisionArn=TEXT,
        taskDefinition=optional(TEXT),
        # Left out until the first task of the revision starts.
        containerImages=optional(
            ListOf(
                record(
                    containerName=optional(TEXT),
                    image=optional(TEXT),
                    imageDigest=optional(DIGEST),
                )
            )
        ),
    ),
)
LIST_TASK_DEFINITION_FAMILIES = listing("ecs", "ListTaskDefinitionFamilies", "families", TEXT)
LIST_TASK_DEFINITIONS = listing("ecs", "ListTaskDefinitions", "taskDefinitionArns", REVISION)
