"""A plan at a terminal: whole outputs at three widths, and what the numbers mean.

The outputs of the large plan are stored beside this file; `python -m tests.reports.test_overview`
writes them.
"""

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import click
import pytest

from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Status
from ecrm.model.pattern import NamePattern
from ecrm.model.pricing import Price, Prices, RegionPrice
from ecrm.model.reference import Registry, RepositoryKey
from ecrm.model.rule import Action
from ecrm.planning.plan import Plan, Totals
from ecrm.reports.columns import Cell, Column, grid, shortened, wrapped
from ecrm.reports.costs import saved_by, unpriced
from ecrm.reports.images import images_text
from ecrm.reports.overview import plan_text
from ecrm.reports.ranking import SORTS, View, percent
from tests.reports.large import cut_short, large_plan
from tests.values import deletable, image, index, plan_of, repository_plan

EXPECTED = Path(__file__).parent / "expected"
WIDTHS = (80, 120, 200)
GB = 10**9
CYAN, YELLOW, RED, PLAIN = "\x1b[36m", "\x1b[33m", "\x1b[31m", "\x1b[0m"
CHINA = Registry("123456789012", "cn-north-1")


def text(plan: Plan, **view: object) -> str:
    return click.unstyle(plan_text(plan, View(**view)))  # type: ignore[arg-type]


def outputs(width: int) -> dict[str, str]:
    return {
        f"plan-{width}.txt": text(large_plan(), width=width),
        f"incomplete-{width}.txt": text(cut_short(large_plan()), width=width, top=3),
        f"images-{width}.txt": click.unstyle(images_text(few(large_plan()), width)),
    }


def few(plan: Plan) -> Plan:
    """The largest and three others."""
    return replace(plan, repositories=plan.repositories[7:11])


@pytest.mark.parametrize("width", WIDTHS)
def test_the_plan_of_500_repositories_is_what_is_stored(width):
    for name, shown in outputs(width).items():
        assert shown == (EXPECTED / name).read_text().removesuffix("\n"), name


@pytest.mark.parametrize("width", [60, *WIDTHS])
def test_nothing_is_wider_than_the_terminal_and_no_word_is_broken(width):
    whole = set(text(large_plan(), width=1000).split())
    for shown in outputs(width).values():
        assert max(map(len, shown.splitlines())) <= width
    words = set(text(large_plan(), width=width).split())
    assert {word for word in words - whole if "…" not in word} == set()


def shop() -> Plan:
    """Of one repository all images can be deleted, of one some, of one none."""
    kept = [
        Decision(image("used", "v9", size=5 * GB), Reason.IN_USE),
        Decision(image("new", "v8", size=3 * GB), Reason.PUSHED),
    ]
    return plan_of(
        repository_plan("shop/old", [deletable(image("a", "v1", size=GB))]),
        repository_plan("shop/api", [deletable(image("b", "v2", size=2 * GB))], kept=kept),
        repository_plan("shop/new", kept=kept[1:]),
        unmanaged=(RepositoryKey(Registry("123456789012", "us-east-1"), "legacy"),),
    )


def test_the_answer_comes_first_then_the_largest_repository():
    assert (
        text(shop())
        == """\
Complete plan of 123456789012/us-east-1

               IMAGES    SIZE     %  $/MONTH
  stored            5   14 GB  100%     1.40  ████████████████████
  in use            1  5.0 GB   36%     0.50  ███████
  kept              2  6.0 GB   43%     0.60  █████████
  reclaimable       2  3.0 GB   21%     0.30  ████

Costs are at most these: ECR bills shared layers once. Prices are of 2026-09-11.
Not counted: 1 repository that no rule matches: legacy.

REPOSITORY                IMAGES  STORED  DELETE  RECLAIMABLE     %  $/MONTH
shop/api                       3   10 GB       1       2.0 GB   20%     0.20
shop/old                       1  1.0 GB       1       1.0 GB  100%     0.10
1 with nothing to delete       1  3.0 GB       -            -     -        -
total                          5   14 GB       2       3.0 GB   21%     0.30

Kept images:
  1  in use
  2  pushed within expires"""
    )


def test_colors_mean_something():
    """What can be reclaimed; what would empty a repository; what could not be read."""
    shown = plan_text(shop())
    assert f"{CYAN}2.0 GB{PLAIN}" in shown
    assert f"{YELLOW}1.0 GB{PLAIN}" in shown
    assert RED not in shown
    verdict = "INCOMPLETE: 2 things could not be read, so this plan cannot be carried out."
    shown = plan_text(cut_short(large_plan()))
    assert shown.startswith(f"{RED}{verdict}{PLAIN}\n\nPlan of 123456789012/us-east-1, by what")
    assert shown.endswith(f"{RED}{verdict}{PLAIN}")
    assert f"{RED}Could not be read:{PLAIN}" in shown


def test_a_plan_of_nothing_shows_no_table():
    assert "REPOSITORY" not in text(plan_of())
    assert "total" not in text(plan_of(repository_plan("one")))


# -- which repositories are shown


def sizes(*reclaimable: int) -> Plan:
    return plan_of(
        *[
            repository_plan(f"r{place:02}", [deletable(image(place, size=size))])
            for place, size in enumerate(reclaimable)
        ]
    )


def names(plan: Plan, **view: object) -> list[str]:
    body = text(plan, **view).partition("REPOSITORY")[2].partition("\n\n")[0]
    return [line.split("  ")[0] for line in body.splitlines()[1:]]


@pytest.mark.parametrize(
    ("reclaimable", "shown"),
    [
        ([1] * 11, 11),  # the one that is left needs no more place than its sum
        ([1] * 12, 12),
        ([10_000, *[1] * 11], 10),
        ([80, *[1] * 20], 21),
        ([81, *[1] * 20], 10),  # less than a hundredth each
        ([1] * 22, 20),
    ],
)
def test_as_many_are_shown_as_are_worth_a_line(reclaimable, shown):
    rows = [name for name in names(sizes(*reclaimable)) if re.fullmatch(r"r\d\d", name)]
    assert len(rows) == shown


def test_top_shows_that_many_and_sums_up_the_others():
    plan = sizes(5, 4, 3, 2)
    assert names(plan, top=2) == ["r00", "r01", "2 more (--all)", "total"]
    assert names(plan, top=3) == ["r00", "r01", "r02", "r03", "total"]
    assert names(plan, top=0) == ["r00", "r01", "r02", "r03", "total"]
    assert re.search(r"^2 more.* 2 +5 B +0 B +2 +5 B +100% +0.00$", text(plan, top=2), re.MULTILINE)
    assert names(shop(), top=0) == ["shop/api", "shop/old", "shop/new", "total"]


def test_of_equal_sizes_more_images_come_first_and_an_unknown_price_costs_nothing():
    plan = plan_of(
        repository_plan("a", [deletable(image("a", size=2))]),
        repository_plan("b", [deletable(image("b", size=1)), deletable(image("c", size=1))]),
        repository_plan("c", [deletable(image("d", size=9 * GB))], registry=CHINA),
    )
    region, elsewhere = "123456789012/us-east-1", "123456789012/cn-north-1"
    assert names(plan)[:3] == [f"{elsewhere}/c", f"{region}/b", f"{region}/a"]
    assert names(plan, sort="cost")[-2] == f"{elsewhere}/c"


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(0, 0, "0%"), (0, 9, "0%"), (1, 999, "1%"), (998, 999, "99%"), (9, 9, "100%"), (1, 3, "33%")],
)
def test_only_nothing_is_0_percent_and_only_all_of_it_100(part, whole, shown):
    assert percent(part, whole) == shown


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("reclaimable", ["large", "many", "stored"]),
        ("stored", ["stored", "large", "many"]),
        ("images", ["many", "large", "stored"]),
        ("cost", ["large", "many", "stored"]),
        ("name", ["large", "many", "stored"]),
    ],
)
def test_sort_says_what_comes_first(sort, first):
    kept = [Decision(image("k", size=9 * GB), Reason.PUSHED)]
    plan = plan_of(
        repository_plan("stored", [deletable(image("a", size=1))], kept=kept),
        repository_plan("many", [deletable(image(f"b{place}", size=2)) for place in range(3)]),
        repository_plan("large", [deletable(image("c", size=8 * GB))]),
    )
    assert names(plan, sort=sort)[:3] == first
    assert set(SORTS) == {"reclaimable", "stored", "images", "cost", "name"}


# -- what it costs


def entry(standard: str, archive: str | None = None) -> Prices:
    pattern = NamePattern("*", is_glob=True)
    return Prices((RegionPrice(pattern, Decimal(standard), archive and Decimal(archive)),))  # type: ignore[arg-type]


def test_where_no_price_is_known_no_cost_is_shown():
    plan = plan_of(
        repository_plan("app", [deletable(image("a", size=GB))], registry=CHINA),
        repository_plan("web", [deletable(image("b", size=GB))]),
    )
    shown = text(plan)
    assert re.search(r"^  stored +2 +2.0 GB +100% +\?  █", shown, re.MULTILINE)
    assert re.search(r"^123456789012/cn-north-1/app .* 100% +\?$", shown, re.MULTILINE)
    assert re.search(r"^123456789012/us-east-1/web .* 100% +0.10$", shown, re.MULTILINE)
    assert "No price of cn-north-1 is known; name it under `pricing` in ecrm.yaml." in shown
    assert "Costs are at most" in shown
    only = replace(plan, repositories=plan.repositories[:1], targets=(CHINA,))
    assert "Costs are at most" not in text(only)
    assert "No price" not in text(plan, prices=entry("1"))


def test_archiving_saves_only_what_the_archive_costs_less():
    archive = deletable(image("a", size=10 * GB))._replace(action=Action.ARCHIVE)
    plan = plan_of(repository_plan("app", [archive]))
    for prices, saved in ((Prices(), "0.00"), (entry("0.10", "0.04"), "0.60")):
        shown = text(plan, prices=prices)
        assert re.search(r"^  stored .* 1.00  █", shown, re.MULTILINE)
        assert re.search(rf"^app .* {saved}$", shown, re.MULTILINE)
    assert "ECR charges archived images for at least 90 days." in text(plan)
    assert " ARCHIVE  RECLAIMABLE" in text(plan)


def test_what_is_archived_costs_what_the_archive_costs():
    old = image("a", size=10 * GB, status=Status.ARCHIVED)
    where = repository_plan("app", [deletable(old)], archived=Totals(1, 10 * GB))
    shown = text(plan_of(where), prices=entry("0.10", "0.04"))
    assert re.search(r"^  stored .* 0.40  █", shown, re.MULTILINE)
    assert re.search(r"^app .* 100% +0.40$", shown, re.MULTILINE)


def test_what_a_deletion_saves_depends_on_where_the_image_is():
    price = Price(Decimal("0.10"), archive=Decimal("0.04"))
    active, archived = (
        deletable(image("a", size=GB, status=status)) for status in (Status.ACTIVE, Status.ARCHIVED)
    )
    assert saved_by(active, price) == Decimal("0.10")
    assert saved_by(archived, price) == Decimal("0.04")
    assert saved_by(active._replace(action=Action.ARCHIVE), price) == Decimal("0.06")


def test_regions_without_a_price_are_named_once_and_in_order():
    regions = ("cn-north-1", "us-east-1", "cn-east-1", "cn-north-1", "cn-west-1", "cn-south-1")
    plan = plan_of(targets=tuple(Registry("123456789012", region) for region in regions))
    assert unpriced(plan, Prices()) == ["cn-east-1", "cn-north-1", "cn-south-1", "cn-west-1"]


def test_a_plan_that_archives_and_deletes_removes():
    first, second = deletable(image("a")), deletable(index("b"))
    plan = plan_of(repository_plan("app", [first._replace(action=Action.ARCHIVE), second]))
    assert " REMOVE  RECLAIMABLE" in text(plan)


# -- lines below the table


def test_long_lists_are_cut_and_say_so():
    plan = plan_of(repository_plan("app", missing=tuple(f":v{place}" for place in range(30))))
    assert text(plan).count("is in use but missing") == 10
    assert text(plan).endswith("\n  20 more (--all)")
    assert text(plan, top=0).count("is in use but missing") == 30
    plan = plan_of(repository_plan("app", missing=tuple(f":v{place}" for place in range(11))))
    assert text(plan).count("is in use but missing") == 11
    assert "12 repositories that no rule matches: legacy/0, legacy/1, legacy/2, legacy/3, " in text(
        large_plan(), width=200
    )


# -- columns


def test_columns_are_left_out_before_names_get_short():
    columns = (Column("NAME"), Column("A", optional=True), Column("B"), Column("C", optional=True))
    row = [Cell("n" * 30), *(Cell("9" * 9),) * 3]
    assert [len(line.split()) for line in grid(columns, [row], 63)] == [4, 4]
    assert list(grid(columns, [row], 57)) == [
        f"{'NAME':24}" + f"{'A':>11}{'B':>11}{'C':>11}",
        f"{'n' * 12}…{'n' * 11}  {'9' * 9}  {'9' * 9}  {'9' * 9}",
    ]
    assert [line.split()[1:] for line in grid(columns, [row], 56)] == [["A", "B"], ["9" * 9] * 2]
    assert [line.split()[1:] for line in grid(columns, [row], 45)] == [["B"], ["9" * 9]]
    assert list(grid(columns, [row], 5)) == ["NAME              B", "nnnn…nnn  999999999"]


def test_names_are_shortened_in_the_middle():
    assert shortened("search/gateway-0", 16) == "search/gateway-0"
    assert shortened("search/gateway-0", 10) == "searc…ay-0"
    assert shortened("search/gateway-0", 9) == "sear…ay-0"


def test_what_others_named_is_printable():
    [_, line] = grid((Column("NAME"),), [[Cell("a\x1b[31m\n")]], 80)
    assert line == r"a\x1b[31m\n"
    assert wrapped("a\x1b[31mb c", 5, "  ", "  ") == "  a\\x1b[31mb\n    c"
    assert wrapped("looks like ::error::x", 12) == "looks like\n\\x3a:error::x"


if __name__ == "__main__":
    EXPECTED.mkdir(exist_ok=True)
    for columns in WIDTHS:
        for name, shown in outputs(columns).items():
            (EXPECTED / name).write_text(f"{shown}\n")
