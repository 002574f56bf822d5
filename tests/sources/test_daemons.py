"""Daemons of ECS Managed Instances."""

from collections.abc import Iterator
from typing import Any

import pytest

from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use
from ecrm.sources.ecs.daemons import ECS_DAEMONS
from tests.sources.reading import found_by
from tests.stubs import ACCOUNT, HOST, REGION, Stubs
from tests.values import digest

ECS = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
DEFINITION = f"{ECS}:daemon-task-definition/agent:2"
DAEMON = f"{ECS}:daemon/prod/agent"
PAGE = {"maxResults": 100}


@pytest.fixture
def aws() -> Iterator[Stubs]:
    with Stubs() as stubs:
        yield stubs


def definitions(aws: Stubs, *arns: str) -> None:
    answer = {"daemonTaskDefinitions": [{"arn": arn} for arn in arns]}
    aws.answer("ListDaemonTaskDefinitions", answer, status="ALL", **PAGE)


def test_an_account_without_daemons_is_asked_once(aws):
    definitions(aws)
    assert found_by(ECS_DAEMONS, aws.target) == []


def test_definitions_count_as_written_and_current_revisions_by_what_they_resolved(aws):
    for _ in range(2):  # whether there are any, and what they are
        definitions(aws, DEFINITION)
    container = {"name": "agent", "image": f"{HOST}/agent:v2"}
    described = {"daemonTaskDefinition": {"containerDefinitions": [container]}}
    aws.answer("DescribeDaemonTaskDefinition", described, daemonTaskDefinition=DEFINITION)
    cluster = f"{ECS}:cluster/prod"
    aws.answer("ListClusters", {"clusterArns": [cluster]}, **PAGE)
    daemons = {"daemonSummariesList": [{"daemonArn": DAEMON}]}
    aws.answer("ListDaemons", daemons, clusterArn=cluster, **PAGE)
    revisions = [f"{ECS}:daemon-revision/prod/agent/{number}" for number in range(22)]
    daemon = {"daemon": {"currentRevisions": [{"arn": arn} for arn in revisions]}}
    aws.answer("DescribeDaemon", daemon, daemonArn=DAEMON)

    def revision(arn: str) -> Any:
        number = int(arn.rpartition("/")[2])
        image = {"image": f"{HOST}/agent:v1", "imageDigest": digest(number)}
        return {"daemonRevisionArn": arn, "containerImages": [image] if number else []}

    for arns in (revisions[:20], revisions[20:]):
        answer = {"daemonRevisions": [revision(arn) for arn in arns]}
        aws.answer("DescribeDaemonRevisions", answer, daemonRevisionArns=arns)
    items = found_by(ECS_DAEMONS, aws.target)
    found = {
        str(item.reference).removeprefix(f"{HOST}/") for item in items if isinstance(item, Use)
    }
    expected = {f"agent:v1@{digest(number)}" for number in range(1, 22)}
    assert found == {"agent:v2", "agent:v1", *expected}


@pytest.mark.parametrize("code", ["UnknownOperationException", "UnsupportedFeatureException"])
def test_where_ecs_has_no_daemons_nobody_has_any(aws, code):
    aws.refuse("ListDaemonTaskDefinitions", code, status="ALL", **PAGE)
    [note] = found_by(ECS_DAEMONS, aws.target)
    text = f"ecs:ListDaemonTaskDefinitions is not offered in {REGION}"
    assert note == Diagnostic(ReadStatus.READ, text)
