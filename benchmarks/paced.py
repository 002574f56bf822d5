"""Runs at 20 ms a call under the quotas that AWS publishes, beside what the quotas alone allow."""

from collections.abc import Iterator, Mapping

from benchmarks import fujiwara
from benchmarks.figure import Figure
from benchmarks.least import (
    least_again,
    least_calls,
    listings,
    one_after_the_other,
    slowest_quota,
)
from benchmarks.running import Account, Measured, account
from tests.fake_aws.sample import Size

_LATENCY = 0.02
SLOW = ("--latency", str(_LATENCY))
_PACED = (*SLOW, "--rates")
_NOT_AGAIN = (
    "lambda:ListAliases",
    "lambda:ListProvisionedConcurrencyConfigs",
    "ecr:BatchGetImage",
    "ecr:GetRepositoryPolicy",
)


def medium(size: Size) -> Iterator[Figure]:
    with account(size, _PACED) as aws:
        first, second = aws.run("plan"), aws.run("plan")
        yield from _quota("M, first run", first, least_calls(size), 1.15)
        yield Figure("M, second run: seconds", second.seconds, 4, "s", "")
        yield from _quota("M, second run", second, least_again(size), 1.2)
        share = second.total / first.total
        how = f"{second.total} of {first.total} calls"
        yield Figure("M, second run: calls to those of the first", share, 0.25, "x", how)
        yield from _deleted(aws)
    yield from _throttled("M, first run", first, 2)
    yield from _throttled("M, second run", second, 2)
    yield from _fujiwara("M", size, first, second)
    yield from cpu(size)
    yield from rivalled(size)


def large(size: Size) -> Iterator[Figure]:
    with account(size, _PACED) as aws:
        first, second = aws.run("plan"), aws.run("plan")
        raised = aws.run("-c", "all_of_lambda.yaml", "plan")
    yield from _quota("L, first run", first, least_calls(size), 1.15)
    of_listings = listings(least_again(size))
    yield from _quota("L, second run, to its listings", second, of_listings, 1.2)
    what = "L, a run with all of Lambda's quota, to its listings"
    yield from _quota(what, raised, of_listings, 1.2)
    for what, run in (("first run", first), ("second run", second), ("all of Lambda's", raised)):
        yield from _throttled(f"L, {what}", run, 2)
    yield from _fujiwara("L", size, first, second)


def after_deletion(size: Size) -> Iterator[Figure]:
    """Counts alone, without latency and quotas."""
    with account(size) as aws:
        aws.run("plan")
        yield from _deleted(aws)


def _deleted(aws: Account) -> Iterator[Figure]:
    aws.run("delete", "--force", "--no-guards")
    calls = aws.run("plan").calls
    for name in _NOT_AGAIN:
        what = f"after all deletable is deleted: {name.partition(':')[2]}"
        yield Figure(what, calls.get(name, 0), 0, "", "")


def cpu(size: Size) -> Iterator[Figure]:
    """Without latency: neither waits, so the ratio says what ecrm adds to the calls."""
    with account(size) as aws:
        ours = aws.run("-c", "fast.yaml", "plan")
        botocores = aws.repeat_with_botocore()
    how = f"{ours.cpu:.1f} s of {botocores.cpu:.1f} s for {botocores.total} calls"
    what = "M, first run: CPU to that of bare botocore"
    yield Figure(what, ours.cpu / botocores.cpu, 1.1, "x", how)


def rivalled(size: Size) -> Iterator[Figure]:
    """A run that fails ends the benchmark."""
    with account(size, (*_PACED, "--rival")) as aws:
        run = aws.run("plan")
    yield from _throttled("M, first run, half of Lambda's quota taken", run, 5)


def _quota(what: str, run: Measured, calls: Mapping[str, int], reach: float) -> Iterator[Figure]:
    name, seconds = slowest_quota(calls)
    how = f"{run.seconds:.1f} s of {seconds:.1f} s for {name}"
    yield Figure(f"{what}: time to the slowest quota's", run.seconds / seconds, reach, "x", how)


def _throttled(what: str, run: Measured, reach: float) -> Iterator[Figure]:
    how = f"{run.throttled} of {run.total} calls"
    yield Figure(f"{what}: throttled", 100 * run.throttled / run.total, reach, "%", how)


def _fujiwara(name: str, size: Size, first: Measured, second: Measured) -> Iterator[Figure]:
    seconds = one_after_the_other(fujiwara.calls(size), _LATENCY)
    for what, run, reach in (("first", first, 0.45), ("second", second, 0.1)):
        how = f"{run.seconds:.1f} s of {seconds:.1f} s, computed"
        ratio = run.seconds / seconds
        yield Figure(f"{name}, {what} run: time to fujiwara/ecrm's calls", ratio, reach, "x", how)
