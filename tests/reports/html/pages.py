"""Reads a page as a browser does, as far as tests need it: strictly, in well-formed nesting."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br"}
# A start of one of these ends an open one of those; see HTML, 13.1.2.4 "Optional tags".
ENDS = {"td": {"td", "th"}, "th": {"td", "th"}, "tr": {"td", "th", "tr"}}
ENDS |= {"tbody": {"td", "th", "tr", "thead", "tbody"}}
OPTIONAL = {"td", "th", "tr", "thead", "tbody"}


@dataclass
class Element:
    name: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    children: list["Element | str"] = field(default_factory=list)

    def all(self, name: str = "", **attributes: str) -> Iterator["Element"]:
        """Those below it of this name and with these attributes, in the order of the page."""
        for child in self.children:
            if isinstance(child, Element):
                given = {key.rstrip("_"): value for key, value in attributes.items()}
                if name in ("", child.name) and given.items() <= child.attributes.items():
                    yield child
                yield from child.all(name, **attributes)

    def one(self, name: str, **attributes: str) -> "Element":
        (found,) = self.all(name, **attributes)
        return found

    @property
    def text(self) -> str:
        parts = (child if isinstance(child, str) else child.text for child in self.children)
        return " ".join(" ".join(parts).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("")
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"{tag} has an attribute twice"
        while self.open[-1].name in ENDS.get(tag, ()):
            self.open.pop()
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        while self.open[-1].name != tag and self.open[-1].name in OPTIONAL:
            self.open.pop()
        assert self.open.pop().name == tag, f"</{tag}> ends something else"

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def page(text: str) -> Element:
    """Raises AssertionError for what is not nested well, and for an id that is there twice."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert [element.name for element in reader.open] == [""]
    ids = [element.attributes["id"] for element in reader.root.all() if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    return reader.root
