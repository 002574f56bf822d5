"""What runs leave in the state folder for the reports to come."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import RULES, Shop
from tests.cli.driving import TARGET, Ecrm
from tests.fake_aws import FOREVER, Fault
from tests.reports.html.pages import page


def days(state: Path) -> list[dict[str, object]]:
    body = json.loads((state / "totals.json").read_text())
    assert body["ecrm_totals"] == 1
    found: list[dict[str, object]] = body["registries"][TARGET]
    return found


def test_a_plan_of_all_repositories_is_recorded(ecrm: Ecrm, shop: Shop, state: Path):
    assert ecrm("plan").code == 0
    (day,) = days(state)
    del day["at"]
    assert day == {
        "images": 4,
        "size": 40_000_000,
        "deletable": 10_000_000,
        "repositories": {"shop/api": 40_000_000},
    }


def test_a_deletion_is_recorded_with_what_was_there_before(ecrm: Ecrm, shop: Shop, state: Path):
    assert ecrm("delete", "-y").code == 0
    (day,) = days(state)
    assert (day["size"], day["deleted"]) == (40_000_000, 10_000_000)


@pytest.mark.parametrize(
    "arguments", [["plan", "-r", "shop/api"], ["plan", "--now", "+30d"], ["explain", "shop/api:v1"]]
)
def test_other_runs_are_not(ecrm: Ecrm, shop: Shop, state: Path, arguments: list[str]):
    ecrm(*arguments)
    assert not (state / "totals.json").exists()


def test_nor_is_an_incomplete_plan(ecrm: Ecrm, shop: Shop, state: Path):
    shop.aws.fault("ecs", "ListTasks", Fault.denied(), times=FOREVER)
    ecrm("plan")
    assert not (state / "totals.json").exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"ecrm_totals": 2}', '{"ecrm_totals": 1, "x": 2}'])
def test_a_history_that_cannot_be_read_is_a_warning_and_is_left_as_it_is(
    ecrm: Ecrm, shop: Shop, state: Path, text: str
):
    state.mkdir(mode=0o700)
    (state / "totals.json").write_text(text)
    ran = ecrm("plan")
    assert ran.code == 0
    (warning,) = [line for line in ran.errors if "totals.json" in line]
    assert "totals.json cannot be read, so reports show no history: " in warning
    assert (state / "totals.json").read_text() == text


def test_a_report_shows_what_was_recorded(ecrm: Ecrm, shop: Shop, state: Path):
    ecrm("plan")
    body = json.loads((state / "totals.json").read_text())
    today = body["registries"][TARGET][0]
    before = today | {"at": "2026-01-05T12:00:00+00:00", "size": 9, "deleted": 7}
    before["repositories"] = {"shop/api": 30_000_000}
    body["registries"][TARGET] = [before, today]
    (state / "totals.json").write_text(json.dumps(body))
    assert ecrm("report", "-o", "report.html").code == 0
    shown = page(Path("report.html").read_text())
    (seen,) = [part for part in shown.all("figure") if "earlier runs" in part.text]
    rows = [row.text for row in seen.one("table").all("tr")]
    assert rows[-1] == "2026-01-05 4 9 B 10 MB 7 B"
    assert len(list(seen.all("line", class_="mark"))) == 1
    assert shown.one("table", class_="lean").text.endswith("25 % +10 MB")


def test_owners_are_those_of_the_resource_tags(ecrm: Ecrm, shop: Shop):
    ecrm.config(RULES + "    owners: {tag: team}\n")
    shop.repository.resource_tags = {"team": "search", "cost": "7"}
    assert ecrm("report", "-o", "report.html").code == 0
    table = page(Path("report.html").read_text()).one("table", class_="lean")
    assert "search 1 40 MB" in table.text


def test_owners_whose_tags_cannot_be_read_are_those_of_the_rest(ecrm: Ecrm, shop: Shop):
    ecrm.config(RULES + "    owners: {tag: team, patterns: {'*api': backend}}\n")
    shop.aws.fault("ecr", "ListTagsForResource", Fault.denied(), times=FOREVER)
    ran = ecrm("report", "-o", "report.html")
    assert ran.code == 0
    assert "owners by tag are not known (of 1 repositories): ecr:ListTagsForResource" in ran.err
    table = page(Path("report.html").read_text()).one("table", class_="lean")
    assert "backend 1 40 MB" in table.text
