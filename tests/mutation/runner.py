"""Runs the tests of each mutant in a child process, and says which mutants survive.

Nearly every mutant is in a function. For those, one process imports all tests and sees which of
them call which function; each child then puts the code of the mutant into the function and runs
the tests that call it, the quickest first. What runs on import needs a child that imports the
module with the mistake in it.
"""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import CodeType, ModuleType

import hypothesis
import pytest

from tests.mutation.children import Job, in_children
from tests.mutation.loop import Hooks, Loop, Verdict, files, silence
from tests.mutation.mutants import ROOT, Mutant, source_of

_OPTIONS = (
    *("-pno:terminal", "-pno:cacheprovider", "-pno:xdist", "--capture=no", "-oaddopts="),
    *("-Wignore::pytest.PytestAssertRewriteWarning", "--hypothesis-profile=mutation"),
)


class TestsFailError(Exception):
    """The tests fail as they are, so they say nothing about a mutant."""


def verdicts(mutants: Sequence[Mutant], tell: Callable[[Mutant], None]) -> Counter[Verdict]:
    """How many died, ran out of time and survived; a survivor is reported as it is found, maybe by
    a child process. Raises TestsFailError.
    """
    hypothesis.settings.register_profile(
        "mutation",
        deadline=None,
        derandomize=True,
        database=None,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    inner = [mutant for mutant in mutants if mutant.function]
    on_import = [mutant for mutant in mutants if not mutant.function]
    found: Counter[Verdict] = Counter()
    if inner:
        # In a child, so that this process imports nothing of what is mutated.
        for _, judged in in_children([Job(partial(_judged, inner, tell), None)]):
            if judged is None or isinstance(judged, str):
                raise TestsFailError(judged or "the tests cannot be run")
            found.update(judged)
            pairs = zip(inner, judged, strict=True)
            on_import += [mutant for mutant, verdict in pairs if verdict is Verdict.UNCALLED]
    del found[Verdict.UNCALLED]  # by a test; an import may call it
    for number, survived in in_children(
        [Job(partial(_imported, mutant), 60) for mutant in on_import]
    ):
        found[Verdict.of(survived)] += 1
        if survived:
            tell(on_import[number])
    return found


def _judged(mutants: Sequence[Mutant], tell: Callable[[Mutant], None]) -> list[Verdict] | str:
    """The verdict of each, or why nobody knows."""
    loop = Loop(mutants, tell)
    status = pytest.main([*files(mutants), *_OPTIONS], plugins=[loop])
    return loop.unread or (loop.verdicts if loop.done else f"pytest ends with {status!r}")


def _imported(mutant: Mutant) -> bool:
    silence()
    sys.meta_path.insert(0, _Finder(mutant.module, mutant.compiled()))
    watch = Hooks()
    status = pytest.main([*files([mutant]), *_OPTIONS, "-x"], plugins=[watch])
    return status == pytest.ExitCode.OK


class _Finder(MetaPathFinder, Loader):
    """Imports one module from code that is given."""

    def __init__(self, module: str, code: CodeType) -> None:
        self._module = module
        self._code = code

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if name != self._module:
            return None
        file = ROOT / source_of(name)
        spec = spec_from_loader(name, self, is_package=file.name == "__init__.py")
        if spec and spec.submodule_search_locations is not None:
            spec.submodule_search_locations.append(str(file.parent))
        return spec

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = self._code.co_filename
        exec(self._code, vars(module))
