"""The calls that the fake records, its process and its cost."""

import subprocess
import sys
from hashlib import sha256
from typing import Any

import boto3
import pytest

from tests.fake_aws import (
    HELM_CHART,
    OCI_MANIFEST,
    Descriptor,
    FakeAws,
    Repository,
    cosign_tag,
    days_ago,
)
from tests.fake_aws.driving import SESSION, by_digest, refused


def test_every_request_is_recorded_in_order(aws: FakeAws, shop: Repository, ecr: Any) -> None:
    image = shop.push()
    ecr.describe_images(repositoryName="shop/api", maxResults=7)
    ecr.batch_delete_image(repositoryName="shop/api", imageIds=by_digest(image))
    assert aws.calls.names == ["ecr:DescribeImages", "ecr:BatchDeleteImage"]
    assert aws.calls[0].parameters == {"repositoryName": "shop/api", "maxResults": 7}
    assert [call.operation for call in aws.calls.writes] == ["BatchDeleteImage"]


def test_an_operation_that_the_fake_does_not_know_is_refused(ecr: Any, functions: Any) -> None:
    assert refused(ecr.create_repository, repositoryName="new")[0] == "UnknownOperationException"
    assert refused(functions.list_layers)[0] == "UnknownOperationException"


def test_clients_find_it_through_the_environment(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.account("222222222222", "eu-west-1").ecr.repository("theirs")
    for name, value in aws.env("222222222222", "eu-west-1").items():
        monkeypatch.setenv(name, value)
    repositories = boto3.Session().client("ecr").describe_repositories()["repositories"]
    assert repositories[0]["repositoryArn"].startswith("arn:aws:ecr:eu-west-1:222222222222:")


def test_it_runs_as_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "tests.fake_aws", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            args = {
                "endpoint_url": process.stdout.readline().strip(),
                "region_name": "us-east-1",
                "aws_access_key_id": "any",
                "aws_secret_access_key": "secret",
            }
            found = SESSION.client("ecr", **args).describe_repositories()["repositories"]
        finally:
            process.terminate()
    assert [item["repositoryName"] for item in found] == ["shop/api", "shop/charts", "shop/worker"]


def test_a_thousand_images_are_listed_without_making_their_manifests(
    aws: FakeAws, shop: Repository, ecr: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.fill(1000)
    image = shop.image("build-999")
    assert image.digest == "sha256:" + sha256(image.manifest.encode()).hexdigest()
    with monkeypatch.context() as patch:
        patch.setattr(type(image), "manifest", property(lambda _: pytest.fail("made a manifest")))
        page = ecr.describe_images(repositoryName="shop/api", maxResults=1000)
    assert len(page["imageDetails"]) == 1000
    assert shop.put_manifest(image.manifest) is image
    shop.fill(1, newest=days_ago(0))
    shop.fill(1, prefix=None)
    assert shop.image("build-0").tags == ("build-0",)
    assert sum(1 for image in shop if not image.tags) == 2
    assert "nextToken" not in page


def test_builders_make_what_build_tools_make(shop: Repository) -> None:
    chart = shop.push("1.0.0", config_type=HELM_CHART)
    signature = shop.push(cosign_tag(chart))
    ghost = Descriptor(OCI_MANIFEST, "sha256:" + "0" * 64, 100)
    broken = shop.push_index("broken", children=[ghost])
    assert chart.artifact_type == HELM_CHART
    assert signature.by_tag.endswith(f":sha256-{chart.digest[7:]}.sig")
    assert (broken.children, broken.size) == ((ghost.digest,), 0)
    assert next(iter(shop)).digest == broken.digest
    shop.tag(chart, "stable")
    shop.untag("1.0.0")
    assert (chart.tags, chart.reference) == (("stable",), f"{shop.uri}:stable")
    assert repr(shop.image("stable")).endswith("stable>")
