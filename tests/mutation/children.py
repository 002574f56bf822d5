"""Work in child processes: two at a time, each with limits, and none that outlives its turn."""

import os
import pickle
import resource
import shutil
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")

AT_ONCE = 2
_RESULT = "result"
_MEMORY = 4 * 1024**3


class ChildFailedError(Exception):
    """A mistake of the work itself, which says nothing about a mutant."""


class Job(Generic[T]):
    """What a child does, and for how many seconds of its own time it may; None for no limit."""

    def __init__(self, work: Callable[[], T], seconds: float | None) -> None:
        self.work = work
        self.seconds = seconds


def in_children(jobs: Sequence[Job[T]]) -> Iterator[tuple[int, T | None]]:
    """The number of each job and its result, as they end; None where a child had no time left.

    What a job returns is pickled; what it raises ends all. Children have a folder of their own for
    temporary files.
    """
    with tempfile.TemporaryDirectory(prefix="mutation-") as scratch:
        waiting = list(reversed(range(len(jobs))))
        running: dict[int, int] = {}
        try:
            while waiting or running:
                while waiting and len(running) < AT_ONCE:
                    number = waiting.pop()
                    running[_fork(jobs[number], Path(scratch, str(number)))] = number
                process, status = os.wait()
                number = running.pop(process)
                _end(process)
                if os.WIFEXITED(status) and os.WEXITSTATUS(status):
                    raise ChildFailedError(f"job {number} failed; what it says is above")
                yield number, _result(Path(scratch, str(number)))
        finally:
            for process, number in running.items():
                # A job without a limit may have children of its own, and ends those first.
                _end(process, signal.SIGTERM if jobs[number].seconds is None else signal.SIGKILL)
                os.waitpid(process, 0)


def _fork(job: Job[T], folder: Path) -> int:
    folder.mkdir()
    process = os.fork()
    if process == 0:
        status = 1
        try:
            os.setpgid(0, 0)
            _limit(job.seconds)
            for name in ("TMPDIR", "PYTEST_DEBUG_TEMPROOT"):
                os.environ[name] = str(folder)
            tempfile.tempdir = str(folder)
            result = pickle.dumps(job.work())
            (folder / _RESULT).write_bytes(result)
            status = 0
        except Exception:
            traceback.print_exc()
            raise
        finally:
            os._exit(status)
    with suppress(OSError):  # the child may have done it, and may have ended
        os.setpgid(process, process)
    return process


def _limit(seconds: float | None) -> None:
    """A mutant may go round for ever, wait for ever, or fill the memory."""
    if seconds is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(10 * int(seconds) + 30)  # the machine may be busy


def _end(process: int, how: signal.Signals = signal.SIGKILL) -> None:
    """The child, and what it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process, how)


def _result(folder: Path) -> T | None:
    try:
        result: T = pickle.loads((folder / _RESULT).read_bytes())
    except FileNotFoundError:
        return None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return result
