"""The checklist of an image that can be deleted: each number that a reason was compared with."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ecrm.config import Guards
from ecrm.model.decision import Decision
from ecrm.model.pattern import NamePattern
from ecrm.model.rule import Rule
from ecrm.model.scan import Diagnostic, ReadStatus, SourceReport
from ecrm.planning.checklist import checklist, ordinal
from ecrm.planning.plan import Plan
from tests.values import HOME, NOW, PARTNER, Shelf, image, index, planned, shelf

DAY = timedelta(days=1)
RULE = Rule(NamePattern("*", is_glob=True), 30 * DAY, keep_count=2)
NO_GUARDS = Guards(min_age=timedelta(0))


def answers(
    inventory: Shelf, tag: str, rule: Rule = RULE, guards: Guards = NO_GUARDS, **more: Any
) -> dict[str, str]:
    """Of the image with this tag, or without any."""
    made: Plan = planned(inventory, rules=[rule], keep_all=True, **more)
    (where,) = made.repositories

    def is_meant(decision: Decision) -> bool:
        return tag in decision.image.tags if tag else not decision.image.tags

    decision = next(filter(is_meant, (*where.deletions, *where.kept)))
    return dict(checklist(made, where, decision, rule, guards))


VERSIONS = [image(f"{number}", f"v{number}", days=100 - number) for number in range(20)]


def test_every_check_of_an_expired_image_in_their_order():
    rule = replace(RULE, keep_pulled_within=7 * DAY, keep_tag_patterns=("latest", "release-*"))
    old = image("old", "old", "older", days=351, pulled_at=NOW - 100 * DAY)
    assert list(answers(shelf(*VERSIONS, old), "old", rule, Guards()).items()) == [
        ("in use", "no, by what was read at 2026-06-01 12:00 UTC: nothing"),
        ("keep_tag_patterns", "none of old, older matches: latest release-*"),
        ("expires", "pushed 351 days ago, limit 30 days"),
        ("keep_pulled_within", "last pulled 100 days ago, limit 7 days"),
        ("min_age", "351 days old, limit 24 hours"),
        ("keep_count", "21st of 2, newest first, without those kept otherwise"),
        ("by age alone", "it could be deleted since 2026-02-28"),
        ("guards", "nothing_in_use would stop `delete`"),
    ]


def test_by_age_it_is_the_last_of_the_limits_that_counts():
    assert answers(shelf(image("a", days=40)), "")["by age alone"].endswith(" 2026-05-22")
    long = replace(RULE, expires=DAY)
    guards = Guards(min_age=10 * DAY)
    assert answers(shelf(image("a", days=40)), "", long, guards)["by age alone"].endswith(
        " 2026-05-02"
    )


def test_an_image_that_was_restored_is_as_old_as_that():
    restored = image("a", days=100)._replace(activated_at=NOW - 50 * DAY)
    found = answers(shelf(restored), "")
    assert found["expires"] == "restored 50 days ago, limit 30 days"
    assert found["min_age"] == "50 days old, limit 0 seconds"
    assert found["by age alone"].endswith(" 2026-05-12")


@pytest.mark.parametrize(("tag", "place"), [("v17", "3rd"), ("v16", "4th"), ("v0", "20th")])
def test_the_place_counts_those_that_take_the_same_slots(tag: str, place: str):
    others = (
        image("latest", "latest", days=90),
        image("none", days=40),
        index("index", "multi", days=50),
    )
    assert answers(shelf(*others, *VERSIONS), tag)["keep_count"].startswith(f"{place} of 2, ")


def test_without_a_tag_no_slot_is_taken_and_none_matches():
    found = answers(shelf(image("a", days=40)), "", replace(RULE, keep_tag_patterns=()))
    assert found["keep_tag_patterns"] == "it has none to match: none"
    assert found["keep_count"] == "only images with a tag count"
    assert found["keep_pulled_within"] == "not set; never pulled"


def test_sources_that_were_read_are_named_if_they_name_images_and_else_counted():
    reports = (
        SourceReport(HOME, "ecs", 12, names={}),
        SourceReport(None, "file a.json", 1),
        SourceReport(HOME, "batch", names={}),
        SourceReport(HOME, "pipes", names={}),
        SourceReport(PARTNER, "lambda", 5, names={}),
        SourceReport(HOME, "lambda", 0, (Diagnostic(ReadStatus.EXCLUDED, "no"),), names={}),
        SourceReport(HOME, "replication"),
    )
    found = answers(shelf(image("a", days=40)), "", source_reports=reports)
    assert found["in use"].endswith("ecs, file a.json, 2 sources that name nothing")


def test_what_is_kept_has_no_checklist():
    assert answers(shelf(image("a", "latest")), "latest") == {}


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (112, "112th"), (121, "121st")],
)
def test_ordinals(number: int, text: str):
    assert ordinal(number) == text
