"""Columns that fit a terminal: numbers to the right, names shortened in the middle."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import TextWrapper
from typing import NamedTuple

from ecrm.model.printable import printable
from ecrm.reports.text import painted

_GAP = "  "
_NAME = 24
"""Columns are left out before names get shorter than this."""
_SHORTEST = 8


@dataclass(frozen=True, slots=True)
class Column:
    """`optional` columns are left out where the width is too small, the last one first."""

    header: str
    optional: bool = False


class Cell(NamedTuple):
    """`color` is a number of ANSI; 0 for none."""

    text: str
    color: int = 0


def grid(columns: Sequence[Column], rows: Iterable[Sequence[Cell]], width: int) -> Iterator[str]:
    """The lines of a table of at most `width` columns, as far as its numbers fit. The first column
    holds names; what is in the others is right-aligned and never shortened."""
    heads = [Cell(column.header) for column in columns]
    lines = [[Cell(printable(cell.text), cell.color) for cell in row] for row in (heads, *rows)]
    widths = [max(len(cell.text) for cell in cells) for cells in zip(*lines, strict=True)]
    shown = list(range(len(columns)))
    for place in reversed(range(1, len(columns))):
        if columns[place].optional and width - _taken(widths, shown) < min(widths[0], _NAME):
            shown.remove(place)
    widths[0] = min(widths[0], max(width - _taken(widths, shown), _SHORTEST))
    for line in lines:
        yield _GAP.join(_padded(line[place], widths[place], place) for place in shown).rstrip()


def _taken(widths: Sequence[int], shown: Sequence[int]) -> int:
    """The width of all columns but the first, with the gaps before them."""
    return sum(len(_GAP) + widths[place] for place in shown[1:])


def _padded(cell: Cell, width: int, place: int) -> str:
    text = shortened(cell.text, width)
    padding = " " * (width - len(text))
    text = painted(text, cell.color) if cell.color else text
    return padding + text if place else text + padding


def shortened(text: str, width: int) -> str:
    """At most so long: what tells names apart is often at the end, and whose they are in front."""
    if len(text) <= width:
        return text
    end = (width - 1) // 2
    return f"{text[: width - 1 - end]}…{text[len(text) - end :]}"


def wrapped(text: str, width: int, indent: str = "", hanging: str = "", color: int = 0) -> str:
    """Lines of that width, broken only between words; `hanging` is added to all but the first."""
    wrapper = TextWrapper(
        width,
        initial_indent=indent,
        subsequent_indent=indent + hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
    lines = map(printable, wrapper.wrap(printable(text)))  # of a line, too, the beginning may act
    return "\n".join(painted(line, color) if color else line for line in lines)
