"""A process with a fake AWS: `python -m benchmarks.account SIZE [--latency S] [--rates]`.

It writes the variables that lead there as one line of JSON. For every line that it reads, it writes
one with the calls since then: `{"ecr:DescribeImages": [asked, throttled], ...}`.
"""

import argparse
import gc
import json
import sys
from collections import Counter
from dataclasses import fields

from tests.fake_aws import PUBLISHED, FakeAws
from tests.fake_aws.sample import Size, build_account


def size(text: str) -> Size:
    """Numbers in the order of the fields, separated by commas."""
    return Size(*map(int, text.split(",")))


def text_of(size: Size) -> str:
    return ",".join(str(getattr(size, field.name)) for field in fields(size))


def calls(aws: FakeAws) -> dict[str, list[int]]:
    asked: Counter[str] = Counter()
    throttled: Counter[str] = Counter()
    for call in aws.calls:
        name = f"{call.service}:{call.operation}"
        asked[name] += 1
        throttled[name] += call.error in ("ThrottlingException", "TooManyRequestsException")
    aws.calls.clear()
    return {name: [count, throttled[name]] for name, count in asked.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", type=size)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--rates", action="store_true")
    options = parser.parse_args()
    with FakeAws() as aws:
        build_account(aws.account(), options.size)
        gc.freeze()
        aws.slow(options.latency)
        if options.rates:
            aws.limit(PUBLISHED)
        sys.stdout.write(json.dumps(aws.env()) + "\n")
        sys.stdout.flush()
        for _ in sys.stdin:
            sys.stdout.write(json.dumps(calls(aws)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
