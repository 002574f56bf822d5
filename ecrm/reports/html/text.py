"""Numbers and tables of the page."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from ecrm.model.humanize import human_size
from ecrm.reports.html.markup import Content, Markup, join, tag

_TEN = 10


def dollars(amount: Decimal | None) -> str:
    """In cents below ten dollars; a dash where a price is not known."""
    if amount is None:
        return "–"
    if 0 < amount < Decimal("0.01"):
        return "<$0.01"
    return f"${amount:,.2f}" if 0 < amount < _TEN else f"${amount:,.0f}"


def percent(share: float) -> str:
    """Never 100 % of what is not all, and never 0 % of what is not nothing."""
    if 0 < share < 0.01:  # noqa: PLR2004 - as the docstring says
        return "<1 %"
    return ">99 %" if 0.99 < share < 1 else f"{share:.0%}".replace("%", " %")  # noqa: PLR2004


def size_tick(value: float) -> str:
    return human_size(round(value)).replace(".0 ", " ")


def dollar_tick(value: float) -> str:
    return f"${value:,.0f}" if value >= _TEN or value == int(value) else f"${value:,.2f}"


def table(
    head: Sequence[str], rows: Iterable[Sequence[Content]], caption: str, class_: str = ""
) -> Markup:
    """The first column has names, the others numbers."""
    first, *others = head
    return tag(
        "table",
        tag("caption", caption),
        tag(
            "thead",
            tag(
                "tr",
                tag("th", first, scope="col"),
                (tag("th", name, scope="col", class_="n") for name in others),
            ),
        ),
        tag(
            "tbody",
            (
                tag("tr", tag("th", row[0], scope="row"), (tag("td", cell) for cell in row[1:]))
                for row in rows
            ),
        ),
        class_=class_ or None,
    )


def figure(heading: str, words: Content, drawn: Content, numbers: Content) -> Markup:
    """A picture, and the table behind it."""
    return tag(
        "figure",
        tag("h2", heading),
        tag("p", words, class_="dim"),
        drawn,
        tag("details", tag("summary", "Numbers"), numbers, class_="numbers"),
    )


def section(heading: str, *content: Content, id_: str) -> Markup:
    return tag("section", tag("h2", heading, id=id_), *content, aria_labelledby=id_)


def bullets(lines: Iterable[Content]) -> Markup:
    return tag("ul", [tag("li", line) for line in lines])


def badge(class_: str, words: str) -> Markup:
    return tag("span", words, class_=f"badge {class_}")


def key(entries: Iterable[tuple[str, Content]]) -> Markup:
    """What the colors mean."""
    items = (
        tag("li", tag("i", class_=f"swatch {class_}"), join(words)) for class_, words in entries
    )
    return tag("ul", items, class_="key")
