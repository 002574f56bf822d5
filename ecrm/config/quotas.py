"""How many calls AWS allows, per account and region. Operations that share a quota share its name.

ECS: Amazon ECS API Reference, "Request throttling". Lambda: AWS Lambda Developer Guide, "Quotas";
its control plane rate is shared with everything that deploys functions, so only a third of it is
taken. ECR: Amazon ECR User Guide, "Service quotas", which has no rate for most of what is read or
deleted here: there the first refusal shows the limit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Quota:
    """`rate` calls per second after `burst` at once; no rate where AWS publishes none.

    Without `operations` it is of everything of its service that no other quota names.
    """

    service: str
    operations: tuple[str, ...]
    burst: int
    rate: int | None


QUOTAS: Mapping[str, Quota] = {
    "ecs_clusters": Quota("ecs", ("ListClusters",), 50, 20),
    "ecs_services": Quota("ecs", ("ListServices", "DescribeServices"), 100, 20),
    "ecs_tasks": Quota("ecs", ("ListTasks", "DescribeTasks"), 100, 20),
    "ecs_task_definitions": Quota(
        "ecs",
        ("ListTaskDefinitionFamilies", "ListTaskDefinitions", "DescribeTaskDefinition"),
        50,
        20,
    ),
    "ecs_service_revisions": Quota("ecs", ("DescribeServiceRevisions",), 50, 20),
    "lambda_get_function": Quota("lambda", ("GetFunction",), 100, 100),
    "lambda": Quota("lambda", (), 5, 5),
    "ecr_put_image": Quota("ecr", ("PutImage",), 10, 10),
    "ecr": Quota("ecr", (), 1, None),
}


@cache  # it is asked before every attempt of every call
def quota_name(service: str, operation: str) -> str | None:
    """The quota that counts a call; None for a service that has none here."""
    of_service = {name: it for name, it in QUOTAS.items() if it.service == service}
    for name, quota in of_service.items():
        if operation in quota.operations:
            return name
    return next((name for name, quota in of_service.items() if not quota.operations), None)
