"""ECS: all that runs, is about to run, or may be returned to is in use."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ecrm.aws import RateLimiter
from ecrm.config import Config, History
from ecrm.model.pattern import NamePattern
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use
from ecrm.sources.ecs import ECS
from ecrm.sources.items import SeenResource
from ecrm.sources.task_definitions import DESCRIBE_TASK_DEFINITION
from tests.sources.reading import defined_as, found_by
from tests.stubs import HOST, Params, Stubs
from tests.values import digest

ARN = "arn:aws:ecs:us-east-1:123456789012"
WEB = f"{HOST}/shop/web"


@pytest.fixture
def aws() -> Iterator[Stubs]:
    """An account without clusters and families, in which every task definition is empty."""
    with Stubs() as stubs:
        stubs.otherwise("ListClusters", {"clusterArns": []})
        stubs.otherwise("ListTasks", {"taskArns": []})
        stubs.otherwise("ListServices", {"serviceArns": []})
        stubs.otherwise("ListTaskDefinitionFamilies", {"families": []})
        stubs.otherwise("DescribeTaskDefinition", defined_as())
        yield stubs


def cluster(name: str = "prod") -> str:
    return f"{ARN}:cluster/{name}"


def revision(name: str) -> str:
    """The ARN of a task definition such as `web:12`."""
    return f"{ARN}:task-definition/{name}"


def service_revision(number: int) -> str:
    return f"{ARN}:service-revision/prod/web/{number}"


def clusters(aws: Stubs, *names: str) -> None:
    answer = {"clusterArns": [cluster(name) for name in names]}
    aws.answer("ListClusters", answer, maxResults=100)


def task(number: int, *containers: Params, group: str = "service:web", **more: object) -> Params:
    arn = f"{ARN}:task/prod/{number:032x}"
    own = {"taskArn": arn, "taskDefinitionArn": revision("empty:1"), "group": group}
    return {**own, "containers": list(containers), **more}


def container(image: str, name: str = "app", number: int | None = None) -> Params:
    recorded = {} if number is None else {"imageDigest": digest(number)}
    return {"name": name, "image": image, **recorded}


def tasks(aws: Stubs, *found: Params, status: str = "RUNNING", name: str = "prod") -> None:
    arns = [row["taskArn"] for row in found]
    where = {"cluster": cluster(name)}
    aws.answer("ListTasks", {"taskArns": arns}, **where, desiredStatus=status, maxResults=100)
    aws.answer("DescribeTasks", {"tasks": list(found)}, **where, tasks=arns)


def service(name: str, **more: object) -> Params:
    own = {"serviceArn": f"{ARN}:service/prod/{name}", "serviceName": name, "deployments": []}
    return own | more


def services(aws: Stubs, *found: Params, name: str = "prod") -> None:
    arns = [row["serviceArn"] for row in found]
    where = {"cluster": cluster(name)}
    aws.answer("ListServices", {"serviceArns": arns}, **where, maxResults=100)
    aws.answer("DescribeServices", {"services": list(found)}, **where, services=arns)


def all_revisions(aws: Stubs, *names: str, then: str | None = None, **more: object) -> None:
    """One page of the revisions of all families."""
    aws.answer(
        "ListTaskDefinitions",
        {"taskDefinitionArns": [revision(name) for name in names]}
        | ({"nextToken": then} if then else {}),
        status="ACTIVE",
        sort="DESC",
        maxResults=100,
        **more,
    )


def definition(aws: Stubs, name: str, *containers: Params, **more: object) -> None:
    asked = {"taskDefinition": revision(name)}
    answer = defined_as(*containers)(asked)
    answer["taskDefinition"] |= more
    aws.answer("DescribeTaskDefinition", answer, **asked)


def families(aws: Stubs, *names: str) -> None:
    aws.answer(
        "ListTaskDefinitionFamilies", {"families": list(names)}, status="ACTIVE", maxResults=100
    )


def newest(aws: Stubs, name: str, numbers: list[int], size: int, **more: object) -> None:
    """One page of a family's revisions, of which `size` are asked for."""
    next_token = {"nextToken": more.pop("then")} if "then" in more else {}
    aws.answer(
        "ListTaskDefinitions",
        {"taskDefinitionArns": [revision(f"{name}:{number}") for number in numbers], **next_token},
        familyPrefix=name,
        status="ACTIVE",
        sort="DESC",
        maxResults=size,
        **more,
    )


def uses(aws: Stubs, config: Config | None = None) -> set[tuple[str, str]]:
    """Reference and user of everything in use, where there is nothing to note."""
    found, noted = read(aws, config)
    assert noted == []
    return found


def notes(aws: Stubs, config: Config | None = None) -> list[Diagnostic]:
    return read(aws, config)[1]


def read(aws: Stubs, config: Config | None = None) -> tuple[set[tuple[str, str]], list[Diagnostic]]:
    found = found_by(ECS, aws.target, config)
    used = [item for item in found if isinstance(item, Use)]
    assert {use.source for use in used} <= {"ecs"}
    return {(str(use.reference), str(use)) for use in used}, [
        item for item in found if isinstance(item, Diagnostic)
    ]


def exact(name: str, **more: Any) -> History:
    return History(NamePattern(name, is_glob=False), **more)


# Tasks


def test_the_digest_that_a_running_task_pulled_is_in_use_and_so_is_its_tag(aws):
    """B6."""
    clusters(aws, "prod")
    tasks(aws, task(1, container(f"{WEB}:v1", number=1)))
    who = "service prod/web (running task) → container app"
    assert uses(aws) == {(f"{WEB}:v1", who), (f"{WEB}:v1@{digest(1)}", who)}


def test_a_task_that_stopped_lately_is_in_use(aws):
    clusters(aws, "prod")
    tasks(aws, task(1, container(f"{WEB}:v1", number=1)), status="STOPPED")
    who = "service prod/web (stopped task) → container app"
    assert uses(aws) == {(f"{WEB}:v1", who), (f"{WEB}:v1@{digest(1)}", who)}


def test_a_digest_that_is_written_and_another_that_is_recorded_are_both_in_use(aws):
    """One may be the index, the other the platform image."""
    clusters(aws, "prod")
    tasks(aws, task(1, container(f"{WEB}@{digest(1)}", number=2)))
    assert {image for image, _ in uses(aws)} == {f"{WEB}@{digest(1)}", f"{WEB}@{digest(2)}"}


def test_a_container_that_has_not_pulled_yet_uses_what_is_written(aws):
    clusters(aws, "prod")
    tasks(aws, task(1, container(f"{WEB}:v1")))
    assert {image for image, _ in uses(aws)} == {f"{WEB}:v1"}


@pytest.mark.parametrize("recorded", ["", "pending", digest(1).upper(), digest(1)[:-1]])
def test_a_recorded_digest_that_is_malformed_makes_the_reading_incomplete(aws, recorded):
    """B35. What the container runs is not known then."""
    clusters(aws, "prod")
    tasks(aws, task(1, container(f"{WEB}:v1") | {"imageDigest": recorded}))
    text = (
        "ecs:DescribeTasks: tasks[0].containers[0].imageDigest of AWS's answer is not sha256: and "
        "64 hexadecimal digits; try again"
    )
    assert notes(aws) == [Diagnostic(ReadStatus.FAILED, text)]


def test_all_containers_of_a_task_are_read(aws):
    clusters(aws, "prod")
    containers = [container(f"{WEB}:v1", "app"), container(f"{HOST}/proxy:v2", "proxy")]
    tasks(aws, task(1, *containers))
    assert uses(aws) == {
        (f"{WEB}:v1", "service prod/web (running task) → container app"),
        (f"{HOST}/proxy:v2", "service prod/web (running task) → container proxy"),
    }


def test_a_task_of_no_service_is_its_own_user(aws):
    clusters(aws, "prod")
    tasks(aws, task(7, container(f"{WEB}:v1"), group="family:web"))
    assert uses(aws) == {(f"{WEB}:v1", f"task prod/{7:032x} (running task) → container app")}


def test_the_definition_of_a_task_is_in_use_too(aws):
    clusters(aws, "prod")
    tasks(aws, task(1, taskDefinitionArn=revision("web:3")))
    definition(aws, "web:3", container(f"{WEB}:v3"))
    assert uses(aws) == {
        (
            f"{WEB}:v3",
            "service prod/web (running task) → task definition web:3 → container app",
        )
    }


def test_tasks_of_every_page_are_read_a_hundred_a_call(aws):
    """B11."""
    clusters(aws, "prod")
    found = [task(number, container(f"{WEB}:v{number}")) for number in range(250)]
    where = {"cluster": cluster()}
    for page, token in ((0, {}), (1, {"nextToken": "1"}), (2, {"nextToken": "2"})):
        chunk = found[100 * page : 100 * (page + 1)]
        arns = [row["taskArn"] for row in chunk]
        answer = {"taskArns": arns} | ({"nextToken": str(page + 1)} if page < 2 else {})
        aws.answer("ListTasks", answer, **where, desiredStatus="RUNNING", maxResults=100, **token)
        aws.answer("DescribeTasks", {"tasks": chunk}, **where, tasks=arns)
    assert {image for image, _ in uses(aws)} == {f"{WEB}:v{number}" for number in range(250)}
    assert [len(call["tasks"]) for call in aws.asked("DescribeTasks")] == [100, 100, 50]


def test_without_tasks_none_are_described(aws):
    clusters(aws, "prod")
    assert uses(aws) == set()
    assert aws.asked("DescribeTasks") == []
    assert sorted(call["desiredStatus"] for call in aws.asked("ListTasks")) == [
        "RUNNING",
        "STOPPED",
    ]


# Services


def test_a_service_that_is_scaled_to_zero_uses_its_definition(aws):
    """B8."""
    clusters(aws, "prod")
    services(aws, service("web", desiredCount=0, taskDefinition=revision("web:1")))
    definition(aws, "web:1", container(f"{WEB}:v1"))
    assert uses(aws) == {
        (f"{WEB}:v1", "service prod/web (service) → task definition web:1 → container app")
    }


def test_all_deployments_of_a_service_are_in_use(aws):
    """B8."""
    clusters(aws, "prod")
    deployments = [
        {"status": "PRIMARY", "taskDefinition": revision("web:2")},
        {"status": "ACTIVE", "taskDefinition": revision("web:1")},
    ]
    services(aws, service("web", taskDefinition=revision("web:2"), deployments=deployments))
    definition(aws, "web:2", container(f"{WEB}:v2"))
    definition(aws, "web:1", container(f"{WEB}:v1"))
    new, old = "task definition web:2 → container app", "task definition web:1 → container app"
    assert uses(aws) == {
        (f"{WEB}:v2", f"service prod/web (service) → {new}"),
        (f"{WEB}:v2", f"service prod/web (deployment PRIMARY) → {new}"),
        (f"{WEB}:v1", f"service prod/web (deployment ACTIVE) → {old}"),
    }


def test_a_blue_green_service_names_its_definitions_in_task_sets_alone(aws):
    """B8."""
    clusters(aws, "prod")
    sets = [
        {"status": status, "taskDefinition": revision(f"web:{number}")}
        for number, status in enumerate(("PRIMARY", "ACTIVE", "DRAINING"))
    ]
    services(aws, service("web", deploymentController={"type": "EXTERNAL"}, taskSets=sets))
    for number in range(3):
        definition(aws, f"web:{number}", container(f"{WEB}:v{number}"))
    assert uses(aws) == {
        (
            f"{WEB}:v{number}",
            f"service prod/web (task set {status}) → task definition web:{number} → container app",
        )
        for number, status in enumerate(("PRIMARY", "ACTIVE", "DRAINING"))
    }


def test_a_deployment_that_names_no_definition_adds_nothing(aws):
    clusters(aws, "prod")
    services(aws, service("web", deployments=[{"status": "PRIMARY"}], taskSets=[{}]))
    assert uses(aws) == set()


def test_services_are_described_ten_a_call_from_every_page(aws):
    clusters(aws, "prod")
    found = [service(f"s{number}", taskDefinition=revision("w:1")) for number in range(26)]
    arns = [row["serviceArn"] for row in found]
    where = {"cluster": cluster()}
    page = {"serviceArns": arns[:23], "nextToken": "2"}
    aws.answer("ListServices", page, **where, maxResults=100)
    aws.answer("ListServices", {"serviceArns": arns[23:]}, **where, maxResults=100, nextToken="2")
    for start, end in ((0, 10), (10, 20), (20, 23), (23, 26)):
        answer = {"services": found[start:end]}
        aws.answer("DescribeServices", answer, **where, services=arns[start:end])
    definition(aws, "w:1", container(f"{WEB}:v1"))
    assert {who for _, who in uses(aws)} == {
        f"service prod/s{number} (service) → task definition w:1 → container app"
        for number in range(26)
    }


def revisions(aws: Stubs, *found: Params, failures: tuple[Params, ...] = ()) -> None:
    aws.answer(
        "DescribeServiceRevisions",
        {"serviceRevisions": list(found), "failures": list(failures)},
        serviceRevisionArns=[row["serviceRevisionArn"] for row in found]
        + [failure["arn"] for failure in failures],
    )


def resolved(number: int, **more: object) -> Params:
    """A service revision that resolved shop/web:v<number> to the digest of that number."""
    return {
        "serviceRevisionArn": service_revision(number),
        "containerImages": [
            {"containerName": "app", "image": f"{WEB}:v{number}", "imageDigest": digest(number)}
        ],
        **more,
    }


def current(*numbers: int) -> list[dict[str, str]]:
    return [{"arn": service_revision(number)} for number in numbers]


def test_the_digests_that_a_service_revision_resolved_are_in_use(aws):
    """B6."""
    clusters(aws, "prod")
    services(aws, service("web", desiredCount=0, currentServiceRevisions=current(1, 2)))
    revisions(aws, resolved(1), resolved(2))
    assert uses(aws) == {
        (reference, f"service prod/web (service revision {number}) → container app")
        for number in (1, 2)
        for reference in (f"{WEB}:v{number}", f"{WEB}:v{number}@{digest(number)}")
    }


def test_the_definition_of_a_service_revision_is_in_use(aws):
    """B8."""
    clusters(aws, "prod")
    services(aws, service("web", currentServiceRevisions=current(1)))
    revisions(aws, {"serviceRevisionArn": service_revision(1), "taskDefinition": revision("web:1")})
    definition(aws, "web:1", container(f"{WEB}:v1"))
    who = "service prod/web (service revision 1) → task definition web:1 → container app"
    assert uses(aws) == {(f"{WEB}:v1", who)}


def test_service_revisions_are_described_twenty_a_call_over_all_services_of_a_cluster(aws):
    clusters(aws, "prod")
    owners = [
        service(f"s{number}", currentServiceRevisions=current(100 + number)) for number in range(43)
    ]
    arns = [row["serviceArn"] for row in owners]
    where = {"cluster": cluster()}
    aws.answer("ListServices", {"serviceArns": arns}, **where, maxResults=100)
    for start in range(0, 43, 10):
        answer = {"services": owners[start : start + 10]}
        aws.answer("DescribeServices", answer, **where, services=arns[start : start + 10])
    for start, end in ((100, 120), (120, 140), (140, 143)):
        revisions(aws, *[resolved(number) for number in range(start, end)])
    found = uses(aws)
    assert len(found) == 2 * 43
    last = f"{WEB}:v142@{digest(142)}"
    assert (last, "service prod/s42 (service revision 142) → container app") in found


def test_without_service_revisions_none_are_described(aws):
    clusters(aws, "prod")
    services(aws, service("old", currentServiceRevisions=[]), service("older"))
    assert uses(aws) == set()
    assert aws.asked("DescribeServiceRevisions") == []


def test_a_service_that_vanishes_takes_no_other_service_revisions_with_it(aws):
    """AWS may answer with an error for all twenty that were asked for."""
    clusters(aws, "prod")
    services(
        aws,
        service("gone", currentServiceRevisions=current(1)),
        service("web", currentServiceRevisions=current(2)),
    )
    together = [service_revision(1), service_revision(2)]
    for arns in (together, together[:1]):
        code = "ServiceNotFoundException"
        aws.refuse("DescribeServiceRevisions", code, "Service not found.", serviceRevisionArns=arns)
    revisions(aws, resolved(2))
    assert {image for image, _ in uses(aws)} == {f"{WEB}:v2", f"{WEB}:v2@{digest(2)}"}


# What is gone meanwhile, and what cannot be read


WHERE = {"cluster": cluster()}
RUNNING = {"desiredStatus": "RUNNING", "maxResults": 100}
MISSING = {"reason": "MISSING"}


def listed_tasks(aws: Stubs, *arns: str) -> None:
    aws.answer("ListTasks", {"taskArns": list(arns)}, **WHERE, **RUNNING)


def listed_services(aws: Stubs, *arns: str) -> None:
    aws.answer("ListServices", {"serviceArns": list(arns)}, **WHERE, maxResults=100)


def missing(aws: Stubs, operation: str, member: str, *arns: str, **asked: object) -> None:
    """A description of nothing but what is MISSING."""
    failures = [{"arn": arn, **MISSING} for arn in arns]
    aws.answer(operation, {member: [], "failures": failures}, **asked)


def test_b36_tasks_and_services_that_are_not_listed_any_more_need_nothing(aws):
    clusters(aws, "prod")
    listed_tasks(aws, "t1", "t2")
    missing(aws, "DescribeTasks", "tasks", "t1", "t2", **WHERE, tasks=["t1", "t2"])
    listed_tasks(aws, "t3")  # what is new since is of no interest
    listed_services(aws, "s")
    missing(aws, "DescribeServices", "services", "s", **WHERE, services=["s"])
    listed_services(aws)
    assert uses(aws) == set()


def test_b36_a_task_that_is_missing_and_listed_twice_makes_the_reading_incomplete(aws):
    clusters(aws, "prod")
    for arns in (["t1", "t2"], ["t1"]):
        listed_tasks(aws, *arns)
        missing(aws, "DescribeTasks", "tasks", *arns, **WHERE, tasks=arns)
    text = "ecs:DescribeTasks: t1 MISSING; but AWS still names t1; try again"
    assert notes(aws) == [Diagnostic(ReadStatus.FAILED, text)]


def test_b36_a_service_that_is_there_at_the_second_look_is_in_use(aws):
    clusters(aws, "prod")
    web = service("web", taskDefinition=revision("web:1"))
    arn = web["serviceArn"]
    listed_services(aws, arn)
    missing(aws, "DescribeServices", "services", arn, **WHERE, services=[arn])
    services(aws, web)
    definition(aws, "web:1", container(f"{WEB}:v1"))
    assert {image for image, _ in uses(aws)} == {f"{WEB}:v1"}


def test_b36_a_service_revision_is_there_for_as_long_as_its_service(aws):
    """So the service is looked for once more, and what it names then is read."""
    clusters(aws, "prod")
    services(aws, service("web", currentServiceRevisions=current(1)))
    revisions(aws, failures=({"arn": service_revision(1), **MISSING},))
    services(aws, service("web", currentServiceRevisions=current(2)))
    revisions(aws, resolved(2))
    assert {image for image, _ in uses(aws)} == {f"{WEB}:v2", f"{WEB}:v2@{digest(2)}"}


def test_b36_a_service_revision_that_its_service_still_names_makes_the_reading_incomplete(aws):
    clusters(aws, "prod")
    for _ in range(2):
        services(aws, service("web", currentServiceRevisions=current(1)))
        revisions(aws, failures=({"arn": service_revision(1), **MISSING},))
    arn, owner = service_revision(1), f"{ARN}:service/prod/web"
    text = f"ecs:DescribeServiceRevisions: {arn} MISSING; but AWS still names {owner}; try again"
    assert notes(aws) == [Diagnostic(ReadStatus.FAILED, text)]


def test_any_other_failure_makes_the_reading_incomplete(aws):
    """B11."""
    clusters(aws, "prod")
    listed_tasks(aws, "t")
    failure = {"arn": "t", "reason": "ACCESS_DENIED", "detail": "by policy"}
    aws.answer("DescribeTasks", {"tasks": [], "failures": [failure]}, **WHERE, tasks=["t"])
    found = service("web", currentServiceRevisions=current(1))
    arns = [found["serviceArn"], "s2"]
    listed_services(aws, *arns)
    answer = {"services": [found], "failures": [{"arn": "s2", "reason": "THROTTLED"}]}
    aws.answer("DescribeServices", answer, **WHERE, services=arns)
    revisions(aws, failures=({"arn": service_revision(1), "reason": "INTERNAL"},))
    assert notes(aws) == [
        Diagnostic(ReadStatus.FAILED, "ecs:DescribeTasks: t ACCESS_DENIED by policy"),
        Diagnostic(ReadStatus.FAILED, "ecs:DescribeServices: s2 THROTTLED"),
        Diagnostic(
            ReadStatus.FAILED, f"ecs:DescribeServiceRevisions: {service_revision(1)} INTERNAL"
        ),
    ]


def test_what_an_answer_leaves_out_makes_the_reading_incomplete(aws):
    """B11, B35: another ARN than what was asked for does not make up for it."""
    clusters(aws, "prod")
    listed_tasks(aws, "t1", "t2")
    other = task(1, taskDefinitionArn=revision("empty:1"))
    aws.answer("DescribeTasks", {"tasks": [other, other]}, **WHERE, tasks=["t1", "t2"])
    found = service("web", currentServiceRevisions=current(1, 2))
    arns = ["s1", found["serviceArn"]]
    listed_services(aws, *arns)
    aws.answer("DescribeServices", {"services": [found, found]}, **WHERE, services=arns)
    both = [service_revision(1), service_revision(2)]
    other = resolved(3)
    answer = {"serviceRevisions": [other, other]}
    aws.answer("DescribeServiceRevisions", answer, serviceRevisionArns=both)
    assert notes(aws) == [
        Diagnostic(
            ReadStatus.FAILED, f"ecs:{operation}: AWS's answer leaves out {silent}; try again"
        )
        for operation, silent in (
            ("DescribeTasks", "2 of 2, such as t1"),
            ("DescribeServices", "1 of 2, such as s1"),
            ("DescribeServiceRevisions", f"2 of 2, such as {service_revision(1)}"),
        )
    ]


def test_b35_another_definition_than_what_was_asked_for_makes_the_reading_incomplete(aws):
    clusters(aws, "prod")
    services(aws, service("web", taskDefinition=revision("web:1")))
    other = defined_as(container(f"{WEB}:v2"))({"taskDefinition": revision("web:2")})
    aws.answer("DescribeTaskDefinition", other, taskDefinition=revision("web:1"))
    (note,) = notes(aws)
    what = f"AWS's answer is {revision('web:2')} and not {revision('web:1')}; try again"
    assert note == Diagnostic(ReadStatus.FAILED, f"ecs:DescribeTaskDefinition: {what}")


def test_a_definition_that_the_answer_leaves_out_makes_the_reading_incomplete(aws):
    """B11."""
    families(aws, "web")
    newest(aws, "web", [1], 5)
    aws.otherwise("DescribeTaskDefinition", {})
    text = "ecs:DescribeTaskDefinition: AWS's answer has no taskDefinition; try again"
    assert notes(aws) == [Diagnostic(ReadStatus.FAILED, text)]


@pytest.mark.parametrize("operation", ["ListClusters", "ListTaskDefinitionFamilies"])
def test_an_account_does_not_vanish(aws, operation):
    """B11: What cannot be gone and is said to be has not been read."""
    aws.otherwise_refuse(operation, "ResourceNotFoundException", "no")
    text = f"ecs:{operation}: ResourceNotFoundException: no"
    assert notes(aws) == [Diagnostic(ReadStatus.FAILED, text)]


def refuse_cluster(aws: Stubs, name: str) -> None:
    vanished = {"cluster": cluster(name), "maxResults": 100}
    code = "ClusterNotFoundException"
    aws.refuse("ListTasks", code, "Cluster not found.", **vanished, desiredStatus="RUNNING")
    aws.refuse("ListServices", code, "Cluster not found.", **vanished)


def test_b36_a_cluster_that_is_not_listed_any_more_needs_nothing_and_the_others_are_read(aws):
    clusters(aws, "gone", "prod")
    refuse_cluster(aws, "gone")
    tasks(aws, task(1, container(f"{WEB}:v1")))
    clusters(aws, "prod")
    assert {image for image, _ in uses(aws)} == {f"{WEB}:v1"}
    assert len(aws.asked("ListServices")) == 2  # what was read is not read again


def test_b36_a_cluster_that_is_listed_twice_and_gone_twice_makes_the_reading_incomplete(aws):
    for _ in range(2):
        clusters(aws, "prod")
        refuse_cluster(aws, "prod")
    assert notes(aws) == [
        Diagnostic(
            ReadStatus.FAILED,
            f"ecs:{operation}: ClusterNotFoundException: Cluster not found; "
            f"but AWS still names {cluster()}; try again",
        )
        for operation in ("ListTasks", "ListServices")
    ]


def refuse_definition(aws: Stubs, name: str) -> None:
    code, text = "ClientException", "Unable to describe task definition."
    aws.refuse("DescribeTaskDefinition", code, text, taskDefinition=revision(name))


def still_named(name: str) -> list[Diagnostic]:
    what = "ecs:DescribeTaskDefinition: ClientException: Unable to describe task definition"
    text = f"{what}; but AWS still names {revision(name)}; try again"
    return [Diagnostic(ReadStatus.FAILED, text)]


def test_b36_a_definition_that_a_service_still_names_is_not_gone(aws):
    both = [{"taskDefinition": revision("web:1")}, {"taskDefinition": revision("web:2")}]
    for _ in range(2):
        clusters(aws, "prod")
        services(aws, service("web", deployments=both))
        refuse_definition(aws, "web:1")
    definition(aws, "web:2", container(f"{WEB}:v2"))
    found, noted = read(aws)
    assert noted == still_named("web:1")
    assert {image for image, _ in found} == {f"{WEB}:v2"}


def test_b36_a_definition_that_nothing_names_any_more_needs_nothing(aws):
    for name in ("web:1", "web:2"):
        clusters(aws, "prod")
        services(aws, service("web", taskDefinition=revision(name)))
    refuse_definition(aws, "web:1")
    definition(aws, "web:2", container(f"{WEB}:v2"))
    assert {image for image, _ in uses(aws)} == {f"{WEB}:v2"}


def test_b36_a_definition_that_is_there_at_the_second_look_is_in_use(aws):
    for _ in range(2):
        clusters(aws, "prod")
        services(aws, service("web", taskDefinition=revision("web:1")))
    refuse_definition(aws, "web:1")
    definition(aws, "web:1", container(f"{WEB}:v1"))
    assert {image for image, _ in uses(aws)} == {f"{WEB}:v1"}


def test_b36_a_definition_that_a_running_task_names_is_not_gone(aws):
    for _ in range(2):
        clusters(aws, "prod")
        tasks(aws, task(1, taskDefinitionArn=revision("web:1")))
        refuse_definition(aws, "web:1")
    assert notes(aws) == still_named("web:1")


def test_a_stopped_task_may_outlive_its_definition(aws):
    """It says itself what it ran."""
    clusters(aws, "prod")
    stopped = task(1, container(f"{WEB}:v1", number=1), taskDefinitionArn=revision("web:1"))
    tasks(aws, stopped, status="STOPPED")
    refuse_definition(aws, "web:1")
    assert {image for image, _ in uses(aws)} == {f"{WEB}:v1", f"{WEB}:v1@{digest(1)}"}


def test_b36_a_family_without_revisions_is_looked_for_once_more(aws):
    for _ in range(2):
        families(aws, "a", "b", "c")
    all_revisions(aws, "a:1", "b:1")
    newest(aws, "c", [7], 5)
    assert sorted(history(aws)) == ["a:1", "b:1", "c:7"]


@pytest.mark.parametrize("others", [("a", "b"), ()])
def test_b36_a_family_that_is_listed_twice_without_revisions_makes_the_reading_incomplete(
    aws, others
):
    """Whether revisions are listed for all families together or for each."""
    for _ in range(2):
        families(aws, *others, "c")
        newest(aws, "c", [], 5) if not others else None
    if others:
        all_revisions(aws, "a:1", "b:1")
        newest(aws, "c", [], 5)
    text = "ecs:ListTaskDefinitions: no revision of the family c; but AWS still names c; try again"
    assert notes(aws) == [Diagnostic(ReadStatus.FAILED, text)]


def test_b35_a_definition_without_containers_makes_the_reading_incomplete(aws):
    clusters(aws, "prod")
    services(aws, service("web", taskDefinition=revision("web:1")))
    empty = defined_as()({"taskDefinition": revision("web:1")})
    empty["taskDefinition"]["containerDefinitions"] = []
    aws.answer("DescribeTaskDefinition", empty, taskDefinition=revision("web:1"))
    what = f"AWS's answer has no container of {revision('web:1')}; try again"
    assert notes(aws) == [Diagnostic(ReadStatus.FAILED, f"ecs:DescribeTaskDefinition: {what}")]


@pytest.mark.parametrize("arn", ["web:1", "text", revision("web"), revision("web:x"), ""])
def test_b35_a_revision_of_another_form_makes_the_reading_incomplete(aws, arn):
    families(aws, "web")
    aws.otherwise("ListTaskDefinitions", {"taskDefinitionArns": [arn]})
    (note,) = notes(aws)
    assert note.text == (
        "ecs:ListTaskDefinitions: taskDefinitionArns[0] of AWS's answer is not the ARN of a "
        "revision; try again"
    )


def test_b35_a_family_that_the_listing_of_families_lacks_is_read_where_its_revisions_are_seen(aws):
    families(aws, "a", "b")
    all_revisions(aws, "a:1", "b:2", "c:3")
    assert sorted(history(aws)) == ["a:1", "b:2", "c:3"]


def test_b36_a_family_that_is_not_listed_any_more_needs_nothing(aws):
    families(aws, "a", "b")
    all_revisions(aws, "a:1")
    families(aws, "a")
    assert history(aws) == ["a:1"]


LISTINGS = ("ListClusters", "ListTasks", "ListServices", "ListTaskDefinitionFamilies")
DESCRIPTIONS = (
    "ListTaskDefinitions",
    "DescribeTasks",
    "DescribeServices",
    "DescribeServiceRevisions",
    "DescribeTaskDefinition",
)


def everything(aws: Stubs) -> None:
    """An account in which every operation has something to answer."""
    owner = service("web", currentServiceRevisions=current(1), taskDefinition=revision("web:1"))
    aws.otherwise("ListClusters", {"clusterArns": [cluster()]})
    running = task(1, container(f"{WEB}:v1"), taskDefinitionArn=revision("web:1"))
    aws.otherwise("ListTasks", {"taskArns": [running["taskArn"]]})
    aws.otherwise("DescribeTasks", {"tasks": [running]})
    aws.otherwise("ListServices", {"serviceArns": [owner["serviceArn"]]})
    aws.otherwise("DescribeServices", {"services": [owner]})
    aws.otherwise("DescribeServiceRevisions", {"serviceRevisions": [resolved(1)]})
    aws.otherwise("ListTaskDefinitionFamilies", {"families": ["web"]})
    aws.otherwise("ListTaskDefinitions", {"taskDefinitionArns": [revision("web:1")]})
    aws.otherwise("DescribeTaskDefinition", defined_as(container(f"{WEB}:v3")))


@pytest.mark.parametrize("operation", LISTINGS + DESCRIPTIONS)
def test_a_missing_permission_is_noted_with_the_action_that_would_mend_it(aws, operation):
    """B11."""
    everything(aws)
    aws.otherwise_refuse(operation, "AccessDeniedException", "not you")
    found, noted = read(aws)
    assert noted == [Diagnostic(ReadStatus.DENIED, f"ecs:{operation} is denied; allow it: not you")]
    assert found  # what can be read still counts


@pytest.mark.parametrize("operation", LISTINGS + DESCRIPTIONS)
def test_an_operation_that_fails_is_noted_and_the_rest_is_read(aws, operation):
    """B11."""
    everything(aws)
    aws.otherwise_refuse(operation, "ServerException", "oops")
    found, noted = read(aws)
    assert noted == [Diagnostic(ReadStatus.FAILED, f"ecs:{operation}: ServerException: oops")]
    assert found


def test_where_nothing_fails_everything_is_found_and_nothing_noted(aws):
    everything(aws)
    assert {image for image, _ in uses(aws)} == {
        f"{WEB}:v1",
        f"{WEB}:v1@{digest(1)}",
        f"{WEB}:v3",
    }


def test_a_later_page_of_clusters_that_fails_leaves_nothing_unsaid(aws):
    """B11."""
    page = {"clusterArns": [cluster("prod")], "nextToken": "2"}
    aws.answer("ListClusters", page, maxResults=100)
    aws.refuse("ListClusters", "ServerException", "oops", maxResults=100, nextToken="2")
    assert notes(aws) == [Diagnostic(ReadStatus.FAILED, "ecs:ListClusters: ServerException: oops")]


def test_what_was_found_before_a_failure_still_counts(aws):
    """B11."""
    clusters(aws, "prod")
    tasks(aws, task(1, container(f"{WEB}:v1")))
    stopped = {"cluster": cluster(), "desiredStatus": "STOPPED", "maxResults": 100}
    aws.refuse("ListTasks", "ServerException", "oops", **stopped)
    found, noted = read(aws)
    assert {image for image, _ in found} == {f"{WEB}:v1"}
    assert noted == [Diagnostic(ReadStatus.FAILED, "ecs:ListTasks: ServerException: oops")]


# Task definitions


def test_a_definition_that_was_deregistered_is_read_for_who_runs_it(aws):
    """B30: Definitions are described by the ARN that a service names, whatever their status."""
    clusters(aws, "prod")
    services(aws, service("web", taskDefinition=revision("web:1")))
    families(aws, "web")
    newest(aws, "web", [2], 5)
    definition(aws, "web:1", container(f"{WEB}:v1"), status="INACTIVE")
    definition(aws, "web:2", container(f"{WEB}:v2"), status="ACTIVE")
    assert {image for image, _ in uses(aws)} == {f"{WEB}:v1", f"{WEB}:v2"}


def test_a_definition_with_many_users_is_read_once_and_in_use_by_all(aws):
    clusters(aws, "prod")
    services(
        aws,
        service("a", taskDefinition=revision("web:1")),
        service("b", taskDefinition=revision("web:1")),
    )
    definition(aws, "web:1", container(f"{WEB}:v1"))
    path = "task definition web:1 → container app"
    assert uses(aws) == {
        (f"{WEB}:v1", f"service prod/a (service) → {path}"),
        (f"{WEB}:v1", f"service prod/b (service) → {path}"),
    }


def test_all_containers_of_a_definition_are_read(aws):
    families(aws, "web")
    newest(aws, "web", [1], 5)
    definition(aws, "web:1", container(f"{WEB}:v1"), container(f"{HOST}/proxy:v2", "proxy"))
    who = "family web (one of its newest 5 revisions) → task definition web:1 → container"
    assert uses(aws) == {
        (f"{WEB}:v1", f"{who} app"),
        (f"{HOST}/proxy:v2", f"{who} proxy"),
    }


def test_a_container_that_opts_out_of_version_consistency_says_so(aws):
    """B6."""
    clusters(aws, "prod")
    services(aws, service("web", taskDefinition=revision("web:1")))
    unpinned = container(f"{WEB}:v1") | {"versionConsistency": "disabled"}
    pinned = container(f"{WEB}:v2", "side") | {"versionConsistency": "enabled"}
    definition(aws, "web:1", unpinned, pinned)
    who = "service prod/web (service) → task definition web:1 → container"
    assert uses(aws) == {
        (f"{WEB}:v1", f"{who} app (versionConsistency: disabled)"),
        (f"{WEB}:v2", f"{who} side"),
    }


def history(aws: Stubs, config: Config | None = None) -> list[str]:
    """The revisions that are described, newest first."""
    assert notes(aws, config) == []
    arns = [call["taskDefinition"] for call in aws.asked("DescribeTaskDefinition")]
    names = [arn.rpartition("/")[2] for arn in arns]
    return sorted(names, key=lambda name: int(name.partition(":")[2]), reverse=True)


def test_families_that_no_entry_matches_keep_their_newest_five_revisions(aws):
    """B10."""
    families(aws, "web")
    newest(aws, "web", [20, 19, 18, 17, 16], 5, then="2")
    entries = (exact("other", keep_count=1),)
    assert history(aws, Config(history={"task_definitions": entries})) == [
        f"web:{number}" for number in (20, 19, 18, 17, 16)
    ]


def test_keep_count_of_the_first_entry_that_matches_is_the_window(aws):
    families(aws, "web")
    newest(aws, "web", [20, 19], 2, then="2")
    entries = (exact("web", keep_count=2), exact("web", keep_count=9))
    assert history(aws, Config(history={"task_definitions": entries})) == ["web:20", "web:19"]


def test_the_order_and_number_that_aws_answers_are_not_relied_upon(aws):
    """Nor are revisions compared as text: 10 is newer than 9."""
    families(aws, "web")
    newest(aws, "web", [2, 9, 1, 10], 2)
    config = Config(history={"task_definitions": (exact("web", keep_count=2),)})
    assert history(aws, config) == ["web:10", "web:9"]


def test_a_family_with_fewer_revisions_keeps_them_all(aws):
    families(aws, "web")
    newest(aws, "web", [3, 1], 5)
    assert history(aws) == ["web:3", "web:1"]


def test_a_window_of_more_than_one_page_is_read_to_its_end_and_no_further(aws):
    families(aws, "web")
    newest(aws, "web", list(range(300, 200, -1)), 100, then="2")
    newest(aws, "web", list(range(200, 100, -1)), 100, nextToken="2", then="3")
    config = Config(history={"task_definitions": (exact("web", keep_count=150),)})
    assert history(aws, config) == [f"web:{number}" for number in range(300, 150, -1)]


def test_families_of_every_page_are_read(aws):
    page = {"families": ["a"], "nextToken": "2"}
    aws.answer("ListTaskDefinitionFamilies", page, status="ACTIVE", maxResults=100)
    aws.answer(
        "ListTaskDefinitionFamilies",
        {"families": ["b"]},
        status="ACTIVE",
        maxResults=100,
        nextToken="2",
    )
    all_revisions(aws, "a:1", "b:2")
    assert history(aws) == ["b:2", "a:1"]


def test_of_many_families_the_revisions_are_listed_a_hundred_at_a_time(aws):
    families(aws, *(f"f{number}" for number in range(6)))
    all_revisions(aws, "f5:9", "f4:11", "f4:9", "f3:1", then="2")
    all_revisions(aws, "f2:2", "f2:10", "f1:1", "f0:1", nextToken="2")
    config = Config(history={"task_definitions": (exact("f2", keep_count=1),)})
    assert sorted(history(aws, config)) == [
        *("f0:1", "f1:1", "f2:10", "f3:1", "f4:11", "f4:9", "f5:9"),
    ]
    assert len(aws.asked("ListTaskDefinitions")) == 2


def test_where_families_have_hundreds_of_revisions_each_is_asked_for_its_newest(aws):
    """Listing them all would take more calls than half of those."""
    families(aws, "a", "b", "c", "d")
    all_revisions(aws, "d:900", "d:899", then="2")
    all_revisions(aws, "d:801", "d:800", then="3", nextToken="2")
    all_revisions(aws, "d:701", "d:700", then="4", nextToken="3")
    for name in "abcd":
        newest(aws, name, [900, 899], 5)
    assert sorted(history(aws)) == [f"{name}:{number}" for name in "abcd" for number in (899, 900)]


def test_a_listing_of_all_revisions_that_fails_is_noted(aws):
    """B11."""
    families(aws, "a", "b", "c", "d")
    all_revisions(aws, "d:1", then="2")
    where = {"status": "ACTIVE", "sort": "DESC", "maxResults": 100, "nextToken": "2"}
    aws.refuse("ListTaskDefinitions", "ServerException", "oops", **where)
    text = "ecs:ListTaskDefinitions: ServerException: oops"
    assert notes(aws) == [Diagnostic(ReadStatus.FAILED, text)]


# What the configuration leaves out, and what it does not


def test_clusters_that_no_entry_matches_are_read_all_the_same(aws):
    """B10."""
    clusters(aws, "prod", "stage")
    tasks(aws, task(1, container(f"{WEB}:v1")), name="prod")
    tasks(aws, task(2, container(f"{WEB}:v2")), name="stage")
    assert {image for image, _ in uses(aws, Config(history={"clusters": (exact("prod"),)}))} == {
        f"{WEB}:v1",
        f"{WEB}:v2",
    }


def test_a_cluster_that_is_excluded_is_noted_and_not_read(aws):
    clusters(aws, "prod", "sandbox")
    tasks(aws, task(1, container(f"{WEB}:v1")), name="prod")
    entries = (
        exact("sandbox", exclude=True),
        History(NamePattern("*", is_glob=True)),
    )
    found, noted = read(aws, Config(history={"clusters": entries}))
    assert noted == [Diagnostic(ReadStatus.EXCLUDED, "cluster sandbox: excluded by clusters")]
    assert {image for image, _ in found} == {f"{WEB}:v1"}
    assert {call["cluster"] for call in aws.asked("ListTasks")} == {cluster("prod")}
    assert {call["cluster"] for call in aws.asked("ListServices")} == {cluster("prod")}


def test_a_family_that_is_excluded_is_noted_and_protects_only_what_runs(aws):
    clusters(aws, "prod")
    services(aws, service("web", taskDefinition=revision("web:1")))
    definition(aws, "web:1", container(f"{WEB}:v1"))
    families(aws, "web")
    config = Config(history={"task_definitions": (exact("web", exclude=True),)})
    found, noted = read(aws, config)
    text = "task definitions of web: excluded by task_definitions"
    assert noted == [Diagnostic(ReadStatus.EXCLUDED, text)]
    assert {image for image, _ in found} == {f"{WEB}:v1"}
    assert aws.asked("ListTaskDefinitions") == []


# Text that is no reference


@pytest.mark.parametrize("text", ["<IMAGE1_NAME>", "PLACEHOLDER", "${IMAGE}", "a b"])
def test_text_that_nothing_could_pull_is_noted_and_harms_nothing(aws, text):
    clusters(aws, "prod")
    tasks(aws, task(1, container(text), container(f"{WEB}:v1", "side")))
    found, noted = read(aws)
    who = "service prod/web (running task)"
    assert noted == [Diagnostic(ReadStatus.READ, f"{who}: {text!r} is not an image reference")]
    assert {image for image, _ in found} == {f"{WEB}:v1"}


@pytest.mark.parametrize(
    "text", [f"{HOST}/Shop/Web:v1", f"{HOST}/web:v1@sha256:12", f"{HOST}/web:${{TAG}}"]
)
def test_text_that_looks_like_ecr_and_cannot_be_read_makes_the_reading_incomplete(aws, text):
    families(aws, "web")
    newest(aws, "web", [1], 5)
    definition(aws, "web:1", container(text))
    who = "family web (one of its newest 5 revisions)"
    expected = Diagnostic(ReadStatus.FAILED, f"{who}: {text!r} is not an image reference")
    assert notes(aws) == [expected]


def test_a_container_of_a_definition_without_an_image_makes_the_reading_incomplete(aws):
    """B35."""
    families(aws, "web")
    newest(aws, "web", [1], 5)
    definition(aws, "web:1", {"name": "app"})
    where = "taskDefinition.containerDefinitions[0].image"
    text = f"ecs:DescribeTaskDefinition: AWS's answer has no {where}; try again"
    assert notes(aws) == [Diagnostic(ReadStatus.FAILED, text)]


def test_a_container_that_aws_added_to_a_task_may_have_no_image(aws):
    clusters(aws, "prod")
    tasks(aws, task(1, {"name": "ecs-service-connect"}, container(f"{WEB}:v1")))
    assert {image for image, _ in uses(aws)} == {f"{WEB}:v1"}


# All together


def test_every_one_of_many_clusters_and_families_arrives(aws):
    """B12."""
    names = [f"c{number}" for number in range(60)]
    clusters(aws, *names)
    families(aws, *names)
    for number, name in enumerate(names):
        tasks(aws, task(number, container(f"{HOST}/task:{name}")), name=name)
        services(aws, service("web", taskDefinition=revision(f"s{name}:1")), name=name)
        definition(aws, f"s{name}:1", container(f"{HOST}/service:{name}"))
        definition(aws, f"{name}:1", container(f"{HOST}/family:{name}"))
    all_revisions(aws, *(f"{name}:1" for name in names))
    assert {image for image, _ in uses(aws)} == {
        f"{HOST}/{kind}:{name}" for kind in ("task", "service", "family") for name in names
    }


def test_progress_says_what_is_being_read(aws):
    clusters(aws, "prod")
    families(aws, "web")
    newest(aws, "web", [1], 5)
    shown: list[str] = []
    found_by(ECS, aws.target, progress=shown.append)
    # Clusters and families are read side by side, so either may come first.
    assert [line for line in shown if "clusters" not in line] == [
        "ECS: 1 task definition families",
        "ECS 0/1 task definitions",
        "ECS 1/1 task definitions",
    ]
    assert [line for line in shown if "clusters" in line] == ["ECS: 1 clusters"]


def test_progress_says_how_long_the_quota_of_task_definitions_makes_it_wait(aws):
    class Waited(RateLimiter):
        def waited_for(self, service: str, operation: str) -> float | None:
            return 20.0 if (service, operation) == ("ecs", "DescribeTaskDefinition") else None

    clusters(aws)
    families(aws, "web")
    newest(aws, "web", [1], 5)
    shown: list[str] = []
    found_by(ECS, replace(aws.target, rate_limiter=Waited()), progress=shown.append)
    assert "ECS 0/1 task definitions (AWS allows 20/s, about 1 s left)" in shown


# Tasks of one service


def test_tasks_of_a_service_that_pulled_different_digests_are_all_in_use(aws):
    """A tag moved during a deployment: the tasks differ by what was recorded alone."""
    clusters(aws, "prod")
    tasks(
        aws,
        task(1, container(f"{WEB}:stable", number=1)),
        task(2, container(f"{WEB}:stable", number=2)),
        task(3, container(f"{WEB}:stable")),
    )
    assert {image for image, _ in uses(aws)} == {
        f"{WEB}:stable",
        f"{WEB}:stable@{digest(1)}",
        f"{WEB}:stable@{digest(2)}",
    }


@pytest.mark.parametrize(
    ("other", "fact"),
    [
        (task(2, container(f"{WEB}:v2"), taskDefinitionArn=revision("web:1")), f"{WEB}:v2"),
        (task(2, container(f"{WEB}:v1", "log"), taskDefinitionArn=revision("web:1")), "log"),
        (task(2, container(f"{WEB}:v1"), taskDefinitionArn=revision("web:2")), "web:2"),
        (task(2, container(f"{WEB}:v1"), taskDefinitionArn=revision("web:1"), group=""), "prod/0"),
    ],
    ids=["image", "container", "definition", "service"],
)
def test_a_task_that_differs_from_the_first_of_its_service_is_read_too(aws, other, fact):
    clusters(aws, "prod")
    tasks(aws, task(1, container(f"{WEB}:v1"), taskDefinitionArn=revision("web:1")), other)
    texts = {text for use in uses(aws) for text in use}
    texts |= {call["taskDefinition"] for call in aws.asked("DescribeTaskDefinition")}
    assert [text for text in texts if fact in text]


# What was met


def test_the_clusters_and_families_that_were_met_are_named_whatever_becomes_of_them(aws):
    clusters(aws, "prod", "dev")
    families(aws, "web", "job")
    newest(aws, "web", [1], 5)
    config = Config(
        history={
            "clusters": (exact("dev", exclude=True),),
            "task_definitions": (exact("job", exclude=True),),
        }
    )
    found = found_by(ECS, aws.target, config)
    assert {item for item in found if isinstance(item, SeenResource)} == {
        SeenResource("clusters", "prod"),
        SeenResource("clusters", "dev"),
        SeenResource("task_definitions", "web"),
        SeenResource("task_definitions", "job"),
    }


def test_nothing_but_uses_notes_and_names_comes_out(aws):
    clusters(aws, "prod")
    services(aws, service("web", currentServiceRevisions=[{"arn": service_revision(7)}]))
    resolved = {
        "serviceRevisionArn": service_revision(7),
        "taskDefinition": revision("web:1"),
        "containerImages": [{"containerName": "app", "image": f"{WEB}:v1"}],
    }
    aws.otherwise("DescribeServiceRevisions", {"serviceRevisions": [resolved]})
    found = found_by(ECS, aws.target)
    assert len(found) == 2
    assert all(isinstance(item, Use | Diagnostic | SeenResource) for item in found)


def test_the_revisions_of_all_families_are_listed_for_as_many_pages_as_half_the_families(aws):
    """A hundred at a time: dearer than asking each family only from there on."""
    names = [f"job{number}" for number in range(6)]
    families(aws, *names)
    all_revisions(aws, "job0:1", "job1:1", then="2")
    all_revisions(aws, "job2:1", "job3:1", then="3", nextToken="2")
    all_revisions(aws, "job4:1", "job5:1", nextToken="3")
    assert uses(aws) == set()
    assert len(aws.asked("DescribeTaskDefinition")) == 6
    assert len(aws.asked("ListTaskDefinitions")) == 3


def test_a_hundred_tasks_that_are_alike_are_reported_once_for_each_status(aws):
    clusters(aws, "prod")
    tasks(aws, *[task(number, container(f"{WEB}:v1", number=1)) for number in range(100)])
    stopped = [task(number, container(f"{WEB}:v1", number=1)) for number in range(100, 120)]
    tasks(aws, *stopped, status="STOPPED")
    found = [item for item in found_by(ECS, aws.target) if isinstance(item, Use)]
    assert sorted((use.why, str(use.reference)) for use in found) == [
        ("running task", f"{WEB}:v1"),
        ("running task", f"{WEB}:v1@{digest(1)}"),
        ("stopped task", f"{WEB}:v1"),
        ("stopped task", f"{WEB}:v1@{digest(1)}"),
    ]


# What is declared


def test_whatever_is_called_is_declared_and_whatever_is_declared_is_called(aws):
    """IAM policies are made of it: what is missing there would be denied to every run."""
    clusters(aws, "prod")
    tasks(aws, task(1, container(f"{WEB}:v1")))
    services(aws, service("web", currentServiceRevisions=[{"arn": service_revision(7)}]))
    resolved = {"serviceRevisionArn": service_revision(7), "taskDefinition": revision("web:1")}
    aws.otherwise("DescribeServiceRevisions", {"serviceRevisions": [resolved]})
    families(aws, "web")
    newest(aws, "web", [1], 5)
    found_by(ECS, aws.target)
    assert {name for name, _ in aws.calls} == {operation.name for operation in ECS.operations}


def test_task_definitions_are_described_for_what_runs_and_for_families():
    assert ECS.operations[DESCRIBE_TASK_DEFINITION] == ("clusters", "task_definitions")
