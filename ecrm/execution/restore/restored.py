"""Restores the images of a journal, repository by repository."""

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from ecrm.errors import AccessDenied, AwsError, Gone, UsageError
from ecrm.execution.journal.records import Entry
from ecrm.execution.restore.manifest import Needs, needs
from ecrm.execution.restore.selection import by_repository, in_order
from ecrm.model.image import Image, Status
from ecrm.model.reference import Registry, RepositoryKey
from ecrm.model.rule import Action
from ecrm.registry.manifests import has_digest
from ecrm.registry.restorer import RestoreRehearsal, is_about_one_image

_AVAILABLE, _UNAVAILABLE = "AVAILABLE", "UNAVAILABLE"


class Result(StrEnum):
    RESTORED = "restored"
    RESTORING = "restoring"
    THERE = "there already"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of one image, or would become of it in a rehearsal. `tags` are those that it had;
    `detail` says which of them it does not get back, or why the image is not back. `changed` is
    whether ECR was asked to change something."""

    registry: Registry
    repository: str
    digest: str
    tags: tuple[str, ...]
    result: Result
    detail: str = ""
    changed: bool = False

    @property
    def key(self) -> RepositoryKey:
        return RepositoryKey(self.registry, self.repository)


def refuse_foreign(
    entries: Iterable[Entry], registries: Collection[Registry], journal: str
) -> None:
    """Raises UsageError, before anything is put, where an entry is of a registry that the run does
    not have; `journal` is its name in the message."""
    foreign = sorted({entry.registry for entry in entries} - set(registries))
    if foreign:
        made_for, here = (", ".join(map(str, named)) for named in (foreign, sorted(registries)))
        raise UsageError(f"{journal} has images of {made_for}, and this is {here}")


def restored(
    entries: Iterable[Entry],
    restorer_for: Callable[[Registry], RestoreRehearsal],
    *,
    urls_allowed: bool = False,
) -> Iterator[Restored]:
    """One Restored per entry, as it happens. Each image is put into the registry that its entry
    names. An image that is there is not changed, and a tag is not taken from the image that has it
    now. Without `urls_allowed`, an image of which parts are fetched from elsewhere fails. An error
    that is not about one image or one repository ends the work of its registry."""
    restorer_of = cache(restorer_for)
    ended: dict[Registry, AwsError] = {}
    for key, of_repository in by_repository(entries):
        ordered = tuple(in_order(of_repository))
        if error := ended.get(key.registry):
            yield from _not_tried(ordered, error)
            continue
        content = _Repository(key.repository, restorer_of(key.registry), urls_allowed=urls_allowed)
        ending = yield from _restored(content, ordered)
        if ending:
            ended[key.registry] = ending


def _restored(
    content: "_Repository", ordered: Sequence[Entry]
) -> Generator[Restored, None, AwsError | None]:
    """Restore the images of one repository; returns the error that ends the work of its registry,
    if any."""
    try:
        content.read()
    except AwsError as error:
        yield from (_outcome(entry, Result.FAILED, str(error)) for entry in ordered)
        return None if isinstance(error, Gone | AccessDenied) else error
    same = ""
    for number, entry in enumerate(ordered, 1):
        try:
            outcome = content.restore(entry)
        except AwsError as error:
            yield content.failed(entry, error)
            denied = isinstance(error, AccessDenied)  # may be this repository's own policy
            if denied or (same == str(error) and not is_about_one_image(error)):
                yield from _not_tried(ordered[number:], error)
                return None if denied or isinstance(error, Gone) else error
            same = str(error)
        else:
            yield outcome
            same = "" if outcome.result in (Result.RESTORED, Result.RESTORING) else same
    return None


class _Repository:
    """One repository, and the images and layers that it is known to have by now."""

    def __init__(self, repository: str, restorer: RestoreRehearsal, *, urls_allowed: bool) -> None:
        self._repository = repository
        self._restorer = restorer
        self._urls_allowed = urls_allowed
        self._images: dict[str, Image] = {}
        self._holders: dict[str, str] = {}
        self._lost: dict[str, str] = {}
        self._layers: dict[str, str] = {}

    def read(self) -> None:
        self._images = {image.digest: image for image in self._restorer.images(self._repository)}
        self._holders = {tag: image.digest for image in self._images.values() for tag in image.tags}

    def restore(self, entry: Entry) -> Restored:
        there = self._images.get(entry.image.digest)
        if there is None:
            return self._put(entry)
        if there.status is Status.ACTIVE:
            return self._complete(entry, there.tags)
        if there.status is Status.ACTIVATING:
            return _outcome(entry, Result.RESTORING)
        if entry.decision.action is Action.DELETE:
            return _outcome(entry, Result.THERE, "archived, as it was")
        self._restorer.activate(self._repository, there.digest)
        return _outcome(entry, Result.RESTORING, changed=True)

    def failed(self, entry: Entry, error: AwsError) -> Restored:
        if entry.image.digest in self._images:
            return _outcome(entry, Result.FAILED, f"it is there, but not with all tags: {error}")
        self._lost[entry.image.digest] = str(error)
        return _outcome(entry, Result.FAILED, str(error))

    def _put(self, entry: Entry) -> Restored:
        if why := self._obstacle(entry):
            self._lost[entry.image.digest] = why
            return _outcome(entry, Result.FAILED, why)
        _, notes = self._put_tags(entry, entry.image.tags)
        if entry.image.digest not in self._images:
            self._restorer.put(self._repository, entry.image, entry.manifest or "")
            self._images[entry.image.digest] = entry.image
        return _outcome(entry, Result.RESTORED, "; ".join(notes), changed=True)

    def _complete(self, entry: Entry, tags: Sequence[str]) -> Restored:
        """Give an image that is there the tags that nobody has."""
        missing = [tag for tag in entry.image.tags if tag not in tags]
        if not missing or _damage(entry):
            return _outcome(entry, Result.THERE)
        put, notes = self._put_tags(entry, missing)
        notes = [f"the tag {tag} is put back" for tag in put] + notes
        return _outcome(entry, Result.THERE, "; ".join(notes), changed=bool(put))

    def _put_tags(self, entry: Entry, tags: Iterable[str]) -> tuple[list[str], list[str]]:
        """The tags that it got, and what to say about the others. The first puts the image too."""
        image, put, notes = entry.image, [], []
        for tag in tags:
            holder = self._holders.get(tag) or self._restorer.put(
                self._repository, image, entry.manifest or "", tag
            )
            if holder:
                notes.append(f"the tag {tag} stays with {holder}, which has it now")
                continue
            self._holders[tag] = image.digest
            self._images.setdefault(image.digest, image)
            put.append(tag)
        return put, notes

    def _obstacle(self, entry: Entry) -> str:
        """Why this image cannot be put back; empty if nothing is known to be in the way."""
        if why := _damage(entry):
            return why
        try:
            needed = needs(entry.manifest or "")
        except ValueError as error:
            return f"its manifest in the journal cannot be read: {error}"
        if needed.urls and not self._urls_allowed:
            return (
                f"whoever pulls it would fetch parts of it from {needed.urls[0]:.100}; "
                "name the image to restore it all the same"
            )
        for child in needed.children:
            if child not in self._images:
                why = self._lost.get(child, "it is neither there nor in the journal")
                return f"its image {child} cannot be put back: {why}"
        return self._missing_layers(needed)

    def _missing_layers(self, needed: Needs) -> str:
        unknown = [blob for blob in needed.blobs if blob not in self._layers]
        if unknown:
            self._layers |= self._restorer.layers(self._repository, unknown)
        states = [self._layers[blob] for blob in needed.blobs if self._layers[blob] != _AVAILABLE]
        if not states:
            return ""
        gone = "gone" if set(states) == {_UNAVAILABLE} else f"not to be had ({', '.join(states)})"
        verb = "is" if len(states) == 1 else "are"
        return f"{len(states)} of {len(needed.blobs)} layers {verb} {gone}"


def _damage(entry: Entry) -> str:
    if entry.manifest is None:
        return "the journal has no manifest of it; ECR returns none of an archived image"
    if not has_digest(entry.manifest, entry.image.digest):
        return "its manifest in the journal does not have this digest"
    return ""


def _not_tried(entries: Iterable[Entry], error: AwsError) -> Iterator[Restored]:
    why = f"not tried after an earlier error: {error}"
    return (_outcome(entry, Result.FAILED, why) for entry in entries)


def _outcome(entry: Entry, result: Result, detail: str = "", *, changed: bool = False) -> Restored:
    image = entry.image
    return Restored(
        entry.registry, entry.repository, image.digest, image.tags, result, detail, changed
    )
