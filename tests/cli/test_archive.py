"""`action: archive`: to ECR's archive storage class first, and deleted from there, if ever."""

import json
from pathlib import Path

import pytest

from tests.cli.driving import Ecrm, decisions
from tests.fake_aws import FakeAws, Fault, Repository, days_ago

pytestmark = pytest.mark.usefixtures("another_use")

ARCHIVE = """
    repositories:
      - name_pattern: "*"
        expires: 30d
        action: archive
        delete_archived_after: 90d
"""
DELETE = """
    repositories:
      - name_pattern: "*"
        expires: 30d
"""


@pytest.fixture
def api(aws: FakeAws) -> Repository:
    """Two old images, one that is kept, and one that was archived long ago."""
    api = aws.ecr.repository("api")
    for tag, age in (("v1", 90), ("v2", 80), ("latest", 70), ("v0", 400)):
        api.push(tag, pushed=days_ago(age))
    api.archive(api.image("v0"))
    return api


def statuses(api: Repository) -> dict[str, str]:
    return {image.tags[0]: image.status for image in api}


@pytest.mark.parametrize(("config", "options"), [(ARCHIVE, []), (DELETE, ["--action", "archive"])])
def test_deletable_images_are_archived_by_rule_or_by_option(
    ecrm: Ecrm, aws: FakeAws, api: Repository, config: str, options: list[str]
):
    ecrm.config(config)
    shown = ecrm("plan", *options)
    assert shown.code == 0
    assert (
        "2 (20 MB) of 4 (40 MB) images can be archived, in 1 repository of 123456789012/us-east-1."
        "\nECR charges archived images for at least 90 days.\n"
    ) in shown.out
    assert not aws.calls.writes

    ran = ecrm("delete", "--force", *options)
    assert (ran.code, ran.errors) == (0, [])
    assert "\nArchived 2 (20 MB) of 2 images.\n" in ran.out
    expected = {"v1": "ARCHIVED", "v2": "ARCHIVED", "latest": "ACTIVE", "v0": "ARCHIVED"}
    assert statuses(api) == expected
    assert not aws.calls.of("ecr", "BatchDeleteImage")
    assert ecrm("delete", "--force", *options).err == "Nothing to delete.\n"


def test_an_option_deletes_instead(ecrm: Ecrm, api: Repository):
    ecrm.config(ARCHIVE)
    assert ecrm("delete", "--force", "--action", "delete").code == 0
    assert statuses(api) == {"latest": "ACTIVE", "v0": "ARCHIVED"}


def test_what_has_been_archived_for_delete_after_is_deleted(
    ecrm: Ecrm, aws: FakeAws, api: Repository
):
    ecrm.config(ARCHIVE)
    api.image("v0").archived = days_ago(91).timestamp()
    shown = ecrm("plan")
    assert "3 (30 MB) of 4 (40 MB) images can be removed (2 archived, 1 deleted), in " in shown.out
    ran = ecrm("delete", "--force")
    assert (ran.code, ran.errors) == (0, [])
    assert "\nDeleted 1 (10 MB) of 3 images.\nArchived 2 (20 MB) of 3 images.\n" in ran.out
    assert statuses(api) == {"v1": "ARCHIVED", "v2": "ARCHIVED", "latest": "ACTIVE"}
    # The archived ones cost 90 days at least; only then do they go.
    assert decisions(ecrm.plan("--now", "+89d")) == {}
    assert set(decisions(ecrm.plan("--now", "+91d")).values()) == {"archived_long"}


def test_archived_images_are_kept_for_ever_without_delete_after(ecrm: Ecrm, api: Repository):
    assert ecrm("delete", "--force").code == 0
    assert statuses(api) == {"latest": "ACTIVE", "v0": "ARCHIVED"}
    assert decisions(ecrm.plan("--now", "+3000d")) == {}


def test_an_index_is_archived_with_its_platform_images(ecrm: Ecrm, aws: FakeAws):
    ecrm.config(ARCHIVE)
    api = aws.ecr.repository("api")
    api.push_index("v1", pushed=days_ago(90), attested=True)
    ran = ecrm("delete", "--force")
    assert ran.code == 0
    assert {image.status for image in api} == {"ARCHIVED"}
    assert ecrm("plan", "--format", "json").rows == {
        ("api", "Image"): (0, 4),
        ("api", "Image index"): (0, 1),
    }


def test_an_image_that_ecr_will_not_archive_is_reported(ecrm: Ecrm, aws: FakeAws, api: Repository):
    ecrm.config(ARCHIVE)
    aws.fault(
        "ecr",
        "UpdateImageStorageClass",
        Fault.error("ImageStorageClassUpdateNotSupportedException", "not now"),
    )
    ran = ecrm("delete", "--force")
    assert ran.code == 4
    assert "\nArchived 1 (10 MB) of 2 images.\n" in ran.out
    refusal = "ecr:UpdateImageStorageClass: ImageStorageClassUpdateNotSupportedException: not now\n"
    assert refusal in ran.out


def test_restored_images_are_active_again(ecrm: Ecrm, aws: FakeAws, api: Repository):
    ecrm.config(ARCHIVE)
    assert ecrm("delete", "--force", "--journal", "journal.jsonl").code == 0
    lines = map(json.loads, Path("journal.jsonl").read_text().splitlines())
    assert {line["decision"]["action"] for line in lines if line["type"] == "image"} == {"archive"}

    def finish() -> None:
        for image in api:
            if image.status == "ACTIVATING":
                api.finish_restore(image)

    aws.after("ecr", "UpdateImageStorageClass", finish, times=10)
    assert ecrm("restore", "--yes", "journal.jsonl").code == 0
    assert statuses(api) == {
        **dict.fromkeys(("v1", "v2", "latest"), "ACTIVE"),
        "v0": "ARCHIVED",
    }
    # It was restored because somebody wants it, so it counts as pushed now.
    assert decisions(ecrm.plan()) == {}
