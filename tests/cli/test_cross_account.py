"""Incident B26: who uses an image from another account or region, where a scan does not look."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Shop
from tests.cli.driving import HOST, TARGET, Ecrm
from tests.fake_aws import Address, days_ago

ELSEWHERE = Address("123456789012", "eu-west-1")
PARTNER = Address("222222222222", "us-east-1")
ALLOWED = """
    repositories:
      - name_pattern: "*"
        expires: 30d
        allow_unscanned: true
"""


def policy(principal: object, *actions: str, **more: object) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": list(actions), **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


PULLS = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


@pytest.mark.parametrize(
    ("text", "who"),
    [
        (policy({"AWS": "arn:aws:iam::222222222222:root"}, *PULLS), "account 222222222222"),
        (policy({"AWS": "222222222222"}, "ecr:*"), "account 222222222222"),
        (policy("*", *PULLS), "everyone"),
        (policy({"Service": "lambda.amazonaws.com"}, *PULLS), "service lambda.amazonaws.com"),
        (
            policy("*", *PULLS, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
            'everyone under the condition {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}',
        ),
    ],
)
def test_b26_whom_a_repository_policy_lets_pull_is_listed_in_the_plan(
    ecrm: Ecrm, shop: Shop, text: str, who: str
):
    shop.repository.policy = text
    ran = ecrm("plan")
    assert ran.code == 0
    line = f"  shop/api: {who} may pull, and a scan of this account does not see who does\n"
    assert ran.out.endswith(f"\nNotes:\n{line}")


@pytest.mark.parametrize(
    "text",
    [
        policy({"AWS": "arn:aws:iam::222222222222:root"}, "ecr:DescribeImages"),
        policy({"AWS": "arn:aws:iam::123456789012:role/web"}, *PULLS),
    ],
)
def test_who_may_not_pull_or_is_of_this_account_is_not_listed(ecrm: Ecrm, shop: Shop, text: str):
    shop.repository.policy = text
    assert "Notes" not in ecrm("plan").out


def test_b26_the_policy_of_the_whole_registry_counts_too(ecrm: Ecrm, shop: Shop):
    shop.aws.ecr.policy = policy({"AWS": "arn:aws:iam::222222222222:root"}, *PULLS)
    assert "  shop/api: account 222222222222 may pull, " in ecrm("plan").out


def test_b26_copies_without_deletion_are_worth_knowing_and_block_nothing(ecrm: Ecrm, shop: Shop):
    shop.aws.ecr.replicate(ELSEWHERE, prefix="shop/")
    ran = ecrm("delete", "--force")
    assert ran.code == 0
    assert "  shop/api: ECR copies it to 123456789012/eu-west-1, and a scan of" in ran.out
    assert shop.old not in shop.repository


def test_b26_nothing_is_deleted_where_ecr_replicates_deletions_and_the_destination_is_not_scanned(
    ecrm: Ecrm, shop: Shop
):
    shop.aws.ecr.replicate(ELSEWHERE, deletes=True)
    ran = ecrm("delete", "--force")
    assert (ran.code, ran.err) == (0, "Nothing to delete.\n")
    assert "  1  in a repository whose deletions ECR replicates\n" in ran.out
    assert (
        "  shop/api: ECR copies it to 123456789012/eu-west-1 and repeats deletions there, and "
    ) in ran.out
    assert shop.old in shop.repository


def test_only_the_repositories_that_replication_covers_are_blocked(ecrm: Ecrm, shop: Shop):
    other = shop.aws.ecr.repository("other")
    other.push("v1", pushed=days_ago(90))
    shop.aws.ecr.replicate(ELSEWHERE, prefix="shop/", deletes=True)
    assert ecrm("delete", "--force").code == 0
    assert len(other) == 0
    assert shop.old in shop.repository


def test_a_rule_may_allow_deletions_that_nobody_has_looked_into(ecrm: Ecrm, shop: Shop):
    ecrm.config(ALLOWED)
    shop.aws.ecr.replicate(ELSEWHERE, deletes=True)
    ran = ecrm("delete", "--force")
    assert ran.code == 0
    assert "and repeats deletions there" in ran.out
    assert shop.old not in shop.repository


def test_a_scanned_file_that_names_the_destination_allows_deletions(ecrm: Ecrm, shop: Shop):
    shop.aws.ecr.replicate(ELSEWHERE, deletes=True)
    Path("here.json").write_text(json.dumps([f"{HOST}/shop/api:v2"]))
    assert ecrm("delete", "--force", "--scanned-files", "here.json").code == 0
    assert shop.old in shop.repository  # that file says nothing about eu-west-1

    there = f"{ELSEWHERE.registry}/shop/other:v1"
    Path("there.json").write_text(json.dumps([there]))
    assert ecrm("delete", "--force", "--scanned-files", "there.json").code == 0
    assert shop.old not in shop.repository


def test_every_destination_must_have_been_looked_into(ecrm: Ecrm, shop: Shop):
    shop.aws.ecr.replicate(ELSEWHERE, PARTNER, deletes=True)
    files = []
    for place, address in enumerate((ELSEWHERE, PARTNER)):
        path = Path(f"{place}.json")
        path.write_text(json.dumps([f"{address.registry}/x:v1"]))
        files.append(str(path))
    assert ecrm("delete", "--force", "--scanned-files", files[0]).code == 0
    assert shop.old in shop.repository
    assert ecrm("delete", "--force", "--scanned-files", ",".join(files)).code == 0
    assert shop.old not in shop.repository


@pytest.mark.parametrize("form", ["tag", "digest"])
def test_b26_uses_of_the_replica_protect_the_image_that_it_is_a_copy_of(
    ecrm: Ecrm, shop: Shop, form: str
):
    other = shop.repository.push("v0", pushed=days_ago(90))
    shop.aws.ecr.replicate(ELSEWHERE, deletes=True)
    name = {"tag": ":v1", "digest": f"@{shop.old.digest}"}[form]
    Path("there.json").write_text(json.dumps([f"{ELSEWHERE.registry}/shop/api{name}"]))
    ran = ecrm("delete", "--force", "--scanned-files", "there.json")
    assert ran.code == 0
    assert shop.old in shop.repository
    assert other not in shop.repository


def test_b26_scan_there_and_delete_here_is_how_accounts_work_together(
    ecrm: Ecrm, shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    shop.aws.ecr.replicate(ELSEWHERE, deletes=True)
    there = shop.aws.account(region="eu-west-1")
    copy = there.ecr.repository("shop/api").push("v1", content="shop/api push 1")
    assert copy.digest == shop.old.digest
    there.ecs.cluster("prod").service("web", there.ecs.task_definition("web", copy))
    assert ecrm("scan", "-o", "there.json", "--region", "eu-west-1").code == 0

    ran = ecrm("delete", "--force", "--scanned-files", "there.json")
    assert (ran.code, ran.err) == (0, "Nothing to delete.\n")
    assert "\n  2  in use\n" in ran.out
    assert f"in 1 repository of {TARGET}." in ran.out
