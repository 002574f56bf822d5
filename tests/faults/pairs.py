"""All-pairs testing: most faults show with one value or with two that meet, seldom with three."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from itertools import combinations
from typing import TypeVar

Row = TypeVar("Row", bound=tuple[Hashable, ...])
Pair = tuple[tuple[int, Hashable], tuple[int, Hashable]]


def all_pairs(rows: Sequence[Row], given: Collection[Row] = ()) -> list[Row]:
    """A few of these rows, in their order, in which every two values still meet that meet in any
    of them; the given rows are among them. All rows have the same number of columns, two or more.

    Takes the row with the most new pairs, the first of equals, until there are none.
    """
    chosen = set(given)
    known = {pair for row in chosen for pair in _pairs(row)}
    todo = {row: left for row in rows if (left := _pairs(row) - known)}
    while todo:
        best = max(todo, key=lambda row: len(todo[row]))
        met = todo[best]
        chosen.add(best)
        todo = {row: left for row, pairs in todo.items() if (left := pairs - met)}
    return [row for row in dict.fromkeys(rows) if row in chosen]


def _pairs(row: tuple[Hashable, ...]) -> frozenset[Pair]:
    return frozenset(combinations(enumerate(row), 2))
