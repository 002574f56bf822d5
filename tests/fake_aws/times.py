"""Moments: tests write datetimes, the wire carries epoch seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], float]
Moment = datetime | float
DAY = 86_400.0


def epoch(moment: Moment) -> float:
    """Epoch seconds, to the millisecond, as AWS sends them."""
    seconds = moment.timestamp() if isinstance(moment, datetime) else moment
    return round(seconds, 3)


def days_ago(days: float, *, now: Moment | None = None) -> datetime:
    start = time.time() if now is None else epoch(now)
    return datetime.fromtimestamp(start - days * DAY, UTC)


def hours_ago(hours: float, *, now: Moment | None = None) -> datetime:
    return days_ago(hours / 24, now=now)
