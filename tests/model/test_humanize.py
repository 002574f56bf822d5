"""Spans of time as people read them."""

from datetime import timedelta

import pytest

from ecrm.model.humanize import days, progress_text


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(0), "0 seconds"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=119), "119 seconds"),
        (timedelta(minutes=2), "2 minutes"),
        (timedelta(hours=1), "60 minutes"),
        (timedelta(hours=3), "3 hours"),
        (timedelta(days=1), "24 hours"),
        (timedelta(hours=36), "36 hours"),
        (timedelta(days=2), "2 days"),
        (timedelta(days=30), "30 days"),
    ],
)
def test_a_span_is_told_in_the_unit_that_says_most(span, text):
    assert days(span) == text


@pytest.mark.parametrize(
    ("rate", "left", "text"),
    [
        (None, 188, "ECS 312/500 task definitions"),
        (20, 188, "ECS 312/500 task definitions (AWS allows 20/s, about 10 s left)"),
        (13.72, 188, "ECS 312/500 task definitions (AWS allows 14/s, about 14 s left)"),
        (20, 2380, "ECS 312/500 task definitions (AWS allows 20/s, about 119 s left)"),
        (20, 2381, "ECS 312/500 task definitions (AWS allows 20/s, about 2 min left)"),
        (20, 9999, "ECS 312/500 task definitions (AWS allows 20/s, about 9 min left)"),
        (20, None, "ECS 312/500 task definitions (AWS allows 20/s)"),
        (20, 0, "ECS 312/500 task definitions (AWS allows 20/s)"),
    ],
)
def test_progress_says_for_how_long_a_quota_is_waited_for(rate, left, text):
    assert progress_text(312, 500, "ECS task definitions", rate, calls_left=left) == text
