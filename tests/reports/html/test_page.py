"""The page: what it says, in which order, and that nothing of AWS becomes markup."""

import re
from base64 import b64encode
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256

import pytest

from ecrm.check.values import Findings, Violation, Where
from ecrm.config import Level
from ecrm.model.decision import Decision, Reason
from ecrm.model.scan import Diagnostic, ReadStatus, SourceReport
from ecrm.planning.plan import Totals
from ecrm.reports.html import report_html, repositories
from ecrm.reports.html.markup import Markup, join, tag
from ecrm.reports.html.pictures import Point, bar, line, shade
from ecrm.reports.html.text import dollar_tick, dollars, percent, size_tick
from ecrm.reports.html.values import Forecast, Report
from tests.reports.html.pages import Element, page
from tests.reports.html.test_values import APP, GB, PRICES, planned
from tests.values import HOME, NOW, deletable, digest, image, plan_of, read, use

USED = Decision(
    image("run", "v2", size=5 * GB, pulled_at=NOW), Reason.IN_USE, uses=(use("team/web:v2"),) * 4
)
WEB = planned(
    "team/web",
    [deletable(image("x", "v1", size=5 * GB, days=200))],
    [USED, Decision(image("y", "v0", size=GB), Reason.KEEP_COUNT, "1 of 3")],
)
WILD = planned("wild", kept=[Decision(image("z", size=2 * GB), Reason.PUSHED)])
VIOLATION = Violation(
    "overdue", Level.WARNING, Where(APP.key), "much is old", "because", "run it"
)  # fmt: skip
SOURCES = (
    SourceReport(HOME, "ecs", 7, (), {}),
    SourceReport(HOME, "lambda", 0, (Diagnostic(ReadStatus.EXCLUDED, "left out"),), {}),
    read(None, "images.json", references=1),
)
REPORT = Report(
    plan_of(APP, WEB, source_reports=SOURCES, unmanaged=(WILD.key,)),
    "9.9",
    PRICES,
    unmanaged=(WILD,),
    owners={APP.key: "team", WEB.key: "team", WILD.key: "(no prefix)"},
    forecast=(
        Forecast(0, Totals(4, 14 * GB), Decimal("1.19")),
        Forecast(30, Totals(5, 20 * GB), Decimal("1.79")),
    ),
    findings=Findings((VIOLATION,), levels={"overdue": Level.WARNING}, targets=(HOME,)),
)


@pytest.fixture(scope="module")
def shown() -> Element:
    return page(report_html(REPORT))


def rows(table: Element) -> list[list[str]]:
    return [
        [cell.text for cell in row.all() if cell.name in ("th", "td")] for row in table.all("tr")
    ]


def section(shown: Element, name: str) -> Element:
    return next(part for part in shown.all("section") if part.attributes["aria-labelledby"] == name)


def test_the_parts_come_in_the_order_in_which_people_ask(shown: Element):
    assert [heading.text for heading in shown.all("h2")] == [
        "Where the bytes are",
        "Age of what is stored",
        "If nobody cleans up",
        "Owners",
        "Repositories",
        "What check found",
        "What was read",
        "How it was computed",
    ]


def test_the_header_says_where_and_when_and_that_all_was_read(shown: Element):
    header = shown.one("header").text
    assert header == (
        "Amazon ECR storage 123456789012/eu-west-1 2026-06-01 12:00 UTC ✓ complete: 3 sources read"
    )


def test_an_incomplete_report_says_so_first_with_what_was_not_read():
    failed = SourceReport(HOME, "ecs", 0, (Diagnostic(ReadStatus.DENIED, "ecs:ListTasks no"),), {})
    incomplete = replace(REPORT, plan=replace(REPORT.plan, source_reports=(failed,)), forecast=())
    shown = page(report_html(incomplete))
    assert "✕ incomplete INCOMPLETE: 1 thing could not be read" in shown.one("header").text
    assert "ecs:ListTasks no" in shown.one("header").text
    assert "If nobody cleans up" not in [heading.text for heading in shown.all("h2")]
    table = shown.one("table", class_="matrix")
    assert rows(table)[1] == ["ecs", "✕ denied ecs:ListTasks no"]


def test_the_tiles_are_the_sums(shown: Element):
    tiles = [tile.text for tile in shown.one("ul", class_="tiles").all("li")]
    assert tiles == [
        "41 GB stored 12 images in 3 repositories",
        "$3.92 a month, at most shared layers are billed once",
        "$1.19 a month reclaimable (34 %) 14 GB in 4 images",
        "2 of 3 repositories have images to delete",
    ]


def test_the_bar_says_what_becomes_of_the_bytes(shown: Element):
    words = (
        "in use 11 GB, 27 %; kept by rules 14 GB, 34 %; reclaimable 14 GB, 34 %; "
        "unmanaged 2.0 GB, 5 %"
    )
    drawn = shown.one("svg", class_="bar")
    assert drawn.attributes["aria-label"] == words
    assert [part.attributes["width"] for part in drawn.all("rect")] == [
        "268.3", "341.5", "341.5", "48.78",
    ]  # fmt: skip


def test_the_treemap_is_drawn_for_wide_and_for_narrow_screens(shown: Element):
    for kind in ("wide", "narrow"):
        drawn = shown.one("svg", class_=f"map {kind}")
        tiles = {
            tile.one("title").text: (tile.attributes["class"], tile.attributes["data-r"])
            for tile in drawn.all("rect")
        }
        assert tiles == {
            "team/app: 28 GB, of which 32 % reclaimable": ("s1", "r0"),
            "team/web: 11 GB, of which 45 % reclaimable": ("s2", "r1"),
            "wild: 2.0 GB, of which 0 % reclaimable": ("none", "r2"),
        }
        assert "team 39 GB" in drawn.text


def test_every_picture_has_its_numbers_in_a_table(shown: Element):
    ages, later = (figure.one("table") for figure in shown.all("figure"))
    assert rows(ages)[0] == ["Age", "In use", "Kept by rules", "Reclaimable", "Unmanaged"]
    assert rows(ages)[4] == ["91–180 d", "0 B", "0 B", "2.0 GB", "0 B"]
    assert rows(later)[1:] == [
        ["now", "4", "14 GB", "$1.19"],
        ["in 30 days", "5", "20 GB", "$1.79"],
    ]
    for drawn in shown.all("svg"):
        assert drawn.attributes["role"] == "img"
        assert drawn.attributes["aria-label"]


def test_owners_have_a_row_each(shown: Element):
    table = shown.one("table", class_="lean")
    assert rows(table)[1:] == [
        ["team", "2", "39 GB", "$3.72", "14 GB", "$1.19", "36 %"],
        ["(no prefix)", "1", "2.0 GB", "$0.20", "0 B", "$0", "0 %"],
    ]


def test_a_repository_opens_to_its_images_with_reasons_and_evidence(shown: Element):
    body = shown.one("tbody", id="r1")
    first, opening, *images = rows(body)
    assert first == ["team/web", "3", "11 GB", "5.0 GB", "5.0 GB", "45 %", "$1.10", "$0.50"]
    assert body.one("summary").text == (
        "1 of 3 images to delete; kept: 1 in use, 1 within keep_count; rule team/web"
    )
    assert len(opening) == 1 + 6 + 3 + 18
    assert images == [
        ["Tags", "Digest", "Size", "Pushed", "Pulled", "Why"],
        ["delete: expired (1)"],
        ["v1", digest("x")[7:19], "5.0 GB", "2025-11-13", "", ""],
        ["keep: in use (1)"],
        [
            "v2", digest("run")[7:19], "5.0 GB", "2026-03-03", "2026-06-01",
            "service prod/web (PRIMARY) and 1 more",
        ],
        ["keep: within keep_count (1)"],
        ["v0", digest("y")[7:19], "1.0 GB", "2026-03-03", "", "1 of 3"],
    ]  # fmt: skip


def test_cells_have_numbers_to_sort_by(shown: Element):
    cells = [cell.attributes.get("data-v") for cell in shown.one("tbody", id="r1").all("td")]
    assert cells[:7] == ["3", str(11 * GB), str(5 * GB), str(5 * GB), "45", "110", "50"]
    bodies = shown.one("table", class_="repositories").all("tbody")
    deletable = [body.attributes.get("data-n") for body in bodies if "id" in body.attributes]
    assert deletable == ["3", "1", None]


def test_what_check_found_is_shown_with_the_rules_that_were_looked_at(shown: Element):
    found = section(shown, "findings")
    assert "1 warning" in found.text
    assert "Rules looked at: overdue." in found.text
    assert "warning overdue 123456789012/eu-west-1/team/app much is old because Next: run it" in (
        found.text
    )


def test_the_matrix_has_sources_and_registries(shown: Element):
    assert rows(shown.one("table", class_="matrix")) == [
        ["Source", "123456789012/eu-west-1", "files and commands"],
        ["ecs", "✓ read, 7 references", ""],
        ["lambda", "– excluded left out", ""],
        ["images.json", "", "✓ read, 1 reference"],
    ]


def test_the_method_names_prices_version_and_configuration(shown: Element):
    last = list(shown.all("section"))[-1].text
    assert "eu-west-1: $0.10 for 1 GB (10^9 bytes) a month." in last
    assert "ecrm 9.9, configuration fingerprint." in last


def test_a_price_that_is_not_known_is_a_dash():
    elsewhere = plan_of(replace(APP, registry=replace(HOME, region="xx-none-1")))
    shown = page(report_html(replace(REPORT, plan=elsewhere, unmanaged=(), forecast=())))
    assert "xx-none-1: ecrm knows no price" in list(shown.all("section"))[-1].text
    assert "– a month, at most" in shown.one("ul", class_="tiles").text


def test_an_account_without_images_is_a_page():
    shown = page(report_html(Report(plan_of(planned("empty")), "1", PRICES)))
    assert "0 B stored 0 images in 1 repository" in shown.one("ul", class_="tiles").text
    assert shown.one("tbody", id="r0").text.endswith("no images")
    page(report_html(Report(plan_of(), "1", PRICES)))


NASTY = "<script>alert(1)</script>\"'><img src=x onerror=y>&amp;\x1b[31m\u202e"


def test_nothing_of_aws_becomes_markup():
    tainted = planned(
        NASTY,
        [deletable(image("x", NASTY, days=200), Reason.UNTAGGED)],
        [Decision(image("y"), Reason.KEEP_COUNT, NASTY)],
        missing=(NASTY,),
        consumers=(NASTY,),
    )
    finding = replace(VIOLATION, what=NASTY, why=NASTY, next_step=NASTY)
    notes = (Diagnostic(ReadStatus.FAILED, NASTY),)
    plan = plan_of(tainted, source_reports=(SourceReport(HOME, NASTY, 1, notes, {}),), config=NASTY)
    report = Report(
        plan, NASTY, PRICES, owners={tainted.key: NASTY}, findings=Findings((finding,))
    )  # fmt: skip
    text = report_html(report)
    shown = page(text)
    assert len(list(shown.all("script"))) == 1
    assert not list(shown.all("img"))
    assert not {key for element in shown.all() for key in element.attributes if key[:2] == "on"}
    assert text.replace("\n", "").isprintable()
    assert shown.one("tbody", id="r0").text.count("<script>alert(1)</script>") == 4


def test_the_page_may_load_nothing_and_run_its_own_script_alone():
    text = report_html(REPORT)
    shown = page(text)
    policy = next(
        str(meta.attributes["content"])
        for meta in shown.all("meta")
        if meta.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; ")
    for name in ("style", "script"):
        content = re.findall(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)[0]
        hashed = b64encode(sha256(content.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{hashed}';" in policy
    assert "unsafe" not in policy
    assert not {"src", "style", "action"} & {
        key for element in shown.all() for key in element.attributes
    }
    links = [link.attributes["href"] or "" for link in shown.all("a")]
    assert all(link.startswith("#") for link in links)


def test_of_very_many_images_only_the_largest_are_listed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(repositories, "MOST_IMAGES", 5)
    monkeypatch.setattr(repositories, "LARGEST", 3)
    shown = page(report_html(REPORT))
    assert "Of 12 images, the 3 largest are listed." in section(shown, "repositories").text
    listed = [
        row[2] for table in shown.all("table", class_="im") for row in rows(table) if len(row) == 6
    ]
    assert listed == ["Size", "6.0 GB", "7.0 GB", "Size", "5.0 GB", "Size"]


def test_a_digest_within_a_tag_is_cut_short():
    signature = f"sha256-{digest('a')[7:]}.sig"
    signed = planned("app", kept=[Decision(image("s", signature), Reason.REFERRER)])
    shown = page(report_html(Report(plan_of(signed), "1", PRICES)))
    assert f"sha256-{digest('a')[7:19]}….sig" in shown.one("tbody", id="r0").text


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (None, "–"), ("0", "$0"), ("0.004", "<$0.01"), ("0.01", "$0.01"), ("9.994", "$9.99"),
        ("10", "$10"), ("1234.5", "$1,234"),
    ],
)  # fmt: skip
def test_dollars(amount: str | None, words: str):
    assert dollars(None if amount is None else Decimal(amount)) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "0 %"), (0.001, "<1 %"), (0.544, "54 %"), (0.999, ">99 %"), (1.0, "100 %")],
)
def test_percents(share: float, words: str):
    assert percent(share) == words


def test_ticks_have_no_needless_digits():
    assert [size_tick(value) for value in (0, 1e12, 1.5e12, 5e11)] == [
        "0 B", "1 TB", "1.5 TB", "500 GB",
    ]  # fmt: skip
    assert [dollar_tick(value) for value in (0, 0.5, 2, 400)] == ["$0", "$0.50", "$2", "$400"]


def test_shades_are_fifths():
    assert [shade(share) for share in (0, 0.19, 0.2, 0.79, 0.8, 1)] == [
        "s0", "s0", "s1", "s3", "s4", "s4",
    ]  # fmt: skip


def test_labels_of_a_line_do_not_cover_each_other():
    points = [Point(day, 1, f"t{day}", f"w{day}") for day in (0, 1, 2, 50, 98, 100)]
    drawn = line(points, str, "label", "gone")
    assert re.findall(r">(w\d+)<", drawn) == ["w0", "w50", "w100"]
    assert drawn.count("<circle") == 6


def test_a_line_of_one_point_is_in_the_middle():
    drawn = line([Point(3, 5, "now", "5", is_marked=True)], str, "label", "gone")
    assert drawn.count("<circle") == drawn.count('class="mark"') == 1
    assert 'cx="283"' in drawn


def test_a_bar_of_nothing_has_no_parts():
    assert "<rect" not in bar([("used", 0, "in use 0 B")])


def test_markup_escapes_text_and_leaves_markup():
    assert tag("p", "a < b", Markup("<br>"), None, ["c", tag("i", "&")], class_="x") == (
        '<p class="x">a &lt; b<br>c<i>&amp;</i></p>'
    )
    assert tag("input", hidden=True, checked=False, value='"', id=None, data_n=1.50001) == (
        '<input hidden value="&quot;" data-n="1.5">'
    )
    assert join("a\x00b") == "a\\x00b"
