"""`ecrm report`, and `plan --report`."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import RULES, Shop
from tests.cli.driving import Ecrm
from tests.fake_aws import FOREVER, Fault, days_ago
from tests.reports.html.pages import page


def tiles(path: str) -> list[str]:
    shown = page(Path(path).read_text(encoding="utf-8"))
    return [tile.text for tile in shown.one("ul", class_="tiles").all("li")]


def test_a_report_is_a_page_of_the_plan(ecrm: Ecrm, shop: Shop):
    shop.aws.ecr.repository("other").push("v1", pushed=days_ago(90))
    ecrm.config(RULES.replace('"*"', "shop/*"))
    ran = ecrm("report", "-o", "report.html")
    assert (ran.code, ran.out, ran.errors) == (0, "", [])
    assert tiles("report.html") == [
        "50 MB stored 5 images in 2 repositories",
        "<$0.01 a month, at most shared layers are billed once",
        "<$0.01 a month reclaimable (20 %) 10 MB in 1 image",
        "1 of 2 repositories have images to delete",
    ]
    (row,) = ecrm("plan", "--format", "json").json
    assert (row["expired_images"], row["expired_image_size"]) == (1, 10**7)
    assert shop.deleted == []


def test_a_report_from_a_snapshot_is_that_of_the_account(ecrm: Ecrm, shop: Shop):
    assert ecrm("snapshot", "-o", "snapshot.json").code == 0
    ecrm("report", "-o", "live.html")
    assert ecrm("report", "--from", "snapshot.json", "-o", "later.html").code == 0
    assert tiles("later.html") == tiles("live.html")


def test_plan_writes_the_report_beside_what_it_shows(ecrm: Ecrm, shop: Shop):
    plain = ecrm("plan", "--out", "plain.json")
    ran = ecrm("plan", "--report", "html=report.html", "--out", "plan.json")
    assert (ran.code, ran.out, ran.err) == (0, plain.out, plain.err)
    assert "10 MB in 1 image" in tiles("report.html")[2]
    before, after = (json.loads(Path(name).read_text()) for name in ("plain.json", "plan.json"))
    for body in (before, after):
        del body["created_at"], body["checksum"]
    assert before == after
    ecrm("plan", "--report", "html=report.html", "--all", "--out", "plan.json")
    assert len(json.loads(Path("plan.json").read_text())["repositories"][0]["kept"]) == 3


def test_an_incomplete_report_is_written_and_fails(ecrm: Ecrm, shop: Shop):
    shop.aws.fault("ecs", "ListTasks", Fault.denied(), times=FOREVER)
    ran = ecrm("report", "-o", "report.html")
    assert ran.code == 1
    assert "ecs:ListTasks" in ran.err
    assert "✕ incomplete" in Path("report.html").read_text(encoding="utf-8")


def test_a_terminal_is_not_for_html(ecrm: Ecrm, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    ran = ecrm("report")
    assert ran.code == 2
    assert "name a file with -o report.html" in ran.err


@pytest.mark.parametrize("report", ["html", "html=", "pdf=x"])
def test_a_report_needs_a_format_and_a_file(ecrm: Ecrm, report: str):
    ran = ecrm("plan", "--report", report)
    assert ran.code == 2
    assert "is not FORMAT=FILE; formats are html" in ran.err


def test_exact_sizes_count_shared_layers_once(ecrm: Ecrm, shop: Shop):
    """Each image of the shop has a layer of 4 MB that all share, and one of 6 MB."""
    ran = ecrm("report", "--exact-sizes", "-o", "report.html")
    assert (ran.code, ran.errors) == (0, [])
    shown = page(Path("report.html").read_text(encoding="utf-8"))
    stored, cost, saved, _ = (tile.text for tile in shown.one("ul", class_="tiles").all("li"))
    assert stored.endswith("4 images in 1 repository; 28 MB with shared layers once")
    assert cost.endswith("<$0.01 with shared layers once")
    assert saved.endswith("10 MB in 1 image, of which deleting frees 6.0 MB")
    opened = shown.one("tbody", id="r0")
    assert "1 of 4 images to delete; frees 6.0 MB; kept: " in opened.one("summary").text
    assert "10 MB (6.0 MB alone)" in opened.text
    assert "AWS does not document what it bills" in shown.text


def test_no_manifest_is_read_where_a_reading_would_keep_an_image(ecrm: Ecrm, shop: Shop):
    ecrm.config(RULES + "        keep_pulled_within: 1d\n")
    ran = ecrm("report", "--exact-sizes", "-o", "report.html")
    assert ran.code == 0
    assert shop.aws.calls.of("ecr", "BatchGetImage") == []
    assert "no manifest was read of 1 repository with keep_pulled_within" in ran.err
    assert "0 B to 40 MB with shared layers once" in tiles("report.html")[0]


def test_manifests_that_cannot_be_read_are_a_warning_and_make_ranges(ecrm: Ecrm, shop: Shop):
    shop.aws.fault("ecr", "BatchGetImage", Fault.denied(), times=FOREVER)
    ran = ecrm("report", "--exact-sizes", "-o", "report.html")
    assert ran.code == 0
    assert "the layers of 123456789012/us-east-1/shop/api are not known: ecr:BatchGetImage" in (
        ran.err
    )
    assert "frees 0 B to 10 MB" in tiles("report.html")[2]


def test_manifests_are_read_once_in_their_life(ecrm: Ecrm, shop: Shop, tmp_path: Path):
    for _ in range(2):
        ran = ecrm("report", "--exact-sizes", "-o", "r.html", ECRM_CACHE_DIR=tmp_path / "cache")
        assert ran.code == 0
        assert len(shop.aws.calls.of("ecr", "BatchGetImage")) == 1
    assert "28 MB with shared layers once" in tiles("r.html")[0]


def test_a_snapshot_has_no_layers(ecrm: Ecrm, shop: Shop):
    ecrm("snapshot", "-o", "snapshot.json")
    ran = ecrm("report", "--from", "snapshot.json", "--exact-sizes", "-o", "report.html")
    assert ran.code == 2
    assert "a snapshot has none" in ran.err
