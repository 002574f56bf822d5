"""Where the sources and the registry look before they ask AWS."""

import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any, Self, TypeVar

from ecrm.aws.cache.database import TROUBLE, Database, Fact, is_damage
from ecrm.aws.cache.facts import Namespace
from ecrm.aws.cache.folder import FILE, remove

log = logging.getLogger(__name__)
T = TypeVar("T")

MAX_BYTES = 64 * 1024 * 1024
"""About 100,000 task definitions of three containers."""

_BATCH = 1000  # facts are written together; at most this many are lost when a run is killed


class Cache:
    """Threads may share one. No method fails because of the file: a damaged file is replaced by an
    empty one, and the run continues without a file that cannot be used, with one warning.

    `hits` and `misses` count the identifiers that were looked up.
    """

    def __init__(self, folder: Path | None, now: int, max_bytes: int) -> None:
        self.hits = 0
        self.misses = 0
        self._folder = folder or Path()
        self._limits = (now, max_bytes)
        self._database: Database | None = None
        self._unwritten: dict[Fact, bytes] = {}
        self._used: set[Fact] = set()
        self._lock = Lock()
        self._warned = False
        if folder:
            with self._going_on():
                self._database = Database(folder, *self._limits)

    @staticmethod
    def open(
        folder: Path,
        *,
        max_bytes: int = MAX_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> "Cache":
        """The cache in this folder, which is made if need be."""
        return Cache(folder, int(clock()), max_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()  # what was put stays true when the run fails

    def get(
        self, namespace: Namespace, keys: Iterable[str], read: Callable[[Any], T]
    ) -> dict[str, T]:
        """What is known, by key. `read` converts a value as JSON returns it, with lists for tuples;
        a value for which it raises an error counts as unknown."""
        wanted = list(dict.fromkeys(keys))
        fit = [key for key in wanted if namespace.names(key)]
        found: dict[str, T] = {}
        for key, value in self._values(namespace, fit).items():
            with suppress(ValueError, TypeError, KeyError, AttributeError, RecursionError):
                found[key] = read(json.loads(value))
        with self._lock:
            self.hits += len(found)
            self.misses += len(wanted) - len(found)
        return found

    def put(self, namespace: Namespace, facts: Mapping[str, Any]) -> None:
        """Keep these, each a small value that JSON can write, except those that may change."""
        encoded = {
            (namespace, key): value
            for key, fact in facts.items()
            if (value := namespace.encoded(key, fact)) is not None
        }
        with self._lock:
            if self._database:
                self._unwritten |= encoded
                if len(self._unwritten) >= _BATCH:
                    self._write(self._database)

    def close(self) -> None:
        """Write what is pending. Afterwards the cache knows nothing and keeps nothing."""
        with self._lock:
            if self._database:
                self._write(self._database)
            self._stop()

    def _values(self, namespace: Namespace, keys: Iterable[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        with self._lock:
            elsewhere = []
            for key in keys:
                if value := self._unwritten.get((namespace, key)):
                    found[key] = value
                else:
                    elsewhere.append(key)
            with self._going_on():
                if self._database:
                    for key, value, stale in self._database.read(namespace, elsewhere):
                        found[key] = value
                        if stale:
                            self._used.add((namespace, key))
        return found

    def _write(self, database: Database) -> None:
        with self._going_on():
            database.write(self._unwritten, self._used)
            self._unwritten.clear()
            self._used.clear()

    @contextmanager
    def _going_on(self) -> Iterator[None]:
        try:
            yield
        except TROUBLE as error:
            trouble: Exception = error
            if is_damage(error) and not self._warned:
                try:
                    self._start_again()
                except TROUBLE as again:
                    trouble = again
                else:
                    self._warn("is damaged, so it starts empty", error)
                    return
            self._stop()
            self._warn("cannot be used, so this run does without", trouble)

    def _start_again(self) -> None:
        if self._database:
            self._database.close()
        remove(self._folder)
        self._database = Database(self._folder, *self._limits)

    def _stop(self) -> None:
        if self._database:
            self._database.close()
        self._database = None
        self._unwritten.clear()
        self._used.clear()

    def _warn(self, what: str, error: Exception) -> None:
        level = logging.DEBUG if self._warned else logging.WARNING
        self._warned = True
        log.log(level, "the cache %s %s: %s", self._folder / FILE, what, error)


class NoCache(Cache):
    """Knows nothing and keeps nothing."""

    def __init__(self) -> None:
        super().__init__(None, 0, 0)
