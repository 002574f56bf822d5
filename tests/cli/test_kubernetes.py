"""What pods need is kept, and a cluster that cannot be read stops every deletion."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecrm.sources.kubernetes import named
from ecrm.sources.kubernetes.client.in_cluster import in_cluster
from ecrm.sources.kubernetes.resources import KUBERNETES_OWN
from tests.cli.conftest import RULES, Shop
from tests.cli.driving import HOST, Ecrm
from tests.cli.test_no_external_commands import NOTHING_DELETED
from tests.sources.kubernetes.client.certificates import authority
from tests.sources.kubernetes.client.fake_cluster import FakeCluster, Fault

PODS = KUBERNETES_OWN["", "pods"]


def pod(image: str, image_id: str = "") -> dict[str, Any]:
    status = {"name": "api", "imageID": image_id}
    return {
        "metadata": {"name": "api-0", "namespace": "shop"},
        "spec": {"containers": [{"name": "api", "image": image}]},
        "status": {"phase": "Running", "containerStatuses": [status]},
    }


@pytest.fixture
def cluster(ecrm: Ecrm) -> Iterator[FakeCluster]:
    """ecrm.yaml names it by the context `staging`."""
    with FakeCluster() as fake:
        fake.served = {resource: [] for resource in KUBERNETES_OWN.values()}
        Path("ca.pem").write_text(authority().certificate)
        server = {"server": fake.url, "certificate-authority": "ca.pem"}
        context = {"cluster": "staging", "user": "ci"}
        kubeconfig = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "staging", "cluster": server}],
            "users": [{"name": "ci", "user": {"token": "t0k3n"}}],
            "contexts": [{"name": "staging", "context": context}],
        }
        Path("kubeconfig").write_text(yaml.safe_dump(kubeconfig))
        ecrm.config(f"{RULES}\n    kubernetes: {{contexts: [staging], kubeconfig: kubeconfig}}\n")
        yield fake


def test_what_a_pod_runs_is_kept_and_explained(ecrm: Ecrm, shop: Shop, cluster: FakeCluster):
    """The tag that it names has moved since."""
    digest = f"{HOST}/shop/api@{shop.old.digest}"
    cluster.served[PODS] = [pod(f"{HOST}/shop/api:latest", digest)]
    ran = ecrm("delete", "--force")
    assert (ran.code, shop.deleted) == (0, [])
    assert "  context staging: read, 2 references\n" in ran.out
    ran = ecrm("explain", shop.old.digest)
    assert "  is kept: in use\n" in ran.out
    assert "  Pod shop/api-0 in staging (running pod) → container api" in ran.out


def test_without_the_cluster_it_would_go(ecrm: Ecrm, shop: Shop):
    ran = ecrm("delete", "--force")
    assert (ran.code, shop.deleted) == (0, [shop.old.digest])


def test_a_check_finds_the_pod_whose_image_is_gone(ecrm: Ecrm, shop: Shop, cluster: FakeCluster):
    cluster.served[PODS] = [pod(f"{HOST}/shop/api:v404")]
    ran = ecrm("check", "--format", "json")
    assert ran.code == 3
    [violation] = [each for each in ran.json["violations"] if each["rule"] == "missing_image"]
    assert "v404" in json.dumps(violation)
    assert "Pod shop/api-0 in staging (running pod)" in json.dumps(violation)


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        (Fault(401, b"{}"), "cluster staging: list pods: the cluster does not accept"),
        (Fault(200, b"[]"), "cluster staging: list pods: "),
    ],
)
def test_a_cluster_that_cannot_be_read_stops_every_deletion(
    ecrm: Ecrm, shop: Shop, cluster: FakeCluster, fault: Fault, what: str
):
    cluster.faults.extend([fault] * 9)
    ran = ecrm("delete", "--force")
    assert ran.code == 1
    assert not shop.aws.calls.writes
    assert ran.errors[0].startswith(f"ecrm: error: {what}")
    assert "remove staging from kubernetes.contexts" in ran.errors[0]


def test_a_role_that_allows_too_little_is_named(ecrm: Ecrm, shop: Shop, cluster: FakeCluster):
    cluster.forbidden = {PODS}
    ran = ecrm("scan")
    assert (ran.code, ran.out) == (1, "")
    [error] = ran.errors
    assert "cluster staging: ecrm may not list pods in apiGroup ''" in error
    assert "`ecrm kubernetes manifest` prints the role" in error


def test_without_external_commands_no_kubeconfig_is_read(
    ecrm: Ecrm, shop: Shop, cluster: FakeCluster
):
    """It may name programs to run, and may be anybody's."""
    Path("kubeconfig").unlink()
    ran = ecrm("plan", "--no-external-commands")
    assert ran.code == 0
    text = "context staging: excluded, 0 references; not read, because of --no-external-commands"
    assert f"  {text}\n" in ran.out
    ran = ecrm("delete", "--force", "--no-external-commands")
    assert (ran.code, ran.errors) == (1, [f"ecrm: error: {NOTHING_DELETED}"])
    assert cluster.requests == []


def test_a_snapshot_has_what_the_cluster_said_when_it_was_made(
    ecrm: Ecrm, shop: Shop, cluster: FakeCluster
):
    cluster.served[PODS] = [pod(f"{HOST}/shop/api@{shop.old.digest}")]
    ecrm("snapshot", "-o", "snapshot.json")
    asked = len(cluster.requests)
    ran = ecrm("plan", "--from", "snapshot.json", "--format", "json")
    assert ran.rows == {("shop/api", "Image"): (0, 4)}
    assert len(cluster.requests) == asked


@pytest.mark.usefixtures("every_source")
def test_the_job_in_a_cluster_writes_what_a_plan_elsewhere_reads(
    ecrm: Ecrm, shop: Shop, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
):
    cluster.served[PODS] = [pod(f"{HOST}/shop/api@{shop.old.digest}")]
    shop.aws.s3.bucket("scans")
    Path("ca.crt").write_text(authority().certificate)
    Path("token").write_text("t0k3n")
    _, _, port = cluster.url.rpartition(":")
    environment = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": port}
    here = partial(in_cluster, environment=environment, account=Path())
    monkeypatch.setattr(named, "in_cluster", here)
    job = ("--scan-to", "s3://scans/prod.json", "--image", "ecrm:1")
    *_, config, cron_job = yaml.safe_load_all(ecrm("kubernetes", "manifest", *job).out)
    Path("job.yaml").write_text(config["data"]["ecrm.yaml"])
    [container] = cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    command = [word.replace("/etc/ecrm/ecrm", "job") for word in container["command"]]
    before = len(shop.aws.calls)
    assert ecrm(*command[1:]).code == 0
    services = {call.name.partition(":")[0] for call in shop.aws.calls[before:]}
    assert services <= {"sts", "s3"}
    ecrm.config(RULES)
    scanned = ("--no-scan", "--scanned-files", "s3://scans/prod.json")
    [planned] = ecrm.plan(*scanned)["repositories"]
    [kept] = [each for each in planned["kept"] if each["reason"] == "in_use"]
    assert kept["image"]["digest"] == shop.old.digest


class TestManifest:
    def test_it_follows_ecrm_yaml(self, ecrm: Ecrm):
        ecrm.config(f"{RULES}\n    kubernetes: {{resources: [example.com/games]}}\n")
        ran = ecrm("kubernetes", "manifest")
        role, _ = yaml.safe_load_all(ran.out)
        assert {"apiGroups": ["example.com"], "resources": ["games"], "verbs": ["list"]} in role[
            "rules"
        ]

    def test_without_ecrm_yaml_it_is_the_usual_one(self, ecrm: Ecrm):
        Path("ecrm.yaml").unlink()
        ran = ecrm("kubernetes", "manifest", "--role", "arn:aws:iam::1:role/x", "-o", "out.yaml")
        assert (ran.code, ran.out, ran.errors) == (0, "", [])
        assert "--principal-arn arn:aws:iam::1:role/x" in Path("out.yaml").read_text()

    def test_a_job_is_in_the_region_that_is_given(self, ecrm: Ecrm):
        job = ("--scan-to", "s3://a/b.json", "--image", "ecrm:1")
        ran = ecrm("kubernetes", "manifest", "--region", "eu-west-1", *job)
        *_, cron_job = yaml.safe_load_all(ran.out)
        template = cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        assert {"name": "AWS_REGION", "value": "eu-west-1"} in template["containers"][0]["env"]

    @pytest.mark.parametrize("option", [("--scan-to", "s3://a/b"), ("--image", "ecrm:1")])
    def test_a_job_needs_a_place_and_an_image(self, ecrm: Ecrm, option: tuple[str, str]):
        ran = ecrm("kubernetes", "manifest", *option)
        assert ran.code == 2
        assert ran.errors == ["ecrm: error: --scan-to needs --image, and --image needs --scan-to"]
