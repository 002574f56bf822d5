"""The fake ECS, seen through real boto3 clients."""

from typing import Any

import pytest

from tests.fake_aws import FakeAws, Repository
from tests.fake_aws.driving import paged, refused


def test_a_service_pins_the_digest_that_its_tag_meant(
    aws: FakeAws, shop: Repository, ecs: Any
) -> None:
    old = shop.push("stable")
    service = aws.ecs.cluster("prod").service("web", aws.ecs.task_definition("web", old), desired=1)
    shop.push("stable")
    service.scale(3)
    arns = paged(ecs, "list_tasks", "taskArns", cluster="prod", serviceName="web")
    tasks = ecs.describe_tasks(cluster="prod", tasks=arns)["tasks"]
    assert [task["containers"][0]["imageDigest"] for task in tasks] == [old.digest] * 3
    assert {task["group"] for task in tasks} == {"service:web"}
    shown = ecs.describe_services(cluster="prod", services=["web"])["services"][0]
    revisions = [item["arn"] for item in shown["currentServiceRevisions"]]
    found = ecs.describe_service_revisions(serviceRevisionArns=revisions)["serviceRevisions"]
    image = f"{shop.uri}:stable"
    assert found[0]["containerImages"] == [
        {"containerName": "app", "image": image, "imageDigest": old.digest}
    ]


def test_without_version_consistency_new_tasks_follow_the_tag(
    aws: FakeAws, shop: Repository, ecs: Any
) -> None:
    shop.push("stable")
    definition = aws.ecs.task_definition(
        "web", f"{shop.uri}:stable", version_consistency="disabled"
    )
    service = aws.ecs.cluster().service("web", definition, desired=1)
    new = shop.push("stable")
    service.scale(2)
    tasks = ecs.describe_tasks(tasks=[task.arn for task in service.tasks])["tasks"]
    assert tasks[1]["containers"][0]["imageDigest"] == new.digest
    revision = service.deployments[0].revision
    assert revision is not None
    assert revision.digests() == {}


def test_an_unfinished_deployment_runs_beside_the_old_one(
    aws: FakeAws, shop: Repository, ecs: Any
) -> None:
    first = aws.ecs.task_definition("web", shop.push("v1"))
    second = aws.ecs.task_definition("web", shop.push("v2"))
    service = aws.ecs.cluster("prod").service("web", first)

    def shown() -> dict[str, Any]:
        services = ecs.describe_services(cluster="prod", services=[service.arn])["services"]
        found: dict[str, Any] = services[0]
        return found

    service.deploy(second, finished=False)
    assert [(item["status"], item["taskDefinition"]) for item in shown()["deployments"]] == [
        ("PRIMARY", second.arn),
        ("ACTIVE", first.arn),
    ]
    assert len(shown()["currentServiceRevisions"]) == 2
    assert shown()["runningCount"] == 2
    service.roll_back()
    assert shown()["taskDefinition"] == first.arn
    service.deploy(second)
    assert [item["taskDefinition"] for item in shown()["deployments"]] == [second.arn]
    records = ecs.list_service_deployments(cluster="prod", service="web")["serviceDeployments"]
    assert [item["status"] for item in records] == [
        "SUCCESSFUL",
        "ROLLBACK_SUCCESSFUL",
        "SUCCESSFUL",
    ]
    details = ecs.describe_service_deployments(
        serviceDeploymentArns=[item["serviceDeploymentArn"] for item in records]
    )["serviceDeployments"]
    assert (
        details[1]["rollback"]["serviceRevisionArn"] == details[2]["targetServiceRevision"]["arn"]
    )
    assert shown()["currentServiceDeployment"] == records[0]["serviceDeploymentArn"]


def test_external_services_show_only_task_sets(aws: FakeAws, shop: Repository, ecs: Any) -> None:
    blue = aws.ecs.task_definition("web", shop.push("blue"))
    green = aws.ecs.task_definition("web", shop.push("green"))
    service = aws.ecs.cluster().service("web", blue, controller="EXTERNAL")
    service.task_set(green)
    service.scale(2)
    shown = ecs.describe_services(services=["web"])["services"][0]
    assert "taskDefinition" not in shown
    assert shown["deployments"] == []
    assert [(item["status"], item["taskDefinition"]) for item in shown["taskSets"]] == [
        ("PRIMARY", blue.arn),
        ("ACTIVE", green.arn),
    ]
    assert [item["runningCount"] for item in shown["taskSets"]] == [2, 1]
    service.end_task_set(service.task_sets[0])
    assert [(item.status, item.definition) for item in service.task_sets] == [("PRIMARY", green)]


def test_a_service_of_the_old_days_shows_no_revisions(
    aws: FakeAws, shop: Repository, ecs: Any
) -> None:
    definition = aws.ecs.task_definition("web", shop.push("v1"))
    cluster = aws.ecs.cluster("prod")
    cluster.service("web", definition, revisions=False).scale(0)
    shown = ecs.describe_services(cluster="prod", services=["web"])["services"][0]
    assert not {"currentServiceRevisions", "currentServiceDeployment"} & shown.keys()
    assert (shown["desiredCount"], shown["runningCount"]) == (0, 0)
    assert shown["deployments"][0]["taskDefinition"] == definition.arn
    cluster.status = "INACTIVE"
    assert ecs.list_clusters()["clusterArns"] == []


def test_tasks_show_all_containers_and_stopped_ones_are_asked_for(
    aws: FakeAws, shop: Repository, ecs: Any
) -> None:
    cluster = aws.ecs.cluster("prod")
    image = shop.push("v1")
    definition = aws.ecs.task_definition("batch", image, "docker.io/library/redis:7")
    running, pending, stopped = cluster.run(definition, count=3, started_by="cron")
    pending.pending()
    stopped.stop()
    assert ecs.list_tasks(cluster="prod", family="batch")["taskArns"] == [running.arn, pending.arn]
    assert ecs.list_tasks(cluster="prod", desiredStatus="STOPPED")["taskArns"] == [stopped.arn]
    answer = ecs.describe_tasks(cluster="prod", tasks=[running.id, pending.arn, "0" * 32])
    assert [
        (part["name"], part["image"], part.get("imageDigest"))
        for task in answer["tasks"]
        for part in task["containers"]
    ] == [
        ("app", image.by_tag, image.digest),
        ("sidecar-1", "docker.io/library/redis:7", None),
        ("app", image.by_tag, None),
        ("sidecar-1", "docker.io/library/redis:7", None),
    ]
    assert [item["reason"] for item in answer["failures"]] == ["MISSING"]
    assert answer["failures"][0]["arn"].startswith("arn:aws:ecs:us-east-1:123456789012:task/prod/")


def test_ecs_lists_come_in_pages(aws: FakeAws, ecs: Any) -> None:
    cluster = aws.ecs.cluster("prod")
    definitions = [aws.ecs.task_definition("web", "nginx") for _ in range(120)]
    for number in range(25):
        cluster.service(f"s{number}", definitions[-1], desired=0)
    cluster.run(definitions[0], count=130)
    for number in range(101):
        aws.ecs.cluster(f"c{number}")
    assert len(paged(ecs, "list_clusters", "clusterArns")) == 102
    assert len(paged(ecs, "list_services", "serviceArns", cluster="prod")) == 25
    assert len(paged(ecs, "list_tasks", "taskArns", cluster="prod")) == 130
    listed = paged(ecs, "list_task_definitions", "taskDefinitionArns", sort="DESC")
    assert listed == [definition.arn for definition in reversed(definitions)]
    counted = [call.operation for call in aws.calls]
    assert [counted.count(name) for name in ("ListClusters", "ListServices", "ListTasks")] == [
        2,
        3,
        2,
    ]


@pytest.mark.parametrize(
    ("operation", "member", "most"),
    [
        ("describe_clusters", "clusters", 100),
        ("describe_services", "services", 10),
        ("describe_tasks", "tasks", 100),
        ("describe_service_revisions", "serviceRevisionArns", 20),
    ],
)
def test_ecs_describes_a_limited_number_at_a_time(
    aws: FakeAws, ecs: Any, operation: str, member: str, most: int
) -> None:
    aws.ecs.cluster()
    names = [f"name-{number}" for number in range(most + 1)]
    code, _ = refused(getattr(ecs, operation), **{member: names})
    assert code == "InvalidParameterException"
    failures = getattr(ecs, operation)(**{member: names[:-1]})["failures"]
    assert {item["reason"] for item in failures} == {"MISSING"}
    assert len(failures) == most


def test_ecs_refuses_what_is_not_there(aws: FakeAws, ecs: Any) -> None:
    cluster = aws.ecs.cluster("prod")
    assert refused(ecs.list_tasks, cluster="nope")[0] == "ClusterNotFoundException"
    code, _ = refused(ecs.list_tasks, cluster=cluster.arn, serviceName="nope")
    assert code == "ServiceNotFoundException"
    code, message = refused(ecs.describe_task_definition, taskDefinition="nope:1")
    assert (code, message) == ("ClientException", "Unable to describe task definition.")
    assert refused(ecs.list_services, cluster="prod", maxResults=101)[0] == (
        "InvalidParameterException"
    )


def test_a_deregistered_definition_remains_describable_and_is_listed_while_in_use(
    aws: FakeAws, ecs: Any
) -> None:
    used, unused, current = (aws.ecs.task_definition("web", f"nginx:{n}") for n in (1, 2, 3))
    aws.ecs.cluster().run(used)
    for definition in (used, unused):
        ecs.deregister_task_definition(taskDefinition=definition.name)
    assert ecs.list_task_definitions(familyPrefix="web")["taskDefinitionArns"] == [current.arn]
    assert ecs.list_task_definitions(status="INACTIVE")["taskDefinitionArns"] == [used.arn]
    shown = ecs.describe_task_definition(taskDefinition=unused.arn)["taskDefinition"]
    assert (shown["status"], shown["containerDefinitions"][0]["image"]) == ("INACTIVE", "nginx:2")
    newest = ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]
    assert newest["revision"] == 3


def test_families_are_listed_by_status(aws: FakeAws, ecs: Any) -> None:
    aws.ecs.task_definition("web", "nginx")
    aws.ecs.deregister(aws.ecs.task_definition("old", "nginx"))

    def families(**wanted: str) -> list[str]:
        found: list[str] = ecs.list_task_definition_families(**wanted)["families"]
        return found

    assert families() == ["web"]
    assert families(status="INACTIVE") == ["old"]
    assert families(status="ALL") == ["old", "web"]
    assert families(status="ALL", familyPrefix="w") == ["web"]


def test_a_deleted_service_is_no_longer_listed_and_its_revisions_are_gone(
    aws: FakeAws, ecs: Any
) -> None:
    cluster = aws.ecs.cluster()
    service = cluster.service("web", aws.ecs.task_definition("web", "nginx"))
    revision = service.deployments[0].revision
    assert revision is not None
    service.delete()
    assert ecs.list_services()["serviceArns"] == []
    assert ecs.describe_services(services=["web"])["services"][0]["status"] == "INACTIVE"
    answer = ecs.describe_service_revisions(serviceRevisionArns=[revision.arn])
    assert answer["failures"] == [{"arn": revision.arn, "reason": "MISSING"}]
    clusters = ecs.describe_clusters()["clusters"]
    assert clusters[0]["runningTasksCount"] == 0
