"""The whole tool against an AWS that others wrote: a moto server in a process of its own.

moto sets no push dates over HTTP, so here every image is old at once (`expires: 0s`), and its
images go in the order in which they were pushed.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from urllib.request import Request, urlopen

import boto3
import pytest

from ecrm.sources.lambda_functions.function import Function
from tests.cli.driving import HOST, PATIENCE, Ecrm, decisions
from tests.values import DOCKER_MANIFEST, OCI_INDEX

RULES = """
    repositories:
      - name_pattern: "shop/*"
        expires: 0s
    guards: {min_age: 0s, nothing_in_use: false}
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


SERVER = """
from moto.ecr.responses import ECRResponse
from moto.server import main

# moto knows nothing of pull-through caches.
ECRResponse.describe_pull_through_cache_rules = lambda self: '{"pullThroughCacheRules": []}'
main()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a moto server; Lambda resolves images as moto's ECR holds them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "MOTO_LAMBDA_STUB_ECR": "false"},
    )
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(PATIENCE)


class Account:
    """What a build pipeline does, by boto3."""

    def __init__(self) -> None:
        self.ecr = boto3.client("ecr")
        self.ecs = boto3.client("ecs")
        self.functions = boto3.client("lambda")

    def push(self, repository: str, *tags: str) -> str:
        """The digest of a new single image."""
        name = f"{repository} {' '.join(tags)}".encode()
        config = {"mediaType": "application/json", "size": 7, "digest": _digest(name)}
        layer = {"mediaType": "application/json", "size": 5, "digest": _digest(name + b"layer")}
        body = {
            "schemaVersion": 2,
            "mediaType": DOCKER_MANIFEST,
            "config": config,
            "layers": [layer],
        }
        return self._put(repository, json.dumps(body), DOCKER_MANIFEST, tags)

    def push_index(self, repository: str, *tags: str, children: list[str]) -> str:
        entries = [{"mediaType": DOCKER_MANIFEST, "size": 1, "digest": child} for child in children]
        body = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
        return self._put(repository, json.dumps(body), OCI_INDEX, tags)

    def _put(self, repository: str, text: str, media_type: str, tags: tuple[str, ...]) -> str:
        digest = _digest(text.encode())
        for tag in tags or (None,):
            self.ecr.put_image(
                repositoryName=repository,
                imageManifest=text,
                imageManifestMediaType=media_type,
                imageDigest=digest,
                **({"imageTag": tag} if tag else {}),
            )
        return digest

    def digests(self, repository: str) -> set[str]:
        answer = self.ecr.describe_images(repositoryName=repository)
        return {image["imageDigest"] for image in answer["imageDetails"]}

    def define(self, family: str, image: str) -> str:
        """The ARN of a new task definition revision."""
        answer = self.ecs.register_task_definition(
            family=family,
            containerDefinitions=[{"name": "app", "image": image, "memory": 128}],
        )
        return str(answer["taskDefinition"]["taskDefinitionArn"])


def _digest(content: bytes) -> str:
    return f"sha256:{sha256(content).hexdigest()}"


@pytest.fixture
def account(server: str, monkeypatch: pytest.MonkeyPatch) -> Account:
    """An account with three repositories and nothing in them."""
    urlopen(Request(f"{server}/moto-api/reset", method="POST"), timeout=PATIENCE).close()
    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }.items():
        monkeypatch.setenv(name, value)
    made = Account()
    for name in ("shop/api", "shop/worker", "elsewhere"):
        made.ecr.create_repository(repositoryName=name)
    return made


def test_generate_writes_a_configuration_that_plan_accepts(ecrm: Ecrm, account: Account):
    account.push("shop/api", "v1")
    account.ecs.create_cluster(clusterName="prod")
    for family in ("shop-web", "shop-jobs", "tools"):
        account.define(family, f"{HOST}/shop/api:v1")
    Path("ecrm.yaml").unlink()

    ran = ecrm("generate")
    assert (ran.code, ran.out) == (0, "")
    text = Path("ecrm.yaml").read_text()
    assert text in ran.err
    assert ran.err.endswith("wrote ecrm.yaml; review it, then run: ecrm plan\n")
    for line in (
        "#   - name_pattern: shop-*",
        "#   - name: tools",
        "  - name_pattern: shop/*",
    ):
        assert f"{line}\n" in text
    assert ecrm("plan", "--format", "json").rows == {
        (name, "Image"): (0, total)
        for name, total in (("elsewhere", 0), ("shop/api", 1), ("shop/worker", 0))
    }


def test_generate_overwrites_only_what_it_may(ecrm: Ecrm, account: Account):
    before = Path("ecrm.yaml").read_text()
    ran = ecrm("generate")
    assert ran.code == 2
    assert ran.err.endswith("ecrm: error: no terminal for the prompt; --yes overwrites it\n")
    assert Path("ecrm.yaml").read_text() == before
    assert ecrm("generate", "--force").code == 0
    assert "name_pattern: shop/*" in Path("ecrm.yaml").read_text()


def test_b13_plan_deletes_nothing_and_b14_delete_does_what_plan_shows(ecrm: Ecrm, account: Account):
    ecrm.config(RULES)
    used = account.push("shop/api", "runs", "also-runs")
    latest = account.push("shop/api", "latest")
    children = [account.push("shop/worker", "amd64"), account.push("shop/worker", "arm64")]
    used_index = account.push_index("shop/worker", "multi", children=children)
    old = {account.push("shop/api", tag) for tag in ("v1", "v2")}
    other_child = account.push("shop/worker", "old-child")
    old |= {other_child, account.push_index("shop/worker", "old", children=[other_child])}
    foreign = account.push("elsewhere", "v1")
    account.ecs.create_cluster(clusterName="prod")
    for name, image in (("web", "shop/api:runs"), ("worker", "shop/worker:multi")):
        account.ecs.create_service(
            cluster="prod",
            serviceName=name,
            taskDefinition=account.define(name, f"{HOST}/{image}"),
            desiredCount=0,
        )

    def everything() -> set[str]:
        return set().union(*map(account.digests, ("shop/api", "shop/worker", "elsewhere")))

    before = everything()
    shown = decisions(ecrm.plan())
    assert set(shown) == old
    assert everything() == before

    ran = ecrm("delete", "--force")
    assert (ran.code, ran.errors) == (0, [])
    assert everything() == {used, latest, *children, used_index, foreign}
    assert ecrm("plan", "--format", "json").rows[("shop/api", "Image")] == (0, 2)
    assert ecrm("delete", "--force").err == "Nothing to delete.\n"


def test_b9_lambda_versions_keep_their_image_as_long_as_an_alias_points_to_them(
    ecrm: Ecrm, account: Account, monkeypatch: pytest.MonkeyPatch
):
    """moto answers no ListProvisionedConcurrencyConfigs, which ecrm takes for a failure."""
    monkeypatch.setattr(Function, "_provisioned", lambda _: [])
    ecrm.config("""
        lambda_functions: [{name: resize, keep_count: 1}]
        repositories: [{name: resize, expires: 0s}]
        guards: {min_age: 0s}
    """)
    account.ecr.create_repository(repositoryName="resize")
    iam = boto3.client("iam")
    role = iam.create_role(RoleName="run", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    digests = [account.push("resize", f"r{number}") for number in range(1, 6)]
    account.functions.create_function(
        FunctionName="resize",
        Role=role["Arn"],
        PackageType="Image",
        Code={"ImageUri": f"{HOST}/resize:r1"},
        Publish=True,
    )
    for number in range(2, 6):
        account.functions.update_function_code(
            FunctionName="resize", ImageUri=f"{HOST}/resize:r{number}", Publish=True
        )
    account.functions.create_alias(
        FunctionName="resize",
        Name="live",
        FunctionVersion="2",
        RoutingConfig={"AdditionalVersionWeights": {"3": 0.1}},
    )
    ran = ecrm("delete", "--force")
    assert (ran.code, ran.errors) == (0, [])
    gone = {digests[0], digests[3]}
    assert account.digests("resize") == set(digests) - gone


def test_scan_names_tasks_services_and_functions(ecrm: Ecrm, account: Account):
    account.push("shop/api", "v1")
    account.ecs.create_cluster(clusterName="prod")
    account.ecs.create_service(
        cluster="prod",
        serviceName="web",
        taskDefinition=account.define("web", f"{HOST}/shop/api:v1"),
        desiredCount=1,
    )
    ran = ecrm("scan")
    assert (ran.code, ran.json) == (0, [f"{HOST}/shop/api:v1"])
    detail = ecrm("scan", "--format", "detail").json
    assert {use["used_by"] for use in detail["uses"]} == {"service prod/web", "family web"}
    table = ecrm("scan", "--format", "table").out
    assert "service prod/web" in table


@pytest.mark.slow
def test_what_is_done_by_a_plan_file_is_what_was_approved(ecrm: Ecrm, account: Account):
    ecrm.config(RULES)
    old = account.push("shop/api", "v1")
    assert ecrm("plan", "--out", "plan.json").code == 0
    later = account.push("shop/api", "v2")
    ran = ecrm("delete", "--force", "--plan", "plan.json")
    assert ran.code == 0
    assert account.digests("shop/api") == {later}
    assert old not in account.digests("shop/api")
