"""The fake cluster and ecrm agree with programs that nobody here wrote: kubectl, the official
client, the AWS CLI and an independent mock server. What is not installed is skipped."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecrm.errors import AwsError
from ecrm.sources.kubernetes.client import Cluster
from ecrm.sources.kubernetes.client.contexts import context_cluster
from ecrm.sources.kubernetes.client.credentials import Identity, fixed
from ecrm.sources.kubernetes.client.endpoint import Endpoint
from ecrm.sources.kubernetes.client.https import Https
from ecrm.sources.kubernetes.client.kubeconfig import load
from tests.sources.kubernetes.client.connecting import (
    credential,
    kubeconfig,
    names,
    program,
    sample,
)
from tests.sources.kubernetes.client.eks_tokens import problems
from tests.sources.kubernetes.client.fake_cluster import FakeCluster
from tests.sources.kubernetes.client.objects import DEPLOYMENTS, PODS, ROLLOUTS, named

pytestmark = pytest.mark.slow
RESOURCES = (PODS, DEPLOYMENTS, ROLLOUTS)


@pytest.fixture
def fake() -> Iterator[FakeCluster]:
    with FakeCluster() as cluster:
        cluster.served[PODS] = named(*(f"pod-{number}" for number in range(1203)))
        cluster.served[DEPLOYMENTS] = named("api", "worker")
        rollout = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", **named("canary")[0]}
        cluster.served[ROLLOUTS] = [rollout]
        yield cluster


def needed(name: str) -> str:
    return shutil.which(name) or pytest.skip(f"{name} is not installed")


def kubectl(folder: Path, kubeconfigs: str, *arguments: str) -> Any:
    ran = subprocess.run(
        [needed("kubectl"), *arguments, "-o", "json"],
        env={"HOME": str(folder), "PATH": os.environ["PATH"], "KUBECONFIG": kubeconfigs},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return json.loads(ran.stdout)


def _user(folder: Path, kind: str) -> dict[str, Any]:
    if kind == "exec":
        program(folder / "plugin", f"echo '{credential(token='t')}'")
        api_version = "client.authentication.k8s.io/v1"
        return {
            "exec": {"apiVersion": api_version, "command": "./plugin", "interactiveMode": "Never"}
        }
    (folder / "token").write_text("t\n")
    return {"token": {"token": "t"}, "tokenFile": {"tokenFile": "token"}}[kind]


@pytest.mark.parametrize("kind", ["kind", "k3s", "token", "tokenFile", "exec"])
def test_kubectl_sees_the_same_objects(fake: FakeCluster, tmp_path: Path, kind: str):
    text = (
        sample(kind, fake)
        if kind in ("kind", "k3s")
        else yaml.safe_dump(kubeconfig(fake, _user(tmp_path, kind)))
    )
    fake.may_ask = lambda request: (
        request.user == "admin" or request.headers.get("Authorization") == "Bearer t"
    )
    path = tmp_path / "config"
    path.write_text(text)
    found = load(str(path))
    cluster = context_cluster(found, found.current)
    for resource in RESOURCES:
        theirs = kubectl(tmp_path, str(path), "get", str(resource), "-A")["items"]
        ours = [each for items in cluster.pages(resource) for each in items]
        own = {"apiVersion": resource.api_version, "kind": resource.kind}
        assert [{**own, **each} for each in ours] == theirs
        assert cluster.find(resource.group, resource.plural) == resource


def test_kubectl_merges_kubeconfigs_in_the_same_way(fake: FakeCluster, tmp_path: Path):
    first, second = kubeconfig(fake, {"token": "one"}), kubeconfig(fake, {"token": "two"})
    del first["current-context"]
    second["contexts"].append({"name": "other", "context": {"cluster": "c", "user": "v"}})
    second["users"].append({"name": "v", "user": {"token": "three"}})
    (tmp_path / "there").mkdir()
    (tmp_path / "one").write_text(yaml.safe_dump(first))
    (tmp_path / "there/two").write_text(yaml.safe_dump(second))
    listed = os.pathsep.join(str(tmp_path / name) for name in ("one", "missing", "there/two"))
    theirs = kubectl(tmp_path, listed, "config", "view", "--raw")
    ours = load(environment={"KUBECONFIG": listed})
    assert ours.current == theirs["current-context"]
    for kind, own in (
        ("contexts", ours.contexts),
        ("clusters", ours.clusters),
        ("users", ours.users),
    ):
        entries = {each["name"]: each[kind.removesuffix("s")] for each in theirs[kind]}
        given = {
            name: {key: value for key, value in entry.items() if value}
            for name, entry in own.items()
        }
        assert given == entries


@pytest.mark.parametrize("kind", ["kind", "k3s"])
def test_the_official_client_sees_the_same_objects(fake: FakeCluster, tmp_path: Path, kind: str):
    client = pytest.importorskip("kubernetes.client", reason="kubernetes is not installed")
    config = import_module("kubernetes.config")
    path = tmp_path / "config"
    path.write_text(sample(kind, fake))
    api = client.CoreV1Api(config.new_client_from_config(str(path)))
    theirs, token = [], ""
    while token is not None:
        page = api.list_pod_for_all_namespaces(limit=500, _continue=token or None)
        theirs += [each.metadata.name for each in page.items]
        token = page.metadata._continue
    found = load(str(path))
    assert names(context_cluster(found, found.current)) == theirs
    assert len(theirs) == 1203


def test_the_aws_cli_makes_tokens_that_the_same_check_accepts(tmp_path: Path):
    settings = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s3cret"}
    ran = subprocess.run(
        [needed("aws"), "--region", "eu-west-1", "eks", "get-token", "--cluster-name", "prod"],
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"], **settings},
        capture_output=True,
        check=True,
        timeout=60,
    )
    token = json.loads(ran.stdout)["status"]["token"]
    assert [*problems(token, "prod", "sts.eu-west-1.amazonaws.com", "s3cret")] == []


@pytest.mark.filterwarnings("ignore:read_binary is deprecated:DeprecationWarning")
def test_an_independent_server_is_discovered():
    """kmock 0.8 leaves out the kind of a list, so its lists are an error and not empty."""
    kmock = pytest.importorskip("kmock", reason="kmock is not installed")

    def check(url: str) -> None:
        cluster = Cluster("prod", Https("prod", Endpoint(url), fixed(Identity())))
        assert cluster.find("apps", "deployments") == DEPLOYMENTS
        assert cluster.find("", "pods") == PODS
        assert cluster.find("argoproj.io", "rollouts") is None
        with pytest.raises(AwsError, match="list pods: the answer has no kind"):
            names(cluster)

    async def serve() -> None:
        async with kmock.KubernetesEmulator() as handler, kmock.Server(handler) as server:
            handler.resources.load_bundled()
            await asyncio.to_thread(check, str(server.url).rstrip("/"))

    asyncio.run(serve())
