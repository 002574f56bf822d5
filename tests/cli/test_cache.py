"""What never changes is asked for once; what may change is asked for in every run."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.cli.conftest import Shop
from tests.cli.driving import Ecrm, process
from tests.fake_aws import FakeAws, Fault, days_ago

FACTS = {"DescribeTaskDefinition", "DescribeServiceRevisions", "BatchGetImage"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Behind an endpoint that is not of AWS, nothing is cached unless a folder is set."""
    monkeypatch.setenv("ECRM_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def rich(shop: Shop) -> Shop:
    """An index that expired, and a function with a published version of an image that did."""
    shop.repository.push_index("multi", pushed=days_ago(60))
    needed = shop.repository.push("needed", pushed=days_ago(70))
    function = shop.aws.lambda_.function("resize", needed)
    function.alias("live", function.publish())
    return shop


def asked(aws: FakeAws) -> list[str]:
    names = [call.operation for call in aws.calls]
    aws.calls.clear()
    return names


def test_a_second_run_asks_for_nothing_that_cannot_have_changed(ecrm: Ecrm, rich: Shop):
    first = ecrm("plan", "--stats")
    before = asked(rich.aws)
    second = ecrm("plan", "--stats")
    after = asked(rich.aws)
    assert set(before) >= FACTS
    assert not FACTS & set(after)
    assert (before.count("GetFunction"), after.count("GetFunction")) == (2, 1)  # and $LATEST
    assert (second.code, second.out) == (first.code, first.out)
    assert " 0 answers known" in first.err
    assert " 0 answers known" not in second.err


def test_what_may_change_is_asked_for_again(ecrm: Ecrm, rich: Shop):
    """B1. A tag that moves, a new revision, a new $LATEST."""
    ecrm("plan")
    aws, api = rich.aws, rich.repository
    deployed = api.push("deployed", pushed=days_ago(50))
    aws.ecs.cluster("prod").service("api", aws.ecs.task_definition("api", deployed))
    latest = api.push("function", pushed=days_ago(50))
    aws.lambda_.update(aws.lambda_.functions["resize"], latest)
    ran = ecrm("delete", "--force")
    assert ran.code == 0, ran.err
    assert {deployed, latest, rich.used} <= set(api)
    assert rich.old not in api


def test_a_function_that_was_recreated_counts_its_versions_from_one(ecrm: Ecrm, rich: Shop):
    ecrm("plan")
    other = rich.repository.push("other", pushed=days_ago(50))
    function = rich.aws.lambda_.function("resize", other)
    function.publish()
    rich.aws.lambda_.update(function, rich.latest)
    assert ecrm("delete", "--force").code == 0
    assert other in rich.repository


def test_a_service_revision_is_remembered_when_all_its_images_are_resolved(ecrm: Ecrm, shop: Shop):
    """ECS resolves them when the first task starts, and the tag may move later."""
    service = shop.aws.ecs.cluster("prod").service("web")
    [deployment] = service.deployments
    assert deployment.revision
    resolved = deployment.revision.images
    deployment.revision.images = [
        {k: v for k, v in image.items() if k != "imageDigest"} for image in resolved
    ]
    ecrm("plan")
    asked(shop.aws)
    deployment.revision.images = resolved
    ecrm("plan")
    assert "DescribeServiceRevisions" in asked(shop.aws)
    ecrm("plan")
    assert "DescribeServiceRevisions" not in asked(shop.aws)


def test_a_damaged_cache_is_a_cold_start_and_never_a_wrong_answer(
    ecrm: Ecrm, rich: Shop, cache: Path
):
    expected = ecrm("plan").out
    [file] = cache.iterdir()
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)
    asked(rich.aws)
    ran = ecrm("plan")
    assert (ran.code, ran.out) == (0, expected)
    assert set(asked(rich.aws)) >= FACTS
    assert "is damaged, so it starts empty" in ran.err


@pytest.mark.parametrize("how", ["--no-cache", "variable"])
def test_a_run_can_do_without(ecrm: Ecrm, rich: Shop, cache: Path, how: str):
    if how == "variable":
        ecrm("plan", ECRM_CACHE="false")
    else:
        ecrm("plan", how)
    assert not cache.exists()


def test_without_a_folder_of_its_own_nothing_is_remembered_of_what_stands_in_for_aws(
    ecrm: Ecrm, rich: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """One ARN may be the name of many things there."""
    monkeypatch.delenv("ECRM_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    ecrm("plan")
    assert not (tmp_path / "xdg").exists()


def test_a_folder_that_cannot_be_written_is_done_without(ecrm: Ecrm, rich: Shop, cache: Path):
    cache.write_text("a file")
    ran = ecrm("plan")
    assert ran.code == 0
    [warning] = ran.errors
    assert warning.startswith("ecrm: warn: the cache ")
    assert warning.count("cannot be used, so this run does without") == 1


def test_clearing_forgets_everything_and_says_so(ecrm: Ecrm, rich: Shop, cache: Path):
    ecrm("plan")
    asked(rich.aws)
    ran = ecrm("cache", "clear")
    assert ran.code == 0
    assert ran.err.startswith("removed ")
    assert not list(cache.iterdir())
    assert ecrm("cache", "clear").err == "the cache was already empty\n"
    assert not asked(rich.aws)
    ecrm("plan")
    assert set(asked(rich.aws)) >= FACTS


def test_what_was_found_out_before_a_failure_is_remembered(ecrm: Ecrm, rich: Shop):
    rich.aws.fault("ecr", "DescribeImages", Fault.denied())
    assert ecrm("plan").code == 1
    asked(rich.aws)
    assert ecrm("plan").code == 0
    assert "DescribeTaskDefinition" not in asked(rich.aws)


@pytest.mark.slow
@pytest.mark.usefixtures("every_source")
def test_two_runs_at_once_share_it(ecrm: Ecrm, rich: Shop):
    ran: list[str] = []
    runs = [threading.Thread(target=lambda: ran.append(process("plan").stdout)) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert ran[0] == ran[1] == ecrm("plan").out


def test_reading_an_index_once_leaves_its_pull_time_alone_later(ecrm: Ecrm, shop: Shop):
    """B17. ECR may count what ecrm reads as a pull: only the first run does it."""
    ecrm.config(
        """
        repositories:
          - name_pattern: "*"
            expires: 30d
            keep_pulled_within: 20d
        """
    )
    index = shop.repository.push_index("multi", pushed=days_ago(60))
    ecrm("plan")
    pulled = index.pulled
    for _ in range(2):
        ecrm("plan")
    assert index.pulled == pulled
