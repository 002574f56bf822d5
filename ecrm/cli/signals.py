"""Ctrl-C, SIGTERM and SIGHUP, which all stop a run in the same way.

The run is left at once with KeyboardInterrupt, but for a batch of deletions in hand, which ends
first, so that the journal and the outcomes say what became of it. A second signal does not wait.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_STOPPING = ("SIGINT", "SIGTERM", "SIGHUP")
_BASE = 128  # exit codes of shells: 128 and the number of the signal


class Signals:
    """`received` is the number of the signal that stops the run; 0 for none."""

    def __init__(self) -> None:
        self.received = 0
        self._waits = False

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Within, these signals stop the run; one that was ignored before (`nohup`) still is."""
        self.received, self._waits = 0, False
        before = {}
        for name in _STOPPING:
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, self._receive)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def in_hand(self) -> Iterator[None]:
        """Within, a first signal is noted, and raised at the end; none begins after a signal."""
        self._raise_if_received()
        self._waits = True
        try:
            yield
        finally:
            self._waits = False
        self._raise_if_received()

    @property
    def name(self) -> str:
        return signal.Signals(self.received).name

    def exit_code(self, otherwise: int) -> int:
        return _BASE + self.received if self.received else otherwise

    def _receive(self, number: int, _: object) -> None:
        waits = self._waits and not self.received
        self.received = number
        if not waits:
            raise KeyboardInterrupt

    def _raise_if_received(self) -> None:
        if self.received:
            raise KeyboardInterrupt


signals = Signals()
