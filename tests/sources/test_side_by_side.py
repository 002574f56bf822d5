"""How the sources are read side by side, and in which order what they found comes out."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread, current_thread, main_thread
from typing import Any

import pytest

from ecrm import sources
from ecrm.aws import RateLimiter, Target
from ecrm.config import Config, ExternalCommand
from ecrm.model.reference import Registry
from ecrm.sources import scan
from ecrm.sources.ecs import ECS
from ecrm.sources.items import SeenResource, SourceItem
from ecrm.sources.source import Reading
from tests.stubs import HOST, NOW, REGISTRY, session

OTHER = Registry("210987654321", "eu-west-1")
Reader = Callable[[Reading], Iterator[SourceItem]]


class Brake(RateLimiter):
    """A pacer of which a test can see that it was stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.stopped = Event()

    def stop(self) -> None:
        self.stopped.set()


def target(registry: Registry = REGISTRY, **more: Any) -> Target:
    return Target(registry, session(), **more)


def read(monkeypatch: pytest.MonkeyPatch, reader: Reader, *targets: Target) -> Any:
    only = (replace(ECS, read=reader),)
    monkeypatch.setattr(sources, "SOURCES", only)
    return scan(targets, Config(), (), NOW, lambda _: None)


def threads_of(monkeypatch: pytest.MonkeyPatch, *targets: Target) -> set[Thread]:
    threads = set()

    def source(reading: Reading) -> Iterator[SourceItem]:
        threads.add(current_thread())
        return iter(())

    read(monkeypatch, source, *targets)
    return threads


def test_targets_are_read_side_by_side_unless_each_of_them_allows_one_call_at_a_time(monkeypatch):
    assert main_thread() not in threads_of(monkeypatch, target(), target(OTHER))
    one = threads_of(monkeypatch, target(workers=1), target(OTHER, workers=1))
    assert one == {main_thread()}
    some = threads_of(monkeypatch, target(workers=1), target(OTHER, workers=16))
    assert main_thread() not in some


def test_a_source_that_breaks_stops_the_calls_of_its_target_alone(monkeypatch):
    """Thousands may be waiting for their turn, and nobody needs their answers; what other targets
    are asked is not in vain."""
    brakes, ended = [Brake(), Brake()], []
    first, second = (
        replace(target(registry), rate_limiter=brake)
        for registry, brake in zip((REGISTRY, OTHER), brakes, strict=True)
    )

    def source(reading: Reading) -> Iterator[SourceItem]:
        if reading.target is first:
            raise ZeroDivisionError
        brakes[0].stopped.wait(5)
        ended.append(reading.target)
        return iter(())

    with pytest.raises(ZeroDivisionError):
        read(monkeypatch, source, first, second)
    assert ended == [second]


def test_names_that_were_met_come_in_order(monkeypatch):
    names = [f"name-{number:02}" for number in range(20)]

    def source(reading: Reading) -> Iterator[SourceItem]:
        for section in ("task_definitions", "clusters"):
            yield from (SeenResource(section, name) for name in reversed(names))

    [of_target] = read(monkeypatch, source, target()).source_reports
    assert list(of_target.names.items()) == [
        ("clusters", tuple(names)),
        ("task_definitions", tuple(names)),
    ]


def listed(folder: Path, name: str) -> str:
    path = folder / name
    path.write_text(json.dumps([f"{HOST}/web:v1"]))
    return str(path)


def test_the_users_of_one_image_come_in_order(tmp_path):
    paths = [listed(tmp_path, f"{number:02}.json") for number in range(20)]
    found = scan((), Config(), list(reversed(paths)), NOW, lambda _: None)
    assert [str(use) for use in found.uses] == sorted(str(use) for use in found.uses)
    assert len(found.uses) == 20


def test_without_a_target_files_and_commands_are_read():
    """As a plan from a snapshot does."""
    program = f"print({json.dumps([f'{HOST}/web:v1'])!r})"
    command = ExternalCommand((sys.executable, "-c", program), {}, None, timedelta(seconds=30))
    found = scan((), Config(external_commands=(command,)), (), NOW, lambda _: None)
    assert [str(use.reference) for use in found.uses] == [f"{HOST}/web:v1"]
    assert [report.source for report in found.source_reports] == [f"command {sys.executable}"]
