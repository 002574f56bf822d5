"""With --log-format json, every line on stderr is one JSON object."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Shop
from tests.cli.driving import Ecrm


def messages(text: str) -> list[tuple[str, str]]:
    lines = [json.loads(line) for line in text.splitlines()]
    assert all(line["time"].endswith("Z") for line in lines)
    return [(line["level"], line["message"]) for line in lines]


@pytest.mark.parametrize("variables", [{}, {"ECRM_LOG_FORMAT": "json"}])
def test_messages_and_errors_are_json(ecrm: Ecrm, variables: dict[str, str]):
    Path("ecrm.yaml").write_text("repositories: 1")
    args = [] if variables else ["--log-format", "json"]
    ran = ecrm("plan", *args, **variables)
    assert ran.code == 2
    message = (
        "ecrm.yaml:1: repositories: is the number 1 here, not a list; begin each item with '- '"
    )
    assert messages(ran.err) == [("error", message)]


def test_warnings_information_and_results_for_people_are_json(ecrm: Ecrm, shop: Shop):
    Path("ecrm.yaml").write_text("repositories: []")
    ran = ecrm("delete", "--force", "--log-format", "json", "--format", "json")
    assert (ran.code, ran.json) == (0, [])
    assert messages(ran.err) == [
        ("warn", "ecrm.yaml:1: repositories: no repository rule: nothing will ever be deleted"),
        ("info", "Nothing to delete."),
    ]


def test_text_is_what_there_is_without_it_also_after_a_run_with_it(ecrm: Ecrm):
    Path("ecrm.yaml").write_text("")
    ecrm("plan", "--log-format", "json")
    assert ecrm("plan").err.startswith("ecrm: error: ecrm.yaml: is empty; ")
