"""Globs, as in fujiwara/ecrm: `*` is any text and `?` is one character, and nothing else is."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ecrm.model.pattern import NamePattern, glob_matches
from tests.planning.naive_model import matches
from tests.strategies import examples


@pytest.mark.parametrize(
    ("pattern", "text", "covers"),
    [
        ("latest", "latest", True),
        ("latest", "latest-1", False),
        ("latest", "my-latest", False),
        ("latest", "LATEST", False),
        ("*", "", True),
        ("*", "team/app", True),
        ("", "", True),
        ("", "a", False),
        ("?", "", False),
        ("?", "a", True),
        ("?", "\n", True),
        ("?", "ab", False),
        ("prod/*", "prod/a/b", True),
        ("prod/*", "prod/", True),
        ("prod/*", "prod", False),
        ("*-rc?", "v1-rc1", True),
        ("*-rc?", "v1-rc10", False),
        ("*-rc?*", "v1-rc10", True),
        ("v?.?", "v1.2", True),
        ("v?.?", "v1x2", False),
        ("a**b", "ab", True),
        ("a*b*c", "a-b-b-c", True),
        ("a*b*c", "acb", False),
        ("*ab*ab", "ab", False),
        ("*ab*ab", "abab", True),
        ("a*a", "a", False),
    ],
)
def test_a_glob_covers_the_whole_name(pattern, text, covers):
    assert glob_matches(pattern, text) is covers


@pytest.mark.parametrize("sign", ".^$+{}[]|()\\!#-& ~\n")
def test_b29_no_other_sign_means_anything(sign):
    assert glob_matches(f"a{sign}b", f"a{sign}b")
    assert not glob_matches(f"a{sign}b", "ab")
    assert not glob_matches(f"a{sign}b", "aab")
    assert glob_matches(f"*{sign}?", f"x{sign}y")
    assert not glob_matches(f"*{sign}?", "xy")


@pytest.mark.parametrize("pattern", ["[ab]", "a|b", "(a)", "a+", "{a,b}", "!a", "a{1}", ".", "\\a"])
def test_b29_what_is_a_class_or_an_alternative_elsewhere_is_text_here(pattern):
    assert glob_matches(pattern, pattern)
    assert not glob_matches(pattern, "a")


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*a" * 20, "a" * 300 + "b"),
        ("*a" * 20 + "*", "b" * 300),
        ("*?" * 40 + "b", "a" * 300),
        ("a*" * 60 + "b", "a" * 300),
        ("*" * 500 + "b", "a" * 300),
        ("*ab" * 30 + "c", "ab" * 150),
        ("?*" * 60 + "b", "a" * 300),
        ("*" + "a" * 100 + "*" + "a" * 100 + "b", "a" * 300),
    ],
)
def test_b29_no_pattern_is_slow(pattern, text):
    """Matched by trying everything, any of these would run for years."""
    assert not glob_matches(pattern, text)


@settings(max_examples=examples(500))
@given(st.text("ab*?.\n", max_size=7), st.text("ab.\n", max_size=8))
@example("*aab*ab", "aaabab")
def test_a_glob_means_what_trying_everything_finds(pattern, text):
    assert glob_matches(pattern, text) is matches(pattern, text)


@given(st.text(max_size=20))
def test_text_without_stars_and_question_marks_covers_itself_alone(text):
    literal = text.replace("*", "").replace("?", "")
    assert glob_matches(literal, literal)
    assert not glob_matches(literal, literal + "x")


def test_a_name_is_compared_and_only_a_name_pattern_is_a_glob():
    assert NamePattern("prod/*", is_glob=True).matches("prod/app")
    assert not NamePattern("prod/*", is_glob=False).matches("prod/app")
    assert NamePattern("prod/*", is_glob=False).matches("prod/*")
    assert str(NamePattern("prod/*", is_glob=True)) == "prod/*"
