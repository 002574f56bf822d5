"""A recorded moment plans as the account did, without AWS; and plans may be made for later."""

import json
from pathlib import Path
from typing import Any

import pytest

from ecrm.errors import AwsError
from ecrm.planning.snapshot import read_snapshot
from tests.cli.conftest import RULES, Shop
from tests.cli.driving import HOST, Ecrm, decisions
from tests.fake_aws import FOREVER, SOCI_INDEX, Address, Fault, days_ago


@pytest.fixture
def rich(ecrm: Ecrm, shop: Shop) -> Shop:
    """The shop with something of everything that a plan depends on."""
    api = shop.repository
    index = api.push_index("multi", pushed=days_ago(60), attested=True)
    api.push_artifact(subject=index, pushed=days_ago(60))
    api.push_artifact("soci", subject=index, artifact_type=SOCI_INDEX, pushed=days_ago(60))
    api.archive(api.push("archived", pushed=days_ago(70)))
    api.policy = json.dumps(
        {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}]}
    )
    copied = shop.aws.ecr.repository("copied")
    copied.push("v1", pushed=days_ago(90))
    shop.aws.ecr.replicate(Address("123456789012", "eu-west-1"), prefix="copied", deletes=True)
    shop.aws.lambda_.function("resize", api.push("fn", pushed=days_ago(90)))
    shop.aws.ecr.repository("unmanaged").push("v1", pushed=days_ago(90))
    shop.aws.world.reading_counts_as_pull = False
    ecrm.config(RULES.replace('"*"', '"*o*"'))
    return shop


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call it, and nothing leads to AWS any more."""

    def forget() -> None:
        for name in (
            *("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
            *("AWS_REGION", "AWS_DEFAULT_REGION"),
        ):
            monkeypatch.delenv(name)

    return forget


@pytest.mark.parametrize("arguments", [["-o", "snapshot.json"], []])
def test_a_plan_from_a_snapshot_is_the_plan_from_the_account(
    ecrm: Ecrm, rich: Shop, offline: Any, arguments: list[str]
):
    taken = ecrm("snapshot", *arguments)
    assert (taken.code, taken.err) == (0, "")
    if not arguments:
        Path("snapshot.json").write_text(taken.out)
    live, live_json = ecrm("plan"), ecrm("plan", "--format", "json")
    live_plan = ecrm.plan()
    rich.aws.calls.clear()
    offline()
    assert ecrm("plan", "--from", "snapshot.json") == live
    assert ecrm("plan", "--from", "snapshot.json", "--format", "json") == live_json
    plan = ecrm.plan("--from", "snapshot.json")
    for key in ("repositories", "targets", "config", "source_reports", "in_use", "unmanaged"):
        assert plan[key] == live_plan[key], key
    assert not rich.aws.calls


def test_a_plan_of_one_repository_and_of_scanned_files_from_a_snapshot(
    ecrm: Ecrm, rich: Shop, offline: Any
):
    ecrm("snapshot", "-o", "snapshot.json")
    Path("scan.json").write_text(json.dumps([f"{HOST}/shop/api:v1"]))
    live = ecrm("plan", "-r", "shop/api", "--scanned-files", "scan.json")
    offline()
    arguments = ["plan", "-r", "shop/api", "--scanned-files", "scan.json"]
    assert ecrm(*arguments, "--from", "snapshot.json").out.count("shop/api") >= 1
    assert sorted(ecrm(*arguments, "--from", "snapshot.json").out.splitlines()) == sorted(
        live.out.splitlines()
    )
    ran = ecrm("plan", "-r", "nope", "--from", "snapshot.json")
    assert (ran.code, len(ran.errors)) == (1, 1)


def test_a_snapshot_holds_no_secrets(ecrm: Ecrm, rich: Shop):
    rich.aws.ecs.task_definition("secret", rich.used).containers[0]["environment"] = [
        {"name": "PASSWORD", "value": "hunter2"}
    ]
    text = ecrm("snapshot").out
    assert "hunter2" not in text
    assert "Principal" not in text
    assert "AKIA" not in text


def test_a_plan_from_a_snapshot_is_as_of_the_moment_it_was_taken(ecrm: Ecrm, shop: Shop):
    ecrm("snapshot", "-o", "snapshot.json")
    snapshot = json.loads(Path("snapshot.json").read_text())
    snapshot["scan"]["at"] = days_ago(85).isoformat()
    Path("snapshot.json").write_text(json.dumps(snapshot))
    assert decisions(ecrm.plan("--from", "snapshot.json")) == {}
    assert decisions(ecrm.plan("--from", "snapshot.json", "--now", "+20d")) == {
        shop.old.digest: "expired"
    }


@pytest.mark.parametrize(
    ("now", "deletable"),
    [
        ("+24d", "v1"),
        ("+30d", "v1 v4"),
        pytest.param(days_ago(75).isoformat(), "", id="75 days ago"),
        ("2020-01-01", ""),
        ("2999-12-31T10:00:00+01:00", "v1 v4"),
    ],
)
def test_now_moves_the_clock(ecrm: Ecrm, shop: Shop, now: str, deletable: str):
    ecrm("snapshot", "-o", "snapshot.json")
    expected = {shop.repository.image(tag).digest for tag in deletable.split()}
    for source in ([], ["--from", "snapshot.json"]):
        assert set(decisions(ecrm.plan(*source, "--now", now))) == expected


def test_a_snapshot_adds_nothing_to_the_usage_history(ecrm: Ecrm, shop: Shop, state: Path):
    ecrm("snapshot", "-o", "snapshot.json")
    assert ecrm("plan", "--from", "snapshot.json").code == 0
    assert not state.exists()


def test_external_commands_are_recorded_and_not_run_again(ecrm: Ecrm, shop: Shop):
    ecrm.config(f"""
        external_commands:
          - command: ["sh", "-c", "echo ran >> ran.txt; echo '[\\"{HOST}/shop/api:v1\\"]'"]
        repositories: [{{name_pattern: "*", expires: 30d}}]
    """)
    ecrm("snapshot", "-o", "snapshot.json")
    assert decisions(ecrm.plan("--from", "snapshot.json")) == {}
    assert Path("ran.txt").read_text() == "ran\n"


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"ecrm_snapshot": 1}', '{"ecrm_snapshot": 1, "uses": [1]}']
)
@pytest.mark.parametrize("command", [["plan"], ["explain", "shop/api:v1"]])
def test_a_file_that_is_no_snapshot_is_refused(ecrm: Ecrm, command: list[str], content: str):
    Path("snapshot.json").write_text(content)
    ran = ecrm(*command, "--from", "snapshot.json")
    assert (ran.code, ran.out) == (1, "")
    (line,) = ran.errors
    assert line.startswith(
        "ecrm: error: snapshot.json: is not a snapshot that `ecrm snapshot` wrote ("
    )


def test_a_snapshot_that_is_not_there_or_of_another_format_is_refused(ecrm: Ecrm):
    assert ecrm("plan", "--from", "no.json").errors == [
        "ecrm: error: no.json: cannot be read: No such file or directory"
    ]
    Path("new.json").write_text('{"ecrm_snapshot": 2}')
    assert ecrm("plan", "--from", "new.json").errors == [
        "ecrm: error: new.json: is a snapshot of format 2"
    ]


def test_delete_knows_no_snapshot_and_no_other_time(ecrm: Ecrm, shop: Shop):
    for option in (["--from", "snapshot.json"], ["--now", "+30d"]):
        assert ecrm("delete", "--force", *option).code == 2
    assert not shop.aws.calls


POLICY = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {
                    "tagStatus": "any",
                    "countType": "imageCountMoreThan",
                    "countNumber": 5,
                },
                "action": {"type": "expire"},
            }
        ]
    }
)


def test_lifecycle_policies_are_recorded_where_asked_and_else_not_read(ecrm: Ecrm, rich: Shop):
    rich.repository.lifecycle_policy = POLICY
    assert ecrm("snapshot", "-o", "plain.json").code == 0
    ecrm("plan")
    assert not rich.aws.calls.of("ecr", "GetLifecyclePolicy")
    assert ecrm("snapshot", "--lifecycle-policies", "-o", "all.json").code == 0
    plain, everything = (
        read_snapshot(Path(name).read_text(), name) for name in ("plain.json", "all.json")
    )
    [registry] = everything.registries
    found = {
        name: everything.lifecycle_policy(registry, name) for name in everything.records[registry]
    }
    assert found.pop(rich.repository.name) == POLICY
    assert set(found.values()) == {None}
    assert everything.mutability(registry, rich.repository.name).is_mutable("v1")
    with pytest.raises(AwsError, match="no lifecycle policy"):
        plain.lifecycle_policy(registry, rich.repository.name)


def test_a_snapshot_needs_no_permission_to_read_lifecycle_policies(ecrm: Ecrm, rich: Shop):
    rich.aws.fault("ecr", "GetLifecyclePolicy", Fault.denied(), times=FOREVER)
    taken = ecrm("snapshot", "--lifecycle-policies", "-o", "all.json")
    assert (taken.code, taken.err) == (0, "")
    everything = read_snapshot(Path("all.json").read_text(), "all.json")
    [registry] = everything.registries
    with pytest.raises(AwsError, match="ecr:GetLifecyclePolicy is denied"):
        everything.lifecycle_policy(registry, rich.repository.name)
