"""The pictures: functions from numbers to SVG. Colors are classes, so that the page's style decides
about them, by day and by night and on paper."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ecrm.reports.html.geometry import Box, stacked, ticks, treemap
from ecrm.reports.html.markup import Content, Markup, join, tag

_CHARACTER = 6.7  # pixels, of a letter of 12 pixels
_STRIP = 20
SHADES = 5
"""How many classes of color there are for a share, `s0` to `s4`."""


def picture(width: int, height: int, label: str, *content: Content, class_: str = "") -> Markup:
    return tag(
        "svg",
        *content,
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_label=label,
        class_=class_ or None,
    )


def bar(parts: Sequence[tuple[str, float, str]]) -> Markup:
    """One line of parts, each with its class, its value and its words, one after the other."""
    whole = sum(value for _, value, _ in parts) or 1
    sides = stacked([1000 * value / whole for _, value, _ in parts])
    pieces = [
        tag("rect", x=start, y=0, width=end - start, height=30, class_=class_)
        for (class_, _, _), (start, end) in zip(parts, sides, strict=True)
        if end > start
    ]
    return tag(
        "svg",
        *pieces,
        viewBox="0 0 1000 30",
        preserveAspectRatio="none",
        role="img",
        aria_label="; ".join(words for *_, words in parts),
        class_="bar",
    )


def shade(share: float) -> str:
    """Nothing is the first class, and everything the last one."""
    return f"s{min(int(share * SHADES), SHADES - 1)}"


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of a treemap. `class_` is its color, `size` its value in words, `words` all about it;
    `target` is the id of what tells more."""

    name: str
    value: float
    size: str
    class_: str
    words: str
    target: str


def tiles(
    groups: Mapping[str, Sequence[Tile]],
    words: Callable[[Sequence[Tile]], str],
    box: Box,
    label: str,
    class_: str,
) -> Markup:
    """A treemap of groups of tiles, the largest first; `words` says how much a group is."""
    shown = {name: group for name, group in groups.items() if sum(tile.value for tile in group)}
    sizes = [sum(tile.value for tile in group) for group in shown.values()]
    content: list[Content] = []
    for (name, group), place in zip(shown.items(), treemap(sizes, box), strict=True):
        strip = _STRIP if place.height > 2 * _STRIP and place.width > 2 * _STRIP else 0
        inner = place.inside(1.5, strip)
        if strip:
            title = _fitting(f"{name} {words(group)}", place.width - 6)
            content.append(tag("text", title, x=place.x + 4, y=place.y + 15, class_="owner"))
        ordered = sorted(group, key=lambda tile: (-tile.value, tile.name))
        places = treemap([tile.value for tile in ordered], inner)
        content += map(_tile, ordered, places)
    return picture(int(box.width), int(box.height), label, content, class_=class_)


def _tile(tile: Tile, place: Box) -> Markup | None:
    """None where it is too small to be seen."""
    if place.width < 1 or place.height < 1:
        return None
    inner = place.inside(0.5)
    class_ = tile.class_
    where = {"x": _short(inner.x), "y": _short(inner.y)}
    size = {"width": _short(inner.width), "height": _short(inner.height)}
    title = tag("title", tile.words)
    drawn = tag("rect", title, **where, **size, class_=class_, data_r=tile.target)
    if inner.height < _STRIP or inner.width < 6 * _CHARACTER:
        return drawn
    room = inner.width - 8
    has_two = inner.height > 2 * _STRIP and len(tile.size) * _CHARACTER <= room
    lines = (tile.name, tile.size) if has_two else (tile.name,)
    return join(
        drawn,
        (
            tag(
                "text",
                _fitting(words, room),
                x=inner.x + 5,
                y=inner.y + 15 + 15 * number,
                class_=f"on {class_}",
            )
            for number, words in enumerate(lines)
        ),
    )


def _fitting(words: str, width: float) -> str:
    most = max(int(width / _CHARACTER), 1)
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


@dataclass(frozen=True, slots=True)
class Frame:
    """The axes of a chart. `unit` writes a value of the vertical one, which begins at 0."""

    largest: float
    unit: Callable[[float], str]
    width: int = 520
    height: int = 250
    left: int = 58
    bottom: int = 28

    @property
    def inner(self) -> Box:
        return Box(self.left, 14, self.width - self.left - 12, self.height - 14 - self.bottom)

    @property
    def top(self) -> float:
        return ticks(self.largest)[-1]

    def y(self, value: float) -> float:
        return self.inner.y + self.inner.height * (1 - value / self.top)

    def grid(self) -> Iterator[Markup]:
        right = self.inner.x + self.inner.width
        for value in ticks(self.largest):
            y = self.y(value)
            yield tag("line", x1=self.left, x2=right, y1=y, y2=y, class_="grid")
            words = self.unit(value)
            yield tag("text", words, x=self.left - 8, y=y + 4, text_anchor="end", class_="tick")

    def below(self, x: float, words: str) -> Markup:
        return tag("text", words, x=x, y=self.height - 8, text_anchor="middle", class_="tick")


def histogram(
    classes: Sequence[tuple[str, Sequence[tuple[str, float]]]],
    unit: Callable[[float], str],
    label: str,
) -> Markup:
    """A column for each class; its parts have a class of color and a value."""
    sums = [sum(value for _, value in parts) for _, parts in classes]
    frame = Frame(max(sums, default=0), unit)
    step = frame.inner.width / max(len(classes), 1)
    content: list[Content] = list(frame.grid())
    for number, ((name, parts), whole) in enumerate(zip(classes, sums, strict=True)):
        x = frame.inner.x + step * number + step * 0.16
        for (class_, value), (low, high) in zip(
            parts, stacked([value for _, value in parts]), strict=True
        ):
            if value:
                height = frame.y(low) - frame.y(high)
                at = {"x": x, "y": frame.y(high), "width": step * 0.68, "height": height}
                content.append(tag("rect", **at, class_=class_))
        middle = x + step * 0.34
        content.append(frame.below(middle, name))
        if whole:
            y = frame.y(whole) - 5
            content.append(
                tag("text", unit(whole), x=middle, y=y, text_anchor="middle", class_="value")
            )
    return picture(frame.width, frame.height, label, content)


@dataclass(frozen=True, slots=True)
class Point:
    """`at` is where on the horizontal axis; `tick` is written below it, `words` appear over it."""

    at: float
    value: float
    tick: str = ""
    words: str = ""
    is_marked: bool = False


def _apart(places: Sequence[float], least: float = 52) -> set[int]:
    """Which of the labels at these places to write so that none covers another: the last one, and
    from the first one on all that have room."""
    chosen = {len(places) - 1}
    free = float("-inf")
    for number, place in enumerate(places[:-1]):
        if place >= free and places[-1] - place >= least:
            chosen.add(number)
            free = place + least
    return chosen


def line(points: Sequence[Point], unit: Callable[[float], str], label: str, class_: str) -> Markup:
    """A line with the area below it, through points in the order of `at`. Marks are vertical."""
    frame = Frame(max((point.value for point in points), default=0), unit)
    first, last = points[0].at, points[-1].at
    width = frame.inner.width - 24

    def x(point: Point) -> float:
        share = (point.at - first) / (last - first) if last > first else 0.5
        return frame.inner.x + 12 + width * share

    corners = [f"{_short(x(point))},{_short(frame.y(point.value))}" for point in points]
    ground = _short(frame.y(0))
    area = (
        f"M{_short(x(points[0]))},{ground} L{' '.join(corners)} {_short(x(points[-1]))},{ground}Z"
    )
    content: list[Content] = list(frame.grid())
    content += [
        tag("path", d=area, class_=f"area {class_}"),
        tag("polyline", points=" ".join(corners), class_=f"line {class_}"),
    ]
    labelled = _apart([x(point) for point in points])
    for number, point in enumerate(points):
        y = frame.y(point.value)
        if point.is_marked:
            mark = {"x1": x(point), "x2": x(point), "y1": y, "y2": frame.y(0)}
            content.append(tag("line", **mark, class_="mark"))
        content.append(tag("circle", cx=x(point), cy=y, r=3.5, class_=f"dot {class_}"))
        if number in labelled:
            at = {"x": x(point), "y": y - 9, "text_anchor": "middle"}
            content.append(tag("text", point.words, **at, class_="value"))
            content.append(frame.below(x(point), point.tick))
    return picture(frame.width, frame.height, label, content)
