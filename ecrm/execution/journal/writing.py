"""Writing a journal."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Self

from ecrm.errors import OutputError
from ecrm.execution.journal.records import (
    End,
    Header,
    Intent,
    Record,
    answer_to,
    line_of,
)
from ecrm.execution.journal.sinks import Sink
from ecrm.model.decision import Decision
from ecrm.model.image import Links
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.model.reference import Registry


class Journal:
    """Each method returns when its lines can no longer be lost, or raises OutputError; whoever
    gets that must not delete anything more. After an error nothing else is written, so that only
    the last line can be torn.

    Leaving the context without `end` says in the journal that the run did not come to its end.
    """

    def __init__(self, sink: Sink, clock: Callable[[], datetime]) -> None:
        self._sink = sink
        self._clock = clock
        self._counts: Counter[OutcomeStatus] = Counter()
        self._open = False

    @property
    def location(self) -> str:
        """As `restore` takes it."""
        return str(self._sink)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        try:
            with suppress(
                *((OutputError,) if error else ())
            ):  # the first error is the one to report
                if self._open:
                    self.end(complete=False)
        finally:
            self._sink.close()

    def begin(self, *, version: str, targets: Sequence[Registry], config: str) -> None:
        """Once, before anything else; `version` is ecrm's, `config` a fingerprint."""
        self._open = True
        self._append([Header(self._clock(), version, tuple(targets), config)])

    def intend(
        self,
        registry: Registry,
        repository: str,
        decisions: Iterable[Decision],
        manifests: Mapping[str, str],
        held_by: Links,
    ) -> None:
        """Before the call that deletes or archives these; `manifests` by digest, verbatim."""
        now = self._clock()
        self._append(
            Intent(
                now,
                registry,
                repository,
                decision,
                manifests.get(decision.image.digest),
                tuple(held_by.get(decision.image.digest, ())),
            )
            for decision in decisions
        )

    def record(self, outcomes: Iterable[Outcome]) -> None:
        """After that call."""
        now, happened = self._clock(), list(outcomes)
        self._append(answer_to(outcome, now) for outcome in happened)
        self._counts.update(outcome.status for outcome in happened)

    def end(self, complete: bool) -> None:
        self._append([End(self._clock(), complete, self._counts)])
        self._open = False

    def _append(self, records: Iterable[Record]) -> None:
        text = "".join(map(line_of, records))
        if not self._open:
            raise AssertionError("this journal has not begun, has ended, or could not be written")
        if text:
            self._open = False
            self._sink.append(text)
            self._open = True
