"""What is said of a source that is not offered in a region, or that IAM denies."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import TypeGuard

from ecrm.aws import Operation, Target
from ecrm.aws.errors import code_of
from ecrm.config import Config
from ecrm.errors import HostNotFound, NotOffered
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.sources.items import SourceItem, attempt
from ecrm.sources.source import Source


def attempt_where_offered(
    target: Target, operation: Operation, read: Callable[[], Iterable[SourceItem]]
) -> list[SourceItem]:
    """As `attempt`, of what an account can always list. Nothing can run where the service of the
    operation is not offered, which is a note and no failure.

    An endpoint says so itself, or it has no address, or there is a bare 404, which anything on the
    way to AWS may answer. The latter two count only in a region that is not among those in which
    botocore knows the service: elsewhere something is wrong with the network. An endpoint that
    has answered the operation in this run offers it.
    """
    return attempt(partial(_read, target, operation, read))


def _read(
    target: Target, operation: Operation, read: Callable[[], Iterable[SourceItem]]
) -> Iterator[SourceItem]:
    try:
        yield from read()
    except (NotOffered, HostNotFound) as error:
        says_so = isinstance(error, NotOffered) and code_of(error) != "404"
        is_offered = operation.action in target.call_counter.answered
        if is_offered or (not says_so and target.may_have(operation.service)):
            if isinstance(error, HostNotFound):
                raise HostNotFound(f"{error}, or leave the source out under `sources`") from error
            raise
        where = target.registry.region
        yield Diagnostic(ReadStatus.READ, f"{operation.action} is not offered in {where}")


def with_remedy(
    found: Sequence[Sequence[SourceItem]], sources: Sequence[Source], target: Target, config: Config
) -> list[list[SourceItem]]:
    """What the sources found; where IAM denies something, the last note about that says how to mend
    all denials at once: what to allow, with what would have been called next, or what to leave
    out."""
    items = [list(each) for each in found]
    denied = [place for place, each in enumerate(items) if any(map(_is_denial, each))]
    if denied:
        last = items[denied[-1]]
        note = [item for item in last if _is_denial(item)][-1]
        cure = _remedy([sources[place] for place in denied], target.call_counter.answered, config)
        whole = Diagnostic(ReadStatus.DENIED, f"{note.text}; {cure}")
        items[denied[-1]] = [whole if item == note else item for item in last]
    return items


def _is_denial(item: SourceItem) -> TypeGuard[Diagnostic]:
    return isinstance(item, Diagnostic) and item.status is ReadStatus.DENIED


def _remedy(sources: Sequence[Source], answered: Collection[str], config: Config) -> str:
    """`answered` are the actions that AWS is known to allow."""
    names = [source.name for source in sources]
    called = {operation.action for source in sources for operation in source.called(config)}
    actions = ", ".join(sorted(called - set(answered))) or "what is denied"
    entries = ", ".join(f"{{name: {name}, exclude: true}}" for name in names)
    return (
        f"to read {', '.join(names)}, allow {actions} (`ecrm iam-policy` prints the whole policy), "
        f"or leave out what this account does not use: sources: [{entries}]"
    )
