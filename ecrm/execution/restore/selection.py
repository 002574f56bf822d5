"""Which entries of a journal are put back, and in which order. Pure."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from ecrm.errors import NotAReferenceError, UsageError
from ecrm.execution.journal.records import Contents, Entry
from ecrm.execution.restore.manifest import needs
from ecrm.model.image import Kind, Links
from ecrm.model.outcome import OutcomeStatus
from ecrm.model.reference import Reference, RepositoryKey
from ecrm.planning.graph import ImageGraph, image_graph

_DIGEST_PREFIX = re.compile(r"(?:sha256:)?([0-9a-f]{6,64})")
_MAY_BE_GONE = frozenset({OutcomeStatus.DELETED, OutcomeStatus.ARCHIVED, None})


def chosen(contents: Contents, images: Sequence[str] = ()) -> tuple[Entry, ...]:
    """The images that the run deleted or archived, or may have when it was killed; or only
    `images`: each a URI, `repository:tag`, `repository@sha256:...`, `repository`, or six or more
    digits of a digest.

    A named image is chosen whatever its status (an answer that got lost makes a deleted image look
    "already gone"), with its children and its referrers. UsageError if a name selects nothing.
    """
    if images:
        wanted = {entry.key for text in images for entry in _named(contents.entries, text)}
    else:
        wanted = {entry.key for entry in contents.entries if entry.status in _MAY_BE_GONE}
    for _, entries in by_repository(contents.entries):
        digests = [entry.image.digest for entry in entries if entry.key in wanted]
        keep_closure = _family(entries).keep_closure(digests)
        wanted |= {entry.key for entry in entries if entry.image.digest in keep_closure}
    return tuple(entry for entry in contents.entries if entry.key in wanted)


def by_repository(entries: Iterable[Entry]) -> Iterator[tuple[RepositoryKey, list[Entry]]]:
    """Per repository, in the order in which each came first."""
    of_repository: dict[RepositoryKey, list[Entry]] = defaultdict(list)
    for entry in entries:
        of_repository[RepositoryKey(entry.registry, entry.repository)].append(entry)
    yield from of_repository.items()


def in_order(entries: Collection[Entry]) -> Iterator[Entry]:
    """Children before their indexes, innermost first, and subjects before their referrers."""
    graph = _family(entries)
    left = {entry.image.digest: entry for entry in entries}
    while left:
        free = [
            digest for digest in left if not _waits(digest, left, (graph.children, graph.subjects))
        ]
        # Tags that name subjects can form a circle; the digests of children cannot.
        free = (
            free
            or [digest for digest in left if not _waits(digest, left, (graph.children,))]
            or [*left]
        )
        for digest in free:
            yield left.pop(digest)


def _waits(digest: str, left: Collection[str], links: Iterable[Links]) -> bool:
    return any(other in left for link in links for other in link.get(digest, ()))


def _family(entries: Iterable[Entry]) -> ImageGraph:
    """An archived index has no manifest in the journal; its children say that it holds them."""
    of_digest = {entry.image.digest: entry for entry in entries}
    children = {digest: list(_named_by(entry)) for digest, entry in of_digest.items()}
    for digest, entry in of_digest.items():
        for holder in entry.held_by:
            if holder in of_digest and of_digest[holder].image.kind is Kind.INDEX:
                children[holder].append(digest)
    return image_graph(
        {digest: entry.image for digest, entry in of_digest.items()},
        {digest: tuple(dict.fromkeys(named)) for digest, named in children.items()},
    )


def _named_by(entry: Entry) -> tuple[str, ...]:
    try:
        return needs(entry.manifest).children if entry.manifest else ()
    except ValueError:  # reported when it is restored
        return ()


def _named(entries: Sequence[Entry], text: str) -> list[Entry]:
    found = [entry for entry in entries if _is_named(entry, text)]
    digits = _DIGEST_PREFIX.fullmatch(text)
    if not found and digits:
        found = [entry for entry in entries if entry.image.digest.startswith(f"sha256:{digits[1]}")]
        if len({entry.image.digest for entry in found}) > 1:
            raise UsageError(f"{text}: several digests begin like that; give more of it")
    if not found:
        raise UsageError(f"{text}: the journal has no such image")
    return found


def _is_named(entry: Entry, text: str) -> bool:
    try:
        reference = Reference.parse(text)
    except NotAReferenceError as error:
        raise UsageError(f"{error}, nor the beginning of a digest") from error
    if not (reference.may_name(entry.registry) or _has_no_host(reference, text)):
        return False
    if reference.repository != entry.repository:
        return False
    if not re.search(r"[:@]", text.rpartition("/")[2]):  # not even `:latest` is meant
        return True
    image = entry.image
    return reference.tag in (None, *image.tags) and reference.digest in (None, image.digest)


def _has_no_host(reference: Reference, text: str) -> bool:
    return text.startswith(reference.repository)
