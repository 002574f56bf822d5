"""Text that others wrote (names, tags, file names, answers of AWS), as a terminal, a log, a mail or
a page may show it. Every text format passes its lines through here."""

import re
from collections.abc import Iterable

_COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#\[)")
_HIDDEN = re.compile(r"[^\n -~]|#(?=#\[)")


def printable(text: str) -> str:
    """One line in which every character shows and none has an effect: control characters, line
    ends, marks of direction and the like are written as Python escapes them. It holds no workflow
    command of GitHub's runner, which takes a line that begins with `::`, or `##[` anywhere
    (actions/runner, src/Runner.Common/ActionCommand.cs)."""
    shown = text if text.isprintable() else "".join(map(_escaped, text))
    return _COMMAND.sub(lambda found: f"{found[1] or ''}\\x{ord(found[0][-1]):02x}", shown)


def printable_lines(lines: Iterable[str]) -> str:
    """The lines as one text; a line end within one of them does not end it."""
    return "\n".join(map(printable, lines))


def printable_json(text: str) -> str:
    """The same JSON, with hidden characters as JSON escapes them."""
    return _HIDDEN.sub(lambda found: _json_escaped(found[0]), text)


def _escaped(character: str) -> str:
    return character if character.isprintable() else repr(character)[1:-1]


def _json_escaped(character: str) -> str:
    if character.isprintable() and character != "#":
        return character
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
