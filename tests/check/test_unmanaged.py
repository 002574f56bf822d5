"""The rule `unmanaged`: every repository has a rule, and every entry matches something."""

from dataclasses import replace

import pytest

from ecrm.model.scan import ReadStatus
from ecrm.model.use import SourceLocation
from tests.check.inputs import (
    RULES,
    config,
    inputs_of,
    repositories,
    source_reports,
    unread,
    violations,
    whats,
)
from tests.values import HOME, image


def test_a_repository_without_a_rule_is_reported():
    (violation,) = violations("unmanaged", inputs_of(repositories(app=[], other=[image("a")])))
    assert violation.what == "no rule matches this repository, so ecrm never deletes anything in it"
    assert (str(violation.where), violation.why) == (f"{HOME}/other", "it holds 1 image")


def test_a_rule_that_matches_no_repository_is_reported_with_its_line():
    rules = """
        repositories:
          - name: app
            expires: 30d
          - name_pattern: "ap/*"
            expires: 30d
    """
    (violation,) = violations(
        "unmanaged", inputs_of(repositories(app=[]), settings=config("", rules))
    )
    assert violation.what == "the entry ap/* matches no repository"
    assert (str(violation.where), violation.location) == (
        "repositories[1]",
        SourceLocation("ecrm.yaml", 5),
    )


def test_a_rule_that_comes_too_late_is_reported_with_the_one_before():
    rules = """
        repositories:
          - name_pattern: "*"
            expires: 30d
          - name: app
            expires: 90d
    """
    (violation,) = violations(
        "unmanaged", inputs_of(repositories(app=[]), settings=config("", rules))
    )
    assert violation.what == (
        "the entry app never applies: earlier entries (repositories[0]) match everything that it "
        "matches"
    )
    assert violation.next_step == "move it up, or remove it"


def test_a_rule_that_applies_to_one_of_those_that_it_matches_is_good():
    rules = """
        repositories:
          - name: app
            expires: 30d
          - name_pattern: "*"
            expires: 30d
    """
    inventory = repositories(app=[], other=[])
    assert not whats("unmanaged", inputs_of(inventory, settings=config("", rules)))


ENTRIES = (
    RULES
    + """
    clusters:
      - name: prod
      - name: staging
    task_definitions:
      - name_pattern: "web*"
      - name_pattern: "batch*"
    lambda_functions:
      - name: resize
      - name: shrink
"""
)


def test_an_entry_of_the_history_that_matches_nothing_is_reported():
    found = inputs_of(repositories(app=[]), settings=config("", ENTRIES))
    assert whats("unmanaged", found) == [
        "the entry staging matches no cluster",
        "the entry shrink matches no Lambda function with an image",
        "the entry batch* matches no task definition family",
    ]


@pytest.mark.parametrize("status", [ReadStatus.DENIED, ReadStatus.FAILED])
def test_a_source_that_was_not_read_in_full_cannot_tell(status: ReadStatus):
    settings = config("", ENTRIES)
    found = inputs_of(repositories(app=[]), settings=settings, read=source_reports(status))
    assert whats("unmanaged", found) == [
        "the entry shrink matches no Lambda function with an image"
    ]
    assert [gap.text for gap in unread("unmanaged", found)] == [
        "clusters[1]: whether it matches anything: not all names that ecs has are known",
        "task_definitions[1]: whether it matches anything: not all names that ecs has are known",
    ]


def test_a_snapshot_without_names_cannot_tell():
    read = tuple(replace(source_report, names=None) for source_report in source_reports())
    found = inputs_of(repositories(app=[]), settings=config("", ENTRIES), read=read)
    assert not whats("unmanaged", found)
    assert len(unread("unmanaged", found)) == 6


def test_with_one_repository_entries_say_nothing():
    found = inputs_of(repositories(app=[]), settings=config("", ENTRIES), only="app")
    assert not whats("unmanaged", found)
