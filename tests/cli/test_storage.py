"""What the command line reads and writes may be kept in S3, and configurations in parameters."""

import json
import os
from pathlib import Path

from tests.cli.conftest import Shop
from tests.cli.driving import HOST, Ecrm
from tests.fake_aws import FakeAws, hours_ago

RULES = "repositories: [{name_pattern: '*', expires: 30d}]\n"
WRONG = "repositories: [{name_pattern: '*', expired: 30d}]\n"
PROBLEM = "1: repositories[0]: unknown key 'expired'; did you mean 'expires'?"


def deletable(ecrm: Ecrm, *args: object, **variables: object) -> int:
    ran = ecrm("plan", "--format", "json", *args, **variables)
    assert ran.code == 0, ran.err
    return sum(row["expired_images"] for row in ran.json)


def test_the_configuration_may_be_an_object_in_s3(ecrm: Ecrm, shop: Shop):
    Path("ecrm.yaml").unlink()
    shop.aws.s3.put("conf", "prod/ecrm.yaml", RULES)
    assert deletable(ecrm, "--config", "s3://conf/prod/ecrm.yaml") == 1
    assert deletable(ecrm, ECRM_CONFIG="s3://conf/prod/ecrm.yaml") == 1


def test_the_configuration_may_be_a_secret_parameter(ecrm: Ecrm, shop: Shop):
    shop.aws.ssm.put("/ecrm/config", RULES, secret=True)
    assert deletable(ecrm, "--config", "ssm://ecrm/config") == 1


def test_the_configuration_may_be_in_a_variable_unless_a_location_is_named(ecrm: Ecrm, shop: Shop):
    Path("ecrm.yaml").write_text(WRONG)
    Path("other.yaml").write_text(RULES)
    assert deletable(ecrm, ECRM_CONFIG_YAML=RULES) == 1
    assert deletable(ecrm, "--config", "other.yaml", ECRM_CONFIG_YAML=WRONG) == 1
    assert deletable(ecrm, ECRM_CONFIG="other.yaml", ECRM_CONFIG_YAML=WRONG) == 1


def test_a_mistake_is_reported_with_the_location_as_given(ecrm: Ecrm, shop: Shop):
    shop.aws.s3.put("conf", "ecrm.yaml", WRONG)
    shop.aws.ssm.put("/ecrm/config", WRONG)
    for place in ("s3://conf/ecrm.yaml", "ssm:///ecrm/config"):
        ran = ecrm("plan", "--config", place)
        assert (ran.code, ran.err) == (2, f"ecrm: error: {place}:{PROBLEM}\n")
    ran = ecrm("plan", ECRM_CONFIG_YAML=WRONG)
    assert (ran.code, ran.err) == (2, f"ecrm: error: ECRM_CONFIG_YAML:{PROBLEM}\n")
    assert shop.aws.calls.of("ecr") == []


def test_a_configuration_in_the_environment_costs_no_call_before_it_is_checked(
    ecrm: Ecrm, aws: FakeAws
):
    assert ecrm("plan", ECRM_CONFIG_YAML=WRONG).code == 2
    assert aws.calls == []


def test_a_configuration_that_is_not_there_is_a_usage_error(ecrm: Ecrm, aws: FakeAws):
    aws.s3.bucket("conf")
    ran = ecrm("plan", "--config", "s3://conf/none.yaml")
    assert ran.code == 2
    assert ran.errors == [
        (
            "ecrm: error: s3://conf/none.yaml: is not there (s3:GetObject: NoSuchKey: The "
            "specified key does not exist.); name another with --config"
        )
    ]


def test_generate_writes_to_files_only(ecrm: Ecrm, aws: FakeAws):
    ran = ecrm("generate", "--config", "s3://conf/ecrm.yaml")
    assert ran.code == 2
    assert ran.errors == [
        "ecrm: error: s3://conf/ecrm.yaml is not a file; name a file to write with --config"
    ]


def test_a_scan_is_written_to_s3_and_read_back_as_a_scanned_file(ecrm: Ecrm, shop: Shop):
    shop.aws.s3.bucket("scans")
    ran = ecrm("scan", "-o", "s3://scans/prod.json")
    assert (ran.code, ran.out) == (0, "")
    assert json.loads(shop.aws.s3.texts("scans")["prod.json"])
    shop.aws.s3.put("scans", "staging.json", json.dumps([f"{HOST}/shop/api@{shop.old.digest}"]))
    assert deletable(ecrm, "--scanned-files", "s3://scans/prod.json,s3://scans/staging.json") == 0
    assert deletable(ecrm, "--no-scan", "--scanned-files", "s3://scans/prod.json") == 1


def test_a_scanned_file_in_s3_that_is_missing_or_no_list_fails(ecrm: Ecrm, shop: Shop):
    shop.aws.s3.put("scans", "wrong.json", "{}")
    missing = ecrm("plan", "--scanned-files", "s3://scans/none.json")
    wrong = ecrm("plan", "--scanned-files", "s3://scans/wrong.json")
    assert (missing.code, wrong.code) == (1, 1)
    assert missing.errors[0].startswith("ecrm: error: s3://scans/none.json: is not there ")
    assert wrong.errors == [
        "ecrm: error: s3://scans/wrong.json: this is no JSON array of image URIs"
    ]


def test_a_plan_is_written_to_s3_approved_there_and_applied(ecrm: Ecrm, shop: Shop):
    shop.aws.s3.bucket("plans")
    assert ecrm("plan", "--out", "s3://plans/1.json").code == 0
    ran = ecrm("delete", "--force", "--plan", "s3://plans/1.json")
    assert ran.code == 0
    assert shop.deleted == [shop.old.digest]


def test_the_journal_and_the_usage_history_are_kept_in_s3_by_one_variable(
    ecrm: Ecrm, shop: Shop, tmp_path: Path
):
    shop.aws.s3.bucket("state")
    ran = ecrm("delete", "--force", ECRM_STATE_DIR="s3://state/ecrm/")
    assert ran.code == 0
    names = sorted(shop.aws.s3.texts("state"))
    assert names[0] == "ecrm/in-use.json"
    assert names.pop() == "ecrm/totals.json"
    assert [name.rpartition("/")[0] for name in names[1:]] == [names[1].rpartition("/")[0]] * 4
    assert names[1].startswith("ecrm/journals/2")
    assert os.listdir() == ["ecrm.yaml"]  # noqa: PTH208 - names are all


def test_the_journal_may_be_named_by_a_variable(ecrm: Ecrm, shop: Shop):
    assert ecrm("delete", "--force", ECRM_JOURNAL="mine.jsonl").code == 0
    assert shop.old.digest in Path("mine.jsonl").read_text()


def test_a_snapshot_is_written_to_s3_and_planned_from_there(ecrm: Ecrm, shop: Shop):
    shop.aws.s3.bucket("kept")
    assert ecrm("snapshot", "-o", "s3://kept/now.json").code == 0
    calls = len(shop.aws.calls.of("ecr"))
    assert deletable(ecrm, "--from", "s3://kept/now.json") == 1
    assert len(shop.aws.calls.of("ecr")) == calls


def test_a_scanned_file_in_s3_has_the_age_of_the_object(ecrm: Ecrm, shop: Shop):
    Path("ecrm.yaml").write_text(RULES + "guards: {scanned_files_max_age: 1h}\n")
    shop.aws.s3.put("scans", "old.json", "[]", at=hours_ago(2).timestamp())
    shop.aws.s3.put("scans", "new.json", "[]")
    assert deletable(ecrm, "--scanned-files", "s3://scans/new.json") == 1
    ran = ecrm("plan", "--scanned-files", "s3://scans/old.json")
    assert ran.code == 1
    assert ran.errors[0].startswith("ecrm: error: s3://scans/old.json: was written ")


def test_a_journal_that_ends_for_lack_of_time_is_restored_from(ecrm: Ecrm, shop: Shop):
    """What is left was never deleted, so that nothing of it comes back."""
    shop.aws.s3.bucket("state")
    assert ecrm("delete", "--force", "--journal", "s3://state/one").code == 0
    texts = shop.aws.s3.texts("state")
    end = max(texts)
    shop.aws.s3.put("state", end, texts[end].replace('"complete": true', '"complete": false'))
    ran = ecrm("restore", "--yes", "s3://state/one")
    assert (ran.code, "v1" in shop.repository) == (0, True)
