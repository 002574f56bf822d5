"""What benchmarks measure."""

from typing import NamedTuple


class Figure(NamedTuple):
    """What was measured, what it is to be at most, and how it came about."""

    what: str
    reached: float
    reach: float
    unit: str
    how: str

    @property
    def good(self) -> bool:
        return self.reached <= self.reach
