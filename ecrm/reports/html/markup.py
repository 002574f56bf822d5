"""HTML and SVG as text. Whatever is not Markup is text, and is escaped."""

from collections.abc import Iterable
from html import escape

from ecrm.model.printable import printable

_VOID = frozenset({"meta", "link", "input", "br"})


class Markup(str):
    """Text of ours, which is put into the page as it is."""

    __slots__ = ()


Content = str | Iterable["Content"] | None


def text(content: str) -> str:
    """Escaped, with no character that has an effect of its own."""
    return content if isinstance(content, Markup) else escape(printable(content))


def join(*parts: Content) -> Markup:
    return Markup("".join(_flat(parts)))


def _flat(parts: Iterable[Content]) -> Iterable[str]:
    for part in parts:
        if isinstance(part, str):
            yield text(part)
        elif part is not None:
            yield from _flat(part)


def tag(name: str, /, *content: Content, **attributes: object) -> Markup:
    """`class_` is `class`, and `_` in a name is `-`. An attribute that is None or False is left
    out; True has no value."""
    opening = f"<{name}{''.join(_attribute(*item) for item in attributes.items())}"
    if name in _VOID:
        return Markup(f"{opening}>")
    return Markup(f"{opening}>{join(*content)}</{name}>")


def _attribute(name: str, value: object) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    shown = f"{value:.4g}" if isinstance(value, float) else text(str(value))
    return f' {name}="{shown}"'
