"""`python -m benchmarks` measures all but the account L and prints a table.

Each figure is a ratio to something measured in the same run, or a count, or memory: a time alone
would say more about the machine than about ecrm.
"""

import argparse
import sys
from collections.abc import Iterator

from tabulate import tabulate

from benchmarks import cluster, coldstart, images, startup
from benchmarks.figure import Figure
from benchmarks.least import least_calls
from benchmarks.paced import SLOW, after_deletion, large, medium
from benchmarks.running import account
from tests.fake_aws.sample import LARGE, TINY, Size

_FAST = ("-c", "fast.yaml")
"""With quotas raised so far that only the server counts."""


def calls(size: Size) -> Iterator[Figure]:
    """Of a first and a second run, without latency; `least` is what the APIs allow."""
    least = least_calls(size)
    with account(size) as aws:
        first, second = aws.run(*_FAST, "plan"), aws.run(*_FAST, "plan")
    for name in sorted({*least, *first.calls}):
        if first.calls.get(name, 0) != least.get(name, 0):
            sys.stderr.write(f"{name}: {first.calls.get(name, 0)}, least {least.get(name, 0)}\n")
    wanted = sum(least.values())
    how = f"{first.total} of {wanted} calls"
    yield Figure(
        "calls, cold, to the least that the APIs allow", first.total / wanted, 1.1, "x", how
    )
    how = f"{second.total} of {first.total} calls"
    yield Figure(
        "calls of a second run to those of the first", second.total / first.total, 0.4, "x", how
    )
    known = sum(
        second.calls.get(f"{action}", 0)
        for action in ("ecs:DescribeTaskDefinition", "ecr:BatchGetImage")
    )
    yield Figure("DescribeTaskDefinition and BatchGetImage in it", known, 0, "", "")


def unpaced(size: Size) -> Iterator[Figure]:
    """20 ms for every call, and no quota: many in flight against one after the other."""
    with account(size, SLOW) as aws:
        one = aws.run(*_FAST, "--no-cache", "--concurrency", "1", "plan")
        many = aws.run(*_FAST, "--no-cache", "plan")
    how = f"{many.seconds:.1f} s of {one.seconds:.1f} s"
    yield Figure(
        "time, 20 ms a call, to one call after the other", many.seconds / one.seconds, 0.1, "x", how
    )


def memory(repositories: int) -> Iterator[Figure]:
    """As many repositories of 1,000 images, half of which can go."""
    nothing_else = (0,) * 7
    size = Size(repositories, 1000, *nothing_else, left_over=0)
    with account(size) as aws:
        run = aws.run("-c", "half.yaml", "plan")
    what = f"memory for {repositories} x 1,000 images"
    yield Figure(what, run.megabytes, 400, "MB", f"{run.seconds:.1f} s")


def cpu() -> Iterator[Figure]:
    ours, botocores = images.per_thousand()
    how = f"plain botocore takes {botocores:.1f} ms to read them alone"
    yield Figure("CPU for 1,000 images read and decided", ours, 10, "ms", how)


def starting() -> Iterator[Figure]:
    for option in ("--version", "--help"):
        yield Figure(f"ecrm {option} to an import of click", startup.ratio(option), 1.5, "x", "")


def cold_start() -> Iterator[Figure]:
    """Nobody set a limit; twice what boto3 alone takes is what we allow ourselves."""
    ours, boto3s = coldstart.first_call()
    how = f"{1000 * ours:.0f} ms of {1000 * boto3s:.0f} ms"
    yield Figure("Lambda: first call to that of bare boto3", ours / boto3s, 2, "x", how)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--tiny", action="store_true", help="a small account; no times")
    group.add_argument("--medium", action="store_true", help="the account M alone, under quotas")
    group.add_argument("--large", action="store_true", help="the account L alone, under quotas")
    options = parser.parse_args()
    if options.tiny:
        figures = [*calls(TINY), *after_deletion(TINY), *memory(3)]
    elif options.medium:
        figures = [*medium(Size())]
    elif options.large:
        figures = [*large(LARGE)]
    else:
        figures = [
            *calls(Size()),
            *unpaced(Size()),
            *medium(Size()),
            *cpu(),
            *memory(1000),
            *starting(),
            *cold_start(),
            *cluster.reading(),
        ]
    rows = [
        (
            figure.what,
            f"{figure.reached:.2f} {figure.unit}",
            f"{figure.reach:g} {figure.unit}",
            "" if figure.good else "MISSED",
            figure.how,
        )
        for figure in figures
    ]
    sys.stdout.write(tabulate(rows, ("what", "reached", "at most", "", "how"), tablefmt="github"))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
