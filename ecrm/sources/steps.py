"""Sources that are tables: a listing, what is asked about each item of it, and so on.

    Step(LIST_SERVICES, then=(Step(DESCRIBE_SERVICE, {"ServiceArn": "ServiceArn"}, ...),))

Where images are in the answers their shapes say (`answers`). An item that vanishes on the way needs
nothing, if the listing does not name it any more; a listing cannot vanish.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any

from ecrm.aws import Operation, call, chunks, pages
from ecrm.aws.shapes import ListOf, Record, Shape, required
from ecrm.config.quotas import Quota
from ecrm.model.reference import Registry
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.sources.answers import uses_in
from ecrm.sources.gaps import attempt_where_offered
from ecrm.sources.items import SaidToBeGone, SourceItem, attempt, look_twice
from ecrm.sources.source import Reading, Source
from ecrm.sources.texts import User

Item = Mapping[str, Any]
"""What an answer lists or describes, with the members of all that led to it. Of a listing of names
each item has the one member `name`."""


@dataclass(frozen=True, slots=True)
class Step:
    """`asks` are the parameters that come from the item above, by its members, and `given` those
    that are always the same. With `at_once` the one parameter of `asks` is a list of up to so many,
    and `gone` the member of the answer that lists those that do not exist any more.

    `identity` is the member of what is answered that says which item was asked about: there must be
    an answer for each, and for no other in its place. What is asked for at once needs one.

    `user` and `why` are templates of the evidence, filled with members of the item. Of the items
    above, `only` those are asked about. `read` finds the images of an item, in the registry of the
    target, where its shape cannot say. An item of which `names_some` is true must name something:
    an answer in which nothing does is not known.
    """

    operation: Operation
    asks: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    user: str = ""
    why: str = ""
    at_once: int = 0
    gone: str = ""
    identity: str = ""
    then: tuple["Step", ...] = ()
    only: Callable[[Item], bool] = lambda _: True
    read: Callable[[Item, User, Registry], Iterator[SourceItem]] | None = None
    names_some: Callable[[Item], bool] = lambda _: False


def table_source(
    name: str,
    title: str,
    steps: Sequence[Step],
    *,
    counts: str,
    calls: str,
    quotas: Mapping[str, Quota],
    also: Sequence[Operation] = (),
    by_default: bool = True,
) -> Source:
    """The source whose operations are those of the steps, and `also` those that reading what it
    finds takes."""
    operations: dict[Operation, tuple[str, ...]] = dict.fromkeys((*_operations(steps), *also), ())
    return Source(
        name,
        title,
        lambda reading: read_steps(reading, name, steps),
        operations,
        counts,
        calls,
        quotas=quotas,
        by_default=by_default,
    )


def read_steps(reading: Reading, source: str, steps: Sequence[Step]) -> Iterator[SourceItem]:
    def read(step: Step) -> list[SourceItem]:
        return [*look_twice(lambda names: _Reader(reading, source, names).first(step))]

    for found in reading.workers.map(read, steps):
        yield from found


def read_below(
    reading: Reading, source: str, step: Step, above: Callable[[], Sequence[Item]]
) -> Iterator[SourceItem]:
    """What the step finds of items that are listed otherwise."""
    return look_twice(lambda names: _Reader(reading, source, names).below(step, above()))


def _operations(steps: Sequence[Step]) -> Iterator[Operation]:
    for step in steps:
        yield step.operation
        yield from _operations(step.then)


class _Reader:
    """Reads the steps of one source; each call once, however many items lead to it. At the second
    look, of what nothing is listed below only `names` are read."""

    def __init__(self, reading: Reading, source: str, names: Collection[str] | None) -> None:
        self._reading = reading
        self._source = source
        self._names = names
        self._definitions = reading.target.arn("ecs", "task-definition/")
        self._asked: set[str] = set()
        self._lock = Lock()

    def first(self, step: Step) -> list[SourceItem]:
        ask = partial(self._ask, step, step.given, [{}])
        return attempt_where_offered(self._reading.target, step.operation, ask)

    def below(self, step: Step, above: Sequence[Item]) -> Iterator[SourceItem]:
        """What the step finds of the items above it."""
        known = [
            item
            for item in above
            if step.only(item) and all(item.get(name) is not None for name in step.asks.values())
        ]
        groups = list(chunks(known, step.at_once or 1))
        for found in self._reading.workers.map(partial(self._attempt, step), groups):
            yield from found

    def _attempt(self, step: Step, above: Sequence[Item]) -> list[SourceItem]:
        asked = {
            parameter: [item[member] for item in above] if step.at_once else above[0][member]
            for parameter, member in step.asks.items()
        }
        name = " ".join(str(value) for value in asked.values())
        is_last = not step.then and not step.at_once
        if self._names is not None and is_last and name not in self._names:
            return []
        return attempt(partial(self._ask, step, {**step.given, **asked}, above), name)

    def _ask(
        self, step: Step, params: Mapping[str, Any], above: Sequence[Item]
    ) -> Iterator[SourceItem]:
        if self._was_asked(step.operation, params):
            return
        for page in self._pages(step.operation, params):
            shape, found = _listed(step.operation, page)
            if step.identity or step.at_once:
                yield from _left_out(step, page, above, found)
            # Those that are asked about at once have all that led to them in common.
            items = [_item(each, above[0]) for each in found]
            for each, item in zip(found, items, strict=True):
                yield from self._uses(step, shape, each, item)
            for below in step.then:
                yield from self.below(below, items)

    def _was_asked(self, operation: Operation, params: Mapping[str, Any]) -> bool:
        call = f"{operation.name} {sorted(params.items())}"
        with self._lock:
            is_known = call in self._asked
            self._asked.add(call)
        return is_known

    def _pages(self, operation: Operation, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        client = self._reading.target.reading(operation.service)
        if operation.tokens.answered in operation.answer.members:
            yield from pages(client, operation, **params)
        else:
            yield call(client, operation, **params)

    def _uses(self, step: Step, shape: Shape, each: Any, item: Item) -> Iterator[SourceItem]:
        names = step.user.format_map(item), step.why.format_map(item)
        user = User(self._source, *names, self._definitions)
        if step.read:
            found = list(step.read(item, user, self._reading.target.registry))
        else:
            found = list(uses_in(shape, each, user))
        yield from found
        if not found and step.names_some(item):
            what = f"AWS's answer names no image of {user.name}; try again"
            yield Diagnostic(ReadStatus.FAILED, f"{step.operation.action}: {what}")


def _listed(operation: Operation, page: Any) -> tuple[Shape, Sequence[Any]]:
    """What a page lists, and the shape of each; an operation that lists nothing answers one."""
    shape: Shape = operation.answer
    for member in filter(None, operation.listed.split(".")):
        if isinstance(shape, Record):
            shape, page = required(shape.members[member]), page[member]
    return (shape.item, page) if isinstance(shape, ListOf) else (shape, [page])


def _left_out(
    step: Step, page: Mapping[str, Any], above: Sequence[Item], found: Sequence[Any]
) -> Iterator[Diagnostic | SaidToBeGone]:
    """Notes for what was asked for and is not `found`, whether the answer says that it is gone or
    leaves it out."""
    asked_by = next(iter(step.asks.values()))
    gone = page[step.gone] if step.gone else ()
    for name in gone:
        yield SaidToBeGone(name, f"{step.operation.action}: there is no {name}")
    asked = {str(item[asked_by]) for item in above}
    if silent := asked - {str(each[step.identity]) for each in found} - set(gone):
        what = f"AWS's answer leaves out {len(silent)} of {len(asked)}, such as {min(silent)}"
        yield Diagnostic(ReadStatus.FAILED, f"{step.operation.action}: {what}; try again")


def _item(found: Any, above: Item) -> Item:
    return {**above, **(found if isinstance(found, Mapping) else {"name": found})}
