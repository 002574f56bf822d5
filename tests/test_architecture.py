"""Imports go one way only, and decisions know neither AWS nor the clock; and names are nouns."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest

ROOT = Path(__file__).parent.parent / "ecrm"

# In the order of the pipeline: a package imports only from those that stand before it.
PACKAGES = (
    "errors",
    "model",
    "config",
    "aws",
    "registry",
    "sources",
    "planning",
    "check",
    "execution",
    "reports",
    "workflow",
    "demo",
    "cli",
    "lambda_handler",
)
ENTRIES = {"__init__", "__main__", "py.typed", *PACKAGES}
# Packages and modules that decide, and so know neither AWS nor the clock.
PURE = (
    "errors",
    "model",
    "config",
    "aws.targets.accounts",
    "registry.access",
    "registry.conditions",
    "registry.tag_mutability",
    "sources.files.document",
    "sources.files.mention",
    "sources.files.plain",
    "sources.files.stack",
    "sources.files.template",
    "sources.files.tree",
    "sources.kubernetes.client.answers",
    "sources.kubernetes.client.cluster",
    "sources.kubernetes.client.endpoint",
    "sources.kubernetes.history",
    "sources.kubernetes.objects",
    "sources.kubernetes.pod",
    "sources.kubernetes.resources",
    "sources.kubernetes.shapes",
    "planning.graph",
    "planning.holes",
    "planning.narrowing",
    "planning.uses",
    "planning.context",
    "planning.merge",
    "planning.reasons",
    "planning.repository",
    "planning.retention",
    "planning.plan",
    "planning.totals_history",
    "planning.guards",
    "planning.explain",
    "planning.plan_file",
    "check.values",
    "check.repositories",
    "check.rules",
    "check.baseline",
    "check.lifecycle.policy",
    "check.lifecycle.reading",
    "check.lifecycle.evaluation",
    "check.lifecycle.conflict",
    "reports.html",
    "workflow.iam_policy",
)
IMPURE = {"boto3", "botocore", "click", "os", "time", "logging", "subprocess", "socket"}


def modules() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def package(path: Path) -> str:
    return module_name(path).split(".")[0]


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "ecrm":
            names |= {f"ecrm.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides the direction"
            names.add(node.module or "")
    return names


def test_the_top_level_is_the_list_of_stages():
    found = {path.stem if path.suffix == ".py" else path.name for path in ROOT.iterdir()}
    assert found - {"__pycache__"} == ENTRIES


def later(path: Path) -> set[str]:
    """The packages that the module imports and that do not stand before its own."""
    own = package(path)
    ours = {name.split(".")[1] for name in imports(path) if name.startswith("ecrm.")}
    return ours - {own} - set(PACKAGES[: PACKAGES.index(own)])


def test_a_package_imports_only_from_those_before_it():
    paths = [path for path in modules() if path != ROOT / "__main__.py"]
    assert not {module_name(path): found for path in paths if (found := later(path))}


def test_decisions_know_neither_aws_nor_the_clock():
    pure = re.compile(rf"({'|'.join(map(re.escape, PURE))})(\.|$)")
    paths = {module_name(path): path for path in modules() if pure.match(module_name(path))}
    found = {
        name: {imported.split(".")[0] for imported in imports(path)} & IMPURE
        for name, path in paths.items()
    }
    assert len(found) > len(PURE)
    assert not {name: impure for name, impure in found.items() if impure}


def test_only_the_registry_package_can_change_anything_in_ecr():
    writers = {package(path) for path in modules() if "writing_ecr()" in path.read_text()}
    assert writers == {"registry"}


def test_a_module_is_read_in_a_sitting():
    lines = {module_name(path): len(path.read_text().splitlines()) for path in modules()}
    assert not {name: number for name, number in lines.items() if number > 250}


@pytest.mark.parametrize("name", [name for name in PACKAGES if (ROOT / name).is_dir()])
def test_a_package_says_what_it_is(name):
    assert ast.get_docstring(ast.parse((ROOT / name / "__init__.py").read_text()))


# Words that say nothing about what they name.
VAGUE = {"it", "told"}
# Compiling takes far longer than a search for places in which these words can be names.
BOUND = re.compile(r"\b(?:it|told)\b(?: in\b| *[,:=()])")


def named(code: CodeType) -> Iterator[str]:
    """All that the code of a module names, functions and comprehensions included."""
    yield from (*code.co_names, *code.co_varnames, *code.co_cellvars)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from named(constant)


def vague(text: str) -> set[str]:
    return VAGUE & set(named(compile(text, "", "exec"))) if BOUND.search(text) else set()


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
    found = {path: vague(path.read_text()) for path in (ROOT.parent / folder).rglob("*.py")}
    assert len(found) > 5
    assert {str(path): words for path, words in found.items() if words} == {}
