"""What is not read: excluded, denied, or not offered in a region."""

from collections.abc import Iterator
from datetime import UTC, datetime
from socket import gaierror
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from ecrm import sources
from ecrm.aws import Operation, Target, listing
from ecrm.aws.shapes import TEXT, record
from ecrm.config import Config, SourceChoice
from ecrm.model.reference import Registry
from ecrm.model.scan import Diagnostic, ReadStatus, Scan
from ecrm.sources import scan
from ecrm.sources.answers import IMAGE
from ecrm.sources.source import Source
from ecrm.sources.steps import Step, table_source
from tests.stubs import REGISTRY, Stubs, session

LIST = listing("apprunner", "ListServices", "ServiceSummaryList", record(ServiceArn=TEXT))
DESCRIBE = Operation(
    "apprunner",
    "DescribeService",
    record(
        Service=record(SourceConfiguration=record(ImageRepository=record(ImageIdentifier=IMAGE)))
    ),
)
QUEUES = listing("batch", "DescribeJobQueues", "jobQueues", record(jobQueueArn=TEXT))


def source(name: str, *steps: Step, **more: Any) -> Source:
    return table_source(name, name, steps, counts="", calls="", quotas={}, **more)


RUNNER = source(
    "apprunner",
    Step(LIST, then=(Step(DESCRIBE, {"ServiceArn": "ServiceArn"}, user="service", why="it"),)),
)
OTHER = source("batch", Step(QUEUES))
OPTIONAL = source("optional", Step(QUEUES), by_default=False)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubs]:
    monkeypatch.setattr(sources, "SOURCES", (RUNNER, OTHER, OPTIONAL))
    with Stubs() as stubs:
        stubs.otherwise("ListServices", {"ServiceSummaryList": []})
        stubs.otherwise("DescribeJobQueues", {"jobQueues": []})
        yield stubs


def read(aws: Stubs, *choices: SourceChoice, region: str = REGISTRY.region) -> Scan:
    target = Target(Registry(REGISTRY.account, region), session())
    now = datetime.now(UTC)
    return scan([target], Config(sources=choices), [], now, lambda _: None)


def notes(found: Scan) -> dict[str, tuple[Diagnostic, ...]]:
    return {report.source: report.notes for report in found.source_reports}


def test_what_is_excluded_is_said_and_not_asked_for(aws):
    found = read(aws, SourceChoice("apprunner", exclude=True))
    assert notes(found) == {
        "apprunner": (Diagnostic(ReadStatus.EXCLUDED, "excluded by sources"),),
        "batch": (),
    }
    assert found.unread == ()
    assert not aws.asked("ListServices")


def test_what_is_not_read_by_default_is_read_where_it_is_named(aws):
    assert "optional" in notes(read(aws, SourceChoice("optional", exclude=False)))
    assert "optional" not in notes(read(aws, SourceChoice("optional", exclude=True)))
    assert "optional" not in notes(read(aws))


def test_all_missing_actions_of_a_run_are_named_at_once_with_both_remedies(aws):
    """Also those that a run would have called only later; what AWS answered is allowed."""
    aws.otherwise(
        "ListServices", {"ServiceSummaryList": [{"ServiceArn": "arn:aws:a:b:c:123456789012:d"}]}
    )
    aws.otherwise_refuse("DescribeService", "AccessDeniedException", "not you")
    aws.otherwise_refuse("DescribeJobQueues", "AccessDeniedException", "not you")
    first, second = read(aws).unread
    assert first == "apprunner:DescribeService is denied; allow it: not you"
    assert second == (
        "batch:DescribeJobQueues is denied; allow it: not you; to read apprunner, batch, allow "
        "apprunner:DescribeService, batch:DescribeJobQueues (`ecrm iam-policy` prints the whole "
        "policy), or leave out what this account does not use: "
        "sources: [{name: apprunner, exclude: true}, {name: batch, exclude: true}]"
    )


def test_what_aws_answered_before_it_denied_the_same_is_not_named_again(aws):
    aws.answer("DescribeJobQueues", {"jobQueues": [], "nextToken": "2"})
    aws.refuse("DescribeJobQueues", "AccessDeniedException", "not this page", nextToken="2")
    [line] = read(aws).unread
    assert "is denied; allow it: not this page; to read batch, allow what is denied (`" in line


@pytest.mark.parametrize("code", ["UnknownOperationException", "UnsupportedRegionException"])
def test_what_an_endpoint_does_not_know_is_a_fact_and_no_failure(aws, code):
    aws.otherwise_refuse("ListServices", code, "what?")
    found = read(aws)
    assert found.unread == ()
    note = Diagnostic(ReadStatus.READ, "apprunner:ListServices is not offered in us-east-1")
    assert notes(found)["apprunner"] == (note,)


@pytest.mark.parametrize(("region", "is_failure"), [("us-east-1", True), ("sa-east-1", False)])
def test_b36_a_bare_404_is_a_fact_only_where_the_service_is_not_known(aws, region, is_failure):
    """Any proxy may answer so, and what runs there would look unused."""
    aws.otherwise_refuse("ListServices", "404", "Not Found")
    assert bool(read(aws, region=region).unread) == is_failure


@pytest.mark.parametrize("code", ["UnknownOperationException", "OptInRequired", "404"])
def test_b36_what_was_answered_a_moment_ago_is_offered(aws, code):
    aws.answer("DescribeJobQueues", {"jobQueues": [], "nextToken": "2"})
    aws.refuse("DescribeJobQueues", code, "what?", nextToken="2")
    [line] = read(aws).unread
    assert line.startswith("batch:DescribeJobQueues: ")


@pytest.mark.parametrize(("region", "is_failure"), [("us-east-1", True), ("sa-east-1", False)])
def test_an_endpoint_without_an_address_is_a_fact_only_where_the_service_is_not_known(
    aws, region, is_failure
):
    """App Runner is in us-east-1, so there something is wrong with the network."""

    def unresolved(_: object) -> Any:
        raise EndpointConnectionError(
            endpoint_url="https://apprunner.nowhere", error=gaierror(-2, "Name not known")
        )

    aws.otherwise("ListServices", unresolved)
    found = read(aws, region=region)
    assert bool(found.unread) == is_failure
    if not is_failure:
        note = Diagnostic(ReadStatus.READ, "apprunner:ListServices is not offered in sa-east-1")
        assert notes(found)["apprunner"] == (note,)


@pytest.mark.parametrize("service", ["imagebuilder", "apprunner"])
def test_an_endpoint_that_refuses_connections_is_a_failure_everywhere(aws, service):
    def refused(_: object) -> Any:
        raise EndpointConnectionError(
            endpoint_url="https://apprunner.nowhere", error=ConnectionRefusedError()
        )

    aws.otherwise("ListServices", refused)
    assert read(aws, region="sa-east-1").unread


def test_a_service_whose_regions_botocore_does_not_know_may_be_anywhere():
    target = Target(Registry(REGISTRY.account, "us-east-1"), session())
    assert target.may_have("bedrock-agentcore-control")
    assert Target(Registry(REGISTRY.account, "new-region-1"), session()).may_have("apprunner")
