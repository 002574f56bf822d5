"""What a source yields, and how text that names an image becomes a use."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ecrm.aws import Operation
from ecrm.errors import AccessDenied, AwsError, Gone, NotAReferenceError
from ecrm.model.reference import Reference, Registry, is_digest, looks_like_ecr
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use


@dataclass(frozen=True, slots=True)
class SeenResource:
    """A source came across this name, which an entry of `section` in ecrm.yaml may be about."""

    section: str
    name: str


@dataclass(frozen=True, slots=True)
class TaskDefinitionUse:
    """`user` needs the task definition revision with the ARN `definition`, for this reason. It
    `may_be_gone` where what names it can outlive it, as a stopped task does."""

    definition: str
    user: str
    why: str
    may_be_gone: bool = False


@dataclass(frozen=True, slots=True)
class SaidToBeGone:
    """AWS says, in the words of `text`, that there is no `name`, or nothing of what belongs to it,
    although AWS named it a moment ago. See `look_twice`."""

    name: str
    text: str

    @property
    def failure(self) -> Diagnostic:
        text = f"{self.text.rstrip('.')}; but AWS still names {self.name}; try again"
        return Diagnostic(ReadStatus.FAILED, text)


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """Which of these images something uses: not asked yet, since that costs calls and matters only
    where a plan would delete one of them. `ask` yields what a source yields. Of those that it does
    not find in use, `otherwise` asks, at a further cost."""

    images: tuple[Reference, ...]
    ask: Callable[[], Iterable["SourceItem"]]
    otherwise: "Question | None" = None


@dataclass(frozen=True, slots=True)
class Counted:
    """Somebody else counted this many of what `section` is about, which `source` should meet in the
    account and region of `registry`."""

    registry: Registry
    source: str
    section: str
    number: int


SourceItem = Use | Diagnostic | SeenResource | TaskDefinitionUse | SaidToBeGone | Question | Counted
T = TypeVar("T")


def uses_of(
    text: str | None,
    *,
    source: str,
    user: str,
    why: str,
    path: tuple[str, ...] = (),
    digest: str | None = None,
) -> Iterator[SourceItem]:
    """The uses that `text` makes, and the digest that AWS recorded when it resolved the text.

    Both the written and the recorded digest count: one may be the index, the other the platform
    image. Text that no container tool could pull (a placeholder) is noted, unless it looks like
    ECR or was resolved: then nobody knows what it protects.
    """
    if not text:
        return
    try:
        written = Reference.parse(text)
    except NotAReferenceError as error:
        is_pulled = digest is not None or looks_like_ecr(text)
        status = ReadStatus.FAILED if is_pulled else ReadStatus.READ
        yield Diagnostic(status, f"{user} ({why}): {error}")
        return
    yield Use(written, source, user, why, path)
    if digest is None or digest == written.digest:
        return
    if is_digest(digest):
        yield Use(replace(written, digest=digest), source, user, why, path)
    else:
        text = f"{user} ({why}): the recorded digest {digest!r} is not sha256: and 64 hex digits"
        yield Diagnostic(ReadStatus.FAILED, text)


def attempt(read: Callable[[], Iterable[T]], name: str = "") -> list[T | Diagnostic | SaidToBeGone]:
    """What `read` finds, with a note for what it could not. `name` is what it reads, if that can
    vanish; then an answer that it has is no failure yet.

    What was found before the failure still counts: one more use never deletes anything.
    """
    found: list[T | Diagnostic | SaidToBeGone] = []
    try:
        for item in read():
            found.append(item)  # noqa: PERF402 - what came before a failure is kept
    except Gone as error:
        gone = SaidToBeGone(name, str(error))
        found.append(gone if name else Diagnostic(ReadStatus.FAILED, str(error)))
    except AccessDenied as error:
        found.append(Diagnostic(ReadStatus.DENIED, str(error)))
    except AwsError as error:
        found.append(Diagnostic(ReadStatus.FAILED, str(error)))
    return found


def look_twice(
    read: Callable[[Collection[str] | None], Iterable[T]],
) -> Iterator[T | Diagnostic]:
    """What `read(None)` finds of all that a listing names; what is said to be gone is passed over
    only if the listing, asked once more, does not name it any more.

    `read(names)` lists again, and reads only what is of these names. What is said to be gone then,
    too, is a failure: an answer that cannot be true says nothing about what is in use.
    """
    gone: set[str] = set()
    for item in read(None):
        if isinstance(item, SaidToBeGone):
            gone.add(item.name)
        else:
            yield item
    if gone:
        for item in read(gone):
            yield item.failure if isinstance(item, SaidToBeGone) else item


def failures(
    answer: dict[str, Any], operation: Operation, asked: Sequence[str], member: str, arn: str
) -> Iterator[Diagnostic | SaidToBeGone]:
    """Notes for the `failures` of an ECS describe call, and for what was `asked` for and is neither
    there nor in `member`, whose items have their ARN in `arn`."""
    failed = answer["failures"]
    answered = {item[arn] for item in answer[member]} | {failure["arn"] for failure in failed}
    if silent := set(asked) - answered:
        what = f"AWS's answer leaves out {len(silent)} of {len(asked)}, such as {min(silent)}"
        yield Diagnostic(ReadStatus.FAILED, f"{operation.action}: {what}; try again")
    for failure in failed:
        words = filter(None, (failure["arn"], failure["reason"], failure["detail"]))
        text = f"{operation.action}: {' '.join(words)}"
        if failure["reason"] == "MISSING" and failure["arn"] in asked:
            yield SaidToBeGone(failure["arn"], text)
        else:
            yield Diagnostic(ReadStatus.FAILED, text)
