"""Names matched by globs, as in fujiwara/ecrm."""

import re
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class NamePattern:
    """Matches one name exactly, or all names that a glob with `*` and `?` covers."""

    text: str
    is_glob: bool

    def matches(self, name: str) -> bool:
        return glob_matches(self.text, name) if self.is_glob else self.text == name

    def __str__(self) -> str:
        return self.text


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
