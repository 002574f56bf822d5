"""How far work has come, and when it ends."""

import time
from collections.abc import Callable
from itertools import count

from ecrm.model.humanize import count_seconds, progress_text

_SOON = 2.0  # seconds within which nobody asks, and nobody could say


class Pace:
    """Counts things done of `total`, from many threads; the rest is taken to go as fast. `of` is as
    in `progress_text`."""

    def __init__(
        self, of: str, total: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._of = of
        self._total = total
        self._monotonic = monotonic
        self._began = monotonic()
        self._numbers = count(1)

    def one_more(self) -> str:
        """For people, when one more is done."""
        done = next(self._numbers)
        seconds = self._monotonic() - self._began
        text = progress_text(done, self._total, self._of)
        if seconds < _SOON or done >= self._total:
            return text
        return f"{text}, about {count_seconds(seconds / done * (self._total - done))} left"
