"""B45: ECR may count ecrm's own readings of manifests as pulls; those keep nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.driving import Ecrm, decisions
from tests.fake_aws import FakeAws, Image, Repository, days_ago

RULES = "repositories: [{name: api, expires: 30d, keep_pulled_within: 20d}]"


@pytest.fixture
def api(ecrm: Ecrm, aws: FakeAws) -> Repository:
    """Two old indexes, each with two images; something else is in use."""
    ecrm.config(RULES)
    aws.ecs.task_definition("web", aws.ecr.repository("web").push("v1"))
    made = aws.ecr.repository("api")
    for tag in ("v1", "v2"):
        made.push_index(tag, pushed=days_ago(90))
    return made


def index(api: Repository) -> Image:
    return api.image("v1")


def forget(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As on another machine."""
    monkeypatch.setenv("ECRM_CACHE_DIR", str(tmp_path / "other-cache"))


def test_b45_planning_twice_gives_the_same_plan(ecrm: Ecrm, api: Repository):
    first, second, third = (decisions(ecrm.plan()) for _ in range(3))
    assert len(first) == 6
    assert first == second == third
    assert index(api).pulled is not None


def test_b45_a_plan_file_is_carried_out_whole_though_planning_counted_as_a_pull(
    ecrm: Ecrm, api: Repository
):
    assert ecrm("plan", "--out", "plan.json").code == 0
    ran = ecrm("delete", "--force", "--plan", "plan.json")
    assert ran.code == 0
    assert "\nDeleted 6 " in ran.out
    assert len(api) == 0


def test_b45_a_plan_file_says_on_another_machine_what_ecrm_read(
    ecrm: Ecrm, api: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    assert ecrm("plan", "--out", "plan.json").code == 0
    forget(monkeypatch, tmp_path)
    ran = ecrm("delete", "--force", "--plan", "plan.json")
    assert "\nDeleted 6 " in ran.out
    assert len(api) == 0


def test_b45_the_second_reading_of_a_long_run_does_not_keep_what_the_first_read(
    ecrm: Ecrm, api: Repository
):
    ran = ecrm("delete", "--force", "--in-use-max-age", "0s", "--no-cache")
    assert ran.code == 0
    assert len(api) == 0


def test_b45_the_pull_before_ecrms_own_still_counts(ecrm: Ecrm, api: Repository):
    index(api).pulled = days_ago(5).timestamp()
    for _ in range(3):
        planned = ecrm.plan()
        assert len(decisions(planned)) == 3
        assert decisions(planned, "kept")[index(api).digest] == "recently_pulled"


def test_b45_a_pull_of_somebody_else_after_ecrms_own_counts(ecrm: Ecrm, api: Repository):
    ecrm.plan()
    index(api).pulled = (index(api).pulled or 0) + 60
    assert decisions(ecrm.plan(), "kept")[index(api).digest] == "recently_pulled"


def test_b45_a_pull_that_ecr_did_not_record_shows_on_the_platform_image(
    ecrm: Ecrm, api: Repository
):
    """Within a day of a recorded pull ECR may not record another one of the same image."""
    ecrm.plan()
    child = api.image(index(api).children[0])
    child.pulled = (index(api).pulled or 0) + 60
    planned = ecrm.plan()
    assert len(decisions(planned)) == 3
    assert decisions(planned, "kept")[index(api).digest] == "recently_pulled"


def test_b45_without_an_image_that_would_show_other_pulls_a_pull_is_believed(
    ecrm: Ecrm, api: Repository
):
    for child in index(api).children:
        api.remove(api.image(child))
    assert len(decisions(ecrm.plan())) == 4
    assert decisions(ecrm.plan(), "kept") == {index(api).digest: "recently_pulled"}


def test_b45_where_nothing_is_remembered_the_plan_says_that_a_pull_may_be_ecrms_own(
    ecrm: Ecrm, api: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    assert "may be ecrm's own" not in ecrm("plan").out
    forget(monkeypatch, tmp_path)
    ran = ecrm("plan")
    assert (
        "\nNotes:\n  api: 2 indexes are kept because of pulls that may be ecrm's own readings; "
        "exclude its role (register-pull-time-update-exclusion)\n"
    ) in ran.out
    assert ran.code == 0


def test_b45_what_a_plan_file_has_and_a_new_plan_has_not_is_reported_with_the_reason(
    ecrm: Ecrm, api: Repository
):
    assert ecrm("plan", "--out", "plan.json").code == 0
    pulled, other = index(api).children
    api.image(pulled).pulled = days_ago(1).timestamp()
    command = ["delete", "--force", "--plan", "plan.json"]
    days = "keep_pulled_within (24 hours of 20 days)"
    ran = ecrm(*command, "--max-images", "0")
    lines = [line for line in ran.out.splitlines() if line.startswith("Not deleted any more: ")]
    assert lines == [
        f"Not deleted any more: api@{index(api).digest} (v1): now pulled within {days}",
        f"Not deleted any more: api@{pulled}: now pulled within {days}",
        f"Not deleted any more: api@{other}: now part of an index that is kept",
    ]
    as_json = ecrm(*command, "--max-images", "0", "--format", "json")
    assert as_json.rows
    assert lines[0] in as_json.err


def test_b45_a_plan_file_holds_the_readings_of_what_it_deletes(ecrm: Ecrm, api: Repository):
    ecrm("plan", "--out", "plan.json")
    (planned,) = json.loads(Path("plan.json").read_text())["repositories"]
    readings: dict[str, Any] = planned["own_readings"]
    assert set(readings) == {api.image("v1").digest, api.image("v2").digest}
