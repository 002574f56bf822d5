"""A process with a fake AWS: `python -m benchmarks.account SIZE [--latency S] [--rates]`.

It writes the variables that lead there as one line of JSON. For every line that it reads, it writes
one with the calls since then: `{"ecr:DescribeImages": [asked, throttled], ...}`; for the line
`calls`, those that it counted last: `[["ecr", "DescribeImages", {"repositoryName": ...}], ...]`.
"""

import argparse
import gc
import json
import sys
import threading
import time
from collections import Counter
from dataclasses import fields
from typing import Any

from tests.fake_aws import PUBLISHED, FakeAws
from tests.fake_aws.buckets import LAMBDA_CONTROL_PLANE
from tests.fake_aws.calls import Calls
from tests.fake_aws.sample import Size, build_account


def size(text: str) -> Size:
    """Numbers in the order of the fields, separated by commas."""
    return Size(*map(int, text.split(",")))


def text_of(size: Size) -> str:
    return ",".join(str(getattr(size, field.name)) for field in fields(size))


def counts(calls: Calls) -> dict[str, list[int]]:
    asked, throttled = Counter(calls.names), calls.throttled
    return {name: [count, throttled[name]] for name, count in asked.items()}


def carried_out(calls: Calls) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (call.service, call.operation, call.parameters)
        for call in calls
        if not Calls([call]).throttled
    ]


def take_half_of_lambda(aws: FakeAws) -> None:
    """Make calls at half of the rate that everybody shares, as if to deploy functions."""
    [rate] = [rate for rate in PUBLISHED if LAMBDA_CONTROL_PLANE in rate.operations]
    while True:
        aws.draw("lambda", "UpdateFunctionCode")
        time.sleep(2 / rate.per_second)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", type=size)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--rates", action="store_true")
    parser.add_argument("--rival", action="store_true", help="somebody takes half of Lambda's")
    options = parser.parse_args()
    with FakeAws() as aws:
        build_account(aws.account(), options.size)
        gc.freeze()
        aws.slow(options.latency)
        if options.rates:
            aws.limit(PUBLISHED)
        if options.rival:
            threading.Thread(target=take_half_of_lambda, args=(aws,), daemon=True).start()
        sys.stdout.write(json.dumps(aws.env()) + "\n")
        sys.stdout.flush()
        last = Calls()
        for line in sys.stdin:
            if line.strip() == "calls":
                answer: object = carried_out(last)
            else:
                last = Calls(aws.calls)
                aws.calls.clear()
                answer = counts(last)
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
