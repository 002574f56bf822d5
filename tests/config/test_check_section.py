"""The `check` section: a map of maps, each with a level and its limits."""

from datetime import timedelta
from decimal import Decimal
from textwrap import indent

import pytest

from ecrm.config import Checks, Config, Level
from ecrm.config.check import Budget, Overdue, Plain
from ecrm.errors import ConfigError
from ecrm.workflow.configuration import parse

RULE = "repositories: [{name: a, expires: 30d}]\n"


def read(check: str = "") -> Config:
    return parse(RULE + (f"check:\n{indent(check, '  ')}\n" if check else ""), "ecrm.yaml")


def test_without_the_section_the_defaults_count():
    assert read().check == Checks()
    assert read("missing_image:\noverdue: {}\n").check == Checks()
    assert parse(RULE + "check:\n", "ecrm.yaml").check == Checks()


def test_every_rule_has_a_level_and_its_limits():
    checks = read("""\
        missing_image: {level: warning}
        overdue: {level: error, max_images: 100, max_bytes: 3GB, longer_than: 14d}
        budget: {max_total_bytes: 1TB, max_monthly_cost: 12.50, price: 0.11}
    """).check
    assert checks.missing_image == Plain(Level.WARNING)
    assert checks.pending_deletion == Plain(Level.ERROR)
    assert checks.overdue == Overdue(
        Level.ERROR, max_images=100, max_bytes=3_000_000_000, longer_than=timedelta(days=14)
    )
    assert checks.budget == Budget(
        max_total_bytes=10**12, max_monthly_cost=Decimal("12.50"), price=Decimal("0.11")
    )


def test_off_is_a_level_although_yaml_takes_it_for_false():
    assert read("missing_image: {level: off}").check.level("missing_image") is Level.OFF
    assert read("missing_image: {level: 'off'}").check.level("missing_image") is Level.OFF


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (
            "missing_imag: {}",
            ":3: check: unknown key 'missing_imag'; did you mean 'missing_image'?",
        ),
        (
            "missing_image: error",
            ":3: check.missing_image: is the text 'error' here, not a map; its keys are level",
        ),
        (
            "missing_image: {level: no}",
            ":3: check.missing_image.level: 'no' is not a level; write off, warning or error",
        ),
        (
            "missing_image: {level: 1}",
            ":3: check.missing_image.level: is the number 1 here, not off, warning or error",
        ),
        (
            "overdue:\n  max_image: 3",
            ":4: check.overdue: unknown key 'max_image'; did you mean 'max_images'?",
        ),
        (
            "budget: {price: -1}",
            ":3: check.budget.price: -1 is not an amount in dollars; expected, for example, 12.50",
        ),
        (
            "budget: {price: ten}",
            ":3: check.budget.price: is the text 'ten' here, not an amount",
        ),
    ],
)
def test_a_mistake_is_reported_with_its_line_and_key(check: str, message: str):
    with pytest.raises(ConfigError) as error:
        read(check)
    assert str(error.value) == f"ecrm.yaml{message}"


def test_what_check_asks_for_does_not_make_a_plan_another_one():
    assert read("missing_image: {level: off}").fingerprint == read().fingerprint


def test_the_locations_of_sections_and_entries_are_known():
    text = (
        "repositories:\n  - name: a\n    expires: 1d\n\n  - name: b\n    expires: 1d\nguards: {}\n"
    )
    places = parse(text, "ecrm.yaml").locations
    assert {path: place.line for path, place in places.items()} == {
        "repositories": 1,
        "repositories[0]": 2,
        "repositories[1]": 5,
        "guards": 7,
    }
