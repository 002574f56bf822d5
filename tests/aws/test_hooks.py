"""Around every call: it is counted as AWS counts it, and a run that ends begins no more."""

import threading
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import boto3
import pytest

from ecrm.aws import RateLimiter, Target, call, connect, map_concurrently, pages
from ecrm.aws.counter import CallCounter
from ecrm.aws.executor import for_each_target
from ecrm.aws.rate_limits import StoppedError
from ecrm.cli.main import run as command_line
from ecrm.errors import AwsError
from ecrm.model.reference import Registry
from ecrm.registry.operations import DESCRIBE_IMAGES, DESCRIBE_REGISTRY
from ecrm.reports.calls import calls_text, stats_text
from ecrm.sources import read_target
from ecrm.sources.ecs import ECS
from ecrm.sources.ecs.operations import LIST_CLUSTERS
from ecrm.sources.lambda_functions import LAMBDA
from ecrm.sources.source import Reading
from ecrm.workflow.configuration import QUOTAS
from ecrm.workflow.request import Request
from ecrm.workflow.run import start
from tests.fake_aws import FakeAws, Fault
from tests.sources.reading import reading_of

HERE = Registry("123456789012", "us-east-1")


@pytest.fixture
def target(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> Target:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    args = aws.client_args()
    monkeypatch.setenv("AWS_ENDPOINT_URL", args.pop("endpoint_url"))
    return Target(HERE, boto3.Session(**args), rate_limiter=RateLimiter(QUOTAS))


@pytest.fixture
def aws() -> Any:
    with FakeAws() as fake:
        yield fake


def test_every_attempt_counts_as_aws_counts_it(aws, target):
    aws.fault("ecr", "DescribeRegistry", Fault.throttle(), times=2)
    call(target.ecr, DESCRIBE_REGISTRY)
    assert target.call_counter.calls == {"ecr:DescribeRegistry": 3}
    assert target.call_counter.throttled == 2
    assert len(aws.calls) == 3


def test_refused_calls_slow_their_own_quota_down_and_no_other(aws, target):
    aws.fault("ecs", "ListClusters", Fault.throttle())
    call(target.ecs, LIST_CLUSTERS)
    buckets = target.rate_limiter._buckets
    assert buckets["ecs_clusters"]._rate < 15
    assert buckets["ecs_tasks"]._rate == 20


def test_a_call_that_fails_otherwise_slows_nothing_down(aws, target):
    aws.fault("ecs", "ListClusters", Fault.denied())
    with pytest.raises(AwsError):
        call(target.ecs, LIST_CLUSTERS)
    assert target.call_counter.throttled == 0
    assert target.rate_limiter._buckets["ecs_clusters"]._rate == 20


def test_a_run_that_ends_begins_no_more_calls_but_what_it_keeps_is_written(aws, target):
    target.rate_limiter.stop()
    with pytest.raises(StoppedError):
        call(target.ecs, LIST_CLUSTERS)
    assert not aws.calls
    aws.s3.bucket("journals")
    target.s3().put_object(Bucket="journals", Key="one", Body=b"what was done")
    assert aws.s3.texts("journals") == {"one": "what was done"}


def test_what_breaks_one_source_stops_the_others(aws, target, monkeypatch):
    """B12. Thousands of calls may be waiting for their turn when somebody presses Ctrl-C."""
    for number in range(200):
        aws.lambda_.function(f"f{number}", f"{HERE.host}/app:v1")
    begun, stopped = Event(), list[bool]()
    sources = (
        replace(LAMBDA, read=patient(begun, stopped)),
        replace(ECS, read=interrupted(begun)),
    )
    with pytest.raises(KeyboardInterrupt):
        for_each_target(
            (target,),
            lambda target, workers: read_target(reading_of(target, workers), sources),
        )
    assert stopped == [True]


def interrupted(begun: Event) -> Any:
    """A source that breaks when the other one has begun."""

    def read(*_: Any) -> Any:
        begun.wait(10)
        raise KeyboardInterrupt

    return read


def patient(begun: Event, stopped: list[bool]) -> Any:
    """A source that asks until it is stopped."""

    def read(reading: Reading) -> Any:
        begun.set()
        try:
            while True:
                reading.target.rate_limiter.take("lambda", "GetFunction")
        except StoppedError:
            stopped.append(True)
            raise

    return read


def test_an_endpoint_of_ones_own_is_not_taken_for_aws(aws, monkeypatch):
    for name, value in aws.env().items():
        monkeypatch.setenv(name, value)
    assert not connect().is_aws


def test_what_a_run_asked_is_one_line(target):
    for action in ("ecr:DescribeImages", "ecr:DescribeImages", "ecs:ListTasks"):
        target.call_counter.called(action)
    target.call_counter.refused()
    assert calls_text(target.call_counter, 5.678) == "3 calls to AWS in 5.7 s, 1 throttled"
    assert stats_text(target.call_counter, 1234) == (
        "1,234 answers known from earlier runs, ecr:DescribeImages 2, ecs:ListTasks 1"
    )
    assert calls_text(CallCounter(), 0.01) == "0 calls to AWS in 0.0 s"


def test_every_page_counts(aws, target):
    aws.ecr.repository("app").fill(2500)
    aws.fault("ecr", "DescribeImages", Fault.throttle(), at=2, times=1)
    call(target.ecr, DESCRIBE_REGISTRY)
    found = list(pages(target.ecr, DESCRIBE_IMAGES, repositoryName="app", maxResults=1000))
    assert sum(len(page["imageDetails"]) for page in found) == 2500
    assert target.call_counter.calls["ecr:DescribeImages"] == 4


@pytest.fixture
def reached(aws: FakeAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with an ecrm.yaml with a raised quota, in an environment of AWS's."""
    for name, value in aws.env().items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "ecrm.yaml"
    path.write_text("repositories: []\nrate_limits: {ecs_tasks: 40}\n")
    return path


def test_the_rate_limits_of_the_configuration_apply_to_the_run(reached):
    with start(Request(config=str(reached)), lambda _: None) as run:
        [target] = run.targets
    buckets = target.rate_limiter._buckets
    assert (buckets["ecs_tasks"]._limit, buckets["ecs_services"]._limit) == (40, 20)


@pytest.mark.parametrize("how", ["option", "variable"])
def test_as_many_calls_are_in_flight_as_is_asked_for(reached, monkeypatch, how):
    seen: list[int] = []

    def connected(*where: Any, workers: int, **more: Any) -> Target:
        seen.append(workers)
        return connect(*where, workers=workers, **more)

    monkeypatch.setattr("ecrm.workflow.connections.connect", connected)
    monkeypatch.setattr("ecrm.cli.options.set_up_logging", lambda *_: None)  # would outlive this
    if how == "variable":
        monkeypatch.setenv("ECRM_CONCURRENCY", "3")
    options = ["--concurrency", "3"] if how == "option" else []
    assert command_line(["-c", str(reached), *options, "scan"]) == 0
    assert seen == [3]


def test_side_by_side_are_as_many_as_there_are_workers():
    together = threading.Barrier(3, timeout=10)
    assert map_concurrently(lambda number: (together.wait(), number)[1], range(3), 3) == [0, 1, 2]
