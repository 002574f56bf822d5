"""The record of every request the fake has seen."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .weather import ANY

_READS = ("Describe", "Get", "List", "Search", "Select", "BatchGet", "BatchCheck", "Assume")
_NO_WRITES = ("StartLifecyclePolicyPreview",)
_THROTTLED = ("ThrottlingException", "TooManyRequestsException", "Throttling")


@dataclass
class Call:
    """One request. `status` 0 means that no answer was sent; `error` is the AWS code, if any.

    `at` is `time.monotonic()` when the request came in.
    """

    service: str
    operation: str
    account: str
    region: str
    parameters: dict[str, Any]
    at: float = field(default_factory=time.monotonic)
    status: int = 0
    error: str | None = None

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation}"

    @property
    def writes(self) -> bool:
        return not self.operation.startswith((*_READS, *_NO_WRITES))


class Calls(list[Call]):
    """In the order in which they came in."""

    def of(self, service: str, operation: str = ANY) -> list[Call]:
        return [
            call
            for call in self
            if service in (ANY, call.service) and operation in (ANY, call.operation)
        ]

    @property
    def names(self) -> list[str]:
        """`ecr:DescribeImages`, ..."""
        return [call.name for call in self]

    @property
    def writes(self) -> list[Call]:
        """Calls that may have changed something."""
        return [call for call in self if call.writes]

    @property
    def throttled(self) -> Counter[str]:
        """How many calls were throttled, by name."""
        return Counter(call.name for call in self if call.error in _THROTTLED)
