"""The edge to AWS: who we are and where, and calls that are paced, counted, checked and told.

    target.py     one account in one region, and its clients
    calls.py      one call, a listing, many calls in flight
    watch.py      what happens around every call of every client
    pace.py       how fast AWS may be asked
    meter.py      what was asked, and what AWS refused as too fast
    parsing.py    cheap parsing of AWS's large answers

boto3 is imported when the first client is made, so that `--help` and `--version` do not wait.
"""

from ecrm.aws.calls import Client, call, chunks, map_concurrently, pages, run_all
from ecrm.aws.rate_limits import RateLimiter
from ecrm.aws.target import WORKERS, Target, connect

__all__ = [
    "WORKERS",
    "Client",
    "RateLimiter",
    "Target",
    "call",
    "chunks",
    "connect",
    "map_concurrently",
    "pages",
    "run_all",
]
