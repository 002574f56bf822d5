"""Requests to a cluster: who is asked, who asks, and what is tried again."""

import gzip
import json
import logging
import socket
from collections.abc import Iterator
from math import inf
from threading import Event
from typing import Any

import pytest

from ecrm.errors import AccessDenied, OutOfTimeError
from ecrm.model.deadline import NO_DEADLINE, Deadline
from ecrm.sources.kubernetes.client import Cluster
from ecrm.sources.kubernetes.client.credentials import Credentials, Identity, Issued, Renewed, fixed
from ecrm.sources.kubernetes.client.endpoint import Endpoint
from ecrm.sources.kubernetes.client.https import Https
from tests.sources.kubernetes.client.certificates import Authority, authority
from tests.sources.kubernetes.client.connecting import encoded, names, refused
from tests.sources.kubernetes.client.fake_cluster import FakeCluster, Fault
from tests.sources.kubernetes.client.fake_proxy import FakeProxy
from tests.sources.kubernetes.client.objects import PODS, named, page

BROKEN = Fault(503, b"etcd has no leader")
BUSY = Fault(429, b"too many requests", {"Retry-After": "7"})
DROPPED = Fault()
TOKEN = fixed(Identity("Bearer t0k3n"))


@pytest.fixture
def fake() -> Iterator[FakeCluster]:
    with FakeCluster() as cluster:
        cluster.served[PODS] = named("a", "b")
        yield cluster


class Sleeper(list[float]):
    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def connect(
    fake: FakeCluster,
    credentials: Credentials = TOKEN,
    sleep: Sleeper | None = None,
    deadline: Deadline = NO_DEADLINE,
    **endpoint: Any,
) -> Cluster:
    settings = {"url": fake.url, "authorities": authority().certificate, **endpoint}
    slept = Sleeper() if sleep is None else sleep
    return Cluster(
        "prod",
        Https("prod", Endpoint(**settings), credentials, deadline=deadline, sleep=slept),
    )


def test_a_cluster_is_read_over_https_with_its_own_authority(fake: FakeCluster):
    assert names(connect(fake)) == ["a", "b"]
    [request] = fake.requests
    assert request.path == "/api/v1/pods?limit=500"
    assert request.headers["Authorization"] == "Bearer t0k3n"
    assert request.headers["Accept"] == "application/json"
    assert request.headers["Accept-Encoding"] == "gzip"
    assert request.headers["User-Agent"].startswith("ecrm/")


def test_five_thousand_pods_come_in_pages_and_compressed(fake: FakeCluster):
    fake.served[PODS] = named(*(f"pod-{number}" for number in range(5000)))
    found = names(connect(fake))
    assert len(set(found)) == len(found) == 5000
    assert len(fake.paths) == 10
    assert fake.paths[-1] == "/api/v1/pods?limit=500&continue=4500"


def test_the_authorities_of_others_are_not_believed(fake: FakeCluster):
    error = refused(connect(fake, authorities=Authority().certificate))
    assert error.startswith(f"cluster prod: {fake.url} its certificate cannot be verified: ")
    assert error.endswith("check the certificate authority and the name of the server")
    assert fake.requests == []
    assert "cannot be verified" in refused(connect(fake, authorities=None))


def test_the_certificate_must_be_of_the_server_that_is_asked(fake: FakeCluster):
    assert names(connect(fake, server_name="kubernetes.default.svc")) == ["a", "b"]
    for name in ("example.com", "127.0.0.9", "localhost"):
        sleep = Sleeper()
        error = refused(connect(fake, sleep=sleep, server_name=name))
        assert "its certificate cannot be verified: " in error
        assert "match" in error
        assert sleep == []
    assert fake.paths == ["/api/v1/pods?limit=500"]


def test_a_client_shows_its_certificate(fake: FakeCluster):
    signed = authority().client("admin")
    identity = Identity(None, signed.certificate, signed.key)
    names(connect(fake, fixed(identity)))
    [request] = fake.requests
    assert request.user == "admin"
    assert "Authorization" not in request.headers


def test_another_certificate_means_another_connection(fake: FakeCluster):
    users = [authority().client(user) for user in ("old", "new")]
    identities = [Identity(None, user.certificate, user.key) for user in users]
    fake.may_ask = lambda request: request.user == "new"
    cluster = connect(fake, lambda refused: identities[1 if refused else 0])
    assert names(cluster) == ["a", "b"]
    assert [request.user for request in fake.requests] == ["old", "new"]


def test_an_expired_token_is_renewed_once(fake: FakeCluster):
    tokens = iter(["Bearer one", "Bearer two", "Bearer three"])
    credentials = Renewed(lambda: Issued(Identity(next(tokens))))
    fake.may_ask = lambda request: request.headers["Authorization"] == "Bearer two"
    cluster = connect(fake, credentials)
    assert [names(cluster), names(cluster)] == [["a", "b"]] * 2
    assert len(fake.requests) == 3


def test_a_refused_token_is_no_empty_list(fake: FakeCluster):
    fake.may_ask = lambda _: False
    tokens = iter(["Bearer one", "Bearer two", "Bearer three"])
    error = refused(connect(fake, Renewed(lambda: Issued(Identity(next(tokens))))))
    assert error == (
        "cluster prod: list pods: the cluster does not accept the credentials (EKS needs an access "
        "entry for the role that asks): Unauthorized"
    )
    assert len(fake.requests) == 2
    refused(connect(fake))
    assert len(fake.requests) == 3, "a token that cannot be renewed was sent twice"


def test_a_denial_is_not_tried_again(fake: FakeCluster):
    fake.forbidden = {PODS}
    with pytest.raises(AccessDenied, match="allow list pods in apiGroup ''"):
        names(connect(fake))
    assert len(fake.requests) == 1


@pytest.mark.parametrize("fault", [BROKEN, DROPPED, Fault(200, b"{" * 99, part=0.5)])
def test_what_breaks_is_tried_again_later_and_later(fake: FakeCluster, fault: Fault):
    fake.faults.extend([fault] * 3)
    sleep = Sleeper()
    assert names(connect(fake, sleep=sleep)) == ["a", "b"]
    assert sleep == [1, 2, 4]


def test_attempts_end(fake: FakeCluster):
    fake.faults.extend([BROKEN] * 5)
    error = refused(connect(fake))
    assert error == (
        "cluster prod: list pods: the cluster answers 503: etcd has no leader; try again later"
    )
    fake.faults.extend([DROPPED] * 5)
    error = refused(connect(fake))
    assert error.startswith(f"cluster prod: {fake.url} the connection failed: ")
    assert error.endswith("; try again")
    assert len(fake.requests) == 10


def test_a_busy_cluster_is_asked_again_when_it_says(fake: FakeCluster):
    fake.faults.extend([BUSY, BUSY, Fault(429, b"", {"Retry-After": "soon"})])
    sleep = Sleeper()
    assert names(connect(fake, sleep=sleep)) == ["a", "b"]
    assert sleep == [7, 7, 4]


def test_nobody_waits_for_minutes(fake: FakeCluster):
    fake.faults.append(Fault(429, b"no", {"Retry-After": "61"}))
    sleep = Sleeper()
    assert "the cluster answers 429: no" in refused(connect(fake, sleep=sleep))
    assert sleep == []


def test_half_a_page_that_is_compressed_is_no_page(fake: FakeCluster):
    body = gzip.compress(json.dumps(page(PODS, named("a"))).encode())[:-20]
    fake.faults.extend([Fault(200, body, {"Content-Encoding": "gzip"})] * 5)
    assert "cluster prod" in refused(connect(fake))


def test_a_redirect_is_not_followed(fake: FakeCluster):
    fake.faults.append(Fault(302, b"sign in", {"Location": f"{fake.url}/login"}))
    assert "the cluster answers 302: sign in" in refused(connect(fake))
    assert fake.paths == ["/api/v1/pods?limit=500"]


def test_nothing_is_sent_after_the_deadline(fake: FakeCluster):
    left = iter([100.0, 30.0, -1.0])
    sleep = Sleeper()
    fake.faults.append(BUSY)
    deadline = Deadline(lambda: next(left) + 10, 20)
    with pytest.raises(OutOfTimeError):
        names(connect(fake, sleep=sleep, deadline=deadline))
    assert len(fake.requests) == 1
    assert sleep == [7]


class Hasty(Deadline):
    read_seconds = 0.05


HASTY = Hasty(lambda: inf, inf)


def test_a_cluster_that_never_answers_is_given_up(fake: FakeCluster):
    never = Event()
    fake.may_ask = lambda _: never.wait(5)
    error = refused(connect(fake, deadline=HASTY))
    assert error.startswith(f"cluster prod: {fake.url} the connection failed: Read timed out. ")
    assert error.endswith("(read timeout=0.05); try again")
    assert len(fake.requests) == 5
    never.set()


def test_an_endpoint_that_nobody_reaches_is_given_up_at_once():
    """As a private one is from elsewhere: what is sent there is lost."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as lost:
        address = lost.getsockname()
        with socket.create_connection(address):
            sleep = Sleeper()
            endpoint = Endpoint(f"https://127.0.0.1:{address[1]}")
            https = Https("prod", endpoint, TOKEN, sleep=sleep, deadline=HASTY)
            assert refused(Cluster("prod", https)) == (
                f"cluster prod: {endpoint.url} cannot be reached: Connection to 127.0.0.1 timed "
                "out. (connect timeout=0.05); a private endpoint answers in its own network alone: "
                "run ecrm there, or in the cluster"
            )
            assert sleep == []


def test_a_cluster_that_is_not_there_is_named():
    endpoint = Endpoint("https://127.0.0.1:1")
    error = refused(Cluster("prod", Https("prod", endpoint, TOKEN, sleep=Sleeper())))
    assert error.startswith("cluster prod: https://127.0.0.1:1 cannot be reached: ")
    assert "Connection refused" in error
    assert error.endswith("run ecrm there, or in the cluster")


def test_a_proxy_leads_to_the_cluster_and_sees_nothing(fake: FakeCluster):
    with FakeProxy() as proxy:
        assert names(connect(fake, proxy=f"http://u:p%40ss@{proxy.address}")) == ["a", "b"]
        authorization = f"Basic {encoded('u:p@ss')}"
        assert proxy.asked == [(fake.url.removeprefix("https://"), authorization)]


def test_the_environment_may_name_a_proxy(fake: FakeCluster, monkeypatch: pytest.MonkeyPatch):
    """What it names is not the cluster: only the certificate of the cluster is believed."""
    with FakeProxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.address)
        cluster = connect(fake, url="https://cluster.example.com", deadline=HASTY)
        assert "cannot be reached" in refused(cluster) or proxy.asked
        assert {target for target, _ in proxy.asked} == {"cluster.example.com:443"}


def test_a_proxy_that_is_none_is_said_without_its_password(
    fake: FakeCluster, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HTTPS_PROXY", "socks5://u:p4ss@host")
    error = refused(connect(fake, url="https://cluster.example.com"))
    assert error == "cluster prod: the proxy must be http://host:port or https://host:port"


def test_no_secret_is_shown(fake: FakeCluster, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "ecrm")  # which another test may have set
    names(connect(fake))
    assert "t0k3n" not in caplog.text
    assert f"{fake.url}/api/v1/pods?limit=500: 200" in caplog.text
