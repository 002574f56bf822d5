"""What several sources of a target list in the same way."""

from collections.abc import Callable, Iterable, Iterator
from threading import Lock

from ecrm.aws import Operation
from ecrm.errors import AwsError


class Listed:
    """Listings of one reading of a target, each asked once; a failure is that of all who need it.

    Many threads may ask at the same time: one lists, and the others wait for it.
    """

    def __init__(self) -> None:
        self._found: dict[Operation, tuple[list[str], AwsError | None]] = {}
        self._lock = Lock()

    def once(self, operation: Operation, read: Callable[[], Iterable[str]]) -> Iterator[str]:
        """What `read` lists by the operation, up to where it failed."""
        with self._lock:
            if operation not in self._found:
                self._found[operation] = _read(read)
            found, error = self._found[operation]
        yield from found
        if error:
            raise error


def _read(read: Callable[[], Iterable[str]]) -> tuple[list[str], AwsError | None]:
    found: list[str] = []
    try:
        for item in read():
            found.append(item)  # noqa: PERF402 - what came before a failure is kept
    except AwsError as error:
        return found, error
    return found, None
