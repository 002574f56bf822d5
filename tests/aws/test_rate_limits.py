"""AWS is asked as fast as it allows, and no faster for long."""

import threading

import pytest

from ecrm.aws.rate_limits import RateLimiter, StoppedError, TokenBucket
from ecrm.errors import AwsError
from ecrm.workflow.configuration import QUOTAS
from tests.fake_aws import PUBLISHED


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def bucket(clock: Clock, burst: float, rate: float | None) -> TokenBucket:
    return TokenBucket(burst, rate, clock, clock.sleep)


def taken(tokens: TokenBucket, clock: Clock, calls: int) -> float:
    """The seconds that this number of calls, one after the other, had to wait."""
    began = clock.now
    for _ in range(calls):
        tokens.take()
    return clock.now - began


# Published rates


def test_a_burst_goes_at_once_and_the_rest_at_the_rate(clock):
    tokens = bucket(clock, burst=50, rate=20)
    assert taken(tokens, clock, 50) == 0
    assert taken(tokens, clock, 200) == pytest.approx(10)


def test_a_quota_is_waited_for_from_the_first_call_that_has_no_token(clock):
    tokens = TokenBucket(2, 20, clock, lambda _: None)  # the waiting threads are not there
    for _ in range(2):
        tokens.take()
        assert tokens.waited_for() is None
    tokens.take()
    assert tokens.waited_for() == 20
    clock.sleep(0.04)
    assert tokens.waited_for() == 20
    clock.sleep(0.02)
    assert tokens.waited_for() is None


def test_a_quota_that_gave_way_is_waited_for_at_the_rate_that_is_left(clock):
    tokens = TokenBucket(0, 20, clock, lambda _: None)
    tokens.refused()
    tokens.take()
    assert tokens.waited_for() == pytest.approx(14)


def test_nothing_is_waited_for_without_a_rate_or_a_quota(clock):
    limiter = RateLimiter(QUOTAS, monotonic=clock)
    for operation in (("ecr", "DescribeImages"), ("s3", "PutObject")):
        limiter.take(*operation)
        assert limiter.waited_for(*operation) is None
    assert limiter.waited_for("ecs", "DescribeTaskDefinition") is None


def test_what_was_not_used_is_saved_up_as_far_as_the_burst(clock):
    tokens = bucket(clock, burst=10, rate=20)
    taken(tokens, clock, 10)
    clock.sleep(0.25)
    assert taken(tokens, clock, 5) == pytest.approx(0)
    clock.sleep(3600)
    assert taken(tokens, clock, 10) == 0
    assert taken(tokens, clock, 1) > 0


def test_refused_calls_use_up_what_was_saved_and_slow_the_bucket_down(clock):
    tokens = bucket(clock, burst=50, rate=20)
    tokens.refused()
    assert taken(tokens, clock, 14) == pytest.approx(1, abs=0.1)


def test_refusals_of_one_moment_slow_down_once(clock):
    tokens = bucket(clock, burst=0, rate=20)
    for _ in range(16):
        tokens.refused()
    assert taken(tokens, clock, 140) == pytest.approx(10, rel=0.2)


def test_a_bucket_that_gave_way_comes_back_and_no_further(clock):
    tokens = bucket(clock, burst=0, rate=20)
    tokens.refused()
    clock.sleep(60)
    taken(tokens, clock, 1)
    assert taken(tokens, clock, 100) == pytest.approx(5)


def test_however_often_it_is_refused_a_bucket_never_stands_still(clock):
    tokens = bucket(clock, burst=0, rate=20)
    for _ in range(100):
        tokens.refused()
        clock.sleep(2)
        tokens.take()
    assert taken(tokens, clock, 10) < 25


# Where no rate is published


def test_without_a_rate_nothing_waits(clock):
    assert taken(bucket(clock, burst=1, rate=None), clock, 10_000) == 0


def server(clock: Clock, burst: float, rate: float):
    """A bucket as AWS keeps it; returns whether it lets a call through."""
    level, filled = burst, clock.now

    def allows() -> bool:
        nonlocal level, filled
        level, filled = min(burst, level + (clock.now - filled) * rate), clock.now
        if level < 1:
            return False
        level -= 1
        return True

    return allows


@pytest.mark.parametrize("rate", [10, 50, 200])
def test_an_unknown_limit_is_found_from_its_refusals(clock, rate):
    """Few calls are refused, and little of what AWS would allow is left unused."""
    tokens, allows = bucket(clock, burst=1, rate=None), server(clock, burst=rate, rate=rate)
    refused = 0
    calls = 120 * rate
    for _ in range(calls):
        tokens.take()
        clock.sleep(0.0005)
        while not allows():
            refused += 1
            tokens.refused()
            clock.sleep(0.5)
            tokens.take()
    assert refused <= 0.02 * calls
    assert calls / clock.now >= 0.75 * rate


# All quotas

LIMITER = RateLimiter(QUOTAS)


def test_every_published_quota_is_kept_to():
    for rate in PUBLISHED:
        for operation in rate.operations:
            name = LIMITER._quota(rate.service, operation)
            if rate.service in ("ecs", "lambda") and name:
                quota = QUOTAS[name]
                assert quota.rate is not None
                assert quota.rate <= rate.per_second, operation
                assert quota.burst <= rate.burst, operation


def test_what_is_published_for_ecs_is_used_in_full():
    for rate in PUBLISHED:
        for operation in rate.operations:
            if rate.service == "ecs" and (name := LIMITER._quota("ecs", operation)):
                quota = QUOTAS[name]
                assert (quota.rate, quota.burst) == (rate.per_second, rate.burst), operation


def test_operations_that_share_a_quota_share_a_bucket(clock):
    rate_limiter = RateLimiter(QUOTAS, monotonic=clock)
    for _ in range(45):
        rate_limiter.take("ecs", "ListTaskDefinitions")
    rate_limiter.stop()
    with pytest.raises(StoppedError):
        rate_limiter.take("ecs", "DescribeTaskDefinition")
    quota = LIMITER._quota("ecs", "ListTaskDefinitions")
    assert quota == LIMITER._quota("ecs", "DescribeTaskDefinition")
    assert quota != LIMITER._quota("ecs", "ListTasks")


@pytest.mark.parametrize(
    ("service", "operation", "name"),
    [
        ("lambda", "GetFunction", "lambda_get_function"),
        ("lambda", "ListAliases", "lambda"),
        ("ecr", "DescribeImages", "ecr"),
        ("ecr", "PutImage", "ecr_put_image"),
        ("sts", "GetCallerIdentity", None),
        ("s3", "PutObject", None),
    ],
)
def test_what_has_no_quota_of_its_own_is_in_that_of_its_service(service, operation, name):
    assert LIMITER._quota(service, operation) == name


def test_a_quota_that_aws_raised_is_used():
    raised, usual = RateLimiter(QUOTAS, {"ecs_tasks": 1000}), RateLimiter(QUOTAS)
    assert raised._buckets["ecs_tasks"]._limit == 1000
    assert usual._buckets["ecs_tasks"]._limit == 20
    assert raised._buckets["ecs_services"]._limit == 20


def test_a_waiting_call_learns_at_once_that_the_run_ends():
    rate_limiter = RateLimiter(QUOTAS, {"lambda": 1})
    ended = threading.Event()

    def ask() -> None:
        try:
            for _ in range(10_000):
                rate_limiter.take("lambda", "ListFunctions")
        except StoppedError:
            ended.set()

    thread = threading.Thread(target=ask)
    thread.start()
    rate_limiter.stop()
    assert ended.wait(5)
    thread.join()


def test_a_time_limit_ends_the_calls_within_it_and_no_later_ones(clock):
    rate_limiter = RateLimiter(QUOTAS, monotonic=clock)
    with rate_limiter.within(60):
        rate_limiter.take("ecr", "DescribeImages")
        clock.now += 61
        with pytest.raises(AwsError, match="DescribeImages: not asked: account_time_limit is over"):
            rate_limiter.take("ecr", "DescribeImages")
    rate_limiter.take("ecr", "DescribeImages")
