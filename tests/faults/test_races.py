"""B15: what changes between the plan and a deletion. The plan can only shrink.

`--in-use-max-age 0s` makes the run look again before each repository. The looking begins with the
second time that it asks for clusters.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ecrm.model.outcome import OutcomeStatus
from tests.fake_aws import FOREVER, Fault, Image
from tests.fake_aws.calls import Calls

from . import driving
from .account import CONFIG, old
from .changes import CHANGES, Change, a_deployment, a_tag_on_an_index, everything, skipped
from .driving import FAILED, SOME_LEFT, Desk

FIRST_LISTINGS = (
    ("ecs", "ListClusters"),
    ("ecs", "ListTaskDefinitionFamilies"),
    ("lambda", "ListFunctions"),
)
AGAIN = ("--in-use-max-age", "0s")


def test_b15_what_came_into_use_or_got_a_tag_after_the_plan_is_skipped(desk: Desk):
    changed: list[list[Image]] = []

    def happen() -> None:
        if not changed:
            changed.extend(everything(desk.account))

    for listing in FIRST_LISTINGS:  # which are made at once: whichever comes first
        begins = lambda asked: not {"Marker", "nextToken"} & asked.keys()  # noqa: E731
        desk.account.aws.before(*listing, happen, at=2, when=begins)
    ran = desk.delete(*AGAIN)
    asked = {
        image["imageDigest"] for call in ran.deletions for image in call.parameters["imageIds"]
    }
    for change, images in zip(CHANGES, changed, strict=True):
        for repository, digest in skipped(desk, images):
            assert f"Skipped: {repository}@{digest}" in ran.out, change
            assert digest not in asked, change
    assert ran.code == 0, ran.err
    assert not desk.left()
    driving.nothing_in_use_is_gone(desk)


@pytest.mark.parametrize(
    "change", [a_deployment, a_tag_on_an_index], ids=lambda change: change.__name__
)
def test_b15_a_use_that_begins_while_another_repository_is_emptied_is_seen(
    desk: Desk, change: Change
):
    changed: list[Image] = []
    first = ("ecr", "UpdateImageStorageClass")  # the first repository is cold/archive
    desk.account.aws.after(*first, lambda: changed.extend(change(desk.account)), at=2)
    ran = desk.delete(*AGAIN)
    skipped(desk, changed)
    assert ran.code == 0, ran.err
    assert not desk.left()
    driving.nothing_in_use_is_gone(desk)


def a_new_line_in_the_scanned_file(desk: Desk) -> Image:
    image = desk.account.repository("shop/batch").image("build-11")
    listed = [*desk.account.listed, image.by_tag]
    (desk.folder / "listed.json").write_text(json.dumps(listed))
    return image


def test_b15_scanned_files_are_read_again(desk: Desk):
    changed: list[Image] = []
    hook = lambda: changed.append(a_new_line_in_the_scanned_file(desk))  # noqa: E731
    desk.account.aws.before("ecr", "UpdateImageStorageClass", hook)
    ran = desk.delete(*AGAIN)
    skipped(desk, changed)
    assert ran.code == 0, ran.err
    driving.nothing_in_use_is_gone(desk)


UNREADABLE = [
    (1, "ecs", "ListClusters", Fault.denied()),
    (3, "ecs", "DescribeServices", Fault.failure("ACCESS_DENIED")),
    (1, "lambda", "GetFunction", Fault.drop()),
    (2, "ecr", "DescribeRegistry", Fault.throttle()),
    (2, "ecr", "DescribeImages", Fault.server_error()),
]


@pytest.mark.parametrize(
    ("looks", "service", "operation", "fault"), UNREADABLE, ids=[case[2] for case in UNREADABLE]
)
def test_b15_once_the_uses_cannot_be_read_again_nothing_more_is_deleted(
    desk: Desk, looks: int, service: str, operation: str, fault: Fault
):
    """So many looks succeed, of which the first is that of the plan."""
    aws = desk.account.aws

    def cloudy(_: Any) -> bool:
        return len(aws.calls.of("ecs", "ListClusters")) > looks

    aws.fault(service, operation, fault, times=FOREVER, when=cloudy)
    ran = desk.delete(*AGAIN)
    assert ran.code == SOME_LEFT
    clouded = ran.calls.names.index("ecs:ListClusters")
    for _ in range(looks):
        clouded = ran.calls.names.index("ecs:ListClusters", clouded + 1)
    assert not Calls(ran.calls[clouded:]).writes
    assert bool(Calls(ran.calls[:clouded]).writes) == (looks > 1)
    assert any(operation in line for line in ran.errors), ran.err
    driving.the_exit_code_is_true(desk, ran)
    driving.nothing_in_use_is_gone(desk)
    driving.the_journal_is_true(desk, ran)
    driving.running_again_finishes(desk)


def test_a_scanned_file_that_vanishes_stops_the_deletion(desk: Desk):
    aws, file = desk.account.aws, desk.folder / "listed.json"
    aws.after("ecr", "BatchDeleteImage", file.unlink, at=1)
    ran = desk.delete(*AGAIN)
    assert ran.code == SOME_LEFT
    assert any("listed.json" in line for line in ran.errors)
    driving.the_exit_code_is_true(desk, ran)
    driving.nothing_in_use_is_gone(desk)
    driving.running_again_finishes(desk)


def test_b20_what_others_delete_meanwhile_is_no_failure(desk: Desk):
    """Single images, and a repository as a whole."""
    account = desk.account
    batch = account.repository("shop/batch")

    def others() -> None:
        for number in range(50, 60):
            batch.remove(batch.image(f"build-{number}"))
        del account.aws.ecr.repositories["shop/functions"]

    desk.before = {key for key in desk.before if key[0] != "shop/functions"}
    account.aws.before("ecr", "UpdateImageStorageClass", others, at=1)
    ran = desk.delete()
    assert ran.code == 0, ran.err
    assert not desk.left()
    driving.nothing_in_use_is_gone(desk)
    answers = [entry.status for entry in ran.written().entries]
    assert answers.count(OutcomeStatus.ALREADY_GONE) == 10


# -- delete --plan ----------------------------------------------------------------------------


def approved(desk: Desk) -> Path:
    ran = desk.run("plan", "--out", "plan.json")
    assert ran.code == 0
    return desk.folder / "plan.json"


def test_b14_a_plan_file_loses_what_does_not_hold_any_more_and_says_why(desk: Desk):
    approved(desk)
    changed = everything(desk.account)
    ran = desk.delete("--plan", "plan.json")
    for change, images in zip(CHANGES, changed, strict=True):
        for _, digest in skipped(desk, images):
            assert re.search(rf"\nNot deleted any more: \S+@{digest}( \(.*\))?: ", ran.out), change
    assert ran.code == 0, ran.err
    assert not desk.left()
    driving.nothing_in_use_is_gone(desk)


def test_b14_a_plan_file_never_deletes_more_than_it_says(desk: Desk):
    approved(desk)
    more = old(desk.account.repository("shop/batch"), "forgotten")
    desk.account.aws.ecs.cluster("batch").tasks.clear()
    ran = desk.delete("--plan", "plan.json", "--no-guards")
    assert ran.code == 0, ran.err
    assert not desk.left()
    assert more in more.repository
    driving.nothing_in_use_is_gone(desk)


def refused(desk: Desk, *args: str) -> str:
    """Nothing is deleted, and the one line that says why."""
    ran = desk.delete("--plan", "plan.json", *args)
    assert ran.code == FAILED
    driving.the_exit_code_is_true(desk, ran)
    [line] = ran.errors
    return line


def test_a_plan_file_that_is_too_old_is_refused(desk: Desk):
    approved(desk)
    assert "make a new plan" in refused(desk, "--max-plan-age", "0s")


def test_a_plan_file_of_another_configuration_is_refused(desk: Desk):
    approved(desk)
    desk.config = CONFIG.replace("30d", "29d")
    assert "another configuration" in refused(desk)


@pytest.mark.parametrize(
    ("account_id", "region"), [("222222222222", "us-east-1"), ("123456789012", "eu-west-1")]
)
def test_b25_a_plan_file_of_another_account_or_region_is_refused(
    desk: Desk, account_id: str, region: str
):
    approved(desk)
    other = desk.account.aws.account(account_id, region)
    for name, value in desk.account.aws.env(account_id, region).items():
        desk.monkeypatch.setenv(name, value)
    twin = old(other.ecr.repository("shop/batch"), "build-1")
    assert "was made for 123456789012/us-east-1" in refused(desk)
    assert twin in twin.repository


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"reason": "in_use"', '"reason": "expired"'),
        ('"action": "delete"', '"action": "archive"'),
        ("\n}", ""),
    ],
)
def test_a_plan_file_that_was_edited_or_cut_off_is_refused(desk: Desk, before: str, after: str):
    plan = desk.folder / "plan.json"
    assert desk.run("plan", "--out", "plan.json", "--all").code == 0
    text = plan.read_text()
    assert before in text
    plan.write_text(text.replace(before, after))
    assert "plan.json" in refused(desk)


def test_an_incomplete_plan_file_is_refused_also_in_good_weather(desk: Desk):
    desk.account.aws.fault("ecs", "ListTasks", Fault.denied(), times=FOREVER)
    assert desk.run("plan", "--out", "plan.json").code == FAILED
    desk.account.aws.clear_weather()
    assert "is incomplete" in refused(desk)


def test_a_plan_file_is_carried_out_only_where_the_uses_can_be_read_now(desk: Desk):
    approved(desk)
    desk.account.aws.fault("lambda", "ListFunctions", Fault.denied(), times=FOREVER)
    ran = desk.delete("--plan", "plan.json")
    assert ran.code == FAILED
    assert any("lambda:ListFunctions" in line for line in ran.errors)
    driving.the_exit_code_is_true(desk, ran)
