"""`ecrm iam-policy` prints a policy, from the configuration there is, without asking AWS."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.driving import Ecrm
from tests.iam import actions

ANY = "arn:aws:ecr:*:*:repository/*"


def test_it_prints_one_json_document_and_asks_nobody(ecrm: Ecrm):
    ran = ecrm("iam-policy")  # there is no account, no region and no endpoint here
    assert (ran.code, ran.err) == (0, "")
    assert ran.json["Version"] == "2012-10-17"
    assert {statement["Effect"] for statement in ran.json["Statement"]} == {"Allow"}
    sids = [statement["Sid"] for statement in ran.json["Statement"]]
    assert sids == ["ReadWhatIsInUse", "ReadRegistry", "ReadImages"]


def test_it_is_for_the_ecrm_yaml_that_is_there_or_named(ecrm: Ecrm):
    ecrm.config("repositories: [{name: here, expires: 30d, action: archive}]")
    ecrm.config("repositories: [{name: named, expires: 30d}]", "other.yaml")
    here = ecrm("iam-policy", "--for", "delete").json["Statement"][-1]
    assert (here["Action"], here["Resource"]) == (
        ["ecr:UpdateImageStorageClass"],
        ["arn:aws:ecr:*:*:repository/here"],
    )
    for ran in (
        ecrm("iam-policy", "--for", "delete", "--config", "other.yaml"),
        ecrm("iam-policy", "--for", "delete", ECRM_CONFIG="other.yaml"),
    ):
        named = ran.json["Statement"][-1]
        assert (named["Action"], named["Resource"]) == (
            ["ecr:BatchDeleteImage"],
            ["arn:aws:ecr:*:*:repository/named"],
        )


def test_without_an_ecrm_yaml_it_does_for_any(ecrm: Ecrm):
    Path("ecrm.yaml").unlink()
    written = ecrm("iam-policy", "--for", "delete").json["Statement"][-2:]
    assert [statement["Resource"] for statement in written] == [[ANY], [ANY]]


@pytest.mark.parametrize("where", ["s3://ours/ecrm.yaml", "ssm://ecrm"])
def test_one_that_only_aws_can_read_is_any_and_may_be_read(ecrm: Ecrm, where: str):
    document = ecrm("iam-policy", "--config", where).json
    assert [
        statement["Resource"]
        for statement in document["Statement"]
        if statement["Sid"] == "ReadImages"
    ] == [[ANY]]
    assert document["Statement"][-1]["Sid"] == "ReadConfiguration"


def test_one_that_is_named_and_not_there_is_the_usual_error(ecrm: Ecrm):
    ran = ecrm("iam-policy", "--config", "nowhere.yaml")
    assert (ran.code, ran.out) == (2, "")
    [line] = ran.errors
    assert line.startswith("ecrm: error: nowhere.yaml: no such file; `ecrm generate` writes one")


def test_account_region_and_partition_narrow_it(ecrm: Ecrm):
    document = ecrm(
        *("iam-policy", "--region", "cn-north-1"),
        *("--account", "123456789012", "--partition", "aws-cn"),
    ).json
    [resource] = document["Statement"][-1]["Resource"]
    assert resource == "arn:aws-cn:ecr:cn-north-1:123456789012:repository/*"


def test_the_options_of_the_lambda_function_and_of_journals(ecrm: Ecrm):
    document = ecrm(
        *("iam-policy", "--for", "delete", "--journal", "s3://b/journals/", "--plan", "s3://b/p"),
        *("--report", "s3://b/r", "--topic", "arn:aws:sns:us-east-1:123456789012:ours"),
        *("--action", "archive"),
    ).json
    allowed = actions(document)
    assert {"s3:PutObject", "s3:GetObject", "sns:Publish"} <= allowed
    assert "ecr:UpdateImageStorageClass" in allowed
    assert "ecr:BatchDeleteImage" not in allowed


def test_an_invalid_location_is_one_line(ecrm: Ecrm):
    ran = ecrm("iam-policy", "--report", "reports/")
    assert (ran.code, ran.out) == (2, "")
    assert ran.errors == ["ecrm: error: reports/ is not a location in S3; write s3://bucket/prefix"]


def test_it_can_be_written_to_a_file(ecrm: Ecrm):
    ran = ecrm("iam-policy", "-o", "policy.json")
    assert (ran.code, ran.out) == (0, "")
    assert json.loads(Path("policy.json").read_text()) == ecrm("iam-policy").json


def test_boto3_is_not_imported(ecrm: Ecrm):
    code = (
        "import sys; from ecrm.cli.main import run;"
        "assert run(['iam-policy']) == 0; assert 'boto3' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
