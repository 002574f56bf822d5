"""Settings of all tests: hypothesis may take its time, and in CI it asks the same every time.
AWS's clients read their models once, and reach a fake of this process without sockets."""

import gc
import os
import signal
from collections.abc import Iterator

import coverage
import pytest
from hypothesis import is_hypothesis_test, settings

from ecrm import sources
from ecrm.cli.main import COLLECTOR
from ecrm.sources import SOURCES
from ecrm.sources.ecs import ECS
from ecrm.sources.lambda_functions import LAMBDA
from ecrm.workflow import check_inputs, commands, generate
from tests.fake_aws.inline import inline
from tests.shared_botocore import shared_botocore

settings.register_profile("desk", deadline=None, max_examples=33)  # see strategies.examples
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


@pytest.fixture(scope="session", autouse=True)
def _signals() -> None:
    """As in a shell's foreground: in the background, and under nohup, signals are ignored, and a
    child inherits that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def _no_work_twice() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*COLLECTOR)
    gc.freeze()
    with shared_botocore(), inline():
        yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.fixture(autouse=True)
def _unmeasured(request: pytest.FixtureRequest) -> Iterator[None]:
    """Coverage more than doubles the time of a test. What runs the same lines hundreds of times,
    in properties and under faults, is left out, and so is what is slow, but for the processes that
    it starts: the other tests must reach every line alone."""
    measuring = coverage.Coverage.current()
    again_and_again = (
        is_hypothesis_test(request.function)
        or "faults" in request.path.parts
        or request.node.get_closest_marker("slow") is not None
    )
    if measuring is None or not again_and_again:
        yield
        return
    measuring.stop()
    yield
    measuring.start()


_WITH_ALL_SOURCES = (check_inputs, commands, generate)
"""Imported before a test replaces `SOURCES`, which they and what they import take for good."""


@pytest.fixture(autouse=True)
def _two_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client for each service takes longer than the rest of a run. Most tests need no other
    sources than those of which the fake has a state; the others ask for `every_source`."""
    monkeypatch.setattr(sources, "SOURCES", (ECS, LAMBDA))


@pytest.fixture
def every_source(_two_sources: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is read outside of tests."""
    monkeypatch.setattr(sources, "SOURCES", SOURCES)
