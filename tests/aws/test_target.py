"""The edge to AWS: who we are, what a client may do, and what must never look empty."""

import logging
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name

from ecrm.aws import Target, call, chunks, connect, map_concurrently, pages
from ecrm.aws.executor import Workers
from ecrm.errors import AccessDenied, AwsError
from ecrm.registry.deleter import Deleter
from ecrm.registry.images import repositories
from ecrm.registry.operations import DESCRIBE_REPOSITORIES
from ecrm.sources.ecs.operations import LIST_TASKS
from ecrm.sources.lambda_functions.operations import LIST_FUNCTIONS
from tests.stubs import ACCOUNT, REGION, REGISTRY, Stubs, Wire, new_session
from tests.values import digest

IDENTITY = (
    b"<GetCallerIdentityResponse><GetCallerIdentityResult>"
    b"<Account>123456789012</Account><Arn>arn:aws:iam::123456789012:user/me</Arn>"
    b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
)


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No setting of the machine's; returns where a config file of AWS's would be."""
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_ENDPOINT_URL",
        "AWS_MAX_ATTEMPTS",
        "AWS_RETRY_MODE",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path / "config"


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch, nobody: Path) -> Path:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    return nobody


@pytest.fixture
def wire(somebody: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    with Wire() as wire:
        monkeypatch.setenv("AWS_ENDPOINT_URL", wire.url)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        yield wire


@pytest.fixture
def target(wire: Wire) -> Target:
    return Target(REGISTRY, new_session())


def failure(**where: Any) -> str:
    with pytest.raises(AwsError) as error:
        connect(**where)
    assert error.value.exit_code == 1
    return str(error.value)


# Who we are


def test_the_account_is_the_one_that_sts_tells_and_the_region_the_configured_one(wire):
    wire.answer(IDENTITY)
    target = connect()
    assert target.registry == REGISTRY
    assert str(target) == f"{ACCOUNT}/{REGION}"


def test_a_region_that_is_given_wins_over_the_environment(wire):
    wire.answer(IDENTITY)
    target = connect(region="eu-west-1")
    assert target.registry.region == "eu-west-1"
    assert {target.ecr.meta.region_name, target.ecs.meta.region_name} == {"eu-west-1"}
    assert target.functions.meta.region_name == "eu-west-1"


def test_aws_region_names_the_region_as_for_all_other_tools_of_aws(wire, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    wire.answer(IDENTITY)
    assert connect().registry.region == "eu-west-1"
    wire.answer(IDENTITY)
    assert connect(region="us-west-2").registry.region == "us-west-2"


def test_an_answer_without_an_account_is_an_error(wire):
    wire.answer(IDENTITY.replace(b"<Account>123456789012</Account>", b""))
    assert failure() == "sts:GetCallerIdentity: AWS's answer has no Account; try again"


def test_a_profile_that_is_given_brings_its_credentials_and_region(wire, somebody, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    somebody.write_text(
        "[profile prod]\naws_access_key_id = PROD\naws_secret_access_key = s\nregion = eu-west-1\n"
    )
    wire.answer(IDENTITY)
    target = connect(profile="prod")
    assert target.registry.region == "eu-west-1"
    assert target.session.get_credentials().access_key == "PROD"


def test_without_a_region_the_message_says_how_to_give_one(somebody, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert failure() == "no region: give --region, or set AWS_REGION or a profile's region"


def test_without_credentials_the_message_says_how_to_give_them():
    assert failure(region=REGION) == (
        "sts:GetCallerIdentity: Unable to locate credentials; "
        "give --profile, or set credentials as for the AWS CLI"
    )


def test_half_credentials_are_named(somebody, monkeypatch):
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert failure().endswith("; complete the credentials")


def test_an_unknown_profile_is_named(somebody):
    assert failure(profile="nope") == (
        "sts:GetCallerIdentity: The config profile (nope) could not be found; "
        "name another with --profile or AWS_PROFILE"
    )


def test_an_unknown_profile_of_the_environment_is_named(somebody, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nope")
    assert "The config profile (nope) could not be found" in failure()


def test_a_region_that_can_be_none_is_refused(somebody):
    assert failure(region="us east 1").endswith("; name a region such as us-east-1")


def test_an_endpoint_that_does_not_answer_is_named(wire, somebody, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert failure() == (
        'sts:GetCallerIdentity: Could not connect to the endpoint URL: "http://127.0.0.1:1/"; '
        "check the network, the region and AWS_ENDPOINT_URL"
    )


def test_an_answer_of_a_proxy_in_place_of_sts_is_an_error_of_one_line(wire):
    wire.answer(b"<html>Please sign in<br></html>")
    message = failure()
    assert message.startswith("sts:GetCallerIdentity: ")
    assert "\n" not in message


# Retries: what the user set wins


def retries(target: Target) -> dict[str, object]:
    clients = (target.ecr, target.ecs, target.functions, target.writing_ecr())
    settings: list[dict[str, object]] = [client.meta.config.retries for client in clients]
    assert all(setting == settings[0] for setting in settings)
    return settings[0]


def test_every_client_tries_a_call_eight_times_by_default(somebody):
    target = Target(REGISTRY, new_session())
    assert retries(target) == {"mode": "standard", "total_max_attempts": 8}


def test_retry_settings_of_the_environment_win(somebody, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")
    target = Target(REGISTRY, new_session())
    assert retries(target) == {"mode": "adaptive", "total_max_attempts": 3}


def test_retry_settings_of_a_profile_win(somebody):
    somebody.write_text("[default]\nmax_attempts = 4\nretry_mode = adaptive\n")
    target = Target(REGISTRY, new_session())
    assert retries(target) == {"mode": "adaptive", "total_max_attempts": 4}


def test_a_call_that_fails_within_the_attempts_succeeds(target, wire, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    wire.answer({}, status=500)
    wire.answer({"repositories": [{"repositoryName": "shop/api"}]})
    assert list(repositories(target)) == ["shop/api"]
    assert len(wire.requests) == 2


def test_after_the_last_attempt_the_error_is_raised(target, wire):
    wire.answer({"__type": "ServerException", "message": "Service Unavailable"}, status=503)
    with pytest.raises(AwsError, match=r"^ecr:DescribeRepositories: ServerException: Service Una"):
        repositories(target)
    assert len(wire.requests) == 1


# What a client may do


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        (
            "ecr",
            "BatchDeleteImage",
            {"repositoryName": "shop/api", "imageIds": [{"imageDigest": digest(1)}]},
        ),
        ("ecr", "PutImage", {"repositoryName": "shop/api", "imageManifest": "{}"}),
        ("ecr", "DeleteRepository", {"repositoryName": "shop/api"}),
        ("ecs", "DeleteService", {"service": "web"}),
        ("ecs", "UpdateService", {"service": "web"}),
        ("functions", "DeleteFunction", {"FunctionName": "thumbnails"}),
        ("functions", "PublishVersion", {"FunctionName": "thumbnails"}),
    ],
)
def test_a_reading_client_refuses_to_change_anything(target, wire, service, operation, params):
    """B13."""
    with pytest.raises(AssertionError, match=f"{operation} was called through a client that only"):
        getattr(getattr(target, service), xform_name(operation))(**params)
    assert wire.requests == []


def test_the_writing_client_is_another_one_and_may_delete(target, wire):
    assert target.writing_ecr() is not target.ecr
    wire.answer({"imageIds": [{"imageDigest": digest(1)}], "failures": []})
    deleted, refused = Deleter(target).delete("shop/api", [digest(1)])
    assert (deleted, refused) == (frozenset({digest(1)}), ())
    assert [request.operation for request in wire.requests] == ["BatchDeleteImage"]


def test_clients_say_that_they_are_ecrm(somebody):
    target = Target(REGISTRY, new_session())
    assert target.ecr.meta.config.user_agent.startswith("ecrm/")


# What must not look empty


@pytest.mark.parametrize(
    "body",
    [
        b'{"taskArns":["arn:aws:ecs:us-east-1:123456789012:task/pro',
        b"<html>Bad gateway</html>",
        b"",
        '{"taskArns":["ü'.encode()[:-1],
    ],
    ids=["cut off", "no JSON", "nothing", "cut off within a character"],
)
@pytest.mark.parametrize(
    ("client", "operation"),
    [("ecs", LIST_TASKS), ("ecr", DESCRIBE_REPOSITORIES), ("functions", LIST_FUNCTIONS)],
)
def test_an_answer_that_is_cut_off_does_not_look_empty(target, wire, client, operation, body):
    """B11."""
    wire.answer(body)
    message = f"{operation.action}: AWS's answer was cut off; try again"
    with pytest.raises(AwsError, match=message) as error:
        call(getattr(target, client), operation)
    assert "\n" not in str(error.value)
    assert len(wire.requests) == 1


def test_a_page_that_is_cut_off_does_not_end_a_listing(target, wire):
    """B11."""
    wire.answer({"taskArns": ["arn:1"], "nextToken": "more"})
    wire.answer(b'{"taskArns": ["arn:2"')
    with pytest.raises(AwsError, match="ListTasks: AWS's answer was cut off; try again"):
        list(pages(target.ecs, LIST_TASKS))


def test_a_deletion_whose_answer_is_cut_off_is_not_taken_for_done(target, wire):
    """B11."""
    wire.answer(b'{"imageIds": [{"imageDig')
    with pytest.raises(AwsError, match="BatchDeleteImage: AWS's answer was cut off"):
        Deleter(target).delete("shop/api", [digest(1)])


def test_a_listing_that_is_really_empty_is_no_error(target, wire):
    """B31."""
    wire.answer({"taskArns": []})
    assert call(target.ecs, LIST_TASKS) == {"taskArns": [], "nextToken": None}


def test_an_answer_of_s3_has_no_body_and_is_no_error(target, wire):
    """It is where journals go, by another protocol; an empty answer is what it gives."""
    wire.answer(b"")
    target.s3().put_object(Bucket="journals", Key="ecrm/1.jsonl", Body=b"{}")
    assert [request.method for request in wire.requests] == ["PUT"]


# Calls and pages


def test_every_page_is_read_also_after_an_empty_one():
    """B11."""
    with Stubs() as aws:
        aws.answer("ListTasks", {"taskArns": [], "nextToken": "2"}, maxResults=100)
        aws.answer(
            "ListTasks", {"taskArns": ["b"], "nextToken": "3"}, maxResults=100, nextToken="2"
        )
        aws.answer("ListTasks", {"taskArns": ["c"]}, maxResults=100, nextToken="3")
        listing = pages(aws.target.ecs, LIST_TASKS, maxResults=100)
        assert [page["taskArns"] for page in listing] == [[], ["b"], ["c"]]


def test_a_listing_that_fails_on_a_later_page_fails():
    """B11."""
    with Stubs() as aws:
        aws.answer("ListTasks", {"taskArns": ["a"], "nextToken": "2"})
        aws.refuse("ListTasks", "AccessDeniedException", "not you", nextToken="2")
        with pytest.raises(AccessDenied) as error:
            list(pages(aws.target.ecs, LIST_TASKS))
    assert error.value.action == "ecs:ListTasks"


@pytest.mark.parametrize(
    ("size", "expected"), [(0, []), (1, [1]), (2, [2]), (3, [2, 1]), (4, [2, 2]), (5, [2, 2, 1])]
)
def test_chunks_are_full_but_for_the_last(size, expected):
    assert [len(chunk) for chunk in chunks(range(size), 2)] == expected
    assert [item for chunk in chunks(range(size), 2) for item in chunk] == list(range(size))


def test_results_come_in_the_order_of_the_items_whoever_is_first():
    """B12."""
    done = [threading.Event() for _ in range(16)]

    def last_first(number: int) -> int:
        assert number == 15 or done[number + 1].wait(30)
        done[number].set()
        return number

    assert map_concurrently(last_first, range(16), 16) == list(range(16))


def test_many_calls_are_in_flight_at_once():
    both = threading.Barrier(8, timeout=30)
    assert len(map_concurrently(lambda _: both.wait(), range(8), 16)) == 8


def test_gather_of_nothing_is_nothing():
    assert map_concurrently(str, [], 16) == []


def test_after_the_first_failure_no_call_is_begun():
    """Also while an earlier item, whose result would come first, takes its time."""
    begun: list[int] = []
    failed = threading.Event()

    def read(number: int) -> None:
        begun.append(number)
        if number == 1:
            raise AwsError("no")
        assert failed.wait(30)

    with ThreadPoolExecutor(16) as pool, pytest.raises(AwsError, match=r"^no$"):
        Workers(16, pool, failed.set).map(read, range(1000))
    assert len(begun) <= 16


def test_calls_in_flight_have_ended_when_the_failure_is_raised():
    ended: list[int] = []
    begun = threading.Barrier(4, timeout=30)
    failed = threading.Event()

    def read(number: int) -> None:
        begun.wait()
        if number == 1:
            raise AwsError("no")
        assert failed.wait(30)
        ended.append(number)

    with ThreadPoolExecutor(16) as pool:
        with pytest.raises(AwsError, match=r"^no$"):
            Workers(16, pool, failed.set).map(read, range(4))
        assert sorted(ended) == [0, 2, 3]


def test_calls_that_wait_leave_threads_to_those_of_another_kind():
    waiting = threading.Barrier(4, timeout=30)  # three threads in slow calls, and the other lane
    begun, done = threading.Event(), threading.Event()

    def slow(number: int) -> None:
        if number < 3:
            waiting.wait()
            assert begun.wait(30)
        else:
            assert done.wait(30)

    def two_at_once(_: int) -> None:
        begun.set()
        both.wait()

    def slow_lane() -> None:
        workers.map(slow, range(50))

    def fast_lane() -> None:
        waiting.wait()
        workers.map(two_at_once, range(2))
        done.set()

    both = threading.Barrier(2, timeout=5)
    with ThreadPoolExecutor(4) as pool:
        workers = Workers(4, pool)
        workers.map(lambda lane: lane(), [slow_lane, fast_lane])


# The log


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith("ecrm")]


def test_the_debug_log_has_every_call_with_its_duration(target, wire, caplog):
    caplog.set_level(logging.DEBUG, "ecrm")
    wire.answer({"repositories": [], "nextToken": "2"})
    wire.answer({"repositories": []})
    wire.answer({"__type": "ClusterNotFoundException", "message": "no"}, status=400)
    repositories(target)
    with pytest.raises(AwsError):
        call(target.ecs, LIST_TASKS, cluster="gone")
    expected = ["DescribeRepositories: 200", "DescribeRepositories: 200", "ListTasks: 400"]
    assert [re.sub(r", \d+ ms$", "", line) for line in logged(caplog)] == expected
    assert all(re.search(r", \d+ ms$", line) for line in logged(caplog))


def test_a_call_that_gets_no_answer_is_logged_by_its_name(target, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG, "ecrm")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    unreachable = Target(REGISTRY, new_session())
    with pytest.raises(AwsError):
        repositories(unreachable)
    [line] = logged(caplog)
    assert re.fullmatch(r"DescribeRepositories: EndpointConnectionError, \d+ ms", line)


def test_without_debug_nothing_is_logged(target, wire, caplog):
    caplog.set_level(logging.INFO, "ecrm")
    wire.answer({"repositories": []})
    repositories(target)
    assert logged(caplog) == []
