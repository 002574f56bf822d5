"""What a source yields, and how text that names an image becomes a use."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ecrm.aws import Operation
from ecrm.errors import AccessDenied, AwsError, Gone, NotAReferenceError
from ecrm.model.reference import Reference, is_digest, looks_like_ecr
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use


@dataclass(frozen=True, slots=True)
class SeenResource:
    """A source came across this name, which an entry of `section` in ecrm.yaml may be about."""

    section: str
    name: str


@dataclass(frozen=True, slots=True)
class TaskDefinitionUse:
    """`user` needs the task definition revision with the ARN `definition`, for this reason."""

    definition: str
    user: str
    why: str


SourceItem = Use | Diagnostic | SeenResource | TaskDefinitionUse
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
    ECR: then nobody knows what it protects.
    """
    if not text:
        return
    try:
        written = Reference.parse(text)
    except NotAReferenceError as error:
        status = ReadStatus.FAILED if looks_like_ecr(text) else ReadStatus.READ
        yield Diagnostic(status, f"{user} ({why}): {error}")
        return
    yield Use(written, source, user, why, path)
    if digest and is_digest(digest) and digest != written.digest:
        yield Use(replace(written, digest=digest), source, user, why, path)


def attempt(read: Callable[[], Iterable[T]], *, lasting: bool = False) -> list[T | Diagnostic]:
    """What `read` finds, with a note for what it could not; what is gone meanwhile needs nothing,
    unless it is `lasting`, as all clusters of an account are.

    What was found before the failure still counts: one more use never deletes anything.
    """
    found: list[T | Diagnostic] = []
    try:
        for item in read():
            found.append(item)  # noqa: PERF402 - what came before a failure is kept
    except Gone as error:
        if lasting:
            found.append(Diagnostic(ReadStatus.FAILED, str(error)))
    except AccessDenied as error:
        found.append(Diagnostic(ReadStatus.DENIED, str(error)))
    except AwsError as error:
        found.append(Diagnostic(ReadStatus.FAILED, str(error)))
    return found


def failures(
    answer: dict[str, Any], operation: Operation, asked: Sequence[str], member: str
) -> Iterator[Diagnostic]:
    """Notes for the `failures` of an ECS describe call, but for what is gone meanwhile, and for
    what was `asked` for and is neither there nor in `member`."""
    failed = answer["failures"]
    if (silent := len(asked) - len(answer[member]) - len(failed)) > 0:
        text = f"{operation.action}: AWS's answer leaves out {silent} of {len(asked)}; try again"
        yield Diagnostic(ReadStatus.FAILED, text)
    for failure in failed:
        if failure["reason"] != "MISSING":
            what = " ".join(filter(None, (failure["arn"], failure["reason"], failure["detail"])))
            yield Diagnostic(ReadStatus.FAILED, f"{operation.action}: {what}")
