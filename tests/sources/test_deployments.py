"""Earlier deployments of services, where ecrm.yaml asks for them."""

from collections.abc import Iterator
from typing import Any

import pytest

from ecrm.config import Config, History
from ecrm.model.pattern import NamePattern
from ecrm.model.scan import Diagnostic
from ecrm.model.use import Use
from ecrm.sources.ecs.deployments import ECS_DEPLOYMENTS
from tests.sources.reading import found_by
from tests.stubs import ACCOUNT, HOST, REGION, Stubs
from tests.values import digest

ECS = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
CLUSTER = f"{ECS}:cluster/prod"
SERVICE = f"{ECS}:service/prod/web"


@pytest.fixture
def aws() -> Iterator[Stubs]:
    with Stubs() as stubs:
        stubs.otherwise("ListClusters", {"clusterArns": [CLUSTER]})
        stubs.otherwise("ListServices", {"serviceArns": [SERVICE, f"{ECS}:service/prod/api"]})
        yield stubs


def config(name: str, number: int) -> Config:
    return Config(history={"services": (History(NamePattern(name, is_glob=True), number),)})


def revision(number: int) -> str:
    return f"{ECS}:service-revision/prod/web/{number}"


def deployments(aws: Stubs, *numbers: int) -> None:
    """In two pages; each is as old as its number is low."""
    asked = {"cluster": CLUSTER, "service": SERVICE, "status": ["SUCCESSFUL"], "maxResults": 100}
    briefs = [
        {"createdAt": 1e9 + number, "targetServiceRevisionArn": revision(number)}
        for number in numbers
    ]
    page = {"serviceDeployments": briefs[:1], "nextToken": "2"}
    aws.answer("ListServiceDeployments", page, **asked)
    page = {"serviceDeployments": briefs[1:]}
    aws.answer("ListServiceDeployments", page, **asked, nextToken="2")


def described(aws: Stubs, *numbers: int) -> None:
    def one(number: int) -> dict[str, Any]:
        image = {"containerName": "app", "image": f"{HOST}/web:live", "imageDigest": digest(number)}
        return {"serviceRevisionArn": revision(number), "containerImages": [image]}

    answer = {"serviceRevisions": [one(number) for number in numbers]}
    arns = sorted(revision(number) for number in numbers)
    aws.answer("DescribeServiceRevisions", answer, serviceRevisionArns=arns)


def images(aws: Stubs, config: Config) -> set[str]:
    items = found_by(ECS_DEPLOYMENTS, aws.target, config)
    assert not [item for item in items if isinstance(item, Diagnostic)]
    return {str(use.reference).removeprefix(f"{HOST}/") for use in items if isinstance(use, Use)}


@pytest.mark.parametrize("settings", [Config(), config("*", 0)])
def test_nothing_is_asked_unless_an_entry_asks_for_it(aws, settings):
    assert images(aws, settings) == set()
    assert aws.calls == []


def test_the_newest_deployments_count_by_their_digests_in_whatever_order_they_come(aws):
    deployments(aws, 2, 1, 4, 3, 4)
    described(aws, 4, 3)
    assert images(aws, config("w*", 2)) == {
        *("web:live", f"web:live@{digest(3)}", f"web:live@{digest(4)}"),
    }


def test_a_service_that_no_entry_asks_for_is_not_asked_about(aws):
    assert images(aws, config("other", 2)) == set()
    assert not aws.asked("ListServiceDeployments")


def test_a_cluster_that_is_excluded_is_left_alone(aws):
    entries = {"clusters": (History(NamePattern("prod", is_glob=False), exclude=True),)}
    settings = Config(history={**config("*", 2).history, **entries})
    assert images(aws, settings) == set()
    assert not aws.asked("ListServices")


def test_an_earlier_task_definition_may_be_gone(aws):
    deployments(aws, 1)
    definition = f"{ECS}:task-definition/web:1"
    described_revision = {
        "serviceRevisionArn": revision(1),
        "taskDefinition": definition,
        "containerImages": [{"image": f"{HOST}/web:live", "imageDigest": digest(1)}],
    }
    answer = {"serviceRevisions": [described_revision]}
    aws.answer("DescribeServiceRevisions", answer, serviceRevisionArns=[revision(1)])
    gone = ("ClientException", "Unable to describe task definition.")
    aws.refuse("DescribeTaskDefinition", *gone, taskDefinition=definition)
    assert images(aws, config("web", 1)) == {"web:live", f"web:live@{digest(1)}"}


def test_revisions_that_are_said_to_be_gone_are_missed_if_they_are_listed_again(aws):
    for _ in range(2):
        deployments(aws, 1)
        failures = [{"arn": revision(1), "reason": "MISSING"}]
        answer = {"serviceRevisions": [], "failures": failures}
        aws.answer("DescribeServiceRevisions", answer, serviceRevisionArns=[revision(1)])
    [note] = [
        item
        for item in found_by(ECS_DEPLOYMENTS, aws.target, config("web", 1))
        if isinstance(item, Diagnostic)
    ]
    assert note.status == "failed"
    assert f"AWS still names {SERVICE}" in note.text


def test_a_cluster_that_cannot_be_read_leaves_the_others(aws):
    other = f"{ECS}:cluster/test"
    aws.otherwise("ListClusters", {"clusterArns": [other, CLUSTER]})
    aws.refuse("ListServices", "ServerException", "oops", cluster=other, maxResults=100)
    deployments(aws, 1)
    described(aws, 1)
    items = found_by(ECS_DEPLOYMENTS, aws.target, config("web", 1))
    assert [note.text for note in items if isinstance(note, Diagnostic)] == [
        "ecs:ListServices: ServerException: oops"
    ]
    assert any(isinstance(item, Use) for item in items)
