"""The rules `overdue` and `budget`: how much is deletable, and how much is stored."""

import pytest

from ecrm.check import check
from ecrm.errors import AwsError
from ecrm.model.image import Image
from ecrm.model.scan import ReadStatus
from tests.check.inputs import (
    config,
    inputs_of,
    repositories,
    source_reports,
    violations,
    whats,
)
from tests.values import HOME, RepositoryIndex, Shelf, image, use

GB = 10**9


def old(number: int, *, days: float = 40, size: int = 10) -> list[Image]:
    return [image(f"image {place}", f"v{place}", days=days, size=size) for place in range(number)]


# -- overdue --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ("max_images: 3", []),
        ("max_images: 2", ["3 images are deletable, and max_images is 2"]),
        ("max_bytes: 30", []),
        ("max_bytes: 29", ["30 B are deletable, and max_bytes is 29 B"]),
        ("max_total_images: 3", []),
        ("max_total_images: 2", ["in all, 3 images are deletable, and max_total_images is 2"]),
        ("max_total_bytes: 30", []),
        ("max_total_bytes: 29", ["in all, 30 B are deletable, and max_total_bytes is 29 B"]),
    ],
)
def test_more_than_the_limit_is_overdue_and_the_limit_is_not(limits: str, expected: list[str]):
    settings = config(f"overdue: {{{limits}}}")
    assert whats("overdue", inputs_of(repositories(app=old(3)), settings=settings)) == expected


def test_a_limit_of_each_repository_is_not_one_of_all():
    rules = "repositories: [{name_pattern: '*', expires: 30d}]\n"
    settings = config("overdue: {max_images: 1}", rules)
    inventory = repositories(one=[image("a", days=40)], two=[image("b", days=40)])
    assert not whats("overdue", inputs_of(inventory, settings=settings))


def test_where_and_what_to_do_are_reported():
    settings = config("overdue: {level: error, max_images: 0, max_total_images: 0}")
    one, total = violations("overdue", inputs_of(repositories(app=old(1)), settings=settings))
    assert str(one.where) == f"{HOME}/app"
    assert one.next_step == "run `ecrm delete`; `ecrm plan --images -r app` lists the images"
    assert one.what == "1 image is deletable, and max_images is 0"
    assert str(total.where) == "check.overdue.max_total_images"


def test_what_has_been_deletable_for_long_is_overdue():
    settings = config("overdue: {longer_than: 14d}")
    inventory = repositories(app=[*old(2, days=45), image("young", "young", days=43)])
    (violation,) = violations("overdue", inputs_of(inventory, settings=settings))
    assert violation.what == "2 images (20 B) could have been deleted more than 14 days ago"
    assert violation.why.startswith("by the rule app; the oldest was pushed 2026-04-17; ")


def test_what_a_later_push_has_driven_out_of_keep_count_is_not_overdue():
    """It was one of the two newest until yesterday."""
    rules = "repositories: [{name: app, expires: 5d, keep_count: 2}]\n"
    settings = config("overdue: {longer_than: 14d}", rules)
    images = [image(f"i{days}", f"v{days}", days=days) for days in (90, 80, 6)]
    assert not whats("overdue", inputs_of(repositories(app=images), settings=settings))
    late = [*images, image("i70", "v70", days=70)]
    found = whats("overdue", inputs_of(repositories(app=late), settings=settings))
    assert found == ["1 image (10 B) could have been deleted more than 14 days ago"]


def test_where_a_source_could_not_be_read_nothing_is_known_to_be_deletable():
    """What it would have found in use may be among what seems overdue."""
    limits = "{max_images: 0, max_total_images: 0, longer_than: 1d}"
    settings = config(f"overdue: {limits}, budget: {{max_bytes: 1, max_total_bytes: 1}}")
    inventory, unread = repositories(app=old(3)), source_reports(ReadStatus.DENIED)
    assert len(whats("overdue", inputs_of(inventory, settings=settings))) == 3
    found = inputs_of(inventory, settings=settings, read=unread)
    assert not whats("overdue", found)
    assert [violation.next_step for violation in violations("budget", found)] == [
        "expire images sooner, or raise the limit"
    ] * 2


def test_what_is_in_use_is_not_overdue():
    settings = config("overdue: {longer_than: 1d}")
    inventory = repositories(app=old(1))
    assert not whats("overdue", inputs_of(inventory, use("app:v0"), settings=settings))


def test_a_repository_without_a_rule_is_never_overdue():
    settings = config("overdue: {max_images: 0, max_total_images: 0, longer_than: 0s}")
    assert not whats("overdue", inputs_of(repositories(other=old(3)), settings=settings))


def test_with_one_repository_the_limits_of_all_are_not_asked_about():
    settings = config(
        "overdue: {max_total_images: 0}, budget: {max_total_bytes: 0, max_total_monthly_cost: 0}"
    )
    found = inputs_of(repositories(app=old(2, days=31)), settings=settings, only="app")
    assert not whats("overdue", found)
    assert not whats("budget", found)


@pytest.mark.parametrize("rule", ["overdue", "budget"])
def test_a_repository_that_cannot_be_read_is_not_counted_and_no_clean_result(rule: str):
    settings = config("overdue: {max_images: 0}, budget: {max_bytes: 0}")
    inventory = Shelf({HOME: {"app": RepositoryIndex(AwsError("ecr:DescribeImages: denied"), {})}})
    found = check(inputs_of(inventory, settings=settings))
    assert not [violation for violation in found.violations if violation.rule == rule]
    assert [gap.text for gap in found.unread] == ["app: ecr:DescribeImages: denied"]


# -- budget ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ("max_bytes: 30GB", []),
        ("max_bytes: 29GB", ["30 GB are stored, and max_bytes is 29 GB"]),
        ("max_total_bytes: 29GB", ["in all, 30 GB are stored, and max_total_bytes is 29 GB"]),
        ("max_monthly_cost: 3", []),
        (
            "max_monthly_cost: 2.99",
            ["storage costs up to $3.00 a month, and max_monthly_cost is $2.99"],
        ),
        (
            "max_total_monthly_cost: 3, price: 0.11",
            ["in all, storage costs up to $3.30 a month, and max_total_monthly_cost is $3.00"],
        ),
    ],
)
def test_more_than_the_budget_is_reported_and_the_budget_is_not(limits: str, expected: list[str]):
    inventory = repositories(app=old(3, size=10 * GB, days=1))
    settings = config(f"budget: {{{limits}}}")
    assert whats("budget", inputs_of(inventory, settings=settings)) == expected


def test_a_repository_without_a_rule_costs_as_well():
    inventory = repositories(other=old(3, size=10 * GB))
    (violation,) = violations(
        "budget", inputs_of(inventory, settings=config("budget: {max_monthly_cost: 1}"))
    )
    assert str(violation.where) == f"{HOME}/other"


def test_how_much_can_be_deleted_and_the_price_are_reported():
    inventory = repositories(app=old(3, size=10 * GB))
    (violation,) = violations(
        "budget", inputs_of(inventory, settings=config("budget: {max_bytes: 1GB}"))
    )
    assert violation.why == "the sizes of all images as ECR reports them, at $0.10 per GB a month"
    assert violation.next_step.startswith("3 images (30 GB) of it can be deleted now; ")


def test_without_limits_there_is_no_budget():
    assert not whats("budget", inputs_of(repositories(app=old(3, size=10**15))))
