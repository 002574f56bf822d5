"""What may still begin, and for how long it may take."""

import boto3
import pytest

from ecrm.aws import Target, call
from ecrm.errors import OutOfTimeError
from ecrm.model.deadline import NO_DEADLINE, Deadline, default_margin
from ecrm.registry.operations import BATCH_DELETE_IMAGE, DESCRIBE_REPOSITORIES
from tests.fake_aws import FOREVER, FakeAws, Fault
from tests.stubs import REGISTRY
from tests.values import digest


@pytest.mark.parametrize(("left", "may"), [(90.1, True), (90.0, True), (89.9, False), (0.0, False)])
def test_nothing_new_begins_within_the_margin(left, may):
    assert Deadline(lambda: left, 90).may_begin() is may


@pytest.mark.parametrize("left", [90.0, 45.0])
def test_calls_are_sent_until_the_margin_is_half_over(left):
    Deadline(lambda: left, 90).check_send()


def test_no_call_is_sent_after_that():
    with pytest.raises(OutOfTimeError) as raised:
        Deadline(lambda: 44.9, 90).check_send()
    assert str(raised.value) == "the time is over; the next run goes on"


@pytest.mark.parametrize(("margin", "seconds"), [(90, 22.5), (60, 15), (2, 1.0), (600, 60.0)])
def test_an_answer_is_waited_for_as_long_as_the_margin_allows(margin, seconds):
    assert Deadline(lambda: 900, margin).read_seconds == seconds


def test_without_a_deadline_everything_may_go_on_and_answers_have_a_minute():
    NO_DEADLINE.check_send()
    assert NO_DEADLINE.may_begin()
    assert NO_DEADLINE.read_seconds == 60


@pytest.mark.parametrize(
    ("seconds", "margin"), [(900, 90), (600, 60), (300, 60), (120, 60), (60, 30), (3, 1.5)]
)
def test_the_margin_is_a_tenth_but_at_least_a_minute_and_at_most_half(seconds, margin):
    assert default_margin(seconds) == margin


def target(aws: FakeAws, deadline: Deadline) -> Target:
    args = aws.client_args()
    del args["endpoint_url"]
    return Target(REGISTRY, boto3.Session(**args), deadline=deadline)


def test_every_attempt_of_a_call_is_asked_for(monkeypatch):
    """A call that is tried again must not be sent when its answer would come too late."""
    left = iter([100.0, 100.0, 1.0])
    with FakeAws() as aws:
        for name, value in (aws.env() | {"AWS_MAX_ATTEMPTS": "5"}).items():
            monkeypatch.setenv(name, value)
        aws.fault("ecr", "DescribeRepositories", Fault.drop(), times=FOREVER)
        with pytest.raises(OutOfTimeError):
            call(target(aws, Deadline(lambda: next(left), 60)).ecr, DESCRIBE_REPOSITORIES)
        assert len(aws.calls.of("ecr")) == 2


def test_what_ecrm_keeps_may_be_written_after_the_deadline(monkeypatch):
    with FakeAws() as aws:
        for name, value in aws.env().items():
            monkeypatch.setenv(name, value)
        s3 = target(aws, Deadline(lambda: 0, 60)).s3()
        assert s3.meta.config.read_timeout == 15
        ecr = target(aws, Deadline(lambda: 0, 60)).writing_ecr()
        with pytest.raises(OutOfTimeError):
            call(
                ecr,
                BATCH_DELETE_IMAGE,
                repositoryName="shop/api",
                imageIds=[{"imageDigest": digest(1)}],
            )
        assert aws.calls == []
