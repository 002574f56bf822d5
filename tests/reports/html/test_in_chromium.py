"""The page in a real browser: on a large and a small screen, by day, by night and on paper."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ecrm.model.decision import Decision, Reason
from ecrm.reports.html import report_html
from ecrm.reports.html.values import Report
from ecrm.reports.plans import plan_json
from tests.reports.html.chromium import ENTER, TAB, Browser, axe, browser
from tests.reports.html.test_page import REPORT
from tests.reports.html.test_values import PRICES, planned
from tests.values import deletable, image, plan_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shared() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture
def chromium(shared: Browser, tmp_path: Path) -> Browser:
    """The page of REPORT, on a large screen by day."""
    path = tmp_path / "report.html"
    path.write_text(report_html(REPORT), encoding="utf-8")
    screen(shared, 1200)
    shared.command("Emulation.setScriptExecutionDisabled", value=False)
    shared.command("Emulation.setEmulatedMedia", features=[])
    shared.log("browser"), shared.log("performance")
    shared.open(path)
    return shared


def screen(chromium: Browser, width: int) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    chromium.command("Emulation.setDeviceMetricsOverride", **size)


def light(chromium: Browser, scheme: str) -> None:
    feature = {"name": "prefers-color-scheme", "value": scheme}
    chromium.command("Emulation.setEmulatedMedia", features=[feature])


def beyond_the_screen(chromium: Browser) -> object:
    """Pixels; a bar to scroll with takes some of a large screen."""
    page = "document.documentElement"
    return chromium.script(f"return {page}.scrollWidth - {page}.clientWidth")


def names(chromium: Browser) -> list[str]:
    return chromium.texts(".repositories > tbody > tr > th")


def focus(chromium: Browser, selector: str) -> None:
    chromium.script(f"document.querySelector({json.dumps(selector)}).focus()")


def test_nothing_is_logged_and_nothing_is_requested(chromium: Browser):
    assert chromium.log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in chromium.log("performance")]
    requested = [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
    assert len(requested) == 1
    assert requested[0].startswith("file:///")


def test_the_page_may_not_run_what_was_put_into_it(chromium: Browser):
    chromium.script(
        "const s = document.createElement('script'); s.text = 'window.ran = 1';"
        "document.body.append(s); document.body.insertAdjacentHTML('beforeend',"
        "'<img src=http://127.0.0.1:9/x onerror=\"window.ran = 2\">')"
    )
    assert chromium.script("return window.ran ?? null") is None
    assert "Content Security Policy" in str(chromium.log("browser"))


def test_the_tiles_say_what_the_plan_says(chromium: Browser):
    rows = json.loads(plan_json(REPORT.plan))
    deletable = sum(row["expired_images"] for row in rows)
    size = sum(row["expired_image_size"] for row in rows)
    (tile,) = chromium.texts(".tile.saved")
    assert f"{size // 10**9} GB in {deletable} images" in tile


def test_repositories_are_sorted_by_keyboard(chromium: Browser):
    assert names(chromium) == ["team/app", "team/web", "wild"]
    focus(chromium, "#only")
    chromium.press(TAB)
    heads = ".repositories > thead th"
    for direction, expected in (
        ("ascending", ["team/app", "team/web", "wild"]),
        ("descending", ["wild", "team/web", "team/app"]),
    ):
        chromium.press(ENTER)
        assert names(chromium) == expected
        sorted_by = chromium.script(
            f"return document.querySelector('{heads}').getAttribute('aria-sort')"
        )
        assert sorted_by == direction
    chromium.press(TAB)
    chromium.press(ENTER)
    assert names(chromium) == ["team/app", "team/web", "wild"]  # by images, most first
    chromium.press(ENTER)
    assert names(chromium) == ["wild", "team/web", "team/app"]


def test_repositories_are_filtered_by_keyboard(chromium: Browser):
    focus(chromium, "#filter")
    chromium.press("TEAM/w")
    assert names(chromium) == ["team/web"]
    assert chromium.texts("#shown") == ["1 of 3 repositories"]
    chromium.press("xyz")
    assert names(chromium) == []


def test_repositories_with_nothing_to_delete_can_be_left_out(chromium: Browser):
    focus(chromium, "#only")
    chromium.press(" ")
    assert names(chromium) == ["team/app", "team/web"]


@pytest.mark.parametrize("runs_scripts", [True, False])
def test_a_repository_opens_by_keyboard(chromium: Browser, runs_scripts: bool):
    chromium.command("Emulation.setScriptExecutionDisabled", value=not runs_scripts)
    chromium.command("Page.reload")
    assert chromium.texts("#r1 .im") == []
    focus(chromium, "#r1 summary")
    chromium.press(ENTER)
    (images,) = chromium.texts("#r1 .im")
    assert "service prod/web (PRIMARY)" in images


def test_without_scripts_all_is_there_and_nothing_that_would_do_nothing(chromium: Browser):
    chromium.command("Emulation.setScriptExecutionDisabled", value=True)
    chromium.command("Page.reload")
    assert names(chromium) == ["team/app", "team/web", "wild"]
    assert chromium.texts("button, input") == []


def test_a_part_of_the_treemap_opens_its_repository(chromium: Browser):
    chromium.script(
        "document.querySelector('.map.wide rect[data-r=r1]')"
        ".dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    assert chromium.texts("#r1 .im") != []
    assert chromium.script("return location.hash") == "#r1"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_nothing_is_wider_than_the_screen(chromium: Browser, scheme: str, width: int):
    screen(chromium, width)
    light(chromium, scheme)
    chromium.script("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert beyond_the_screen(chromium) == 0
    assert len(chromium.screenshot()) > 20_000
    shown = chromium.texts(".map")
    assert len(shown) == 1
    color = chromium.script("return getComputedStyle(document.body).backgroundColor")
    assert color == ("rgb(246, 247, 248)" if scheme == "light" else "rgb(15, 20, 24)")


def test_long_names_are_not_wider_than_a_phone(shared: Browser, tmp_path: Path):
    long = "a" * 250
    made = planned(
        long, [deletable(image("x", "t" * 300))], [Decision(image("y"), Reason.KEEP_COUNT, long)]
    )
    plan = plan_of(made, source_reports=REPORT.plan.source_reports)
    path = tmp_path / "long.html"
    findings = REPORT.findings
    report = Report(plan, "1", PRICES, owners={made.key: long}, findings=findings)
    path.write_text(report_html(report), encoding="utf-8")
    screen(shared, 390)
    shared.command("Emulation.setScriptExecutionDisabled", value=False)
    shared.open(path)
    shared.script("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert beyond_the_screen(shared) == 0


def test_it_prints_by_day_on_a4(chromium: Browser):
    light(chromium, "dark")
    chromium.command("Emulation.setEmulatedMedia", media="print")
    ink = chromium.script("return getComputedStyle(document.body).color")
    assert ink == "rgb(23, 33, 43)"
    assert chromium.texts("form, .numbers") == []
    pdf = chromium.printed()
    assert pdf.startswith(b"%PDF-")
    assert len(pdf) > 20_000
    chromium.command("Emulation.setEmulatedMedia", media="")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_axe_finds_nothing(chromium: Browser, scheme: str, width: int):
    source = axe()
    screen(chromium, width)
    light(chromium, scheme)
    chromium.script("document.querySelectorAll('details').forEach(one => one.open = true)")
    chromium.script(source)
    found = chromium.promise("axe.run()")
    assert isinstance(found, dict), found
    violations = {
        one["id"]: [node["html"][:200] + node["failureSummary"] for node in one["nodes"][:3]]
        for one in found["violations"]
    }
    assert violations == {}


def test_a_large_page_works(shared: Browser, tmp_path: Path):
    """500 repositories with 50 images each."""
    plans = [
        replace(
            planned(f"team-{number % 9}/service-{number}"),
            kept=tuple(
                Decision(image(f"{number}.{one}", f"v{one}"), Reason.KEEP_COUNT, "1 of 3")
                for one in range(50)
            ),
        )
        for number in range(500)
    ]
    owners = {one.key: one.repository.split("/")[0] for one in plans}
    text = report_html(Report(plan_of(*plans), "1", PRICES, owners=owners))
    assert len(text.encode()) < 3 * 10**6
    path = tmp_path / "large.html"
    path.write_text(text, encoding="utf-8")
    shared.command("Emulation.setScriptExecutionDisabled", value=False)
    screen(shared, 1200)
    shared.open(path)
    focus(shared, "#filter")
    shared.press("service-49")
    assert len(names(shared)) == 11
