"""`python -m tests.fake_aws`: serves a small account until it is interrupted.

The first line of output is the URL; the others are the variables that lead a client there.
"""

from __future__ import annotations

import argparse
import gc
import sys
import threading

from . import PUBLISHED, FakeAws
from .sample import TINY, Size, build_account, build_benchmark, build_sample


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fake_aws", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="default: any free port")
    parser.add_argument("--account", choices=("tiny", "medium"), help="instead of the sample")
    parser.add_argument("--repositories", type=int, default=0, help="instead of the sample")
    parser.add_argument("--images", type=int, default=1000, help="in each of the repositories")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds added to every call")
    parser.add_argument("--rates", action="store_true", help="throttle at AWS's published rates")
    return parser.parse_args()


def main() -> None:
    options = _options()
    with FakeAws(port=options.port) as aws:
        if options.repositories:
            build_benchmark(aws.account(), options.repositories, options.images)
            # A million images that never go away: keep the collector from walking them.
            gc.freeze()
        elif options.account:
            build_account(aws.account(), TINY if options.account == "tiny" else Size())
            gc.freeze()
        else:
            build_sample(aws.account())
        if options.latency:
            aws.slow(options.latency)
        if options.rates:
            aws.limit(PUBLISHED)
        lines = [aws.url, *(f"export {name}={value}" for name, value in aws.env().items())]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(0) from None
