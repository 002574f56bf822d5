"""The benchmarks run, and the calls that they count are as few as the APIs allow."""

import pytest

from benchmarks.__main__ import calls, memory
from benchmarks.least import least_calls, slowest_quota
from tests.fake_aws.sample import TINY, Size


@pytest.mark.slow
def test_a_tiny_account_is_read_in_as_few_calls_as_can_be():
    for figure in calls(TINY):
        assert figure.good, figure


@pytest.mark.slow
def test_memory_is_measured():
    [figure] = memory(
        2
    )  # how much is for the benchmark to say: here it counts what pytest has, too
    assert figure.reached > 20


def test_the_quota_that_a_run_waits_for_is_that_of_task_definitions():
    name, seconds = slowest_quota(least_calls(Size()))
    assert "DescribeTaskDefinition" in name
    assert seconds == (1000 + 10 + 2 - 50) / 20
