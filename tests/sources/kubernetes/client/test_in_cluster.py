"""Within a cluster ecrm is the service account of its pod."""

from pathlib import Path

import pytest

from ecrm.errors import InputError
from ecrm.sources.kubernetes.client.https import Https
from ecrm.sources.kubernetes.client.in_cluster import in_cluster
from tests.sources.kubernetes.client.certificates import authority
from tests.sources.kubernetes.client.connecting import names
from tests.sources.kubernetes.client.fake_cluster import FakeCluster
from tests.sources.kubernetes.client.objects import PODS, named


def environment(host: str = "127.0.0.1", port: str = "1") -> dict[str, str]:
    return {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}


def account(folder: Path, token: str = "one") -> Path:
    (folder / "ca.crt").write_text(authority().certificate)
    (folder / "token").write_text(token)
    return folder


def test_the_token_that_the_kubelet_replaces_is_read_each_time(tmp_path: Path):
    with FakeCluster() as fake:
        fake.served[PODS] = named("a")
        settings = environment(port=fake.url.rpartition(":")[2])
        cluster = in_cluster("prod", environment=settings, account=account(tmp_path))
        assert names(cluster) == ["a"]
        account(tmp_path, "two")
        assert names(cluster) == ["a"]
    sent = [request.headers["Authorization"] for request in fake.requests]
    assert sent == ["Bearer one", "Bearer two"]


def test_an_address_of_ipv6_is_one(tmp_path: Path):
    cluster = in_cluster("prod", environment=environment("::1"), account=account(tmp_path))
    assert isinstance(cluster.get, Https)
    assert cluster.get._endpoint.url == "https://[::1]:1"


@pytest.mark.parametrize("name", ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"])
def test_outside_of_a_cluster_there_is_none(tmp_path: Path, name: str):
    with pytest.raises(InputError, match="ecrm does not run in a cluster"):
        in_cluster("prod", environment=environment() | {name: ""}, account=account(tmp_path))


def test_a_pod_without_a_service_account_is_said(tmp_path: Path):
    with pytest.raises(InputError, match=r"ca.crt cannot be read: the service account is not mou"):
        in_cluster("prod", environment=environment(), account=tmp_path)
