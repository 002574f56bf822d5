"""Where things are in a picture. Pure numbers, in pixels of the picture's own scale."""

from collections.abc import Iterator, Sequence
from math import ceil, floor, log10
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle; `x` and `y` are its left upper corner."""

    x: float
    y: float
    width: float
    height: float

    def inside(self, margin: float, top: float = 0) -> "Box":
        """Without a margin, and without a strip at the top; never smaller than nothing."""
        return Box(
            self.x + margin,
            self.y + margin + top,
            max(self.width - 2 * margin, 0),
            max(self.height - 2 * margin - top, 0),
        )


def treemap(values: Sequence[float], box: Box) -> list[Box]:
    """A rectangle for each value, largest first, whose areas are to each other as the values are,
    and that together fill the box. They are as square as can be.

    Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000).
    """
    total = sum(values)
    if total <= 0:
        return [Box(box.x, box.y, 0, 0) for _ in values]
    areas = [value * box.width * box.height / total for value in values]
    placed: list[Box] = []
    while len(placed) < len(areas):
        row, box = _row(areas[len(placed) :], box)
        placed += row
    return placed


def _row(areas: Sequence[float], box: Box) -> tuple[list[Box], Box]:
    """As many of the areas, along the shorter side, as make them more square; and what is left of
    the box."""
    side = min(box.width, box.height)
    number, worst = 0, float("inf")
    while number < len(areas):
        now = _worst(areas[: number + 1], side)
        if now > worst:
            break
        number, worst = number + 1, now
    taken = sum(areas[:number])
    depth = taken / side if side else 0
    lengths = [area / depth if depth else 0 for area in areas[:number]]
    starts = [sum(lengths[:before]) for before in range(number)]
    if box.width >= box.height:
        row = [
            Box(box.x, box.y + y, depth, length) for y, length in zip(starts, lengths, strict=True)
        ]
        return row, Box(box.x + depth, box.y, max(box.width - depth, 0), box.height)
    row = [Box(box.x + x, box.y, length, depth) for x, length in zip(starts, lengths, strict=True)]
    return row, Box(box.x, box.y + depth, box.width, max(box.height - depth, 0))


def _worst(areas: Sequence[float], side: float) -> float:
    """The ratio of the sides of the least square rectangle of a row."""
    total = sum(areas)
    if not side or not areas[-1]:
        return 0
    return max(side**2 * areas[0] / total**2, total**2 / (side**2 * areas[-1]))


def ticks(largest: float, most: int = 5) -> list[float]:
    """From 0 to at least the largest value, in steps of 1, 2 or 5 times a power of ten."""
    if largest <= 0:
        return [0.0, 1.0]
    rough = largest / most
    power = 10.0 ** floor(log10(rough))
    step = next(step * power for step in (1, 2, 5, 10) if step * power >= rough * (1 - 1e-9))
    return [step * number for number in range(ceil(largest / step - 1e-9) + 1)]


def stacked(values: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Where each of the values begins, and where it ends, one on top of the other."""
    at = 0.0
    for value in values:
        yield at, at + value
        at += value
