"""`ecrm top` and `ecrm diff` through the command line."""

from pathlib import Path

from tests.cli.conftest import Shop
from tests.cli.driving import Ecrm
from tests.fake_aws import Fault


def test_top_shows_what_is_stored(ecrm: Ecrm, shop: Shop):
    ran = ecrm("top", "--by", "owner", COLUMNS=80)
    assert (ran.code, ran.errors) == (0, [])
    assert ran.out.splitlines()[1].split()[:4] == ["shop", "4", "40", "MB"]
    [row] = ecrm("top", "--format", "json", "-r", "shop/*").json["rows"]
    assert (row["name"], row["images"], row["reclaimable_images"]) == ("shop/api", 4, 1)
    assert ecrm("top", "-n", 0).code == 2


def test_top_by_age_counts_what_is_kept(ecrm: Ecrm, shop: Shop):
    rows = ecrm("top", "--by", "age", "--format", "json").json["rows"]
    assert {row["name"]: row["images"] for row in rows if row["images"]} == {
        "younger than a week": 1,
        "1 to 3 months": 2,
        "3 to 6 months": 1,
    }


def test_an_incomplete_top_is_shown_and_fails(ecrm: Ecrm, shop: Shop):
    shop.aws.fault("ecs", "ListTasks", Fault.denied())
    ran = ecrm("top")
    assert ran.code == 1
    assert ran.out.startswith("INCOMPLETE: ")
    assert "ecs:ListTasks is denied" in ran.err


def test_diff_says_what_has_changed(ecrm: Ecrm, shop: Shop):
    assert ecrm("plan", "--out", "old.json").code == 0
    shop.repository.remove(shop.old)
    assert ecrm("plan", "--now", "+90d", "--all", "--out", "new.json").code == 0
    calls = len(shop.aws.calls)
    found = ecrm("diff", "old.json", "new.json", "--format", "json").json
    assert [(one["change"], one["tags"]) for one in found["changes"]] == [
        ("new", ["v4"]),
        ("gone", ["v1"]),
    ]
    assert "Gone since then: 1 image, 10 MB" in ecrm("diff", "old.json", "new.json").out
    ecrm("diff", "old.json", "new.json", "-o", "diff.txt")
    assert Path("diff.txt").read_text().startswith("Plans of 123456789012/us-east-1, ")
    assert len(shop.aws.calls) == calls


def test_diff_of_what_is_no_plan_is_refused(ecrm: Ecrm):
    Path("old.json").write_text("{}")
    ran = ecrm("diff", "old.json", "old.json")
    assert ran.code != 0
    assert ran.err.startswith("ecrm: error: old.json: is not a plan that ecrm wrote")
