"""How much time a run has, and what may still begin within it.

With less than `margin` left nothing new begins: no repository, no batch. The batch in hand has the
first half of the margin for its calls, tries again included; the second half is for the journal,
the report and the notification.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from ecrm.errors import OutOfTimeError

_ONE_ATTEMPT = 4
"""A call may wait for its answer for this part of the margin, so that the last one that was sent
in time has been answered, or given up, before the margin ends."""
_SHORTEST, _LONGEST = 1.0, 60.0  # seconds
_LEAST_MARGIN, _PART = 60.0, 10


@dataclass(frozen=True, slots=True)
class Deadline:
    """`remaining` returns how many seconds are left; `margin` is in seconds too."""

    remaining: Callable[[], float]
    margin: float

    def may_begin(self) -> bool:
        """Whether another repository or batch may be begun."""
        return self.remaining() >= self.margin

    def check_send(self) -> None:
        """Before each attempt of a call; raises OutOfTimeError where its answer could come too
        late to be written down."""
        if self.to_send() < 0:
            raise OutOfTimeError("the time is over; the next run goes on")

    def to_send(self) -> float:
        """For how many seconds calls may still be sent."""
        return self.remaining() - (0 if self.margin == inf else self.margin / 2)

    @property
    def read_seconds(self) -> float:
        """How long an attempt may wait for its answer."""
        return min(_LONGEST, max(_SHORTEST, self.margin / _ONE_ATTEMPT))


NO_DEADLINE = Deadline(lambda: inf, inf)
"""There is always as much time as it takes."""


def default_margin(seconds: float) -> float:
    """A tenth of the time that there is at the beginning, at least a minute: a call may be tried
    again after up to 20 seconds. Never more than half of it."""
    return min(max(_LEAST_MARGIN, seconds / _PART), seconds / 2)
