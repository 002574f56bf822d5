"""What has changed between two plans, as people and programs read it."""

import json
from dataclasses import replace
from datetime import timedelta

import click

from ecrm.model.decision import Decision, Reason
from ecrm.planning.plan import Plan
from ecrm.planning.plan_diff import PlanDiff, plan_diff
from ecrm.reports.differences import diff_json, diff_text
from tests.reports.large import cut_short, large_plan
from tests.values import NOW, deletable, digest, image, plan_of, repository_plan

GB = 10**9
A, B, C = (image(name, f"v{place}", size=GB * (place + 1)) for place, name in enumerate("abc"))


def monday() -> Plan:
    return plan_of(repository_plan("shop/api", [deletable(A), deletable(B)]))


def friday() -> Plan:
    kept = [Decision(A, Reason.IN_USE)]
    api = repository_plan("shop/api", [deletable(C)], kept=kept)
    return replace(plan_of(replace(api, kept=tuple(kept))), created_at=NOW + timedelta(days=4))


def text(diff: PlanDiff, width: int = 80) -> str:
    return click.unstyle(diff_text(diff, width))


def test_the_whole_of_a_difference():
    assert (
        text(plan_diff(monday(), friday()))
        == """\
Plans of 123456789012/us-east-1, 2026-06-01 12:00 and 2026-06-05 12:00

                          OLD     NEW   CHANGE
  stored, images            2       2       +0
  stored, size         3.0 GB  4.0 GB  +1.0 GB
  reclaimable, images       2       1       -1
  reclaimable, size    3.0 GB  3.0 GB     +0 B

Can be deleted since then: 1 image, 3.0 GB (1 expired)
  REPOSITORY  IMAGES    SIZE
  shop/api         1  3.0 GB

Kept since then: 1 image, 1.0 GB (1 in use)
  REPOSITORY  IMAGES    SIZE
  shop/api         1  1.0 GB

Gone since then: 1 image, 2.0 GB
  REPOSITORY  IMAGES    SIZE
  shop/api         1  2.0 GB

Can be deleted by both: 0 images"""
    )


def test_what_makes_plans_hard_to_compare_is_said():
    other = replace(friday(), config="another")
    assert "\nThey were made with different configurations.\n" in text(plan_diff(monday(), other))
    incomplete = plan_diff(large_plan(), cut_short(large_plan()))
    said = "INCOMPLETE: the new plan lacks what could not be read."
    assert said in text(incomplete)
    assert "the old plan" not in text(incomplete)
    assert json.loads(diff_json(incomplete))["complete"] is False
    assert "(write the new plan with --all to know which): " in text(incomplete)


def test_many_repositories_are_the_largest_and_a_number():
    none = replace(large_plan(), repositories=())
    shown = text(plan_diff(none, large_plan()))
    assert shown.count("\n  mobile/backend/batch-importer-43 ") == 1
    assert "\n  303 more\n" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert max(map(len, text(plan_diff(none, large_plan()), 60).splitlines())) <= 60


def test_the_difference_as_json():
    found = json.loads(diff_json(plan_diff(monday(), friday())))
    assert found.pop("changes")[0] == {
        "change": "new",
        "registry": "123456789012/us-east-1",
        "repository": "shop/api",
        "digest": digest("c"),
        "tags": ["v2"],
        "size": 3 * GB,
        "why": "expired",
    }
    assert found == {
        "ecrm_diff": 1,
        "complete": True,
        "targets": ["123456789012/us-east-1"],
        "same_rules": True,
        "old": {
            "created_at": "2026-06-01T12:00:00+00:00",
            "complete": True,
            "images": 2,
            "size": 3 * GB,
            "reclaimable_images": 2,
            "reclaimable_size": 3 * GB,
        },
        "new": {
            "created_at": "2026-06-05T12:00:00+00:00",
            "complete": True,
            "images": 2,
            "size": 4 * GB,
            "reclaimable_images": 1,
            "reclaimable_size": 3 * GB,
        },
        "unchanged": 0,
    }
