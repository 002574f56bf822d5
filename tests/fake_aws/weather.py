"""When things go wrong: faults and hooks waiting for their call."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from .protocol import Request

FOREVER = sys.maxsize
ANY = "*"
T = TypeVar("T")
Hook = Callable[[], object]


@dataclass
class Aim:
    """Which calls: those of an operation (`*` for any), from the `at`-th on, `times` of them.

    Calls are counted from the moment the aim is taken. `when` narrows by the parameters: calls it
    refuses are not counted.
    """

    service: str
    operation: str = ANY
    at: int = 1
    times: int = 1
    account: str | None = None
    region: str | None = None
    when: Callable[[dict[str, Any]], bool] | None = None
    seen: int = 0

    def hits(self, request: Request) -> bool:
        """Counts the call, too, so it must be asked exactly once for each."""
        if not self._concerns(request):
            return False
        self.seen += 1
        return self.at <= self.seen < self.at + self.times

    def _concerns(self, request: Request) -> bool:
        return (
            self.service in (ANY, request.service)
            and self.operation in (ANY, request.operation)
            and self.account in (None, request.account)
            and self.region in (None, request.region)
            and (self.when is None or self.when(request.parameters))
        )


@dataclass
class Aimed(Generic[T]):
    """Things with their aims; several threads may ask at once."""

    entries: list[tuple[Aim, T]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, aim: Aim, thing: T) -> None:
        with self._lock:
            self.entries.append((aim, thing))

    def for_call(self, request: Request) -> list[T]:
        """What is due for this call, in the order in which it was added."""
        with self._lock:
            return [thing for aim, thing in self.entries if aim.hits(request)]

    def clear(self) -> None:
        with self._lock:
            self.entries.clear()
