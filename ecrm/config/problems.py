"""The mistakes of one file, which are reported together."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from ecrm.errors import ConfigError

S = TypeVar("S")
T = TypeVar("T")


class Problems:
    """One line for each."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    @contextmanager
    def collected(self) -> Iterator[None]:
        """A ConfigError within is raised only by `raise_all`."""
        try:
            yield
        except ConfigError as error:
            self.add(error)

    def add(self, error: ConfigError) -> None:
        self._lines.append(str(error))

    def raise_all(self) -> None:
        if self._lines:
            raise ConfigError("\n".join(self._lines))


def read_each(read: Callable[[S], T], sources: Iterable[S]) -> tuple[T, ...]:
    """What each is read as; raises a ConfigError for all that cannot be."""
    problems = Problems()
    values = []
    for source in sources:
        with problems.collected():
            values.append(read(source))
    problems.raise_all()
    return tuple(values)
