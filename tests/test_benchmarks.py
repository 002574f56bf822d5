"""The benchmarks run, and the calls that they count are as few as the APIs allow."""

from collections import Counter

import pytest

from benchmarks import cluster, fujiwara
from benchmarks.__main__ import calls, memory
from benchmarks.least import (
    least_again,
    least_calls,
    listings,
    one_after_the_other,
    slowest_quota,
)
from benchmarks.paced import after_deletion, cpu
from benchmarks.running import account
from tests.fake_aws.sample import LARGE, TINY, TINY_LARGE, Size


@pytest.mark.slow
def test_a_tiny_account_is_read_in_as_few_calls_as_can_be():
    for figure in (*calls(TINY), *after_deletion(TINY)):
        assert figure.good, figure


@pytest.mark.slow
def test_who_points_to_a_version_is_asked_only_where_its_image_would_be_deleted():
    """Each time, since an alias may have moved since."""
    least = least_calls(TINY_LARGE)
    with account(TINY_LARGE) as aws:
        for _ in range(2):
            counted = aws.run("plan").calls
            for name in ("ListFunctions", "ListAliases", "ListProvisionedConcurrencyConfigs"):
                assert counted[f"lambda:{name}"] == least[f"lambda:{name}"]
        aws.run("delete", "--force", "--no-guards")
        counted = aws.run("plan").calls
    assert counted["lambda:ListAliases"] == TINY_LARGE.pointed_to
    assert "lambda:ListProvisionedConcurrencyConfigs" not in counted


@pytest.mark.slow
def test_bare_botocore_makes_the_same_calls():
    with account(TINY) as aws:
        ours = aws.run("plan")
        assert aws.repeat_with_botocore().calls == ours.calls
    [figure] = cpu(TINY)
    assert 0 < figure.reached < 10


@pytest.mark.slow
def test_memory_is_measured():
    [figure] = memory(
        2
    )  # how much is for the benchmark to say: here it counts what pytest has, too
    assert figure.reached > 20


@pytest.mark.slow
def test_reading_a_cluster_is_measured():
    ratio, memory_needed = cluster.reading(pods=30, replica_sets=20)
    assert ratio.reached > 1
    assert 20 < memory_needed.reached < memory_needed.reach


def test_the_quota_that_a_run_waits_for_is_that_of_task_definitions():
    for size, seconds in ((Size(), (1000 + 10 + 2 - 50) / 20), (LARGE, (10000 + 1020 - 50) / 20)):
        name, least = slowest_quota(least_calls(size))
        assert "DescribeTaskDefinition" in name
        assert least == seconds


def test_a_second_run_waits_for_what_may_have_changed():
    assert slowest_quota(least_again(Size())) == ("ListTasks, DescribeTasks", (405 - 100) / 20)
    name, seconds = slowest_quota(listings(least_again(LARGE)))
    assert "ListFunctions, ListAliases, ListProvisionedConcurrencyConfigs" in name
    assert seconds == pytest.approx((1 + 620 + 150 + 50 - 15) / 15)  # one for runtimes


def test_calls_one_after_the_other_take_their_latency_or_their_quota():
    assert one_after_the_other(["ecr:DescribeImages"] * 50, 0.02) == pytest.approx(1)
    assert one_after_the_other(["ecs:DescribeTaskDefinition"] * 50, 0.02) == pytest.approx(1)
    assert one_after_the_other(["ecs:DescribeTaskDefinition"] * 1050, 0.02) == pytest.approx(
        50, abs=0.1
    )
    assert one_after_the_other(["lambda:ListAliases"] * 165, 0.02) == pytest.approx(10, abs=0.1)


def test_what_fujiwara_asks_is_all_of_an_account():
    counted = Counter(fujiwara.calls(TINY))
    assert counted["ecs:DescribeTaskDefinition"] == TINY.families * TINY.revisions
    assert counted["lambda:GetFunction"] == TINY.functions * TINY.window
    assert counted["ecs:DescribeTasks"] == TINY.clusters
    assert counted["ecr:DescribeImages"] == TINY.repositories
