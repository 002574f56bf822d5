"""Names say what a thing is."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest

ROOT = Path(__file__).parent.parent
VAGUE = {"it", "told"}
# Compiling takes far longer than a search for places in which these words can be names.
BOUND = re.compile(r"\b(?:it|told)\b(?: in\b| *[,:=()])")


def names(code: CodeType) -> Iterator[str]:
    """All that the code of a module names, functions and comprehensions included."""
    yield from (*code.co_names, *code.co_varnames, *code.co_cellvars)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names(constant)


def vague(text: str) -> set[str]:
    return VAGUE & set(names(compile(text, "", "exec"))) if BOUND.search(text) else set()


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    it = 1",
        "def f():\n    for it, a in b: pass",
        "def f(a, told=1): pass",
        "def told(): pass",
        "a = [it for b in c for it in b]",
        "a = lambda it: it.b",
        "with a as it: pass",
        "a = (it := b)",
    ],
)
def test_every_way_to_bind_a_name_is_seen(text: str):
    assert vague(text)


@pytest.mark.parametrize("text", ['"""It is told: it, in"""', "a.b  # it = 1", "a = 'it = 1'"])
def test_prose_may_say_it(text: str):
    assert not vague(text)


@pytest.mark.parametrize("folder", ["ecrm", "tests", "benchmarks"])
def test_no_variable_is_called_it_or_told(folder: str):
    found = {path: vague(path.read_text()) for path in (ROOT / folder).rglob("*.py")}
    assert len(found) > 5
    assert {str(path): words for path, words in found.items() if words} == {}
