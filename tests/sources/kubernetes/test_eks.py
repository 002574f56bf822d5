"""Which clusters of EKS are read, and what is said of those that are not."""

from collections.abc import Iterator

import pytest

from ecrm.aws import Target
from ecrm.aws.calls import call
from ecrm.config import Config, Kubernetes
from ecrm.errors import AwsError
from ecrm.model.pattern import NamePattern
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use
from ecrm.sources.items import SeenResource, SourceItem
from ecrm.sources.kubernetes import eks
from ecrm.sources.kubernetes.client import Cluster
from ecrm.sources.kubernetes.client.eks import DESCRIBE_CLUSTER
from ecrm.sources.kubernetes.eks import EKS
from tests.sources.kubernetes.api import Api
from tests.sources.kubernetes.objects import example
from tests.sources.reading import found_by
from tests.stubs import Stubs

FOUND = {"cluster": {"name": "any", "status": "ACTIVE"}}
UNREADABLE = "cannot be reached"
HOW = (
    "to read it, give ecrm's role an access entry (`ecrm kubernetes manifest`), run ecrm where the "
    "endpoint answers, or scan in a job of the cluster (docs/kubernetes.md); to leave it out, name "
    "it in kubernetes.exclude_clusters"
)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubs]:
    """Every cluster that EKS describes has one Job."""

    def connect(target: Target, name: str) -> Cluster:
        call(target.reading("eks"), DESCRIBE_CLUSTER, name=name)
        if name == "private":
            raise AwsError(f"cluster {name}: {UNREADABLE}")
        return Api([example("Job")]).cluster(name)

    monkeypatch.setattr(eks, "eks_cluster", connect)
    with Stubs() as stubs:
        yield stubs


def listed(aws: Stubs, *names: str) -> None:
    aws.answer("ListClusters", {"clusters": list(names)}, include=["all"], maxResults=100)


def read(aws: Stubs, config: Kubernetes | None = None) -> list[SourceItem]:
    return found_by(EKS, aws.target, Config(kubernetes=config or Kubernetes()))


def users(items: list[SourceItem]) -> list[str]:
    return [item.user for item in items if isinstance(item, Use)]


def notes(items: list[SourceItem]) -> list[Diagnostic]:
    return [item for item in items if isinstance(item, Diagnostic)]


def test_all_clusters_of_the_target_are_read(aws: Stubs):
    listed(aws, "prod", "test")
    aws.otherwise("DescribeCluster", FOUND)
    items = read(aws)
    assert users(items) == ["CronJob shop/nightly in prod", "CronJob shop/nightly in test"]
    assert items[:2] == [SeenResource("eks_clusters", "prod"), SeenResource("eks_clusters", "test")]
    assert notes(items) == []


def test_an_excluded_one_is_not_even_described(aws: Stubs):
    listed(aws, "prod", "sandbox-1")
    aws.answer("DescribeCluster", FOUND, name="prod")
    items = read(aws, Kubernetes(exclude_clusters=(NamePattern("sandbox-*", is_glob=True),)))
    assert users(items) == ["CronJob shop/nightly in prod"]
    assert notes(items) == [
        Diagnostic(
            ReadStatus.EXCLUDED,
            "EKS cluster sandbox-1: excluded by kubernetes.exclude_clusters",
        )
    ]


def test_one_that_cannot_be_read_is_a_hole_and_says_what_to_do(aws: Stubs):
    listed(aws, "private", "prod")
    aws.otherwise("DescribeCluster", FOUND)
    items = read(aws)
    assert users(items) == ["CronJob shop/nightly in prod"]
    text = f"cluster private: {UNREADABLE}; {HOW}"
    assert notes(items) == [Diagnostic(ReadStatus.FAILED, text)]


def test_what_iam_denies_is_said_to_be_denied(aws: Stubs):
    listed(aws, "prod")
    aws.otherwise_refuse("DescribeCluster", "AccessDeniedException")
    [note] = notes(read(aws))
    assert note.status is ReadStatus.DENIED
    assert "eks:DescribeCluster" in note.text


@pytest.mark.parametrize(("again", "holes"), [((), 0), (("gone",), 1)])
def test_b36_a_cluster_that_is_said_to_be_gone_is_believed_if_it_is_not_listed_any_more(
    aws: Stubs, again: tuple[str, ...], holes: int
):
    listed(aws, "gone")
    listed(aws, *again)
    aws.otherwise_refuse("DescribeCluster", "ResourceNotFoundException")
    assert len(notes(read(aws))) == holes
