"""The revisions to which a controller can be rolled back, as far as they count."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from ecrm.sources.items import SourceItem


@dataclass(frozen=True, slots=True)
class Revision:
    """What a revision needs. `place` is the UID of its controller, and its number in the history of
    that; None where it has none. Of one that `runs`, there are pods."""

    uses: tuple[SourceItem, ...]
    place: tuple[str, int] | None = None
    runs: bool = False


class RevisionHistory:
    """Of each owner, the newest revisions; all of them where no count is given.

    A revision that runs always counts, and so does one of which nobody knows how new it is. No
    more is held than what counts, however many revisions there are; one may come twice.
    """

    def __init__(self, count: int | None) -> None:
        self._count = count
        self._newest: dict[str, dict[int, tuple[SourceItem, ...]]] = defaultdict(dict)

    def add(self, revision: Revision) -> Iterator[SourceItem]:
        """What counts whatever else will be added."""
        if self._count is None or revision.place is None or revision.runs:
            yield from revision.uses
        if self._count is not None and revision.place:
            owner, number = revision.place
            newest = self._newest[owner]
            newest[number] = newest.get(number, ()) + revision.uses
            if len(newest) > self._count:
                del newest[min(newest)]

    def kept(self) -> Iterator[SourceItem]:
        """What counts of all that was added, besides what `add` has yielded."""
        for newest in self._newest.values():
            for uses in newest.values():
                yield from uses
