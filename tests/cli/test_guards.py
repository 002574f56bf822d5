"""Guards stop a run before its first deletion, say so in full, and can be turned off."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Shop
from tests.cli.driving import TARGET, Ecrm, decisions
from tests.fake_aws import FakeAws, Fault, days_ago, hours_ago

RULES = """
    repositories:
      - name_pattern: "*"
        expires: {expires}
    guards: {{{guards}}}
"""


def configure(ecrm: Ecrm, guards: str, expires: str = "30d") -> None:
    ecrm.config(RULES.format(guards=guards, expires=expires))


def stopped(ecrm: Ecrm, aws: FakeAws, *options: str) -> list[str]:
    """What the guards say of a deletion that they stop. `plan` says the same, and continues."""
    plan = ecrm("plan", *options)
    assert plan.code == 0
    ran = ecrm("delete", "--force", *options)
    assert ran.code == 5
    assert ran.out == plan.out
    *messages, last = ran.errors
    assert last == "ecrm: error: nothing was deleted"
    assert not aws.calls.writes
    said = [line.removeprefix("ecrm: error: ") for line in messages]
    assert plan.errors == [f"ecrm: warn: `delete` would stop here: {line}" for line in said]
    return said


# -- how much may go ----------------------------------------------------------------------------


@pytest.fixture
def ten(aws: FakeAws, another_use: None) -> FakeAws:
    """Ten images of 10 MB in one repository, all old, and five in another, one of them young."""
    aws.ecr.repository("ten").fill(10, newest=days_ago(40))
    aws.ecr.repository("five").fill(5, newest=days_ago(20), every=11 * 86_400)
    return aws


def test_max_images_stops_a_run_that_would_delete_more(ecrm: Ecrm, ten: FakeAws):
    configure(ecrm, "max_images: 13")
    (message,) = stopped(ecrm, ten)
    assert message == (
        "guard max_images: 14 images would be deleted, and the limit is 13; "
        "look at the plan, then raise guards.max_images or --max-images"
    )
    assert ecrm("delete", "--force", "--max-images", "14").code == 0
    assert len(ten.ecr.repository("ten")) == 0


def test_max_percent_stops_a_run_that_would_delete_more_of_a_repository(ecrm: Ecrm, ten: FakeAws):
    configure(ecrm, "max_percent: 80")
    (message,) = stopped(ecrm, ten)
    assert message == (
        "guard max_percent: 10 of 10 images of ten would be deleted, and the limit is 80 %; "
        "look at the plan, then raise guards.max_percent or --max-percent"
    )
    assert ecrm("delete", "--force", "-r", "five").code == 0
    assert ecrm("delete", "--force", "--max-percent", "100").code == 0


def test_max_bytes_stops_a_run_that_would_delete_more(ecrm: Ecrm, ten: FakeAws):
    configure(ecrm, "max_bytes: 139 MB")
    (message,) = stopped(ecrm, ten)
    assert message == (
        "guard max_bytes: 140,000,000 bytes would be deleted, and the limit is 139,000,000; "
        "look at the plan, then raise guards.max_bytes or --max-bytes"
    )
    assert ecrm("delete", "--force", "--max-bytes", "140MB").code == 0


def test_every_guard_that_is_met_is_reported(ecrm: Ecrm, ten: FakeAws):
    configure(ecrm, "max_bytes: 1GB, max_images: 100")
    messages = stopped(ecrm, ten, "--max-images", "1", "--max-bytes", "1MB", "--max-percent", "0")
    assert [line.split(":")[0] for line in messages] == [
        *("guard max_images", "guard max_bytes"),
        *("guard max_percent", "guard max_percent"),
    ]


def test_no_guards_turns_all_off_but_those_given_besides(ecrm: Ecrm, ten: FakeAws):
    configure(ecrm, "max_images: 1, max_bytes: 1, max_percent: 1")
    assert stopped(ecrm, ten, "--no-guards", "--max-images", "3")[0].startswith("guard max_images")
    assert ecrm("delete", "--force", "--no-guards").code == 0
    assert len(ten.ecr.repository("ten")) == 0


def test_a_guard_of_zero_allows_no_deletion(ecrm: Ecrm, shop: Shop):
    configure(ecrm, "max_images: 0")
    assert len(stopped(ecrm, shop.aws)) == 1
    shop.repository.remove(shop.old)
    assert ecrm("delete", "--force").code == 0


# -- min_age ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("another_use")
def test_min_age_keeps_what_was_just_pushed_whatever_the_rules_say(ecrm: Ecrm, aws: FakeAws):
    api = aws.ecr.repository("api")
    fresh = api.push("v2", pushed=hours_ago(23))
    older = api.push("v1", pushed=hours_ago(25))
    configure(ecrm, "", expires="0s")
    ran = ecrm("plan")
    assert "\n  1  younger than guards.min_age\n" in ran.out
    assert ecrm("delete", "--force").code == 0
    assert fresh in api
    assert older not in api


@pytest.mark.parametrize(
    ("guards", "options", "deletable"),
    [
        ("min_age: 40h", [], 0),
        ("min_age: 1h", [], 2),
        ("min_age: 40h", ["--min-age", "24h"], 1),
        ("min_age: 40h", ["--no-guards"], 2),
        ("min_age: 40h", ["--no-guards", "--min-age", "24h"], 1),
    ],
)
def test_min_age_is_set_in_ecrm_yaml_and_by_an_option_that_wins(
    ecrm: Ecrm, aws: FakeAws, guards: str, options: list[str], deletable: int
):
    api = aws.ecr.repository("api")
    api.push("v2", pushed=hours_ago(23))
    api.push("v1", pushed=hours_ago(25))
    configure(ecrm, guards, expires="0s")
    assert ecrm("plan", "--format", "json", *options).rows == {("api", "Image"): (deletable, 2)}


# -- max_in_use_drop ----------------------------------------------------------------------------


@pytest.fixture
def running(aws: FakeAws) -> FakeAws:
    """Ten images, each run by a service of the cluster `many`; and one that is deletable."""
    api = aws.ecr.repository("api")
    for number in range(10):
        image = api.push(f"v{number}", pushed=days_ago(60))
        definition = aws.ecs.task_definition(f"family-{number}", image)
        aws.ecs.cluster("many").service(f"service-{number}", definition)
    api.push("old", pushed=days_ago(90))
    return aws


def stop_services(aws: FakeAws, numbers: range) -> None:
    cluster = aws.ecs.cluster("many")
    for number in numbers:
        service = cluster.service(f"service-{number}")
        definition = service.definition
        assert definition
        service.delete()
        for task in list(cluster.tasks.values()):
            if task.service is service:
                task.forget()
        aws.ecs.deregister(definition)


def usage_history(state: Path) -> int:
    recorded = json.loads((state / "in-use.json").read_text())
    number = recorded[TARGET]["in_use"]
    assert isinstance(number, int)
    return number


def test_a_sudden_drop_of_what_is_in_use_stops_the_run(ecrm: Ecrm, running: FakeAws, state: Path):
    assert (ecrm("plan").code, usage_history(state)) == (0, 20)  # by tag and by digest
    stop_services(running, range(6))
    (message,) = stopped(ecrm, running)
    assert message == (
        f"guard max_in_use_drop: 8 images of {TARGET} are in use, and 20 were in the last run; "
        "check that nothing was left out of the scan, then go on once with --no-guards"
    )
    # Neither of the runs added the drop to the usage history, so the next one stops too.
    assert usage_history(state) == 20
    assert ecrm("delete", "--force").code == 5
    ran = ecrm("delete", "--force", "--no-guards")
    assert (ran.code, usage_history(state)) == (0, 8)
    running.ecr.repository("api").push("older", pushed=days_ago(90))
    assert ecrm("delete", "--force").code == 0


def test_half_may_drop(ecrm: Ecrm, running: FakeAws, state: Path):
    ecrm("plan")
    stop_services(running, range(5))
    assert (ecrm("delete", "--force").code, usage_history(state)) == (0, 10)


@pytest.mark.parametrize(
    ("guards", "options", "code"),
    [
        ("max_in_use_drop: 10", [], 5),
        ("max_in_use_drop: 100", [], 0),
        ("max_in_use_drop: 10", ["--max-in-use-drop", "60"], 0),
        ("max_in_use_drop: 90", ["--max-in-use-drop", "59"], 5),
        ("max_in_use_drop: 10", ["--no-guards"], 0),
    ],
)
def test_how_much_may_drop_is_set_in_ecrm_yaml_and_by_an_option_that_wins(
    ecrm: Ecrm, running: FakeAws, guards: str, options: list[str], code: int
):
    configure(ecrm, guards)
    ecrm("plan")
    stop_services(running, range(6))
    assert ecrm("delete", "--force", *options).code == code


def test_a_drop_is_not_forgotten_by_runs_without_deletions(
    ecrm: Ecrm, running: FakeAws, state: Path
):
    running.ecr.repository("empty")
    ecrm("plan")
    stop_services(running, range(10))
    assert ecrm("plan", "-r", "empty").code == 0
    assert ecrm("delete", "--force", "-r", "empty").code == 0
    assert usage_history(state) == 20
    assert ecrm("delete", "--force").code == 5


def test_an_incomplete_plan_adds_nothing_to_the_usage_history(
    ecrm: Ecrm, running: FakeAws, state: Path
):
    running.fault("lambda", "ListFunctions", Fault.denied(), times=1)
    assert ecrm("plan").code == 1
    assert not state.exists()
    ecrm("plan")
    running.ecs.clusters.clear()
    running.fault("lambda", "ListFunctions", Fault.denied(), times=1)
    assert ecrm("plan").code == 1
    assert usage_history(state) == 20


def test_a_drop_in_scanned_files_alone_stops_the_run_and_is_compared_with_its_like(
    ecrm: Ecrm, running: FakeAws, state: Path
):
    """A scan of this account counts for nothing there, nor the other way round."""
    assert ecrm("scan", "-o", "scan.json").code == 0
    uris = json.loads(Path("scan.json").read_text())
    Path("scan.json").write_text(json.dumps(uris[:10]))
    files = ("--no-scan", "--scanned-files", "scan.json")
    assert ecrm("plan").code == 0
    assert ecrm("plan", *files).code == 0
    assert usage_history(state) == 20
    Path("scan.json").write_text(json.dumps(uris[:2]))
    (message,) = stopped(ecrm, running, *files)
    assert message.startswith(f"guard max_in_use_drop: 2 images of {TARGET} are in use, and 10 ")
    assert usage_history(state) == 20
    assert ecrm("delete", "--force", *files, "--no-guards").code == 0
    assert ecrm("delete", "--force", *files).code == 0


def test_only_plans_that_ask_alike_are_compared(ecrm: Ecrm, running: FakeAws, state: Path):
    """A plan that lists kept images asks all questions, and knows of more uses than any other."""
    young = running.ecr.repository("young")
    function = running.lambda_.function("thumbs", young.push("v0", pushed=days_ago(1)))
    function.alias("old", function.publish())
    for number in range(1, 8):
        running.lambda_.update(function, young.push(f"v{number}", pushed=days_ago(1)))
        function.publish()
    assert ecrm("plan", "--out", "plan.json").code == 0
    before = (state / "in-use.json").read_text()
    assert ecrm("plan", "--all", "--out", "all.json").code == 0
    assert (state / "in-use.json").read_text() == before
    ran = ecrm("delete", "--force", "--plan", "plan.json")
    assert (ran.code, usage_history(state)) == (0, json.loads(before)[TARGET]["in_use"])
    plans = [json.loads(Path(path).read_text()) for path in ("plan.json", "all.json")]
    assert [sum(plan["in_use"].values()) for plan in plans] == [30, 32]


def test_each_target_has_a_usage_history_of_its_own(ecrm: Ecrm, running: FakeAws, state: Path):
    ecrm("plan")
    ecrm("plan", "--region", "eu-west-1")
    recorded = json.loads((state / "in-use.json").read_text())
    assert {target: state["in_use"] for target, state in recorded.items()} == {
        TARGET: 20,
        "123456789012/eu-west-1": 0,
    }


def test_b41_a_plan_with_no_guards_does_not_lower_the_usage_history(
    ecrm: Ecrm, running: FakeAws, state: Path
):
    ecrm("plan")
    stop_services(running, range(6))
    for options in (["--no-guards"], ["--max-in-use-drop", "100"]):
        assert (ecrm("plan", *options).code, usage_history(state)) == (0, 20)
    assert ecrm("delete", "--force").code == 5


def test_b41_one_source_that_goes_silent_stops_the_run(ecrm: Ecrm, running: FakeAws, state: Path):
    """Although the others have most of what is in use."""
    running.lambda_.function("thumbs", running.ecr.repository("api").image("v0"))
    ecrm("plan")
    recorded = json.loads((state / "in-use.json").read_text())
    assert recorded[TARGET]["sources"] == {"ecs": 20, "lambda": 2}
    running.lambda_.functions.clear()
    (message,) = stopped(ecrm, running)
    assert message == (
        f"guard max_in_use_drop: lambda of {TARGET} names 0 images, and named 2 in the last run; "
        "check that nothing was left out of the scan, then go on once with --no-guards"
    )


def test_b41_damaged_usage_history_stops_the_run_until_somebody_says_so(
    ecrm: Ecrm, shop: Shop, state: Path
):
    state.mkdir()
    record = state / "in-use.json"
    record.write_text("{")
    ran = ecrm("plan")
    assert ran.code == 0
    what = "in-use.json cannot be read, so a drop cannot be noticed: "
    assert what in ran.err
    ran = ecrm("delete", "--force")
    assert ran.code == 5
    assert f"guard max_in_use_drop: {record} cannot be read" in ran.errors[-2]
    assert ran.errors[-2].endswith("; mend or remove it, or go on once with --no-guards")
    assert not shop.aws.calls.writes
    assert record.read_text() == "{"
    assert ecrm("plan", "--no-guards").code == 0
    assert record.read_text() == "{"
    assert ecrm("delete", "--force", "--no-guards").code == 0
    assert usage_history(state) == 2


def test_damaged_usage_history_is_reported_where_nothing_would_be_deleted(
    ecrm: Ecrm, shop: Shop, state: Path
):
    shop.repository.remove(shop.old)
    state.mkdir()
    (state / "in-use.json").write_text("{")
    ran = ecrm("delete", "--force")
    assert ran.code == 0
    assert "in-use.json cannot be read" in ran.err


# -- nothing_in_use -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("guards", "options", "code"),
    [
        ("", [], 5),
        ("nothing_in_use: true", [], 5),
        ("nothing_in_use: false", [], 0),
        ("nothing_in_use: false", ["--nothing-in-use"], 5),
        ("", ["--no-nothing-in-use"], 0),
        ("", ["--no-guards"], 0),
    ],
)
def test_b41_an_account_in_which_nothing_runs_is_not_emptied(
    ecrm: Ecrm, aws: FakeAws, guards: str, options: list[str], code: int
):
    aws.ecr.repository("api").push("v1", pushed=days_ago(90))
    configure(ecrm, guards)
    if code:
        (message,) = stopped(ecrm, aws, *options)
        assert f"guard nothing_in_use: no image of {TARGET} is in use" in message
    else:
        assert ecrm("delete", "--force", *options).code == 0
        assert len(aws.ecr.repository("api")) == 0


def test_b41_a_scanned_file_that_names_an_image_of_the_registry_lets_it_go_on(
    ecrm: Ecrm, aws: FakeAws
):
    api = aws.ecr.repository("api")
    api.push("v1", pushed=days_ago(90))
    used = api.push("v2", pushed=days_ago(80))
    Path("scan.json").write_text(json.dumps([used.by_digest]))
    assert ecrm("delete", "--force", "--scanned-files", "scan.json").code == 0
    assert list(api) == [used]


def test_usage_history_that_cannot_be_written_is_only_warned_of(
    ecrm: Ecrm, shop: Shop, state: Path
):
    state.write_text("")
    ran = ecrm("plan")
    assert ran.code == 0
    assert all(line.startswith("ecrm: warn: ") for line in ran.errors)
    assert ran.errors


# -- missing_in_use ------------------------------------------------------------------------------


@pytest.fixture
def missing_in_use(aws: FakeAws) -> FakeAws:
    """A service whose image is not in ECR any more, and a repository that would be emptied."""
    api = aws.ecr.repository("api")
    lost = api.push("v2", pushed=days_ago(60))
    aws.ecs.cluster("prod").service(
        "web", aws.ecs.task_definition("web", lost), revisions=False, desired=0
    )
    api.remove(lost)
    api.push("v1", pushed=days_ago(90))
    return aws


def test_a_repository_whose_used_images_are_all_missing_is_not_emptied(
    ecrm: Ecrm, missing_in_use: FakeAws
):
    (message,) = stopped(ecrm, missing_in_use)
    assert message == (
        "guard missing_in_use: api would be emptied, while api:v2 is in use and is not there; "
        "check what was deleted or renamed, then set guards.missing_in_use: false or give "
        "--no-missing-in-use"
    )


@pytest.mark.parametrize(
    ("guards", "options", "code"),
    [
        ("missing_in_use: false", [], 0),
        ("missing_in_use: false", ["--missing-in-use"], 5),
        ("", ["--no-missing-in-use"], 0),
        ("", ["--no-guards"], 0),
        ("", ["--no-guards", "--missing-in-use"], 5),
    ],
)
def test_missing_in_use_is_set_in_ecrm_yaml_and_by_an_option_that_wins(
    ecrm: Ecrm, missing_in_use: FakeAws, guards: str, options: list[str], code: int
):
    configure(ecrm, guards)
    assert ecrm("delete", "--force", *options).code == code
    assert len(missing_in_use.ecr.repository("api")) == (code == 5)


def test_a_repository_that_keeps_something_may_lack_an_image_in_use(
    ecrm: Ecrm, missing_in_use: FakeAws
):
    missing_in_use.ecr.repository("api").push("latest", pushed=days_ago(90))
    assert ecrm("delete", "--force").code == 0


# -- in_use_max_age -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("guards", "options", "again"),
    [
        ("", [], False),
        ("in_use_max_age: 0s", [], True),
        ("in_use_max_age: 0s", ["--in-use-max-age", "1h"], False),
        ("", ["--in-use-max-age", "0s"], True),
    ],
)
def test_b15_what_is_in_use_is_read_again_when_it_is_too_old(
    ecrm: Ecrm, shop: Shop, guards: str, options: list[str], again: bool
):
    configure(ecrm, guards)
    assert ecrm("delete", "--force", *options).code == 0
    assert len(shop.aws.calls.of("ecs", "ListClusters")) == 1 + again
    assert set(decisions(ecrm.plan())) == set()
