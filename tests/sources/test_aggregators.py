"""What AWS Config's aggregators know, and a source that met nothing of it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ecrm.config import Config, SourceChoice
from ecrm.model.reference import Registry
from ecrm.model.scan import Diagnostic, ReadStatus, SourceReport
from ecrm.sources.aggregators import AGGREGATORS, not_met
from ecrm.sources.items import Counted, SourceItem
from tests.sources.reading import found_by
from tests.stubs import ACCOUNT, REGION, REGISTRY, Stubs

OTHER = Registry("999999999999", "eu-west-1")


@pytest.fixture
def aws() -> Iterator[Stubs]:
    with Stubs() as stubs:
        yield stubs


def read(aws: Stubs) -> list[SourceItem]:
    return found_by(
        AGGREGATORS, aws.target, Config(sources=(SourceChoice("aws-config", exclude=False),))
    )


def aggregators(aws: Stubs, *names: str) -> None:
    answer = [{"ConfigurationAggregatorName": name} for name in names]
    aws.answer("DescribeConfigurationAggregators", {"ConfigurationAggregators": answer}, Limit=100)


def row(account: str, region: str, number: Any) -> str:
    return json.dumps({"accountId": account, "awsRegion": region, "COUNT(*)": number})


def test_clusters_and_functions_with_an_image_are_counted_by_account_and_region(aws):
    aggregators(aws, "all")

    def rows(asked: Any) -> Any:
        assert asked["ConfigurationAggregatorName"] == "all"
        if "'AWS::ECS::Cluster'" in asked["Expression"]:
            if "NextToken" not in asked:
                return {"Results": [row(ACCOUNT, REGION, 3)], "NextToken": "2"}
            return {"Results": [row("999999999999", "eu-west-1", 1)]}
        if "'AWS::EKS::Cluster'" in asked["Expression"]:
            return {"Results": [row(ACCOUNT, REGION, 2)]}
        assert "configuration.packageType = 'Image'" in asked["Expression"]
        return {"Results": [row(ACCOUNT, REGION, 7)]}

    aws.otherwise("SelectAggregateResourceConfig", rows)
    assert read(aws) == [
        Counted(REGISTRY, "ecs", "clusters", 3),
        Counted(OTHER, "ecs", "clusters", 1),
        Counted(REGISTRY, "eks", "eks_clusters", 2),
        Counted(REGISTRY, "lambda", "lambda_functions", 7),
    ]


def test_an_account_without_an_aggregator_is_asked_once(aws):
    aggregators(aws)
    assert read(aws) == []


@pytest.mark.parametrize(
    "result", ["{", "[]", row(ACCOUNT, REGION, None), row(ACCOUNT, REGION, "3")]
)
def test_b35_a_count_that_is_not_understood_is_a_failure(aws, result):
    aggregators(aws, "all")
    aws.otherwise("SelectAggregateResourceConfig", {"Results": [result]})
    for note in read(aws):
        assert isinstance(note, Diagnostic)
        assert note.status is ReadStatus.FAILED


CLUSTERS = Counted(REGISTRY, "ecs", "clusters", 3)


def checked(report: SourceReport, *counted: Counted) -> tuple[Diagnostic, ...]:
    [found] = not_met([report], counted)
    return found.notes


def test_a_source_that_met_nothing_of_what_config_knows_was_not_read_completely():
    report = SourceReport(REGISTRY, "ecs", names={"task_definitions": ("web",)})
    assert checked(report, CLUSTERS, CLUSTERS) == (
        Diagnostic(
            ReadStatus.FAILED,
            f"AWS Config knows 3 clusters in {REGISTRY}, and none was found; find out what hides "
            "them, or try again",
        ),
    )


EXCLUDED = (Diagnostic(ReadStatus.EXCLUDED, "excluded by sources"),)


@pytest.mark.parametrize(
    ("report", "counted"),
    [
        (SourceReport(REGISTRY, "ecs", names={"clusters": ("prod",)}), CLUSTERS),
        (SourceReport(REGISTRY, "ecs", names={}), Counted(REGISTRY, "ecs", "clusters", 0)),
        (SourceReport(REGISTRY, "lambda", names={}), CLUSTERS),
        (SourceReport(OTHER, "ecs", names={}), CLUSTERS),
        (SourceReport(REGISTRY, "ecs"), CLUSTERS),
        (SourceReport(REGISTRY, "ecs", notes=EXCLUDED, names={}), CLUSTERS),
    ],
    ids=["met", "none", "another source", "elsewhere", "nobody looked", "excluded"],
)
def test_nothing_is_missing_otherwise(report, counted):
    assert checked(report, counted) == report.notes
