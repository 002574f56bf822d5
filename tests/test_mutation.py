"""The mutation run makes the mistakes that it says, and the tests notice them."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation import __main__ as program
from tests.mutation.changes import changes
from tests.mutation.mutants import ROOT, equivalents, mutants_of, sample, source_of
from tests.mutation.suites import SUITES


def changed(text: str, returns: str | None = None) -> set[str]:
    """What the first statement of `text`, or the expression in it, becomes."""
    node: ast.AST = ast.parse(text).body[0]
    if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Yield | ast.YieldFrom):
        node = node.value
    annotation = ast.parse(returns, mode="eval").body if returns else None
    return {
        ast.unparse(ast.fix_missing_locations(changed_node))
        for changed_node in changes(node, annotation)
    }


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a < b", {"a <= b", "a > b"}),
        ("a >= b", {"a > b", "a < b"}),
        ("a == b", {"a != b"}),
        ("a is b", {"a is not b"}),
        ("a not in b", {"a in b"}),
        ("a and b", {"a or b", "a", "b"}),
        ("a or b or c", {"a and b and c", "a or b", "a or c", "b or c"}),
        ("not a", {"a"}),
        ("a - b", {"a + b", "a", "b"}),
        ("a | b", {"a & b", "a", "b"}),
        ("True", {"False"}),
        ("3", {"4", "2"}),
        ("0", {"1"}),
        ("'text'", set()),
        ("any(a)", {"all(a)"}),
        ("max(a, default=b)", {"min(a, default=b)", "max(a)"}),
        ("sorted(a, key=b)", {"list(a)", "sorted(a)"}),
        ("a.startswith(b)", {"a.endswith(b)"}),
        ("f(a, b=c, **d)", {"f(a, **d)"}),
        ("suppress(A, B)", {"suppress(A)", "suppress(B)"}),
        ("(a, b)", {"(a,)", "(b,)"}),
        ("{a}", {"set()"}),
        ("{a: b, c: d}", {"{a: b}", "{c: d}"}),
        ("a if b else c", {"a", "c"}),
        ("f(a)", set()),
        ("a += b", {"a -= b", "pass"}),
        ("a.b = c", {"pass"}),
        ("a = b", set()),
        ("del a[b]", {"pass"}),
        ("raise A", {"pass"}),
        ("yield a", {"yield from ()"}),
    ],
)
def test_the_mistakes_in_a_piece_of_syntax(before, after):
    assert changed(before) == after


@pytest.mark.parametrize(
    ("before", "returns", "after"),
    [
        ("return a", None, {"pass"}),
        ("return a", "int", {"pass"}),
        ("return a", "bool", {"pass", "return not a"}),
        ("return a", "tuple[str, ...]", {"pass", "return ()"}),
        ("return a", "dict[str, str]", {"pass", "return {}"}),
        ("return ()", "tuple[str, ...]", {"pass"}),
        ("return", "bool", {"pass"}),
    ],
)
def test_the_mistakes_in_what_a_function_returns(before, returns, after):
    assert changed(before, returns) == after


def test_a_condition_is_always_or_never_met_and_what_it_names_is_named_all_the_same():
    assert {text.splitlines()[0] for text in changed("if a:\n    b")} == {"if True:", "if False:"}
    assert {text.splitlines()[0] for text in changed("if a := b:\n    c")} == {
        "if ((a := b), True)[1]:",
        "if ((a := b), False)[1]:",
    }
    assert {text.splitlines()[0] for text in changed("for a in b:\n    c")} == {"for a in ():"}


def test_a_mutant_has_one_statement_of_one_function_changed():
    found = [mutant for mutant in mutants_of("ecrm.planning.guards") if mutant.function == "stops"]
    texts = [(mutant.before, mutant.after) for mutant in found]
    assert ("if not plan.deletable.images:", "if plan.deletable.images:") in texts
    before = (ROOT / source_of("ecrm.planning.guards")).read_text()
    for mutant in found:
        assert mutant.before != mutant.after
        assert mutant.compiled() != compile(before, mutant.compiled().co_filename, "exec")
    assert len(set(texts)) == len(texts)


def test_a_sample_is_the_same_for_a_seed_and_another_for_another():
    found = list(mutants_of("ecrm.planning.guards"))
    first = sample(found, 10, 1)
    assert first == sample(found, 10, 1) != sample(found, 10, 2)
    assert len(first) == 10
    assert sample(found[:-1], 10, 1) == first or found[-1] in first


def test_every_mutant_that_is_listed_as_equivalent_exists_and_has_a_reason():
    there = {mutant.key for module in SUITES for mutant in mutants_of(module)}
    assert not equivalents().keys() - there
    assert all(len(why) > 20 for why in equivalents().values())


def test_every_module_and_every_suite_exists():
    for module, suites in SUITES.items():
        assert (ROOT / source_of(module)).is_file()
        for suite in suites:
            assert Path(__file__).parent.joinpath(f"{suite}.py").is_file()


def test_a_run_does_not_start_under_coverage_where_mutants_would_survive(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["", "--sample", "1"])
    monkeypatch.setattr(sys, "gettrace", lambda: print)
    assert program.main() == 2
    assert "not under coverage" in capsys.readouterr().err


def mutation_run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Coverage would measure it, too, if its variables were left to it."""
    unmeasured = {key: value for key, value in os.environ.items() if "COVERAGE" not in key}
    return subprocess.run(
        [sys.executable, "-m", "tests.mutation", *arguments],
        cwd=ROOT,
        env=unmeasured,
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_of_a_sample_of_mistakes_nearly_every_one_is_noticed(capsys):
    """Another line of code makes another sample, so not all that survives is the fault of who wrote
    it. `nox -s everything` runs all mutants, of which none may."""
    ran = mutation_run("--sample", "24", "--seed", "1", "--floor", "75")
    with capsys.disabled():
        print(f"\n{ran.stdout}", end="")
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.slow
def test_what_makes_no_difference_is_noticed_by_no_test():
    """So the run does not call every mutant dead."""
    module = ("--module", "ecrm.planning.uses")
    ran = mutation_run("--equivalent", *module, "--sample", "4", "--seed", "1")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("survived: ") == 4
