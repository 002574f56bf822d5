"""What runs inside pytest: all tests once, then those of each mutant in a child process."""

import gc
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from types import CodeType, FunctionType
from typing import Any, Self

import hypothesis
import pytest

from tests.mutation.children import Job, in_children
from tests.mutation.mutants import ROOT, Mutant, source_of
from tests.mutation.suites import NOT_RUN, SUITES

_EXAMPLES = 25  # of each property; more find little, and take most of the time
_Function = tuple[str, str]
"""The file and the qualified name."""


class Verdict(StrEnum):
    """What became of a mutant; no test calls the function of one that is UNCALLED."""

    DIED = "died"
    OUT_OF_TIME = "out of time"
    SURVIVED = "survived"
    UNCALLED = "uncalled"

    @classmethod
    def of(cls, survived: bool | None) -> Self:
        """None is what is known of a child that had no time left: the mistake made it go on."""
        return cls.OUT_OF_TIME if survived is None else cls.SURVIVED if survived else cls.DIED


@dataclass(slots=True)
class _Ran:
    """A test without any mutant: how long it takes, and which functions it calls."""

    seconds: float
    functions: set[_Function]


def files(mutants: Iterable[Mutant]) -> list[str]:
    """Those with the tests of these mutants."""
    names = dict.fromkeys(name for mutant in mutants for name in SUITES[mutant.module])
    return [str(ROOT / "tests" / f"{name}.py") for name in names]


def silence() -> None:
    """Nobody reads what the tests of a mutant print."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nowhere, number)


class Hooks:
    """Sees whether a test fails, leaves some out, and gives properties fewer examples."""

    def __init__(self) -> None:
        self.failed = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = f"{report.nodeid}: {report.longreprtext}"

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [
            item for item in items if getattr(item, "originalname", item.name) not in NOT_RUN
        ]
        for item in items:
            test = getattr(item, "obj", None)
            chosen = getattr(test, "_hypothesis_internal_use_settings", None)
            if chosen and chosen.max_examples > _EXAMPLES:
                fewer = hypothesis.settings(chosen, max_examples=_EXAMPLES)
                vars(test)["_hypothesis_internal_use_settings"] = fewer


class Loop(Hooks):
    """In place of pytest's own loop over the tests: all once, then those of each mutant."""

    def __init__(self, mutants: Sequence[Mutant], tell: Callable[[Mutant], None]) -> None:
        super().__init__()
        self.mutants = mutants
        self.tell = tell
        self.verdicts = [Verdict.UNCALLED] * len(mutants)
        self.functions: Mapping[_Function, Sequence[FunctionType]] = {}
        self.unread = ""
        self.done = False

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            self.unread = "the tests cannot be imported"
            return True
        _warm_up()
        self.functions = _functions()
        gc.freeze()  # or each child would copy what its first collection touches
        ran = self._without_mutants(session.items)
        if not self.unread:
            self._with_mutants(session.items, ran)
            self.done = True
        return True

    def _without_mutants(self, items: Sequence[pytest.Item]) -> Mapping[str, _Ran]:
        by_file: dict[str, list[pytest.Item]] = defaultdict(list)
        for item in items:
            by_file[str(item.path)].append(item)
        ran: dict[str, _Ran] = {}
        for _, result in in_children(
            [Job(partial(self._record, group), None) for group in by_file.values()]
        ):
            if result is None or isinstance(result, str):
                self.unread = result or "the tests cannot be run"
            else:
                ran |= result
        return ran

    def _record(self, items: Sequence[pytest.Item]) -> dict[str, _Ran] | str:
        silence()
        ran = {}
        for item, following in _in_turn(items):
            began = time.process_time()
            with _Calls() as calls:
                self._run(item, following)
            if self.failed:
                return self.failed
            ran[item.nodeid] = _Ran(time.process_time() - began, calls.functions())
        return ran

    def _with_mutants(self, items: Sequence[pytest.Item], ran: Mapping[str, _Ran]) -> None:
        jobs, places = [], []
        for place, mutant in enumerate(self.mutants):
            name = (str(ROOT / source_of(mutant.module)), mutant.function)
            ours = set(files([mutant]))
            chosen = [
                item
                for item in items
                if str(item.path) in ours and name in ran[item.nodeid].functions
            ]
            if chosen:
                chosen.sort(key=lambda item: ran[item.nodeid].seconds)
                seconds = sum(ran[item.nodeid].seconds for item in chosen)
                work = partial(self._survives, mutant, self.functions[name], chosen)
                jobs.append(Job(work, 3 * seconds + 5))
                places.append(place)
        for number, survived in in_children(jobs):
            self.verdicts[places[number]] = Verdict.of(survived)
            if survived:
                self.tell(self.mutants[places[number]])

    def _survives(
        self, mutant: Mutant, functions: Sequence[FunctionType], items: Sequence[pytest.Item]
    ) -> bool:
        silence()
        code = _code_of(mutant.compiled(), functions[0].__code__)
        for function in functions:
            function.__code__ = code
        for item, following in _in_turn(items):
            try:
                self._run(item, following)
            except (KeyboardInterrupt, pytest.exit.Exception):
                return False
            if self.failed:
                return False
        return True

    def _run(self, item: pytest.Item, following: pytest.Item | None) -> None:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


class _Calls:
    """Which functions are called meanwhile, in any thread."""

    def __init__(self) -> None:
        self._codes: set[CodeType] = set()

    def functions(self) -> set[_Function]:
        ours = str(ROOT / "ecrm")
        codes = [code for code in self._codes if code.co_filename.startswith(ours)]
        return {(code.co_filename, code.co_qualname) for code in codes}

    def __enter__(self) -> Self:
        threading.settrace(self._called)
        sys.settrace(self._called)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)
        threading.settrace(None)

    def _called(self, frame: Any, event: str, argument: object) -> None:
        self._codes.add(frame.f_code)


def _functions() -> Mapping[_Function, Sequence[FunctionType]]:
    """All that are loaded, however they are decorated."""
    found: dict[_Function, list[FunctionType]] = defaultdict(list)
    for loaded in gc.get_objects():
        if isinstance(loaded, FunctionType):
            found[loaded.__code__.co_filename, loaded.__code__.co_qualname].append(loaded)
    return found


def _code_of(module: CodeType, old: CodeType) -> CodeType:
    """The code in a compiled module that is in the place of `old`."""
    for constant in module.co_consts:
        if isinstance(constant, CodeType):
            if (constant.co_qualname, constant.co_firstlineno) == (
                old.co_qualname,
                old.co_firstlineno,
            ):
                return constant
            if old.co_qualname.startswith(f"{constant.co_qualname}."):
                return _code_of(constant, old)
    raise LookupError(old.co_qualname)


def _in_turn(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    return zip(items, [*items[1:], None], strict=True)


def _warm_up() -> None:
    """What each child would have to read or build again, of others' code alone."""
    from tests.stubs import session  # noqa: PLC0415 - imports what is mutated

    for service in ("ecr", "ecs", "lambda"):
        session().client(service)

    @hypothesis.given(hypothesis.strategies.text())
    def drawn(text: str) -> None:
        pass

    drawn()
