"""Every mutant of a module, its text, and the ones that make no difference."""

import ast
import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import CodeType
from typing import Any

import yaml

from tests.mutation.changes import HARMLESS, changes, name_of

ROOT = Path(__file__).parents[2]
_EQUIVALENT = Path(__file__).with_name("equivalent.yaml")
_NOT_RUN = {"annotation", "returns", "type_comment", "ctx"}
Scope = ast.FunctionDef | ast.ClassDef

Key = tuple[str, str, str, str]
"""Module, function, statement before, statement after: no line numbers, so that it lasts."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake. `function` is the outermost one that holds it, by its qualified name; "" for
    what runs when the module is imported."""

    module: str
    function: str
    before: str
    after: str
    line: int
    _tree: ast.Module = field(repr=False, compare=False)
    _slot: "_Slot" = field(repr=False, compare=False)
    _new: ast.AST = field(repr=False, compare=False)

    @property
    def key(self) -> Key:
        return _key(self.module, self.function, self.before, self.after)

    def __str__(self) -> str:
        lines = [f"  - {line}" for line in self.before.splitlines()]
        lines += [f"  + {line}" for line in self.after.splitlines()]
        return "\n".join([f"{source_of(self.module)}:{self.line} {self.function}", *lines])

    def compiled(self) -> CodeType:
        """The whole module, with the mistake in it."""
        old = self._slot.get()
        self._slot.put(self._new)
        try:
            path = str(ROOT / source_of(self.module))
            return compile(ast.fix_missing_locations(self._tree), path, "exec")
        finally:
            self._slot.put(old)


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where a node hangs in the tree."""

    parent: ast.AST
    name: str
    index: int | None

    def get(self) -> Any:
        value = getattr(self.parent, self.name)
        return value if self.index is None else value[self.index]

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.name, node)
        else:
            getattr(self.parent, self.name)[self.index] = node


def source_of(module: str) -> Path:
    """The file of a module, from the root of the repository."""
    path = Path(*module.split("."))
    return path / "__init__.py" if (ROOT / path).is_dir() else path.with_suffix(".py")


def mutants_of(module: str) -> Iterator[Mutant]:
    """All of them, in the order of the source."""
    tree = ast.parse((ROOT / source_of(module)).read_text())
    for slot, scopes, statement in _slots(tree, (), tree):
        functions = [scope for scope in scopes if isinstance(scope, ast.FunctionDef)]
        name = _qualified(scopes) if functions else ""
        returns = functions[-1].returns if functions else None
        old = slot.get()
        before = _header(statement)
        for new in changes(old, returns):
            ast.copy_location(new, old)
            slot.put(new)
            after = _header(new if statement is old else statement)
            slot.put(old)
            yield Mutant(module, name, before, after, _line(old, statement), tree, slot, new)


def equivalents() -> dict[Key, str]:
    """The mutants that behave as the code does, and why."""
    listed = yaml.safe_load(_EQUIVALENT.read_text()) or []
    return {
        _key(entry["module"], entry["function"], entry["before"], entry["after"]): entry["why"]
        for entry in listed
    }


def _key(module: str, function: str, before: str, after: str) -> Key:
    """Each Python has quotes of its own for a text within a text."""
    before, after = (statement.replace('"', "'") for statement in (before, after))
    return module, function, before, after


def sample(mutants: Sequence[Mutant], size: int, seed: int) -> list[Mutant]:
    """`size` of them, the same for a seed; code that is added elsewhere changes few."""

    def draw(mutant: Mutant) -> str:
        return sha256("\n".join((str(seed), *mutant.key)).encode()).hexdigest()

    chosen = set(map(id, sorted(mutants, key=draw)[:size]))
    return [mutant for mutant in mutants if id(mutant) in chosen]


def _slots(
    node: ast.AST, scopes: tuple[Scope, ...], statement: ast.AST
) -> Iterator[tuple[_Slot, tuple[Scope, ...], ast.AST]]:
    """Where anything that runs hangs, the definitions around it, and its statement."""
    for name, value in ast.iter_fields(node):
        if name in _NOT_RUN or _is_harmless(node):
            continue
        # Decorators and defaults run with what surrounds the definition.
        inner = (*scopes, node) if isinstance(node, Scope) and name == "body" else scopes
        children = enumerate(value) if isinstance(value, list) else [(None, value)]
        for index, child in children:
            if isinstance(child, ast.AST):
                own = isinstance(child, ast.stmt | ast.excepthandler)
                holder = child if own else statement
                yield _Slot(node, name, index), inner, holder
                yield from _slots(child, inner, holder)


def _is_harmless(node: ast.AST) -> bool:
    """What type checkers read, what a star would import, and how values and memory are made."""
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING"
    if isinstance(node, ast.ClassDef):
        return "Protocol" in map(ast.unparse, node.bases)
    if isinstance(node, ast.Call):
        return name_of(node.func) in HARMLESS
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        name = node.targets[0].id
        return node.col_offset == 0 and not name.isupper()  # `__all__`, and names of types
    return False


def _qualified(scopes: Sequence[Scope]) -> str:
    """Of the outermost function, whose code holds that of all inner ones."""
    names = []
    for scope in scopes:
        names.append(scope.name)
        if isinstance(scope, ast.FunctionDef):
            break
    return ".".join(names)


def _line(node: ast.AST, statement: ast.AST) -> int:
    line: int = getattr(node, "lineno", 0) or getattr(statement, "lineno", 0)
    return line


def _header(node: ast.AST) -> str:
    """The text of a statement, without the statements in it."""
    if not hasattr(node, "body") or isinstance(node, ast.Expr | ast.Module):
        return "" if isinstance(node, ast.Module) else ast.unparse(node)
    alone = copy.copy(node)
    for name in ("orelse", "handlers", "finalbody"):
        if hasattr(alone, name):
            setattr(alone, name, [])
    alone.body = [ast.Pass()]
    return ast.unparse(alone).removesuffix("\n    pass")
