"""Whatever AWS and the network do: what is unknown is kept and reported in a line; exit code 1."""

import socket
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Shop
from tests.cli.driving import Ecrm
from tests.fake_aws import FOREVER, FakeAws, Fault, days_ago

COMMANDS = (["plan"], ["delete", "--force"])


def one_line(ecrm: Ecrm, command: list[str], **variables: str) -> str:
    """The only line on stderr of a run that fails and shows nothing."""
    ran = ecrm(*command, **variables)
    assert (ran.code, ran.out) == (1, "")
    (line,) = ran.errors
    assert line.startswith("ecrm: error: ")
    return line.removeprefix("ecrm: error: ")


@pytest.mark.parametrize("command", [*COMMANDS, ["scan"], ["generate"], ["snapshot"]])
def test_no_credentials(
    ecrm: Ecrm, shop: Shop, monkeypatch: pytest.MonkeyPatch, command: list[str]
):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert one_line(ecrm, command) == (
        "sts:GetCallerIdentity: Unable to locate credentials; give --profile, or set credentials "
        "as for the AWS CLI"
    )
    assert not shop.aws.calls


def test_no_region(ecrm: Ecrm, shop: Shop, monkeypatch: pytest.MonkeyPatch):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    message = one_line(ecrm, ["plan"])
    assert message == "no region: give --region, or set AWS_REGION or a profile's region"
    assert ecrm("plan", "--region", "us-east-1").code == 0


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"AWS_ENDPOINT_URL": "nonsense"}, "Invalid endpoint: nonsense"),
        ({"AWS_ENDPOINT_URL_ECR": "nonsense"}, "Invalid endpoint: nonsense"),
        ({"AWS_ENDPOINT_URL": "http://localhost:99999"}, "Port out of range 0-65535"),
        ({"AWS_ENDPOINT_URL": "ftp://localhost"}, "Invalid endpoint: ftp://localhost"),
        ({"AWS_MAX_ATTEMPTS": "zero"}, "invalid literal for int() with base 10: 'zero'"),
    ],
)
@pytest.mark.parametrize("command", [*COMMANDS, ["snapshot"]])
def test_a_setting_that_makes_no_sense_is_one_line(
    ecrm: Ecrm, shop: Shop, command: list[str], variables: dict[str, str], why: str
):
    line = one_line(ecrm, command, **variables)
    assert line == (
        f"a setting of AWS makes no sense: {why}; check AWS_ENDPOINT_URL, AWS_MAX_ATTEMPTS and the "
        "profile"
    )
    assert not shop.aws.calls.writes


def test_a_setting_is_not_tried_again(ecrm: Ecrm, shop: Shop):
    assert one_line(ecrm, ["plan"], AWS_RETRY_MODE="odd").endswith("adaptive')")
    attempts = one_line(ecrm, ["plan"], AWS_MAX_ATTEMPTS="0")
    assert attempts.endswith("0 must be an integer greater than or equal to 1")


def test_an_empty_region_is_none(ecrm: Ecrm, shop: Shop):
    line = one_line(ecrm, ["plan"], AWS_REGION="", AWS_DEFAULT_REGION="")
    assert line == "no region: give --region, or set AWS_REGION or a profile's region"


def test_without_a_home_a_run_says_what_to_set(
    ecrm: Ecrm, shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    for name in ("HOME", "ECRM_STATE_DIR"):
        monkeypatch.delenv(name)
    for command in COMMANDS:
        ran = ecrm(*command)
        assert (ran.code, ran.out) == (2, "")
        assert ran.errors == ["ecrm: error: no home folder for state; set ECRM_STATE_DIR"]
    assert not shop.aws.calls.writes
    assert ecrm("scan").code == 0


def test_aws_region_alone_is_enough(ecrm: Ecrm, shop: Shop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert ecrm("plan", AWS_REGION="us-east-1").code == 0
    ran = ecrm("plan", AWS_REGION="eu-west-1", AWS_DEFAULT_REGION="us-east-1")
    assert "of 123456789012/eu-west-1." in ran.out


def test_a_profile_that_is_not_there(ecrm: Ecrm, shop: Shop):
    expected = (
        "sts:GetCallerIdentity: The config profile (nope) could not be found; name another with "
        "--profile or AWS_PROFILE"
    )
    assert one_line(ecrm, ["plan", "--profile", "nope"]) == expected
    assert one_line(ecrm, ["plan"], AWS_PROFILE="nope") == expected


def test_a_profile_of_aws_login_without_the_common_runtime_is_one_line(
    ecrm: Ecrm, shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setattr("botocore.credentials.EC", None)
    Path("aws-config").write_text("[profile me]\nlogin_session = arn:aws:sts::1:assumed-role/me\n")
    line = one_line(ecrm, ["plan", "--profile", "me"], AWS_CONFIG_FILE="aws-config")
    assert line == (
        "sts:GetCallerIdentity: the credentials need the AWS Common Runtime, an extra of ecrm "
        "named crt; or run: pip install 'botocore[crt]'"
    )
    assert not shop.aws.calls


def test_a_profile_is_used(ecrm: Ecrm, shop: Shop, monkeypatch: pytest.MonkeyPatch):
    shop.aws.account("222222222222", "eu-west-1").ecr.repository("other")
    Path("aws-config").write_text(
        "[profile staging]\nregion = eu-west-1\n"
        "aws_access_key_id = AKIA222222222222\naws_secret_access_key = secret\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    ran = ecrm("--profile", "staging", "plan", AWS_CONFIG_FILE="aws-config")
    assert ran.code == 0
    assert "in 1 repository of 222222222222/eu-west-1." in ran.out


def test_a_token_that_has_expired(ecrm: Ecrm, shop: Shop):
    shop.aws.fault("sts", "GetCallerIdentity", Fault.expired(), times=FOREVER)
    for command in COMMANDS:
        assert one_line(ecrm, command) == (
            "sts:GetCallerIdentity: the credentials have expired; sign in again (The security "
            "token included in the request is expired)"
        )
    assert set(shop.aws.calls.names) == {"sts:GetCallerIdentity"}


def test_credentials_that_aws_does_not_accept(ecrm: Ecrm, shop: Shop):
    fault = Fault.error("InvalidClientTokenId", "The security token is invalid", 403)
    shop.aws.fault("sts", "GetCallerIdentity", fault, times=FOREVER)
    assert one_line(ecrm, ["plan"]) == (
        "sts:GetCallerIdentity: AWS does not accept the credentials (InvalidClientTokenId: The "
        "security token is invalid)"
    )


def test_an_endpoint_that_nobody_listens_on(ecrm: Ecrm, shop: Shop):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        for command in COMMANDS:
            message = one_line(ecrm, command, AWS_ENDPOINT_URL=url)
            assert message == (
                f'sts:GetCallerIdentity: Could not connect to the endpoint URL: "{url}/"; check '
                "the network, the region and AWS_ENDPOINT_URL"
            )


def test_an_endpoint_that_is_not_aws(ecrm: Ecrm, shop: Shop):
    shop.aws.fault("ecr", "DescribeRepositories", Fault.truncate(), times=FOREVER)
    for command in COMMANDS:
        assert "cut off" in one_line(ecrm, command)


READS = {
    "ecs": (
        *("ListClusters", "ListTasks", "DescribeTasks", "ListServices", "DescribeServices"),
        *("DescribeServiceRevisions", "ListTaskDefinitionFamilies", "ListTaskDefinitions"),
        "DescribeTaskDefinition",
    ),
    "lambda": ("ListFunctions", "GetFunction", "ListAliases", "ListProvisionedConcurrencyConfigs"),
    "ecr": ("DescribeImages", "DescribeRegistry", "BatchGetImage"),
}


@pytest.fixture
def busy(shop: Shop) -> Shop:
    """The shop, so that every call that reads anything is made."""
    shop.repository.push_index("multi", pushed=days_ago(60))
    images = shop.aws.ecr.repository("fn")
    images.fill(7, newest=days_ago(60))
    function = shop.aws.lambda_.function("resize", next(iter(images)))
    for image in list(images):
        shop.aws.lambda_.update(function, image)
        function.publish()
    return shop


@pytest.mark.parametrize(
    ("service", "operation"),
    [(service, operation) for service, names in READS.items() for operation in names],
)
def test_b11_a_source_that_is_denied_is_reported_with_its_action_and_nothing_is_deleted(
    ecrm: Ecrm, busy: Shop, service: str, operation: str
):
    busy.aws.fault(service, operation, Fault.denied(), times=FOREVER)
    ran = ecrm("delete", "--force")
    assert ran.code == 1
    *denied, last = ran.errors
    action = f"{service}:{operation}"
    assert denied
    for line in denied:
        assert f"{action} is denied; allow it: User: arn:aws:iam::123456789012:user/ecrm" in line
        assert f"is not authorized to perform: {action} on resource: " in line
    assert len(set(denied)) == len(denied)
    assert last == "ecrm: error: nothing was deleted, since the plan is incomplete"
    assert not busy.aws.calls.writes


def test_an_incomplete_plan_is_shown_and_ends_with_1(ecrm: Ecrm, busy: Shop):
    busy.aws.fault("ecs", "ListTasks", Fault.denied(), times=FOREVER)
    plan, delete = ecrm("plan"), ecrm("delete", "--force")
    assert plan.code == 1
    assert plan.out == delete.out
    assert plan.errors == delete.errors[:-1]
    assert "  ecs of 123456789012/us-east-1: denied, " in plan.out


def test_b11_repositories_that_cannot_be_listed_leave_nothing_to_show(ecrm: Ecrm, shop: Shop):
    shop.aws.fault("ecr", "DescribeRepositories", Fault.denied(), times=FOREVER)
    message = one_line(ecrm, ["delete", "--force"])
    assert message.startswith("ecr:DescribeRepositories is denied; allow it: User: ")


def test_who_else_may_pull_need_not_be_known(ecrm: Ecrm, shop: Shop):
    for operation in ("GetRepositoryPolicy", "GetRegistryPolicy"):
        shop.aws.fault("ecr", operation, Fault.denied(), times=FOREVER)
    ran = ecrm("plan")
    assert ran.code == 0
    assert "who else may pull is not known: ecr:Get" in ran.out


def test_scan_writes_nothing_that_is_incomplete(ecrm: Ecrm, shop: Shop):
    shop.aws.fault("lambda", "ListFunctions", Fault.denied(), times=FOREVER)
    for command in (["scan"], ["snapshot"]):
        assert one_line(ecrm, command).startswith("lambda:ListFunctions is denied; allow it: ")


def test_b23_throttling_that_ends_is_not_noticed(ecrm: Ecrm, shop: Shop):
    for service, operation in (("ecr", "DescribeImages"), ("ecs", "DescribeTasks")):
        shop.aws.fault(service, operation, Fault.throttle())
    ran = ecrm("delete", "--force")
    assert (ran.code, ran.errors) == (0, [])
    assert shop.old not in shop.repository


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault.throttle(), "AWS still throttles after all retries; try again later"),
        (Fault.server_error(), "ServerException: Internal server error"),
        (Fault.drop(), "Connection was closed before we received a valid response from endpoint"),
        (Fault.cut(), "try again"),
        (Fault.truncate(), "cut off"),
        (Fault.blank(), "cut off"),
    ],
    ids=["throttled", "server error", "dropped", "cut", "truncated", "blank"],
)
@pytest.mark.parametrize("action", ["ecr:DescribeImages", "ecs:ListTasks"])
def test_b11_what_does_not_end_well_is_one_line_and_nothing_is_deleted(
    ecrm: Ecrm, shop: Shop, action: str, fault: Fault, message: str
):
    service, operation = action.split(":")
    shop.aws.fault(service, operation, fault, times=FOREVER)
    ran = ecrm("delete", "--force")
    assert ran.code == 1
    line, last = ran.errors
    assert message in line
    assert f"{operation}: " in line
    assert last == "ecrm: error: nothing was deleted, since the plan is incomplete"
    assert not shop.aws.calls.writes


def test_b31_empty_pages_are_no_end(ecrm: Ecrm, shop: Shop):
    for service, operation in (
        ("ecr", "DescribeImages"),
        ("ecr", "DescribeRepositories"),
        ("ecs", "ListClusters"),
        ("ecs", "ListServices"),
        ("lambda", "ListFunctions"),
    ):
        shop.aws.fault(service, operation, Fault.empty_page())
    assert ecrm("plan", "--format", "json").rows == {("shop/api", "Image"): (1, 4)}


def vanish(shop: Shop, what: str) -> Any:
    aws = shop.aws
    return {
        "repository": lambda: aws.ecr.repositories.pop("shop/gone"),
        "cluster": lambda: aws.ecs.clusters.pop("gone"),
    }[what]


def test_a_repository_that_vanishes_during_the_run_is_no_error(ecrm: Ecrm, shop: Shop):
    gone = shop.aws.ecr.repository("shop/gone")
    gone.push("v1", pushed=days_ago(60))
    shop.aws.after("ecr", "DescribeRepositories", vanish(shop, "repository"))
    ran = ecrm("delete", "--force")
    assert (ran.code, ran.errors) == (0, [])
    assert "shop/gone" not in ran.out
    assert shop.old not in shop.repository


def test_a_repository_that_vanishes_before_its_turn_is_no_error(ecrm: Ecrm, shop: Shop):
    gone = shop.aws.ecr.repository("shop/gone")
    gone.push("v1", pushed=days_ago(60))
    shop.aws.before("ecr", "BatchDeleteImage", vanish(shop, "repository"))
    ran = ecrm("delete", "--force")
    assert (ran.code, ran.errors) == (0, [])
    assert "ALREADY GONE" in ran.out
    assert shop.old not in shop.repository


def test_a_cluster_that_vanishes_during_the_run_is_no_error(ecrm: Ecrm, shop: Shop):
    gone = shop.aws.ecs.cluster("gone")
    gone.service("web", shop.aws.ecs.task_definition("web", shop.used))
    shop.aws.after("ecs", "ListClusters", vanish(shop, "cluster"))
    ran = ecrm("delete", "--force")
    assert (ran.code, ran.errors) == (0, [])
    assert shop.old not in shop.repository


def test_a_service_and_a_function_that_vanish_during_the_run_are_no_error(ecrm: Ecrm, shop: Shop):
    aws = shop.aws
    aws.ecs.cluster("prod").service("gone", aws.ecs.task_definition("gone", shop.used))
    aws.lambda_.function("gone", shop.used)
    aws.after("ecs", "ListServices", aws.ecs.cluster("prod").service("gone").delete)
    aws.after("lambda", "ListFunctions", aws.lambda_.functions.clear)
    ran = ecrm("delete", "--force")
    assert (ran.code, ran.errors) == (0, [])


def test_a_delete_that_is_throttled_for_good_is_reported_and_tried_again_later(
    ecrm: Ecrm, shop: Shop
):
    other = shop.aws.ecr.repository("zz")
    other.push("v1", pushed=days_ago(60))
    shop.aws.fault("ecr", "BatchDeleteImage", Fault.throttle(), times=FOREVER)
    ran = ecrm("delete", "--force")
    assert ran.code == 4
    assert "Deleted 0 (0 B) of 2 images.\n" in ran.out
    assert "ecr:BatchDeleteImage: AWS still throttles after all retries; try again later" in ran.out
    assert "not tried after an earlier error: ecr:BatchDeleteImage: AWS still" in ran.out
    shop.aws.clear_weather()
    assert ecrm("delete", "--force").code == 0
    assert len(other) == 0


def test_a_deletion_whose_answer_was_lost_is_not_taken_for_a_failure(ecrm: Ecrm, shop: Shop):
    shop.aws.fault("ecr", "BatchDeleteImage", Fault.drop_after())
    ran = ecrm("delete", "--force")
    assert ran.code == 0
    assert shop.old not in shop.repository


def test_an_empty_account_needs_nothing(ecrm: Ecrm, aws: FakeAws):
    ran = ecrm("delete", "--force")
    assert (ran.code, ran.err) == (0, "Nothing to delete.\n")
