"""A plan that is written to a file, reviewed, approved and applied later: never more than that."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import RULES, Shop
from tests.cli.driving import TARGET, Ecrm, decisions
from tests.fake_aws import FOREVER, Fault, days_ago


@pytest.fixture
def approved(ecrm: Ecrm, shop: Shop) -> Any:
    """What is in plan.json."""
    assert ecrm("plan", "--out", "plan.json").code == 0
    shop.aws.calls.clear()
    return json.loads(Path("plan.json").read_text())


def refused(ecrm: Ecrm, shop: Shop, *options: str) -> str:
    """The line that says why the plan file is not applied."""
    ran = ecrm("delete", "--force", "--plan", "plan.json", *options)
    assert ran.code in (1, 2)
    assert not shop.aws.calls.writes
    (line,) = ran.errors
    return line.removeprefix("ecrm: error: ")


def test_a_plan_file_tells_all_that_decides(ecrm: Ecrm, shop: Shop, approved: Any):
    assert approved["ecrm_plan"] == 1
    assert approved["targets"] == [TARGET]
    assert approved["complete"] is True
    (repository,) = approved["repositories"]
    ((deletion,),) = repository["stages"]
    image = deletion["image"]
    assert image["digest"] == shop.old.digest
    assert (image["tags"], image["size"], deletion["reason"], deletion["action"]) == (
        *(["v1"], 10_000_000),
        *("expired", "delete"),
    )
    assert "kept" not in repository
    assert repository["kept_by_reason"] == {
        "in_use": 1,
        "keep_tag_pattern": 1,
        "recently_pushed": 1,
    }


def test_all_lists_kept_images_too(ecrm: Ecrm, shop: Shop):
    assert decisions(ecrm.plan(), "kept") == {
        shop.used.digest: "in_use",
        shop.latest.digest: "keep_tag_pattern",
        shop.young.digest: "recently_pushed",
    }


def test_all_does_not_change_what_plan_shows(ecrm: Ecrm, shop: Shop):
    assert ecrm("plan", "--all").out == ecrm("plan").out


def test_the_same_account_gives_the_same_file_but_for_the_time(ecrm: Ecrm, shop: Shop):
    def without_time(path: str) -> Any:
        plan = json.loads(Path(path).read_text())
        del plan["created_at"], plan["checksum"]
        return plan

    for path in ("a.json", "b.json"):
        ecrm("plan", "--out", path, "--all")
    assert without_time("a.json") == without_time("b.json")


def test_b14_an_approved_plan_is_carried_out(ecrm: Ecrm, shop: Shop, approved: Any):
    ran = ecrm("delete", "--force", "--plan", "plan.json")
    assert (ran.code, ran.errors) == (0, [])
    assert "1 (10 MB) of 4 (40 MB) images can be deleted" in ran.out
    assert shop.deleted == [shop.old.digest]


def test_b14_what_has_become_deletable_since_is_not_in_the_plan_and_is_kept(
    ecrm: Ecrm, shop: Shop, approved: Any
):
    later = shop.repository.push("v0", pushed=days_ago(60))
    other = shop.aws.ecr.repository("other").push("v1", pushed=days_ago(60))
    ran = ecrm("delete", "--force", "--plan", "plan.json")
    assert ran.code == 0
    assert shop.deleted == [shop.old.digest]
    assert later in shop.repository
    assert other in shop.aws.ecr.repository("other")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            lambda shop: shop.aws.ecs.task_definition("job", shop.old),
            "now in use by family job (one of its newest 5 revisions)",
        ),
        (
            lambda shop: shop.repository.tag(shop.old, "keep-me"),
            "its tags have changed from v1 to keep-me, v1",
        ),
        (
            lambda shop: shop.repository.tag(shop.old, "latest"),
            "now with a tag of keep_tag_patterns (latest matches latest)",
        ),
        (lambda shop: shop.repository.archive(shop.old), "now archived"),
    ],
)
def test_b15_what_has_come_into_use_since_is_skipped_and_reported(
    ecrm: Ecrm, shop: Shop, approved: Any, change: Callable[[Shop], object], why: str
):
    change(shop)
    ran = ecrm("delete", "--force", "--plan", "plan.json")
    assert ran.code == 0
    image = f"shop/api@{shop.old.digest} (v1)"
    assert f"\nNot deleted any more: {image}: {why}" in ran.out
    assert ran.err.endswith("Nothing to delete.\n")
    assert not shop.aws.calls.writes


def test_b37_what_is_gone_meanwhile_is_already_done_without_a_call(
    ecrm: Ecrm, shop: Shop, approved: Any
):
    shop.repository.remove(shop.old)
    ran = ecrm("delete", "--force", "--plan", "plan.json")
    assert ran.code == 0
    assert f"any more: shop/api@{shop.old.digest} (v1): it is gone already\n" in ran.out
    assert not shop.aws.calls.writes


def test_b11_a_repository_that_cannot_be_read_now_is_not_touched(
    ecrm: Ecrm, shop: Shop, approved: Any
):
    """An image may have come into use since; who cannot look must not delete."""
    shop.aws.ecs.cluster("prod").run(shop.aws.ecs.task_definition("job", shop.old))
    shop.aws.fault("ecr", "DescribeImages", Fault.denied(), times=FOREVER)
    ran = ecrm("delete", "--force", "--plan", "plan.json")
    assert ran.code == 1
    assert ran.errors[0].startswith("ecrm: error: shop/api: ecr:DescribeImages is denied; allow")
    assert ran.errors[-1] == "ecrm: error: nothing was deleted, since the plan is incomplete"
    assert not shop.aws.calls.writes


def test_b11_a_scan_that_is_incomplete_now_stops_an_approved_plan(
    ecrm: Ecrm, shop: Shop, approved: Any
):
    shop.aws.fault("lambda", "ListFunctions", Fault.denied(), times=FOREVER)
    ran = ecrm("delete", "--force", "--plan", "plan.json")
    assert ran.code == 1
    assert ran.errors[0].startswith("ecrm: error: lambda:ListFunctions is denied; allow it: ")
    assert not shop.aws.calls.writes


def test_guards_stop_an_approved_plan(ecrm: Ecrm, shop: Shop, approved: Any):
    ran = ecrm("delete", "--force", "--plan", "plan.json", "--max-images", "0")
    assert ran.code == 5
    assert not shop.aws.calls.writes


def test_a_plan_that_was_incomplete_is_refused(ecrm: Ecrm, shop: Shop):
    shop.aws.fault("lambda", "ListFunctions", Fault.denied(), times=1)
    assert ecrm("plan", "--out", "plan.json").code == 1
    message = refused(ecrm, shop)
    assert message.startswith(
        "plan.json: is incomplete: lambda:ListFunctions is denied; allow it: "
    )


def test_a_plan_that_is_too_old_is_refused(ecrm: Ecrm, shop: Shop, approved: Any):
    message = refused(ecrm, shop, "--max-plan-age", "0s")
    assert message == "plan.json: is older than 0 seconds; make a new plan"
    rewritten(approved, created_at=days_ago(2).isoformat())
    assert "is older than 24 hours" in refused(ecrm, shop)
    assert ecrm("delete", "--force", "--plan", "plan.json", "--max-plan-age", "3d").code == 0


def test_a_plan_from_the_future_is_refused(ecrm: Ecrm, shop: Shop):
    assert ecrm("plan", "--out", "plan.json", "--now", "+30d").code == 0
    assert "plan.json: is from the future (" in refused(ecrm, shop)


def test_a_plan_for_another_account_or_region_is_refused(ecrm: Ecrm, shop: Shop, approved: Any):
    shop.aws.account(region="eu-west-1").ecr.repository("shop/api")
    assert refused(ecrm, shop, "--region", "eu-west-1") == (
        f"plan.json: was made for {TARGET}, and this is 123456789012/eu-west-1"
    )


def test_a_plan_made_with_other_rules_is_refused(ecrm: Ecrm, shop: Shop, approved: Any):
    ecrm.config(RULES.replace("30d", "31d"))
    message = refused(ecrm, shop)
    assert message == "plan.json: was made with another configuration; make a new plan"
    ecrm.config(RULES.replace("30d", "30 days # as before"))
    assert ecrm("delete", "--force", "--plan", "plan.json").code == 0


def test_a_plan_that_was_edited_is_refused(ecrm: Ecrm, shop: Shop, approved: Any):
    text = Path("plan.json").read_text()
    Path("plan.json").write_text(text.replace(shop.old.digest, shop.latest.digest))
    message = refused(ecrm, shop)
    assert message == "plan.json: was changed after it was written; make a new plan"


def test_a_file_that_is_no_plan_is_refused(ecrm: Ecrm, shop: Shop, approved: Any):
    for content in ("", "[]", "{}", '{"ecrm_plan": 1}', Path("plan.json").read_text()[:-50]):
        Path("plan.json").write_text(content)
        assert refused(ecrm, shop).startswith("plan.json: is not a plan that ecrm wrote (")
    Path("plan.json").unlink()
    message = refused(ecrm, shop)
    assert message == "plan.json: cannot be read: No such file or directory"
    rewritten(approved, ecrm_plan=2)
    assert refused(ecrm, shop) == "plan.json: is a plan of format 2; make a new one"


def test_even_a_forged_plan_deletes_nothing_that_is_in_use(ecrm: Ecrm, shop: Shop, approved: Any):
    """The checksum is not a signature; what a new scan keeps is kept nevertheless."""
    for image in (shop.used, shop.latest, shop.young):
        (repository,) = approved["repositories"]
        first = repository["stages"][0][0]
        other = first["image"] | {"digest": image.digest, "tags": list(image.tags)}
        repository["stages"][0].append(first | {"image": other})
    rewritten(approved)
    assert ecrm("delete", "--force", "--plan", "plan.json").code == 0
    assert shop.deleted == [shop.old.digest]


def test_b37_a_digest_of_the_next_release_in_a_forged_plan_is_never_sent(
    ecrm: Ecrm, shop: Shop, approved: Any
):
    """Not in the repository when the plan is made, and there a moment later."""
    (repository,) = approved["repositories"]
    first = repository["stages"][0][0]
    coming = "sha256:" + "e" * 64
    repository["stages"][0].append(first | {"image": first["image"] | {"digest": coming}})
    rewritten(approved)
    ran = ecrm("delete", "--force", "--plan", "plan.json")
    assert ran.code == 0
    assert shop.deleted == [shop.old.digest]
    assert f"any more: shop/api@{coming} (v1): it is gone already\n" in ran.out


def test_b37_guards_count_by_the_plan_of_now_and_not_by_the_file(ecrm: Ecrm, shop: Shop):
    """The honest plan of yesterday: most of what it counted is gone by now."""
    for number in range(20):
        shop.repository.push(f"w{number}", pushed=days_ago(5))
    assert ecrm("plan", "--out", "plan.json").code == 0
    for image in list(shop.repository):
        if image not in (shop.old, shop.used):
            shop.repository.remove(image)
    ran = ecrm("delete", "--force", "--plan", "plan.json", "--max-percent", "10")
    assert ran.code == 5
    assert "1 of 2 images of shop/api would be deleted" in ran.err
    assert not shop.aws.calls.writes


@pytest.mark.parametrize(
    "forgery",
    [
        {"total": {"Image": {"images": 10**9, "size": 10**9}}},
        {"deletable": {}},
        {"missing": [":v99"], "kept_by_reason": {"in_use": 10**6}, "used": {"images": 7}},
        {"rule": "forged", "consumers": ["forged"], "broken_indexes": 10**6},
    ],
    ids=str,
)
def test_b37_nothing_that_is_shown_or_guarded_comes_from_the_file(
    ecrm: Ecrm, shop: Shop, approved: Any, forgery: Any
):
    honest = ecrm("delete", "--force", "--plan", "plan.json", "--max-percent", "10")
    assert honest.code == 5
    approved["repositories"][0] |= forgery
    rewritten(approved, in_use={TARGET: 10**6}, unmanaged=[f"{TARGET}/forged"])
    assert ecrm("delete", "--force", "--plan", "plan.json", "--max-percent", "10") == honest
    assert not shop.aws.calls.writes


def test_b37_a_repository_that_the_file_leaves_out_is_shown_and_nothing_of_it_is_deleted(
    ecrm: Ecrm, shop: Shop, approved: Any
):
    other = shop.aws.ecr.repository("other")
    other.push("v1", pushed=days_ago(60))
    ran = ecrm("delete", "--force", "--plan", "plan.json", "--format", "json")
    assert ran.code == 0
    assert ran.rows == {("shop/api", "Image"): (1, 4), ("other", "Image"): (0, 1)}
    assert len(other) == 1


def test_b37_a_plan_of_now_that_is_incomplete_anywhere_stops_the_deletion(
    ecrm: Ecrm, shop: Shop, approved: Any
):
    """Even in a repository of which the file says nothing."""

    def is_other(request: Any) -> bool:
        return bool(request["repositoryName"] == "other")

    shop.aws.ecr.repository("other").push("v1", pushed=days_ago(60))
    shop.aws.fault("ecr", "DescribeImages", Fault.denied(), times=FOREVER, when=is_other)
    ran = ecrm("delete", "--force", "--plan", "plan.json")
    assert ran.code == 1
    assert ran.errors[0].startswith("ecrm: error: other: ecr:DescribeImages is denied; allow")
    assert not shop.aws.calls.writes


def test_what_the_plan_of_now_has_no_repository_for_is_said(ecrm: Ecrm, shop: Shop, approved: Any):
    del shop.aws.ecr.repositories["shop/api"]
    ran = ecrm("delete", "--force", "--plan", "plan.json")
    assert ran.code == 0
    assert f"shop/api@{shop.old.digest} (v1): shop/api is not planned any more\n" in ran.out


def test_one_repository_of_a_plan_may_be_carried_out(ecrm: Ecrm, shop: Shop):
    other = shop.aws.ecr.repository("other")
    other.push("v1", pushed=days_ago(60))
    assert ecrm("plan", "--out", "plan.json").code == 0
    assert ecrm("delete", "--force", "--plan", "plan.json", "-r", "other").code == 0
    assert len(other) == 0
    assert shop.old in shop.repository


def test_an_index_and_all_that_belongs_to_it_are_skipped_together(ecrm: Ecrm, shop: Shop):
    index = shop.repository.push_index("multi", pushed=days_ago(60))
    assert ecrm("plan", "--out", "plan.json").code == 0
    shop.repository.tag(index, "again")
    ran = ecrm("delete", "--force", "--plan", "plan.json")
    assert ran.code == 0
    for child in index.children:
        assert f"{child}: belongs to {index.digest}, which is kept\n" in ran.out
        assert child in shop.repository


def rewritten(plan: Any, **changes: object) -> None:
    """plan.json with changes and with a checksum that fits them, as ecrm would write it."""
    body = {**plan, **changes}
    body.pop("checksum", None)
    text = json.dumps(body, sort_keys=True, ensure_ascii=False)
    body["checksum"] = sha256(text.encode()).hexdigest()
    Path("plan.json").write_text(json.dumps(body))
