"""What DescribeImages leaves out about an image is taken from its manifest, or the image stays."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.conftest import Shop
from tests.cli.driving import Ecrm, decisions
from tests.fake_aws import FOREVER, Fault, days_ago
from tests.fake_aws.protocol import Request

Answer = dict[str, Any]


def leave_out(shop: Shop, *members: str) -> None:
    """From now on DescribeImages answers without these members."""

    def without(request: Request, run: Callable[[Request], Answer]) -> Answer:
        answer = run(request)
        rows = [
            {name: value for name, value in row.items() if name not in members}
            for row in answer["imageDetails"]
        ]
        return answer | {"imageDetails": rows}

    shop.aws.fault("ecr", "DescribeImages", Fault(without), times=FOREVER)


@pytest.fixture
def indexed(shop: Shop) -> Shop:
    """With an index in use, whose two images nothing else keeps."""
    index = shop.repository.push_index("multi", pushed=days_ago(60))
    shop.aws.ecs.cluster("prod").service("multi", shop.aws.ecs.task_definition("multi", index))
    return shop


def test_images_without_a_media_type_are_read_before_anything_is_decided(ecrm: Ecrm, indexed: Shop):
    before = ecrm.plan()
    leave_out(indexed, "imageManifestMediaType", "artifactMediaType")
    now = ecrm.plan()
    assert decisions(now) == decisions(before)
    assert decisions(now, "kept") == decisions(before, "kept")
    assert ecrm("delete", "--force").code == 0
    assert indexed.deleted == [indexed.old.digest]


def test_referrers_of_kept_images_are_known_without_a_media_type(ecrm: Ecrm, shop: Shop):
    signature = shop.repository.push_artifact(subject=shop.used, pushed=days_ago(90))
    leave_out(shop, "imageManifestMediaType", "artifactMediaType", "subjectManifestDigest")
    assert ecrm("delete", "--force").code == 0
    assert shop.deleted == [shop.old.digest]
    assert signature in shop.repository


@pytest.mark.parametrize(
    "fault",
    [
        Fault.denied(),
        Fault.failure("KmsError", "no key"),
        Fault.failure("ImageNotFound", "Requested image not found"),
    ],
)
def test_what_has_no_media_type_and_cannot_be_read_makes_the_plan_incomplete(
    ecrm: Ecrm, indexed: Shop, fault: Fault
):
    leave_out(indexed, "imageManifestMediaType")
    indexed.aws.fault("ecr", "BatchGetImage", fault, times=FOREVER)
    ran = ecrm("delete", "--force")
    assert ran.code == 1
    assert ran.out.startswith("INCOMPLETE")
    assert not indexed.aws.calls.writes


def test_an_index_of_a_type_that_nobody_names_or_knows_makes_the_plan_incomplete(
    ecrm: Ecrm, shop: Shop
):
    text = '{"mediaType": "application/vnd.other.index", "manifests": []}'
    shop.repository.put_manifest(text, "odd", media_type="application/vnd.oci.image.index.v1+json")
    leave_out(shop, "imageManifestMediaType")
    ran = ecrm("delete", "--force")
    assert ran.code == 1
    assert "application/vnd.other.index, which ecrm does not know" in ran.err
    assert not shop.aws.calls.writes


def test_b19_a_signature_whose_subject_only_its_manifest_names_is_kept(ecrm: Ecrm, shop: Shop):
    signature = shop.repository.push_artifact(
        "signature", subject=shop.used, pushed=days_ago(90), artifact_type="application/json"
    )
    rules = "repositories: [{name: shop/api, expires: 30d, delete_artifacts: true}]"
    ecrm.config(rules)
    leave_out(shop, "subjectManifestDigest")
    ran = ecrm("delete", "--force", "--journal", "journal.jsonl")
    assert ran.code == 0
    assert shop.deleted == [shop.old.digest]
    assert signature in shop.repository
    assert (
        f"Skipped: shop/api@{signature.digest} (signature): its manifest refers to "
        f"{shop.used.digest}, which is kept\n"
    ) in ran.out
    shop.aws.clear_weather()
    assert ecrm.plan()["repositories"][0].get("stages", []) == []


def test_a_signature_whose_subject_is_deleted_or_gone_is_deleted_with_it(ecrm: Ecrm, shop: Shop):
    gone = shop.repository.push("v0", pushed=days_ago(200))
    for subject in (shop.old, gone):
        shop.repository.push_artifact(subject=subject, pushed=days_ago(90))
    shop.repository.remove(gone)
    ecrm.config("repositories: [{name: shop/api, expires: 30d, delete_artifacts: true}]")
    leave_out(shop, "subjectManifestDigest")
    assert ecrm("delete", "--force").code == 0
    assert len(shop.deleted) == 3
    assert len(shop.repository) == 3


def test_what_belongs_to_a_skipped_image_is_skipped_with_it(ecrm: Ecrm, shop: Shop):
    report = shop.repository.push_artifact(subject=shop.used, pushed=days_ago(90))
    signature = shop.repository.push(report.digest.replace(":", "-") + ".sig", pushed=days_ago(90))
    ecrm.config("repositories: [{name: shop/api, expires: 30d, delete_artifacts: true}]")
    leave_out(shop, "subjectManifestDigest")
    ran = ecrm("delete", "--force")
    assert shop.deleted == [shop.old.digest]
    assert {report.digest, signature.digest} <= {image.digest for image in shop.repository}
    assert f"belongs to {report.digest}, which is kept" in ran.out
