"""Kubeconfigs lead ecrm where they lead kubectl, and nowhere that could hide what runs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import serialization

from ecrm.errors import InputError, NotThereError
from ecrm.sources.kubernetes.client import Cluster
from ecrm.sources.kubernetes.client.contexts import context_cluster
from ecrm.sources.kubernetes.client.kubeconfig import load
from tests.sources.kubernetes.client.certificates import authority
from tests.sources.kubernetes.client.connecting import (
    credential,
    encoded,
    kubeconfig,
    names,
    program,
    refused,
    sample,
)
from tests.sources.kubernetes.client.fake_cluster import FakeCluster
from tests.sources.kubernetes.client.objects import PODS, named


@pytest.fixture
def fake() -> Iterator[FakeCluster]:
    with FakeCluster() as cluster:
        cluster.served[PODS] = named("a")
        yield cluster


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    return tmp_path


def connect(path: Path, config: Any) -> Cluster:
    path.parent.mkdir(exist_ok=True)
    path.write_text(config if isinstance(config, str) else yaml.safe_dump(config))
    found = load(str(path))
    return context_cluster(found, found.current)


def authorization(fake: FakeCluster) -> list[str | None]:
    return [request.headers.get("Authorization") for request in fake.requests]


@pytest.mark.parametrize(("name", "context"), [("kind", "kind-kind"), ("k3s", "default")])
def test_what_kind_and_k3s_write_shows_a_certificate(
    fake: FakeCluster, folder: Path, name: str, context: str
):
    cluster = connect(folder / "config", sample(name, fake))
    assert cluster.name == context
    assert names(cluster) == ["a"]
    assert [request.user for request in fake.requests] == ["admin"]


def test_what_eks_update_kubeconfig_writes_runs_aws(
    fake: FakeCluster, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    printed = credential("v1beta1", token="$AWS_PROFILE-$2-$6")
    program(folder / "aws", f"cat <<END\n{printed}\nEND")
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    cluster = connect(folder / "config", sample("eks", fake))
    assert names(cluster) == ["a"]
    assert authorization(fake) == ["Bearer production-eu-west-1-prod"]


def test_several_files_are_one_and_the_first_wins(fake: FakeCluster, folder: Path):
    """https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/"""
    first, second = kubeconfig(fake, {"token": "one"}), kubeconfig(fake, {"username": "two"})
    del first["current-context"]
    second["clusters"][0]["cluster"]["tls-server-name"] = "example.com"
    second["contexts"].append({"name": "other", "context": {"cluster": "c", "user": "v"}})
    second["users"].append({"name": "v", "user": {"tokenFile": "secret/token"}})
    (folder / "there").mkdir()
    for path, content in (("one", first), ("there/two", second)):
        (folder / path).write_text(yaml.safe_dump(content))
    (folder / "there/secret").mkdir()
    (folder / "there/secret/token").write_text("beside\n")
    listed = [folder / "one", folder / "missing", "", folder / "there/two"]
    found = load(environment={"KUBECONFIG": ":".join(map(str, listed))})
    assert found.current == "prod"
    assert str(found) == f"{folder}/one:{folder}/there/two"
    for context in found.contexts:
        assert names(context_cluster(found, context)) == ["a"]
    assert authorization(fake) == ["Bearer one", "Bearer beside"]


def test_the_file_in_the_home_folder_counts_where_none_is_named(fake: FakeCluster, folder: Path):
    connect(folder / ".kube/config", kubeconfig(fake, {}))
    assert list(load(environment={}).contexts) == ["prod"]
    assert list(load("~/.kube/config", {"KUBECONFIG": "/else"}).contexts) == ["prod"]
    with pytest.raises(NotThereError, match=r"^/else: there is no kubeconfig$"):
        load(environment={"KUBECONFIG": "/else"})


def test_what_kubectl_writes_for_nothing_is_nothing(folder: Path):
    path = folder / "config"
    path.write_text("apiVersion: v1\nclusters: null\ncontexts: null\nusers: null\nkind: Config\n")
    assert load(str(path)).contexts == {}
    path.write_text("")
    assert load(str(path)).contexts == {}


def test_certificates_may_be_files_beside_it(fake: FakeCluster, folder: Path):
    admin = authority().client("admin")
    (folder / "ca.crt").write_text(authority().certificate)
    (folder / "a.crt").write_bytes(admin.certificate)
    (folder / "a.key").write_bytes(admin.key)
    user = {"client-certificate": "a.crt", "client-key": "a.key"}
    config = kubeconfig(fake, user)
    config["clusters"][0]["cluster"] = {"server": fake.url, "certificate-authority": "ca.crt"}
    assert names(connect(folder / "config", config)) == ["a"]
    assert [request.user for request in fake.requests] == ["admin"]


@pytest.mark.parametrize(
    ("user", "sent"),
    [
        ({"token": "t"}, "Bearer t"),
        ({"username": "u", "password": "p:ä"}, f"Basic {encoded('u:p:ä')}"),
        ({"username": "u"}, f"Basic {encoded('u:')}"),
        ({}, None),
        ({"token": "t", "exec": {"apiVersion": "x", "command": "y"}}, "Bearer t"),
        ({"token": "t", "tokenFile": "missing"}, "Bearer t"),
    ],
)
def test_each_kind_of_user_is_sent(
    fake: FakeCluster, folder: Path, user: dict[str, Any], sent: str | None
):
    names(connect(folder / "config", kubeconfig(fake, user)))
    assert authorization(fake) == [sent]


def test_a_context_may_have_no_user(fake: FakeCluster, folder: Path):
    config = kubeconfig(fake, {}) | {"users": None}
    config["contexts"][0]["context"]["user"] = ""
    names(connect(folder / "config", config))
    assert authorization(fake) == [None]


def test_a_token_file_is_read_for_every_request(fake: FakeCluster, folder: Path):
    cluster = connect(folder / "config", kubeconfig(fake, {"tokenFile": "token", "token": "no"}))
    for token in ("one", "two\n"):
        (folder / "token").write_text(token)
        names(cluster)
    assert authorization(fake) == ["Bearer one", "Bearer two"]


@pytest.mark.parametrize("content", [b"", b"a b", b"a\nb", "ä".encode()])
def test_what_is_no_token_is_not_sent(fake: FakeCluster, folder: Path, content: bytes):
    (folder / "token").write_bytes(content)
    error = refused(connect(folder / "config", kubeconfig(fake, {"tokenFile": "token"})))
    assert error.startswith(f"cluster prod: {folder}/token: ")
    assert fake.requests == []


def test_a_token_file_that_is_missing_is_named(fake: FakeCluster, folder: Path):
    cluster = connect(folder / "config", kubeconfig(fake, {"tokenFile": "token"}))
    assert refused(cluster) == (
        f"cluster prod: {folder}/token: cannot be read: No such file or directory"
    )


PLUGIN = {
    "apiVersion": "client.authentication.k8s.io/v1",
    "command": "p",
    "interactiveMode": "Never",
}


@pytest.mark.parametrize(
    ("user", "cluster", "problem"),
    [
        ({}, {"insecure-skip-tls-verify": True}, "insecure-skip-tls-verify would let anybody hide"),
        ({}, {"server": None}, "the server is not the URL of a cluster"),
        ({}, {"server": "https://u:p4ss@host"}, "is not the URL of a cluster"),
        ({}, {"server": "ftp://host"}, "is not the URL of a cluster"),
        ({}, {"server": "https://host:port"}, "is not the URL of a cluster"),
        (
            {},
            {"server": "http://10.0.0.1:8080"},
            "is not HTTPS; only this machine is asked without",
        ),
        ({}, {"proxy-url": "socks5://u:p4ss@host"}, "a proxy must be http:// or https://"),
        ({}, {"certificate-authority-data": "!"}, "certificate-authority-data is not base64"),
        (
            {},
            {"certificate-authority-data": "/w=="},
            "the certificate-authority is not a certificate",
        ),
        (
            {},
            {"certificate-authority-data": None, "certificate-authority": "none.crt"},
            "none.crt: cannot be read: No such file or directory",
        ),
        ({"auth-provider": {"name": "gcp"}}, {}, "auth-provider is not supported; use exec"),
        ({"as": "admin"}, {}, "as is not supported"),
        ({"client-key-data": "YQ=="}, {}, "a client certificate needs its key"),
        ({"token": "t", "username": "u"}, {}, "a token and a password are two users"),
        ({"token": "t4ken\n"}, {}, "the token is empty or holds a character that cannot be sent"),
        ({"exec": PLUGIN | {"command": ""}}, {}, "its exec plugin has no command"),
        (
            {"exec": PLUGIN | {"interactiveMode": "Always"}},
            {},
            "its exec plugin must talk to somebody",
        ),
        (
            {"exec": PLUGIN | {"apiVersion": "client.authentication.k8s.io/v1alpha1"}},
            {},
            "its exec plugin is of client.authentication.k8s.io/v1alpha1, not client.",
        ),
    ],
)
def test_what_ecrm_refuses_it_names(
    fake: FakeCluster,
    folder: Path,
    user: dict[str, Any],
    cluster: dict[str, Any],
    problem: str,
):
    with pytest.raises(InputError) as caught:
        connect(folder / "config", kubeconfig(fake, user, **cluster))
    assert str(caught.value).startswith(f"context prod of {folder}/config: ")
    assert problem in str(caught.value)
    assert "p4ss" not in str(caught.value)
    assert "t4ken" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "is not YAML"),
        ("\0", "is not YAML"),
        ("- a", "answer of the file is a list and not a map"),
        ("users: [{name: u, user: {token: 7}}]", "users[0].user.token of the file is a number and"),
        ("users: [{name: u}]", "the file has no users[0].user"),
        ("contexts: [{name: c, context: {}}]", "the file has no contexts[0].context.cluster"),
        ("users: [{name: u, user: {}}, {name: u, user: {}}]", "the file names a user twice"),
    ],
)
def test_what_is_no_kubeconfig_is_said(folder: Path, text: str, problem: str):
    (folder / "config").write_text(text)
    with pytest.raises(InputError) as caught:
        load(str(folder / "config"))
    assert str(caught.value).startswith(f"{folder}/config: {problem}")


def test_a_kubeconfig_that_cannot_be_read_is_said(folder: Path):
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        load(str(folder))


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("contexts", "there is no context 'prod'; there are: none"),
        ("clusters", "there is no cluster 'c'; there are: none"),
        ("users", "there is no user 'u'; there are: none"),
    ],
)
def test_what_is_named_must_be_there(fake: FakeCluster, folder: Path, kind: str, problem: str):
    with pytest.raises(InputError) as caught:
        connect(folder / "config", kubeconfig(fake, {}) | {kind: []})
    assert str(caught.value).endswith(problem)


def test_a_pair_that_is_none_is_said_when_it_is_shown(fake: FakeCluster, folder: Path):
    users = [authority().client("a"), authority().client("b")]
    user = {
        "client-certificate-data": encoded(users[0].certificate),
        "client-key-data": encoded(users[1].key),
    }
    cluster = connect(folder / "config", kubeconfig(fake, user))
    assert refused(cluster) == (
        "cluster prod: the client certificate and its key are no pair in PEM"
    )
    data = {"certificate-authority-data": encoded("none")}
    cluster = connect(folder / "config", kubeconfig(fake, {}, **data))
    assert refused(cluster) == (
        "cluster prod: the certificate authority is not a certificate in PEM"
    )


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(
    fake: FakeCluster, folder: Path
):
    admin = authority().client("admin")
    key = serialization.load_pem_private_key(admin.key, None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.BestAvailableEncryption(b"p4ss"),
    )
    user = {
        "client-certificate-data": encoded(admin.certificate),
        "client-key-data": encoded(key),
    }
    cluster = connect(folder / "config", kubeconfig(fake, user))
    assert "the client certificate and its key are no pair in PEM" in refused(cluster)
    assert fake.requests == []


def test_this_machine_may_be_asked_without_tls_and_is_shown_no_secret(folder: Path):
    """As `kubectl proxy` is."""
    with FakeCluster(is_secure=False) as fake:
        fake.served[PODS] = named("a")
        assert names(connect(folder / "config", kubeconfig(fake, {"token": "t"}))) == ["a"]
        assert authorization(fake) == [None]
