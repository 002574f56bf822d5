"""Clusters of EKS are asked with tokens that the target signs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from ecrm.aws import Target
from ecrm.errors import AccessDenied, AwsError, Gone
from ecrm.model.reference import Registry
from ecrm.sources.kubernetes.client import eks
from ecrm.sources.kubernetes.client.eks import eks_cluster, eks_names
from tests.sources.kubernetes.client.certificates import authority
from tests.sources.kubernetes.client.connecting import encoded, names, refused
from tests.sources.kubernetes.client.eks_tokens import problems, sign_really
from tests.sources.kubernetes.client.fake_cluster import FakeCluster, Request
from tests.sources.kubernetes.client.objects import PODS, named
from tests.stubs import ACCOUNT, REGION, Stubs

HOST = f"sts.{REGION}.amazonaws.com"


@pytest.fixture
def aws() -> Iterator[Stubs]:
    with Stubs() as stubs:
        yield stubs


@pytest.fixture
def fake(aws: Stubs) -> Iterator[FakeCluster]:
    with FakeCluster() as cluster:
        cluster.served[PODS] = named("a")
        aws.otherwise("DescribeCluster", described(cluster.url))
        yield cluster


def described(endpoint: str | None, **members: Any) -> dict[str, Any]:
    data = {"data": encoded(authority().certificate)}
    own = {"name": "prod", "status": "ACTIVE", "certificateAuthority": data, **members}
    return {"cluster": own | ({"endpoint": endpoint} if endpoint else {})}


def token(request: Request) -> str:
    return request.headers["Authorization"].removeprefix("Bearer ")


def test_a_token_is_what_the_target_signed_for_this_cluster(
    aws: Stubs, fake: FakeCluster, monkeypatch: pytest.MonkeyPatch
):
    sign_really(monkeypatch)
    fake.may_ask = lambda request: not [*problems(token(request), "prod", HOST, "test")]
    assert names(eks_cluster(aws.target, "prod")) == ["a"]
    [request] = fake.requests
    assert [*problems(token(request), "other", HOST, "test")] != []
    assert [*problems(token(request), "prod", HOST, "wrong")] != []
    late = datetime.now(UTC) + timedelta(minutes=15)
    assert len([*problems(token(request), "prod", HOST, "test", late)]) == 1


def test_a_token_is_renewed_before_it_expires(
    aws: Stubs, fake: FakeCluster, monkeypatch: pytest.MonkeyPatch
):
    issued: list[str] = []

    def issue(target: Target, cluster: str) -> Any:
        issued.append(cluster)
        return real(target, cluster)

    real = eks._issue
    monkeypatch.setattr(eks, "_issue", issue)
    cluster = eks_cluster(aws.target, "prod")
    assert [names(cluster) for _ in range(2)] == [["a"], ["a"]]
    assert issued == ["prod"]
    now = datetime.now(UTC)
    until = real(aws.target, "prod").until
    assert until
    assert timedelta(minutes=9) < until - now < timedelta(minutes=11)


def test_a_session_token_is_part_of_it(monkeypatch: pytest.MonkeyPatch):
    sign_really(monkeypatch)
    session = boto3.Session("AKIA", "s3cret", "t/o=k", "eu-west-1")
    issued = eks._issue(Target(Registry(ACCOUNT, "eu-west-1"), session), "prod")
    signed = str(issued.identity.authorization).removeprefix("Bearer ")
    assert [*problems(signed, "prod", "sts.eu-west-1.amazonaws.com", "s3cret")] == []


@pytest.mark.parametrize(
    "region", ["us-east-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1", "us-iso-east-1"]
)
def test_sts_is_that_of_the_partition(region: str, monkeypatch: pytest.MonkeyPatch):
    sign_really(monkeypatch)
    session = boto3.Session("AKIA", "s3cret", region_name=region)
    issued = eks._issue(Target(Registry(ACCOUNT, region), session), "prod")
    host = session.client("sts").meta.endpoint_url.removeprefix("https://")
    signed = str(issued.identity.authorization).removeprefix("Bearer ")
    assert [*problems(signed, "prod", host, "s3cret")] == []


def test_without_credentials_nobody_is_asked(
    fake: FakeCluster, aws: Stubs, monkeypatch: pytest.MonkeyPatch
):
    cluster = eks_cluster(aws.target, "prod")
    monkeypatch.setattr(aws.target.session, "get_credentials", lambda: None)
    assert refused(cluster).startswith("cluster prod: sts:GetCallerIdentity: Unable to locate cre")
    assert fake.requests == []


def test_clusters_that_run_elsewhere_are_listed_too(aws: Stubs):
    first = {"clusters": ["prod"], "nextToken": "two"}
    aws.answer("ListClusters", first, include=["all"], maxResults=100)
    more = {"clusters": ["edge"]}
    aws.answer("ListClusters", more, include=["all"], maxResults=100, nextToken="two")
    assert [*eks_names(aws.target)] == ["prod", "edge"]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (
            described(None, status="ACTIVE", connectorConfig={"provider": "EKS_ANYWHERE"}),
            "it runs elsewhere and is only connected to EKS; name a context of a kubeconfig for it",
        ),
        (
            described(None, status="PENDING", connectorConfig={}),
            "it runs elsewhere and is only connected to EKS; name a context of a kubeconfig for it",
        ),
        (
            described(None, status="CREATING"),
            "it has no endpoint while its status is CREATING; try again when ACTIVE",
        ),
        (
            described("https://e", status="FAILED", certificateAuthority={}),
            "it has no endpoint while its status is FAILED; try again when ACTIVE",
        ),
        (
            described("https://e", certificateAuthority={"data": "/w=="}),
            "its certificate authority is not base64; try again",
        ),
        (
            described("http://10.0.0.1"),
            "http://10.0.0.1 is not HTTPS; only this machine is asked without it",
        ),
    ],
)
def test_a_cluster_that_cannot_be_asked_says_why(aws: Stubs, answer: dict[str, Any], problem: str):
    aws.answer("DescribeCluster", answer, name="prod")
    with pytest.raises(AwsError) as caught:
        eks_cluster(aws.target, "prod")
    assert str(caught.value) == f"cluster prod: {problem}"


@pytest.mark.parametrize("status", ["UPDATING", "DELETING"])
def test_what_has_an_endpoint_is_asked_whatever_happens_to_it(
    aws: Stubs, fake: FakeCluster, status: str
):
    aws.answer("DescribeCluster", described(f"{fake.url}/", status=status), name="prod")
    assert names(eks_cluster(aws.target, "prod")) == ["a"]


@pytest.mark.parametrize(
    ("code", "error"),
    [("ResourceNotFoundException", Gone), ("AccessDeniedException", AccessDenied)],
)
def test_refusals_of_eks_are_those_of_aws(aws: Stubs, code: str, error: type[AwsError]):
    aws.refuse("DescribeCluster", code, name="prod")
    with pytest.raises(error, match="eks:DescribeCluster"):
        eks_cluster(aws.target, "prod")


def test_an_answer_without_a_status_is_an_error(aws: Stubs):
    aws.answer("DescribeCluster", {"cluster": {"endpoint": "https://e"}}, name="prod")
    with pytest.raises(AwsError, match=r"AWS's answer has no cluster\.status"):
        eks_cluster(aws.target, "prod")
