"""Every ECS operation that the fake knows."""

from __future__ import annotations

from collections.abc import Callable

from tests.fake_aws.account import Account, Json

from . import describing, listing

OPERATIONS: dict[str, Callable[[Account, Json], Json]] = {
    "DeregisterTaskDefinition": describing.deregister_task_definition,
    "DescribeClusters": describing.describe_clusters,
    "DescribeServiceDeployments": describing.describe_service_deployments,
    "DescribeServiceRevisions": describing.describe_service_revisions,
    "DescribeServices": describing.describe_services,
    "DescribeTaskDefinition": describing.describe_task_definition,
    "DescribeTasks": describing.describe_tasks,
    "ListClusters": listing.list_clusters,
    "ListServiceDeployments": listing.list_service_deployments,
    "ListServices": listing.list_services,
    "ListTaskDefinitionFamilies": listing.list_task_definition_families,
    "ListTaskDefinitions": listing.list_task_definitions,
    "ListTasks": listing.list_tasks,
}
