"""Which of many combinations the fault tests run."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from .pairs import all_pairs

ROWS = st.integers(2, 4).flatmap(
    lambda columns: st.lists(st.tuples(*[st.integers(0, 3)] * columns), max_size=40)
)


def pairs(rows: Any) -> set[Any]:
    return {pair for row in rows for pair in combinations(enumerate(row), 2)}


@given(ROWS)
def test_every_two_values_that_meet_anywhere_meet_in_the_selection(rows: list[tuple[int, ...]]):
    assert pairs(all_pairs(rows)) == pairs(rows)


@given(ROWS)
def test_the_selection_is_of_the_rows_once_each_and_in_their_order(rows: list[tuple[int, ...]]):
    chosen = all_pairs(rows)
    assert chosen == [row for row in dict.fromkeys(rows) if row in set(chosen)]


def test_a_product_of_three_needs_about_as_many_rows_as_its_largest_two():
    rows = list(product(range(20), "abcdefghij", ["first", "middle", "last"]))
    assert len(rows) == 600
    assert len(all_pairs(rows)) == 200


def test_the_selection_is_the_same_every_time_and_for_equal_rows_the_first_wins():
    rows = list(product("ab", "cd", "ef"))
    assert all_pairs(rows) == [
        ("a", "c", "e"),
        ("a", "d", "f"),
        ("b", "c", "f"),
        ("b", "d", "e"),
    ]


def test_given_rows_are_part_of_the_selection_and_their_pairs_need_no_other_row():
    rows = list(product("ab", "cd", "ef"))
    given = {("b", "d", "f"), ("a", "d", "e")}
    chosen = all_pairs(rows, given)
    assert given < set(chosen)
    assert pairs(chosen) == pairs(rows)
    assert len(chosen) == 4


def test_two_columns_are_all_pairs_already_and_nothing_has_none():
    rows = list(product("ab", "cde"))
    assert all_pairs(rows) == rows
    assert all_pairs([]) == []
