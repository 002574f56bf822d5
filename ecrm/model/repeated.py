"""The same failure of many things as one line for people."""

import re
from collections import defaultdict
from collections.abc import Iterable

_SHOWN = 3
_SPECIFIC = re.compile(r"\S*sha256:[0-9a-f]+|arn:\S+")
"""What makes the same failure look different each time, besides the name of what failed."""


def once(failures: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """One line for each kind of failure, in the order of their first: what failed (which may be
    empty), why, and what else failed in the same way, such as
    `app: ecr:DescribeImages is denied (also web, db, job and 54 more)`."""
    kinds: dict[tuple[bool, str], list[tuple[str, str]]] = defaultdict(list)
    for what, why in failures:
        # Making a regular expression takes far longer than looking for the name.
        kind = re.sub(rf"\b{re.escape(what)}\b", "…", why) if what and what in why else why
        kinds[bool(what), _SPECIFIC.sub("…", kind)].append((what, why))
    return tuple(_line(*alike) for alike in kinds.values())


def _line(first: tuple[str, str], *others: tuple[str, str]) -> str:
    what, why = first
    line = f"{what}: {why}" if what else why
    names = [name for name, _ in others if name]
    more = len(others) - len(names[:_SHOWN])
    if not others:
        return line
    if not names:
        return f"{line} (and {more:,} more of this kind)"
    rest = f" and {more:,} more" if more else ""
    return f"{line} (also {', '.join(names[:_SHOWN])}{rest})"
