"""Images in text without a grammar of ours: Dockerfiles, scripts, Terraform, jsonnet, templates.

Read line by line. A line that is a comment says nothing about what is deployed; a comment after
something else is read with it, which at worst protects too much.
"""

import re
from collections.abc import Iterator
from pathlib import PurePath

from ecrm.sources.files.mention import UNRESOLVED, Mention, Spot, image, within
from ecrm.sources.files.template import HOLE, masked, unmasked

_COMMENT = re.compile(r"\s*(?:#|//|\{\{-?\s*/\*)")
_KEY = re.compile(
    r"(?<![\w.$/:-])(?P<quote>[\"']?)(?:image|imageuri|image_uri|imageidentifier)(?P=quote)\s*[:=]"
    r"\s*(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s,;\"'{}()\[\]|>]+)(?P<more>\s*[+%.(])?",
    re.IGNORECASE,
)
_FROM = re.compile(r"\s*FROM\s+(?:--\S+\s+)*(?P<value>\S+)", re.IGNORECASE)
_ARG = re.compile(r"\s*ARG\s+([A-Za-z_]\w*)=[\"']?([^\s\"'{}$]+)[\"']?\s*", re.IGNORECASE)
_DOCKERFILE = re.compile(r"(?:.*\.)?(?:dockerfile|containerfile)(?:\..*)?", re.IGNORECASE)
# What stands there without quotes is an expression, not the name of an image.
_PROGRAMS = frozenset({".tf", ".hcl", ".jsonnet", ".libsonnet", ".cue", ".py", ".ts", ".js"})


def text_mentions(path: str, text: str) -> Iterator[Mention]:
    """In the order of the lines."""
    name = PurePath(path)
    if _DOCKERFILE.fullmatch(name.name):
        yield from _dockerfile(text)
        return
    yield from line_mentions(text, Spot(1), is_program=name.suffix in _PROGRAMS)


def line_mentions(text: str, first: Spot, *, is_program: bool = False) -> Iterator[Mention]:
    """Of lines of which the first is at that spot."""
    for number, line in enumerate(text.split("\n"), first.line):
        if not _COMMENT.match(line):
            yield from _line(line, Spot(number, first.path), is_program=is_program)


def _line(line: str, spot: Spot, *, is_program: bool) -> Iterator[Mention]:
    """Templates are taken out first: a quote within one ends no text."""
    plain, pieces = masked(line)
    rest, end = [], 0
    for found in _KEY.finditer(plain):
        value = found["value"]
        written = unmasked(value, pieces[plain.count(HOLE, 0, found.start("value")) :])
        rest.append(plain[end : found.start("value")])
        rest.append(HOLE * value.count(HOLE))
        end = found.end("value")
        if found["more"] or (is_program and value[0] not in "\"'"):
            yield Mention(spot, written.strip("\"'"), None, UNRESOLVED)
        else:
            yield from image(written.strip("\"'"), spot)
    rest.append(plain[end:])
    yield from within(unmasked(" ".join(rest), pieces), spot)


def _dockerfile(text: str) -> Iterator[Mention]:
    """An ARG with a value is a default for the lines that follow."""
    defaults: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if _COMMENT.match(line):
            continue
        if given := _ARG.fullmatch(line):
            defaults[given[1]] = given[2]
        if base := _FROM.match(line):
            named = re.sub(
                r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))",
                lambda variable: _with_default(variable, defaults),
                base["value"],
            )
            yield from image(named, Spot(number))
        else:
            yield from within(line, Spot(number))


def _with_default(variable: re.Match[str], defaults: dict[str, str]) -> str:
    name = variable[1] or variable[2]
    return f"${{{name}:-{defaults[name]}}}" if name in defaults else variable[0]
