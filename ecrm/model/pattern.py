"""Names matched by globs, as in fujiwara/ecrm."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain, product
from typing import Self

_ANY = "\0"
"""Stands for a character that is in no pattern."""
_MOST_PIECES = 7


@dataclass(frozen=True, slots=True)
class NamePattern:
    """Matches one name exactly, or all names that a glob with `*` and `?` covers."""

    text: str
    is_glob: bool

    def matches(self, name: str) -> bool:
        return glob_matches(self.text, name) if self.is_glob else self.text == name

    def __str__(self) -> str:
        return self.text

    def covers(self, other: "NamePattern") -> bool:
        """Whether it matches all names that `other` matches, as far as is easily seen."""
        if not other.is_glob:
            return self.matches(other.text)
        pieces = other.text.replace("?", _ANY).split("*")
        if not self.is_glob or len(pieces) > _MOST_PIECES:
            return len(pieces) == 1 and _ANY not in pieces[0] and self.matches(pieces[0])
        # Each star as nothing, and as more text than any ? of this glob takes.
        fillings = product(("", _ANY * (len(self.text) + 1)), repeat=len(pieces) - 1)
        return all(
            self.matches("".join(chain(*zip(pieces, (*filling, ""), strict=True))))
            for filling in fillings
        )


@dataclass(frozen=True, slots=True)
class Selection:
    """The names that one of `patterns` matches; without any, all names, and it is false."""

    patterns: tuple[NamePattern, ...] = ()

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Names, and globs with `*` and `?`, which no repository has in its name."""
        globs = ((text, "*" in text or "?" in text) for text in texts)
        return cls(tuple(NamePattern(text, is_glob=is_glob) for text, is_glob in globs))

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def covers(self, name: str) -> bool:
        return not self or any(pattern.matches(name) for pattern in self.patterns)

    @property
    def names(self) -> tuple[str, ...]:
        """All that it covers, where it holds no glob; else nothing."""
        if any(pattern.is_glob for pattern in self.patterns):
            return ()
        return tuple(dict.fromkeys(pattern.text for pattern in self.patterns))

    def without_match(self, names: Collection[str]) -> Iterator[NamePattern]:
        for pattern in self.patterns:
            if not any(map(pattern.matches, names)):
                yield pattern


ALL = Selection()


def glob_matches(pattern: str, text: str) -> bool:
    """`*` is any text, slashes too, and `?` is one character; no other character is special."""
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Each piece between stars is taken where it first fits, and never given back: what a glob
    matches does not depend on that, and no pattern can make the matching slow."""
    first, *rest = [_escaped(piece) for piece in re.split(r"\*+", pattern)]
    if not rest:
        return re.compile(first, re.DOTALL)
    *middle, last = rest
    return re.compile(f"{first}{''.join(f'(?>.*?{piece})' for piece in middle)}.*{last}", re.DOTALL)


def _escaped(piece: str) -> str:
    return re.escape(piece).replace(r"\?", ".")
