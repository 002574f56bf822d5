"""What is stored, by repository, owner, rule or age."""

import json
from dataclasses import replace

import click
import pytest

from ecrm.model.decision import Decision, Reason
from ecrm.planning.plan import Plan
from ecrm.reports.ranking import View
from ecrm.reports.top import GROUPS, top_json, top_text
from tests.reports.large import cut_short, large_plan
from tests.values import deletable, image, plan_of, repository_plan

GB = 10**9


def shop() -> Plan:
    kept = [Decision(image("used", "v9", days=400, size=6 * GB), Reason.IN_USE)]
    api = repository_plan("shop/api", [deletable(image("a", days=90, size=2 * GB))], kept=kept)
    web = repository_plan("shop/web", [deletable(image("b", days=800, size=GB))])
    return plan_of(
        replace(api, kept=tuple(kept), rule="shop/*"),
        replace(web, rule="shop/*"),
        replace(repository_plan("tools", [deletable(image("c", days=3, size=3 * GB))]), rule="*"),
    )


def text(plan: Plan, groups: str, **view: object) -> str:
    return click.unstyle(top_text(plan, groups, View(sort="stored", **view)))  # type: ignore[arg-type]


def test_repositories_with_bars_of_what_is_stored_and_reclaimable():
    assert (
        text(shop(), "repository")
        == """\
REPOSITORY  IMAGES  STORED  $/MONTH  RECLAIMABLE     %
shop/api         2  8.0 GB     0.80       2.0 GB   25%  ██░░░░░░░░
tools            1  3.0 GB     0.30       3.0 GB  100%  ████
shop/web         1  1.0 GB     0.10       1.0 GB  100%  █
total            4   12 GB     1.20       6.0 GB   50%"""
    )


def names(shown: str) -> list[str]:
    return [line.split("  ")[0] for line in shown.splitlines()[1:-1]]


def test_owners_rules_and_ages():
    assert names(text(shop(), "owner")) == ["shop", "tools"]
    assert names(text(shop(), "rule")) == ["shop/*", "*"]
    by_age = json.loads(top_json(shop(), "age", View()))["rows"]
    assert [(row["name"], row["images"], row["reclaimable_size"]) for row in by_age] == [
        ("younger than a week", 1, 3 * GB),
        ("a week to a month", 0, 0),
        ("1 to 3 months", 1, 2 * GB),
        ("3 to 6 months", 0, 0),
        ("6 to 12 months", 0, 0),
        ("1 to 2 years", 1, 0),
        ("older than 2 years", 1, GB),
    ]


@pytest.mark.parametrize("groups", GROUPS)
def test_every_grouping_has_the_same_sum(groups):
    assert text(shop(), groups).splitlines()[-1].split()[1:] == [
        *("4", "12", "GB", "1.20", "6.0", "GB", "50%"),
    ]
    rows = json.loads(top_json(shop(), groups, View(sort="stored")))["rows"]
    for member, whole in {
        "images": 4,
        "size": 12 * GB,
        "in_use_images": 1,
        "in_use_size": 6 * GB,
        "reclaimable_images": 3,
        "reclaimable_size": 6 * GB,
        "monthly_cost": 1.2,
        "monthly_saving": 0.6,
    }.items():
        assert sum(row[member] for row in rows) == pytest.approx(whole)


def test_the_json_has_a_version_and_says_what_is_missing():
    found = json.loads(top_json(cut_short(large_plan()), "owner", View()))
    assert (found["ecrm_top"], found["by"], found["complete"]) == (1, "owner", False)
    assert len(found["missing"]) == 1


def test_where_no_price_is_known_there_is_no_cost():
    china = replace(shop().targets[0], region="cn-north-1")
    plan = shop()
    plan = replace(
        plan,
        repositories=tuple(replace(where, registry=china) for where in plan.repositories),
        targets=(china,),
    )
    for groups in GROUPS:
        rows = json.loads(top_json(plan, groups, View()))["rows"]
        assert {row["monthly_cost"] for row in rows if row["images"]} == {None}
        assert text(plan, groups).splitlines()[-1].split()[4] == "?"


def test_the_first_are_shown_and_the_others_summed_up():
    shown = text(large_plan(), "repository", top=3)
    assert names(shown)[0] == "mobile/backe…-importer-43"
    assert len(names(shown)) == 4
    assert names(shown)[3] == "497 more (--all)"
    assert max(map(len, shown.splitlines())) <= 80
    assert len(names(text(large_plan(), "repository", top=0))) == 500
    assert names(text(shop(), "repository", top=2)) == ["shop/api", "tools", "shop/web"]


def test_what_is_incomplete_says_so_first():
    assert text(cut_short(large_plan()), "rule").startswith("INCOMPLETE: 2 things could not be")
