"""Where things are in a picture."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrm.reports.html.geometry import Box, stacked, ticks, treemap

SIZES = st.lists(st.integers(1, 10**6), min_size=1, max_size=40).map(
    lambda sizes: sorted(sizes, reverse=True)
)


@given(SIZES, st.integers(50, 2000), st.integers(50, 2000))
def test_the_areas_of_a_treemap_are_as_the_values(sizes, width, height):
    boxes = treemap(sizes, Box(3, 5, width, height))
    for size, box in zip(sizes, boxes, strict=True):
        share = size / sum(sizes)
        assert box.width * box.height == pytest.approx(width * height * share, rel=1e-6)


@given(SIZES, st.integers(50, 2000), st.integers(50, 2000))
def test_a_treemap_is_inside_its_box_and_nothing_covers_another(sizes, width, height):
    boxes = treemap(sizes, Box(3, 5, width, height))
    for box in boxes:
        assert box.x >= 3 - 1e-6
        assert box.y >= 5 - 1e-6
        assert box.x + box.width <= 3 + width + 1e-6
        assert box.y + box.height <= 5 + height + 1e-6
    for number, one in enumerate(boxes):
        for other in boxes[:number]:
            across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
            down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
            assert across < 1e-6 or down < 1e-6


def test_a_treemap_is_that_of_the_paper():
    """Bruls, Huizing and van Wijk, figure 4."""
    boxes = treemap([6, 6, 4, 3, 2, 2, 1], Box(0, 0, 6, 4))
    first = [(round(box.x, 2), round(box.y, 2)) for box in boxes]
    assert first == [(0, 0), (0, 2), (3, 0), (4.71, 0), (3, 2.33), (4.2, 2.33), (5.4, 2.33)]
    assert boxes[0] == Box(0, 0, 3, 2)


def test_a_treemap_of_nothing_has_no_area():
    assert treemap([0, 0], Box(1, 2, 10, 10)) == [Box(1, 2, 0, 0), Box(1, 2, 0, 0)]
    assert [box.width * box.height for box in treemap([5, 0], Box(0, 0, 10, 10))] == [100, 0]


@pytest.mark.parametrize(
    ("largest", "expected"),
    [
        (0, [0, 1]),
        (1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (7, [0, 2, 4, 6, 8]),
        (10, [0, 2, 4, 6, 8, 10]),
        (381, [0, 100, 200, 300, 400]),
        (1.24e12, [0, 5e11, 1e12, 1.5e12]),
        (0.003, [0, 0.001, 0.002, 0.003]),
    ],
)
def test_ticks_are_round_numbers(largest, expected):
    assert ticks(largest) == pytest.approx(expected)


@given(st.floats(1e-6, 1e18))
def test_ticks_reach_the_largest_value_with_few_steps(largest):
    found = ticks(largest)
    assert found[0] == 0
    assert found[-1] >= largest * (1 - 1e-6)
    assert 2 <= len(found) <= 7


def test_what_is_stacked_begins_where_the_last_one_ends():
    assert list(stacked([3, 0, 2])) == [(0, 3), (3, 3), (3, 5)]


def test_a_box_within_another_is_never_smaller_than_nothing():
    assert Box(10, 20, 100, 50).inside(2, 20) == Box(12, 42, 96, 26)
    assert Box(0, 0, 3, 3).inside(2) == Box(2, 2, 0, 0)
