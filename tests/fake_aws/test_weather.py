"""Faults, throttling and delays of the fake AWS, seen through real boto3 clients."""

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.parsers import ResponseParserError

from tests.fake_aws import FOREVER, PUBLISHED, FakeAws, Fault, Rate, Repository, buckets
from tests.fake_aws.driving import by_digest, client, paged, refused


@pytest.mark.parametrize(
    ("call", "fault", "code", "status"),
    [
        ("ecr describe_repositories", Fault.throttle(), "ThrottlingException", 400),
        ("ecs list_clusters", Fault.throttle(), "ThrottlingException", 400),
        ("lambda list_functions", Fault.throttle(), "TooManyRequestsException", 429),
        ("sts get_caller_identity", Fault.throttle(), "Throttling", 400),
        ("ecr describe_repositories", Fault.server_error(), "ServerException", 500),
        ("lambda list_functions", Fault.server_error(), "ServiceException", 500),
        ("ecr describe_repositories", Fault.expired(), "ExpiredTokenException", 400),
        ("sts get_caller_identity", Fault.expired(), "ExpiredToken", 403),
        ("ecs list_clusters", Fault.error("Odd", "very", 418), "Odd", 418),
    ],
)
def test_a_fault_answers_in_the_services_own_terms(
    aws: FakeAws, call: str, fault: Fault, code: str, status: int
) -> None:
    service, _, operation = call.partition(" ")
    aws.fault(service, "*", fault)
    with pytest.raises(ClientError) as error:
        getattr(client(aws, service), operation)()
    assert error.value.response["Error"]["Code"] == code
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert (aws.calls[0].status, aws.calls[0].error) == (status, code)
    getattr(client(aws, service), operation)()


def test_a_denial_names_the_caller_the_action_and_the_resource(aws: FakeAws, ecr: Any) -> None:
    aws.fault("ecr", "DescribeImages", Fault.denied(), times=FOREVER)
    aws.fault("lambda", "ListFunctions", Fault.denied(reason="with an explicit deny"))
    for _ in range(2):
        code, message = refused(ecr.describe_images, repositoryName="shop/api")
        assert code == "AccessDeniedException"
        assert message == (
            "User: arn:aws:iam::123456789012:user/ecrm is not authorized to perform: "
            "ecr:DescribeImages on resource: "
            "arn:aws:ecr:us-east-1:123456789012:repository/shop/api "
            "because no identity-based policy allows the ecr:DescribeImages action"
        )
    code, message = refused(client(aws, "lambda").list_functions)
    assert code == "AccessDeniedException"
    assert message.endswith("lambda:ListFunctions on resource: * with an explicit deny")


def test_a_fault_hits_the_calls_that_it_is_aimed_at(aws: FakeAws, ecr: Any) -> None:
    for name in ("a1", "b1"):
        aws.ecr.repository(name)
    aws.fault("ecr", "ListImages", Fault.throttle(), at=2, times=2)
    aws.fault(
        "ecr",
        "DescribeImages",
        Fault.throttle(),
        when=lambda params: params["repositoryName"] == "b1",
    )
    aws.fault("ecr", "*", Fault.server_error(), region="eu-west-1", times=FOREVER)

    def outcome(operation: str, name: str) -> bool:
        try:
            getattr(ecr, operation)(repositoryName=name)
        except ClientError:
            return False
        return True

    assert [outcome("list_images", "a1") for _ in range(4)] == [True, False, False, True]
    assert [outcome("describe_images", name) for name in ("a1", "b1", "b1")] == [True, False, True]
    assert dict(aws.calls.throttled) == {"ecr:ListImages": 2, "ecr:DescribeImages": 1}
    code, _ = refused(client(aws, "ecr", region="eu-west-1").describe_repositories)
    assert code == "ServerException"
    aws.clear_weather()
    client(aws, "ecr", region="eu-west-1").describe_repositories()


def test_a_connection_drops_before_or_after_the_operation(
    aws: FakeAws, shop: Repository, ecr: Any
) -> None:
    first, second = shop.push(), shop.push()
    aws.fault("ecr", "BatchDeleteImage", Fault.drop())
    aws.fault("ecr", "BatchDeleteImage", Fault.drop_after(), at=2)
    for image in (first, second):
        with pytest.raises(ConnectionClosedError):
            ecr.batch_delete_image(repositoryName="shop/api", imageIds=by_digest(image))
    assert (first in shop, second in shop) == (True, False)
    assert [call.status for call in aws.calls.writes] == [0, 0]


@pytest.mark.parametrize("fault", [Fault.cut(), Fault.truncate()])
def test_half_an_answer_is_to_botocore_an_answer_without_members(
    aws: FakeAws, shop: Repository, ecr: Any, functions: Any, fault: Fault
) -> None:
    """No error and no retry: whoever reads with `.get(member, [])` sees an empty account."""
    shop.push()
    aws.fault("*", "*", fault, times=FOREVER)
    assert ecr.describe_images(repositoryName="shop/api").keys() == {"ResponseMetadata"}
    assert functions.list_functions().keys() == {"ResponseMetadata"}
    with pytest.raises(ResponseParserError):
        client(aws, "sts").get_caller_identity()
    aws.clear_weather()
    assert ecr.describe_images(repositoryName="shop/api")["imageDetails"]


def test_an_empty_page_leads_on_to_what_was_asked_for(
    aws: FakeAws, shop: Repository, ecr: Any, functions: Any
) -> None:
    shop.fill(25)
    aws.lambda_.function("plain")
    for at in (1, 2, 4):
        aws.fault("ecr", "DescribeImages", Fault.empty_page(), at=at)
    found = paged(
        ecr,
        "describe_images",
        "imageDetails",
        repositoryName="shop/api",
        PaginationConfig={"PageSize": 10},
    )
    assert len({item["imageDigest"] for item in found}) == len(found) == 25
    assert len(aws.calls) == 6
    aws.fault("lambda", "ListFunctions", Fault.empty_page())
    assert len(paged(functions, "list_functions", "Functions")) == 1


def test_one_id_of_a_batch_fails_and_the_others_do_not(
    aws: FakeAws, shop: Repository, ecr: Any, ecs: Any
) -> None:
    first, second = shop.push(), shop.push()
    aws.fault("ecr", "BatchDeleteImage", Fault.failure("KmsError", "no key", of=second.digest))
    answer = ecr.batch_delete_image(repositoryName="shop/api", imageIds=by_digest(first, second))
    assert answer["imageIds"] == by_digest(first)
    assert answer["failures"] == [
        {
            "imageId": {"imageDigest": second.digest},
            "failureCode": "KmsError",
            "failureReason": "no key",
        }
    ]
    assert second in shop
    service = aws.ecs.cluster().service("web", aws.ecs.task_definition("web", "nginx"))
    aws.fault("ecs", "DescribeServices", Fault.failure("ACCESS_DENIED"))
    answer = ecs.describe_services(services=[service.arn])
    assert answer["services"] == []
    assert answer["failures"] == [{"arn": service.arn, "reason": "ACCESS_DENIED"}]


def test_the_account_changes_in_the_middle_of_a_run(
    aws: FakeAws, shop: Repository, ecr: Any
) -> None:
    shop.push("v1")
    aws.before("ecr", "ListImages", at=2, do=lambda: shop.push("v2"))
    aws.after("ecr", "ListImages", at=2, do=lambda: shop.push("v3"))
    counts = [len(ecr.list_images(repositoryName="shop/api")["imageIds"]) for _ in range(3)]
    assert counts == [1, 2, 3]


def test_what_fails_in_a_hook_fails_the_test() -> None:
    def broken() -> None:
        raise ZeroDivisionError

    def scenario() -> None:
        with FakeAws(sockets=True) as aws:
            aws.before("ecr", "DescribeRepositories", do=broken)
            assert refused(client(aws, "ecr").describe_repositories)[0] == "InternalFailure"

    with pytest.raises(ZeroDivisionError):
        scenario()


def test_a_call_that_is_held_holds_up_no_other(aws: FakeAws, ecr: Any) -> None:
    together = threading.Barrier(8, timeout=30)
    aws.hold(together.wait, "ecr", "DescribeRepositories")
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(ecr.describe_repositories) for _ in range(8)]
        assert [call.result()["repositories"] for call in calls] == [[]] * 8


def test_latency_is_slept_before_each_such_answer(
    aws: FakeAws, ecr: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []
    monkeypatch.setattr("tests.fake_aws.fake.time", SimpleNamespace(sleep=naps.append))
    aws.slow(0.1, "ecr", "DescribeRepositories")
    ecr.describe_repositories()
    ecr.describe_registry()
    ecr.describe_repositories()
    assert naps == [0.1, 0.1]


class StillClock:
    """Stands in for `time` where buckets fill: they must not fill because a machine is slow."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> StillClock:
    still = StillClock()
    monkeypatch.setattr(buckets, "time", still)
    return still


def test_actions_in_a_row_share_one_bucket_per_account_and_region(
    aws: FakeAws, ecs: Any, clock: StillClock
) -> None:
    aws.limit([Rate("ecs", ("ListClusters", "DescribeClusters"), burst=2, per_second=20)])
    ecs.list_clusters()
    ecs.describe_clusters()
    assert refused(ecs.list_clusters)[0] == "ThrottlingException"
    client(aws, "ecs", region="eu-west-1").list_clusters()
    ecs.list_task_definitions()
    clock.now += 0.06
    ecs.list_clusters()
    assert aws.calls.throttled == {"ecs:ListClusters": 1}


@pytest.mark.usefixtures("clock")
def test_the_published_rates_hold_lambda_to_15_a_second(aws: FakeAws, functions: Any) -> None:
    aws.limit(PUBLISHED)
    aws.lambda_.function("plain")
    for _ in range(15):
        functions.list_functions()
    assert refused(functions.list_functions)[0] == "TooManyRequestsException"
    functions.get_function(FunctionName="plain")
