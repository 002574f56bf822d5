"""`ecrm restore`: shown first, asked, and never more than the journal's own registry and words."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Shop
from tests.cli.driving import TARGET, Ecrm, Terminal
from tests.fake_aws import FOREVER, FakeAws, Fault, Image, days_ago

JOURNAL = "journal.jsonl"


@pytest.fixture
def deleted(ecrm: Ecrm, shop: Shop) -> Image:
    """The image that the journal names."""
    assert ecrm("delete", "--force", "--no-nothing-in-use", "--journal", JOURNAL).code == 0
    shop.aws.calls.clear()
    return shop.old


def test_a_dry_run_shows_and_restores_nothing(ecrm: Ecrm, shop: Shop, deleted: Image):
    ran = ecrm("restore", "--dry-run", JOURNAL)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith("\n1 of 1 image can be restored.\n")
    assert not shop.aws.calls.writes
    ran = ecrm("restore", "--dry-run", "--format", "json", JOURNAL)
    assert ran.json == {
        "ecrm_restore": 1,
        "complete": True,
        "planned": True,
        "left": 0,
        "unread": [],
        "images": [
            {
                "registry": TARGET,
                "repository": "shop/api",
                "digest": deleted.digest,
                "tags": ["v1"],
                "result": "restored",
                "changed": True,
                "detail": "",
            }
        ],
    }
    assert not shop.aws.calls.writes


def test_without_a_terminal_nothing_is_restored_unless_forced(
    ecrm: Ecrm, shop: Shop, deleted: Image
):
    ran = ecrm("restore", JOURNAL)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "ecrm: error: no terminal for the prompt; --yes restores without asking, and --dry-run "
        "only shows\n"
    )
    assert not shop.aws.calls
    ran = ecrm("restore", JOURNAL, "--format", "json", ECRM_FORCE=1)
    assert (ran.code, [image["result"] for image in ran.json["images"]]) == (0, ["restored"])
    assert (ran.json["planned"], ran.json["complete"]) == (False, True)
    assert deleted in shop.repository


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1)])
def test_on_a_terminal_it_asks_once(shop: Shop, deleted: Image, answer: str, code: int):
    with Terminal("restore", JOURNAL) as terminal:
        terminal.wait_for("Restore 1 image? [y/N]: ")
        assert "1 of 1 image can be restored." in terminal.text
        assert not shop.aws.calls.writes
        terminal.type(answer)
        assert terminal.end().code == code
    assert (deleted in shop.repository) is (code == 0)


def test_what_is_there_already_is_not_asked_about(ecrm: Ecrm, aws: FakeAws):
    api = aws.ecr.repository("api")
    for number in range(19):
        api.push(f"v{number}", pushed=days_ago(60))
    assert ecrm("delete", "--force", "--no-nothing-in-use", "--journal", JOURNAL).code == 0
    assert ecrm("restore", "--yes", JOURNAL).code == 0
    aws.calls.clear()
    ran = ecrm("restore", "--yes", JOURNAL)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith("\nAll 19 images are there already.\n")
    assert not aws.calls.writes


def test_a_broken_line_costs_that_line_and_makes_the_exit_code_1(ecrm: Ecrm, aws: FakeAws):
    api = aws.ecr.repository("api")
    images = [api.push(f"v{number}", pushed=days_ago(60)) for number in range(3)]
    assert ecrm("delete", "--force", "--no-nothing-in-use", "--journal", JOURNAL).code == 0
    lines = Path(JOURNAL).read_text().splitlines(keepends=True)
    lost = json.loads(lines[2])["decision"]["image"]["digest"]
    Path(JOURNAL).write_text("".join([*lines[:2], lines[2][:90] + "\n", *lines[3:]]))
    dry = ecrm("restore", "--dry-run", JOURNAL)
    assert (dry.code, len(dry.errors)) == (1, 2)
    assert dry.out.endswith("\n2 of 2 images can be restored.\n")
    as_json = ecrm("restore", "--dry-run", "--format", "json", JOURNAL).json
    assert (as_json["complete"], len(as_json["unread"]), len(as_json["images"])) == (False, 1, 2)
    ran = ecrm("restore", "--yes", JOURNAL)
    assert ran.code == 1
    warning, error = ran.errors
    assert warning.startswith("ecrm: warn: journal.jsonl, line 3: this is not JSON (")
    assert error == (
        "ecrm: error: journal.jsonl: 1 line could not be read, and nothing of that was restored"
    )
    assert {image.digest for image in api} == {image.digest for image in images} - {lost}


def test_b38_a_line_of_another_registry_is_not_restored(ecrm: Ecrm, shop: Shop, deleted: Image):
    text = Path(JOURNAL).read_text()
    header, *lines = text.splitlines(keepends=True)
    forged = [line.replace(TARGET, "210987654321/us-east-1") for line in lines]
    Path(JOURNAL).write_text("".join([header, *forged]))
    ran = ecrm("restore", "--yes", JOURNAL)
    assert ran.code == 1
    assert "its run had nothing to do with 210987654321/us-east-1" in ran.errors[0]
    assert not shop.aws.calls.writes
    Path(JOURNAL).write_text(text.replace(TARGET, "210987654321/us-east-1"))
    ran = ecrm("restore", "--yes", JOURNAL)
    assert ran.code == 2
    assert ran.errors == [
        f"ecrm: error: {JOURNAL} has images of 210987654321/us-east-1, and this is {TARGET}"
    ]
    assert not shop.aws.calls.writes


def test_an_archived_index_comes_back_with_its_children_by_its_name(ecrm: Ecrm, aws: FakeAws):
    api = aws.ecr.repository("api")
    index = api.push_index("v1", pushed=days_ago(90))
    api.push("v2", pushed=days_ago(90))
    assert (
        ecrm(
            "delete", "--force", "--no-nothing-in-use", "--action", "archive", "--journal", JOURNAL
        ).code
        == 0
    )
    ran = ecrm("restore", "--yes", JOURNAL, "api:v1")
    assert ran.code == 0
    assert f"{1 + len(index.children)} archived images are being restored" in ran.out
    activating = {image.digest for image in api if image.status == "ACTIVATING"}
    assert activating == {index.digest, *index.children}


def test_an_answer_without_a_manifest_is_one_line_and_deletes_nothing(ecrm: Ecrm, shop: Shop):
    def without_manifest(request: Any, run: Any) -> Any:
        answer = run(request)
        for image in answer["images"]:
            del image["imageManifest"]
        return answer

    shop.aws.fault("ecr", "BatchGetImage", Fault(without_manifest), times=FOREVER)
    ran = ecrm("delete", "--force", "--no-nothing-in-use", "--journal", JOURNAL)
    assert ran.code == 4
    (error,) = ran.errors
    assert error.endswith(
        "ecr:BatchGetImage: AWS's answer has no images[0].imageManifest; try again"
    )
    assert shop.old in shop.repository
    assert not shop.deleted


def test_an_image_whose_manifest_is_another_is_kept_and_the_rest_is_deleted(
    ecrm: Ecrm, aws: FakeAws
):
    """B38: there would be no way back."""
    api = aws.ecr.repository("api")
    first, second = (api.push(f"v{number}", pushed=days_ago(60)) for number in range(2))

    def altered(request: Any, run: Any) -> Any:
        answer = run(request)
        for image in answer["images"]:
            if image["imageId"]["imageDigest"] == first.digest:
                image["imageManifest"] += " "
        return answer

    aws.fault("ecr", "BatchGetImage", Fault(altered), times=FOREVER)
    ran = ecrm("delete", "--force", "--no-nothing-in-use", "--journal", JOURNAL)
    assert ran.code == 4
    assert f"api@{first.digest} (v0): kept, since there would be no way back: " in ran.out
    assert list(api) == [first]
    assert first.digest not in Path(JOURNAL).read_text().partition('"type": "outcome"')[0]
    assert second not in api
