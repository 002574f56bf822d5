"""What sources have not asked AWS, because it matters only where a plan depends on the answer.

One more use never adds a deletion, so the order of asking decides nothing: a plan is made from what
is known, then the questions are asked that could take a deletion out of it.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property
from threading import Lock

from ecrm.model.reference import Reference, Registry
from ecrm.model.scan import SourceReport
from ecrm.model.use import Use
from ecrm.sources.items import Question

Report = Callable[[Question], tuple[list[Use], SourceReport]]


class _Pending:
    """A question, asked when its answer is first needed, and once."""

    def __init__(self, question: Question, report: Report) -> None:
        self.images = question.images
        self.is_asked = False
        self.otherwise = _Pending(question.otherwise, report) if question.otherwise else None
        self._question = question
        self._report = report
        self._asking = Lock()

    @cached_property
    def _answer(self) -> tuple[list[Use], SourceReport]:
        self.is_asked = True
        return self._report(self._question)

    @property
    def uses(self) -> list[Use]:
        with self._asking:
            return self._answer[0]

    @property
    def source_report(self) -> SourceReport:
        return self._answer[1]

    def found(self, matters: Callable[[Sequence[Reference]], bool]) -> Iterator[Use]:
        """The uses, of this question and of what it leaves open, as far as that matters."""
        open_images: Sequence[Reference] = self.images
        pending: _Pending | None = self
        while pending and matters(open_images):
            uses = pending.uses
            yield from uses
            in_use = {use.reference for use in uses}
            open_images = [image for image in open_images if image not in in_use]
            # What could not be asked makes the plan incomplete, whatever else would be found.
            pending = None if pending.source_report.unread else pending.otherwise


class Questions:
    """The questions of one scan; many threads may look for answers at the same time."""

    def __init__(self) -> None:
        self._pending: dict[str, list[_Pending]] = defaultdict(list)

    def add(self, question: Question, report: Report) -> None:
        """`report` asks it, and says what was found or what could not be read."""
        pending = _Pending(question, report)
        for repository in {reference.repository for reference in question.images}:
            self._pending[repository].append(pending)

    def name(self, repository: str) -> bool:
        """Whether any question is about an image of a repository of this name."""
        return repository in self._pending

    def answers(
        self,
        registries: Collection[Registry],
        repository: str,
        matters: Callable[[Reference], bool],
    ) -> list[Use]:
        """All uses that are found by the questions about an image of the repository that matters.
        The registries are those whose uses count there."""

        def matter(images: Sequence[Reference]) -> bool:
            about = [image for image in images if image.repository == repository]
            named = [image for image in about if any(map(image.may_name, registries))]
            return any(map(matters, named))

        pendings = self._pending.get(repository, ())
        return [use for pending in pendings for use in pending.found(matter)]

    @property
    def source_reports(self) -> tuple[SourceReport, ...]:
        """Of the questions that were asked: what could not be read."""
        pendings = dict.fromkeys(
            pending
            for group in self._pending.values()
            for first in group
            for pending in (first, first.otherwise)
        )
        reports = [pending.source_report for pending in pendings if pending and pending.is_asked]
        return tuple(report for report in reports if report.unread)
