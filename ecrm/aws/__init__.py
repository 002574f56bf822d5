"""The edge to AWS: who we are and where, and calls that are paced, counted, checked and logged.

    target.py       one account in one region, and its clients
    operation.py    an operation that is called, declared once
    shapes.py       what AWS must answer
    calls.py        one call, and a listing
    executor.py     the threads of a run
    hooks.py        what happens around every call of every client
    rate_limits.py  how fast AWS may be asked
    counter.py      what was asked, and what AWS refused as too fast
    parsing.py      answers as the JSON that they are
    storage.py      what ecrm itself keeps: in S3, SSM or files
    cache/          answers that can never change, kept from run to run
    targets/        from `targets` in ecrm.yaml to the targets of a run

boto3 is imported when the first client is made, so that `--help` and `--version` do not wait.
"""

from ecrm.aws.calls import Client, call, chunks, items, pages
from ecrm.aws.executor import map_concurrently
from ecrm.aws.operation import MARKER, UPPER_NEXT_TOKEN, Operation, listing
from ecrm.aws.rate_limits import RateLimiter
from ecrm.aws.target import WORKERS, Target, connect

__all__ = [
    "MARKER",
    "UPPER_NEXT_TOKEN",
    "WORKERS",
    "Client",
    "Operation",
    "RateLimiter",
    "Target",
    "call",
    "chunks",
    "connect",
    "items",
    "listing",
    "map_concurrently",
    "pages",
]
