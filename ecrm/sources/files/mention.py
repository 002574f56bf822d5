"""What one place of a file says of an image."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ecrm.errors import NotAReferenceError
from ecrm.model.reference import ANY_SCHEME, Reference, looks_like_ecr
from ecrm.sources.files.template import HOLE, masked, unmasked, with_defaults

ANY_REGISTRY = "unknown.registry"
"""The host of a reference whose host is a template: it may name any registry."""

UNRESOLVED = "is a template that cannot be resolved"
NO_REFERENCE = "is not an image reference"
NO_TAG = "names no tag, so which image it means is not known"
_DEFAULT_TAKEN = "is a template; its default was taken"
_REGISTRY_OPEN = "is a template that leaves the registry open; it counts for every registry"

_HOST = re.compile(r"[a-z0-9._-]+(?::[0-9]+)?")
# Every private ECR registry, under its own names and those of VPC endpoints.
_ECR = re.compile(
    rf"(?<![\w{HOLE}-])[\w{HOLE}-]+\.dkr[.-]ecr[\w{HOLE}.-]*(?::[0-9]+(?=/))?"
    rf"(?:/[\w{HOLE}.:/@-]*)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Spot:
    """A line of a file, and the key path that leads there in files that have keys."""

    line: int
    path: str = ""


@dataclass(frozen=True, slots=True)
class Mention:
    """What stands at a spot. `reference` is None where nobody can tell which image is meant, and
    `problem` then says why; with a reference it says what had to be assumed."""

    spot: Spot
    text: str
    reference: Reference | None
    problem: str = ""


def image(text: str, spot: Spot) -> Iterator[Mention]:
    """What text says that stands where an image is expected. Nothing, where it names an image that
    cannot be in any private ECR registry."""
    written = ANY_SCHEME.sub("", text.strip())
    known = with_defaults(written)
    plain = masked(known)[0].strip()
    if not plain:
        return
    if " " in plain and (several := list(within(known, spot))):
        yield from several
    elif HOLE in plain:
        yield from _template(text, plain, spot)
    elif (reference := _parsed(plain)) is None:
        yield Mention(spot, text, None, NO_REFERENCE)
    elif not reference.is_elsewhere:
        yield Mention(spot, text, reference, _DEFAULT_TAKEN if known != written else "")


def within(text: str, spot: Spot) -> Iterator[Mention]:
    """The ECR images that are named anywhere in a text.

    Without a tag only a repository is named, often for someone to add a tag: that is no `latest`.
    """
    if not looks_like_ecr(text):
        return
    known = with_defaults(text)
    plain, pieces = masked(known)
    for piece in pieces:  # $(docker inspect ...), say
        yield from within(piece[2:-1], spot)
    for found in _ECR.finditer(plain):
        first = plain.count(HOLE, 0, found.start())
        named = found[0].rstrip(".-/")
        _, slash, rest = named.partition("/")
        written = unmasked(named, pieces[first:])
        if not slash:
            continue  # a registry alone
        if named.endswith(":"):
            yield Mention(spot, written, None, UNRESOLVED)
        elif is_untagged(rest):
            yield Mention(spot, written, None, NO_TAG)
        elif written in text:
            yield from image(written, spot)
        else:
            yield from (
                replace(mention, problem=mention.problem or _DEFAULT_TAKEN)
                for mention in image(written, spot)
            )


def is_untagged(name: str) -> bool:
    """Whether a reference, or what follows its host, has neither tag nor digest; what a template
    may bring is not known."""
    last = masked(name)[0].rpartition("/")[2]
    return not any(character in last for character in (":", "@", HOLE))


def is_elsewhere(name: str) -> bool:
    """Whether a name without a tag is surely of no private ECR registry."""
    reference = _parsed(with_defaults(name.strip()))
    return reference is not None and reference.is_elsewhere


def _template(text: str, plain: str, spot: Spot) -> Iterator[Mention]:
    host, slash, rest = plain.partition("/")
    if HOLE not in (host if slash else plain.partition(":")[0]) and not looks_like_ecr(host):
        known = _parsed(f"{host}/name") if slash else None
        if known is None or known.is_elsewhere:
            return
    if slash and HOLE not in rest and (reference := _parsed(f"{ANY_REGISTRY}/{rest}")):
        yield Mention(spot, text, reference, _REGISTRY_OPEN)
    else:
        yield Mention(spot, text, None, UNRESOLVED)


def _parsed(text: str) -> Reference | None:
    try:
        reference = Reference.parse(text)
    except NotAReferenceError:
        return None
    return reference if _HOST.fullmatch(reference.host) else None
