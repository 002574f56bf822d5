"""Programs that give credentials are run as kubectl runs them, and what they give is kept."""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest

from ecrm.errors import AwsError
from ecrm.sources.kubernetes.client.contexts import context_cluster
from ecrm.sources.kubernetes.client.credentials import Identity, Issued
from ecrm.sources.kubernetes.client.exec_plugin import ExecPlugin
from ecrm.sources.kubernetes.client.kubeconfig import load
from tests.sources.kubernetes.client.certificates import authority
from tests.sources.kubernetes.client.connecting import (
    credential,
    encoded,
    kubeconfig,
    names,
    program,
)
from tests.sources.kubernetes.client.fake_cluster import FakeCluster
from tests.sources.kubernetes.client.objects import PODS, named

V1 = "client.authentication.k8s.io/v1"


@pytest.fixture
def fake() -> Iterator[FakeCluster]:
    with FakeCluster() as cluster:
        cluster.served[PODS] = named("a")
        yield cluster


def plugin(tmp_path: Path, *lines: str, **settings: Any) -> ExecPlugin:
    path = program(tmp_path / "plugin", *lines)
    return ExecPlugin((str(path), "first", "second"), V1, **settings)


def says(tmp_path: Path, text: str) -> ExecPlugin:
    (tmp_path / "said").write_text(text)
    return plugin(tmp_path, f"cat {tmp_path}/said")


def test_a_program_is_run_with_arguments_and_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OURS", "o")
    printed = credential(token="$#/$2/$MINE/$OURS").replace(" ", "")
    issued = plugin(tmp_path, f"cat <<END\n{printed}\nEND", env={"MINE": "m"}).issue()
    assert issued == Issued(Identity("Bearer 2/second/m/o"))


def test_a_program_is_told_what_it_may_do_and_nothing_to_read(tmp_path: Path):
    info = tmp_path / "info"
    lines = (
        f'echo "$KUBERNETES_EXEC_INFO" > {info}',
        f"cat >> {info}",
        f"echo '{credential(token='t')}'",
    )
    plugin(tmp_path, *lines).issue()
    assert json.loads(info.read_text()) == {
        "kind": "ExecCredential",
        "apiVersion": V1,
        "spec": {"interactive": False},
    }


def test_a_program_that_asks_for_it_is_told_about_the_cluster(fake: FakeCluster, tmp_path: Path):
    info = tmp_path / "info"
    program(
        tmp_path / "plugin",
        f'echo "$KUBERNETES_EXEC_INFO" > {info}',
        f"echo '{credential(token='t')}'",
    )
    entry = {
        "apiVersion": V1,
        "command": "./plugin",
        "args": None,
        "env": None,
        "interactiveMode": "IfAvailable",
        "provideClusterInfo": True,
    }
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "x"}}
    other = {"name": "other", "extension": {"a": 1}}
    config = kubeconfig(
        fake,
        {"exec": entry},
        **{"tls-server-name": "kubernetes.default.svc", "extensions": [other, extension]},
    )
    (tmp_path / "config").write_text(json.dumps(config))
    assert names(context_cluster(load(str(tmp_path / "config")), "prod")) == ["a"]
    assert json.loads(info.read_text())["spec"]["cluster"] == {
        "server": fake.url,
        "tls-server-name": "kubernetes.default.svc",
        "certificate-authority-data": encoded(authority().certificate),
        "config": {"audience": "x"},
    }


def test_a_program_may_give_a_certificate(tmp_path: Path):
    text = credential(clientCertificateData="c", clientKeyData="k", token="t")
    assert says(tmp_path, text).issue() == Issued(Identity("Bearer t", b"c", b"k"))
    text = credential(clientCertificateData="c", clientKeyData="k")
    assert says(tmp_path, text).issue() == Issued(Identity(None, b"c", b"k"))


def test_a_program_says_how_long_that_holds(tmp_path: Path):
    text = credential(token="t", expirationTimestamp="2026-03-01T12:00:00Z")
    assert says(tmp_path, text).issue().until == datetime(2026, 3, 1, 12, tzinfo=UTC)


NEITHER = "gives neither a token nor a client certificate with its key"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("s3cret", "does not print an ExecCredential"),
        ("[]", "does not print an ExecCredential"),
        ("{}", "does not print an ExecCredential"),
        (credential("v1beta1", token="s3cret"), f"does not print an ExecCredential of {V1}"),
        (
            credential(token="s3cret").replace("ExecCredential", "Pod"),
            f"does not print an ExecCredential of {V1}",
        ),
        (credential(), NEITHER),
        (credential(token="s3cret", clientKeyData="s3cret"), NEITHER),
        (credential(clientCertificateData="s3cret"), NEITHER),
        (
            credential(token="s3cret\n"),
            "the token is empty or holds a character that cannot be sent",
        ),
        (
            credential(token="s3cret", expirationTimestamp="soon"),
            "does not print an ExecCredential",
        ),
    ],
)
def test_what_is_no_credential_is_an_error_that_shows_no_secret(
    tmp_path: Path, text: str, problem: str
):
    with pytest.raises(AwsError) as caught:
        says(tmp_path, text).issue()
    assert str(caught.value) == (
        f"the program {tmp_path}/plugin, which gives credentials, {problem}"
    )


def test_a_program_that_fails_is_an_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    failing = plugin(tmp_path, "echo s3cret", "echo sign in again >&2", "exit 3")
    with pytest.raises(AwsError) as caught:
        failing.issue()
    assert str(caught.value).endswith("which gives credentials, failed with exit code 3")
    assert capfd.readouterr() == ("", "sign in again\n")


def test_a_program_that_is_not_there_says_how_to_install_it():
    missing = ExecPlugin(("no-such-plugin",), V1, install_hint="Install it\nwith brew.")
    with pytest.raises(AwsError) as caught:
        missing.issue()
    assert str(caught.value) == (
        "the program no-such-plugin, which gives credentials, cannot be started: "
        "No such file or directory; Install it with brew."
    )


def test_a_program_that_does_not_end_is_stopped(monkeypatch: pytest.MonkeyPatch):
    def run(*_: object, timeout: float, **__: object) -> NoReturn:
        raise subprocess.TimeoutExpired("p", timeout)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(AwsError, match="did not end within 60 seconds and was stopped"):
        ExecPlugin(("p",), V1).issue()
