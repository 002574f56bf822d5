"""What files of the working tree name: manifests, task definitions, templates, scripts.

Whatever keeps a file from being read leaves the scan incomplete, and so does a glob that matches
no file: a typing mistake must not look like a clean tree.
"""

import errno
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from ecrm.model.printable import printable
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import WORKING_TREE, SourceLocation, Use
from ecrm.sources.files import Contents, Mention, read_file_text
from ecrm.sources.items import SourceItem

_MAGIC = re.compile(r"[*?\[]")
_ANY_DEPTH = "**"
_MOST_BYTES = 5_000_000
_HEAD = 8192
_LONGEST_SHOWN = 200
_OUTSIDE = "leads out of the folder that ecrm runs in, and was not read"


def tree_uses(globs: Sequence[str], root: Path) -> Iterator[SourceItem]:
    """Every image that the files name, each file once; what is a template is noted.

    Globs are of `root` unless they are absolute: `*` and `?` within a name, `**` for folders at
    any depth. Names that begin with a dot are matched where the glob has that dot, and `**` does
    not follow links, so that none leads round in a circle. What leads out of `root`, by a link, by
    `..` or from the top, is refused: a pull request may have written it.
    """
    read: set[Path] = set()
    for glob in globs:
        files = []
        for entry in matching(glob, root):
            if isinstance(entry, Diagnostic):
                yield entry
            else:
                files.append(entry)
        if not files:
            hint = "it is relative to the folder that ecrm runs in"
            yield Diagnostic(ReadStatus.FAILED, f"{printable(glob)}: matches no file; {hint}")
        for path in files:
            if path not in read:
                read.add(path)
                yield from _file_uses(path, _name(path, root))


def matching(glob: str, root: Path) -> Iterator[Path | Diagnostic]:
    """The files that a glob matches, in the order of their names, each once; and a note for each
    folder that could not be looked into, and for what leads out of `root`."""
    pattern = PurePosixPath(glob)
    parts = pattern.parts[1:] if pattern.is_absolute() else pattern.parts
    if parts and parts[-1] == _ANY_DEPTH:
        parts = (*parts, "*")
    first = next((i for i, part in enumerate(parts) if _MAGIC.search(part)), len(parts) - 1)
    start = Path(pattern.anchor) if pattern.is_absolute() else root
    walk = _Walk(root.resolve())
    yield from dict.fromkeys(walk.step(start.joinpath(*parts[:first]), parts[first:]))


@dataclass(frozen=True, slots=True)
class _Walk:
    """Never looks into anything outside `whole`."""

    whole: Path

    def below(self, folder: Path, parts: tuple[str, ...]) -> Iterator[Path | Diagnostic]:
        head, *others = parts
        rest = tuple(others)
        if head == _ANY_DEPTH:
            while rest[:1] == (_ANY_DEPTH,):
                rest = rest[1:]
            yield from self.below(folder, rest)
        elif not _MAGIC.search(head):
            yield from self.step(folder / head, rest)
            return
        for entry in _listing(folder):
            if isinstance(entry, Diagnostic):
                yield entry
                continue
            name, is_folder = entry
            is_hidden = name.startswith(".")
            if head != _ANY_DEPTH:
                if fnmatchcase(name, head) and (head.startswith(".") or not is_hidden):
                    yield from self.step(folder / name, rest)
            elif is_folder and not is_hidden:
                yield from self.below(folder / name, parts)

    def step(self, path: Path, rest: tuple[str, ...]) -> Iterator[Path | Diagnostic]:
        try:
            mode = path.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):  # also what a link leads to
            return
        except (OSError, ValueError) as error:
            if getattr(error, "errno", None) != errno.ELOOP:
                yield _unread(str(path), error)
            return
        if not (stat.S_ISDIR(mode) if rest else stat.S_ISREG(mode)):  # a pipe would never end
            return
        if not path.resolve().is_relative_to(self.whole):
            yield Diagnostic(ReadStatus.FAILED, printable(f"{path}: {_OUTSIDE}"))
        elif rest:
            yield from self.below(path, rest)
        else:
            yield path


def _listing(folder: Path) -> Sequence[tuple[str, bool] | Diagnostic]:
    """Each name, in order, and whether it is a folder itself and no link to one."""
    try:
        with os.scandir(folder) as entries:
            return sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    except OSError as error:
        return [_unread(str(folder), error)]


def _name(path: Path, root: Path) -> str:
    """As the user would write it."""
    return printable(str(path.relative_to(root) if path.is_relative_to(root) else path))


def _file_uses(path: Path, name: str) -> Iterator[SourceItem]:
    """What is no text is no deployment either (`**` finds pictures, too): skipped, and said."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        yield _unread(name, error)
        return
    if b"\0" in content[:_HEAD] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield Diagnostic(ReadStatus.READ, f"{name}: is not text, and was skipped")
        return
    if len(content) > _MOST_BYTES:
        hint = "leave it out with a narrower glob"
        yield Diagnostic(ReadStatus.FAILED, f"{name}: is larger than 5 MB and was not read; {hint}")
        return
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        yield Diagnostic(ReadStatus.FAILED, f"{name}:{line}: is not UTF-8; save the file as UTF-8")
        return
    yield from _found(read_file_text(name, text), name)


def _found(contents: Contents, name: str) -> Iterator[SourceItem]:
    if contents.problem:
        yield Diagnostic(ReadStatus.FAILED, printable(f"{name}:{contents.problem}"))
    for mention in contents.mentions:
        if mention.problem:
            yield _note(mention, name)
        if mention.reference:
            spot = mention.spot
            yield Use(
                mention.reference,
                source=WORKING_TREE,
                user=f"file {name}",
                why=f"line {spot.line}",
                path=(spot.path,) if spot.path else (),
                location=SourceLocation(name, spot.line),
            )


def _note(mention: Mention, name: str) -> Diagnostic:
    shown = mention.text.strip()
    if len(shown) > _LONGEST_SHOWN:
        shown = f"{shown[:_LONGEST_SHOWN]}..."
    return Diagnostic(
        ReadStatus.READ, printable(f"{name}:{mention.spot.line}: {shown} {mention.problem}")
    )


def _unread(name: str, error: OSError | ValueError) -> Diagnostic:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return Diagnostic(ReadStatus.FAILED, printable(f"{name}: cannot be read: {reason}"))
