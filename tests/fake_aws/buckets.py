"""Token buckets at the rates AWS publishes.

Actions of one row share a bucket; every account and region has its own. Where AWS publishes no rate
(ECR's describe, list and delete calls) there is no bucket unless a test adds one.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

Operation = tuple[str, str]
LAMBDA_CONTROL_PLANE = "*"


@dataclass(frozen=True)
class Rate:
    """`burst` calls at once, then `per_second`, shared by all `operations` of `service`."""

    service: str
    operations: tuple[str, ...]
    burst: float
    per_second: float


def _ecs(burst: int, *operations: str) -> Rate:
    return Rate("ecs", operations, burst, 20)


def _ecr(per_second: int, operation: str) -> Rate:
    return Rate("ecr", (operation,), per_second, per_second)


# ECS: API reference, "Request throttling". ECR and Lambda: their "Service quotas" pages.
# The row with "*" takes what no row before it names.
PUBLISHED: tuple[Rate, ...] = (
    _ecs(50, "DescribeClusters", "ListClusters"),
    _ecs(100, "DescribeServices", "ListServices"),
    _ecs(100, "DescribeTasks", "ListTasks"),
    _ecs(50, "DescribeTaskDefinition", "ListTaskDefinitions", "ListTaskDefinitionFamilies"),
    _ecs(50, "DescribeServiceDeployments", "ListServiceDeployments"),
    _ecs(50, "DescribeServiceRevisions"),
    _ecr(2000, "BatchGetImage"),
    _ecr(1000, "BatchCheckLayerAvailability"),
    _ecr(10, "PutImage"),
    Rate("lambda", ("GetFunction",), 100, 100),
    Rate("lambda", (LAMBDA_CONTROL_PLANE,), 15, 15),
    Rate("sts", ("GetCallerIdentity", "AssumeRole"), 600, 600),
)


@dataclass
class _Bucket:
    rate: Rate
    level: float
    filled: float

    def take(self, now: float) -> bool:
        self.level = min(self.rate.burst, self.level + (now - self.filled) * self.rate.per_second)
        self.filled = now
        if self.level < 1:
            return False
        self.level -= 1
        return True


@dataclass
class Buckets:
    """Starts with no limit at all; `limit` adds rows, the newest row for an operation wins."""

    rates: list[Rate] = field(default_factory=list)
    _levels: dict[tuple[str, str, Rate], _Bucket] = field(default_factory=dict)

    def limit(self, rates: Iterable[Rate]) -> None:
        self.rates = [*rates, *self.rates]

    def allows(self, account: str, region: str, operation: Operation) -> bool:
        """Takes a token for this call; False when the bucket is empty."""
        rate = self._rate(operation)
        if rate is None:
            return True
        now = time.monotonic()
        bucket = self._levels.setdefault((account, region, rate), _Bucket(rate, rate.burst, now))
        return bucket.take(now)

    def _rate(self, operation: Operation) -> Rate | None:
        service, name = operation
        for rate in self.rates:
            if rate.service == service and (name in rate.operations or "*" in rate.operations):
                return rate
        return None
