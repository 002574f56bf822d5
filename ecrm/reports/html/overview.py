"""The first part of the page, for whoever pays: where, how much, of what age, and whose."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from ecrm.model.humanize import count, human_size
from ecrm.planning.holes import left_alone
from ecrm.reports.html.exact import dollars_text, freed, sizes_text, stored
from ecrm.reports.html.geometry import Box
from ecrm.reports.html.markup import Content, Markup, join, tag
from ecrm.reports.html.pictures import SHADES, Tile, bar, histogram, shade, tiles
from ecrm.reports.html.text import (
    badge,
    bullets,
    dollars,
    figure,
    key,
    percent,
    section,
    size_tick,
    table,
)
from ecrm.reports.html.trends import change, trends
from ecrm.reports.html.values import (
    AGES,
    Amounts,
    Fate,
    Report,
    RepositoryFigures,
    by_owner,
    total,
)
from ecrm.reports.plans import LEFT_ALONE, verdict

CLASSES: Mapping[Fate, str] = {
    Fate.USED: "used",
    Fate.KEPT: "kept",
    Fate.DELETABLE: "gone",
    Fate.UNMANAGED: "none",
}
_WIDE, _NARROW = Box(0, 0, 1080, 500), Box(0, 0, 360, 520)


def header(report: Report) -> Markup:
    """Where and when, and whether all was read: if not, what was not comes first."""
    plan = report.plan
    where = ", ".join(map(str, plan.targets))
    read = sum(source.was_read for source in plan.source_reports)
    state = badge("good", f"✓ complete: {count(read, 'source')} read")
    unread: Content = None
    if not plan.complete:
        state = badge("bad", "✕ incomplete")
        lines = (*plan.unread, *(f"{LEFT_ALONE}: {line}" for line in left_alone(plan)))
        unread = tag("div", tag("p", tag("strong", verdict(plan))), bullets(lines), class_="alert")
    at = f"{plan.created_at:%Y-%m-%d %H:%M} UTC"
    when = tag("time", at, datetime=plan.created_at.isoformat())
    return tag(
        "header",
        tag("p", "Amazon ECR storage", class_="eyebrow"),
        tag("h1", where),
        tag("p", when, " ", state),
        unread,
    )


def summary(report: Report, repositories: Sequence[RepositoryFigures]) -> Markup:
    """The four tiles and the bar."""
    whole = total(one.amounts for one in repositories)
    affected = sum(bool(one.amounts.deletable) for one in repositories)
    number = count(len(repositories), "repository", "repositories")
    images = f"{count(whole.images, 'image')} in {number}"
    reclaimable = f"{human_size(whole.reclaimable)} in {count(whole.deletable, 'image')}"
    billed = "shared layers are billed once"
    if report.exact:
        billed = f"{dollars_text(report, stored(report))} with shared layers once"
        images += f"; {sizes_text(stored(report).values())} with shared layers once"
        reclaimable += f", of which deleting frees {sizes_text(freed(report).values())}"
    cards = (
        ("stored", human_size(whole.stored), "stored", images),
        ("cost", dollars(whole.cost), "a month, at most", billed),
        (
            "saved",
            dollars(whole.saved),
            f"a month reclaimable ({percent(whole.share)})",
            reclaimable,
        ),
        (
            "affected",
            f"{affected:,} of {len(repositories):,}",
            "repositories",
            "have images to delete",
        ),
    )
    drawn = (
        tag(
            "li",
            tag("strong", value),
            tag("span", words),
            tag("span", more, class_="dim"),
            class_=f"tile {name}",
        )
        for name, value, words, more in cards
    )
    return join(tag("ul", drawn, class_="tiles"), _bar(whole))


def _bar(whole: Amounts) -> Markup:
    shown = [fate for fate in Fate if whole.size(fate) or fate is not Fate.UNMANAGED]
    shares = {fate: whole.size(fate) / whole.stored if whole.stored else 0.0 for fate in shown}
    words = {
        fate: f"{fate} {human_size(whole.size(fate))}, {percent(shares[fate])}" for fate in shown
    }
    drawn = bar([(CLASSES[fate], whole.size(fate), words[fate]) for fate in shown])
    return tag("div", drawn, key((CLASSES[fate], words[fate]) for fate in shown), class_="whole")


def where_bytes_are(repositories: Sequence[RepositoryFigures], ids: Mapping[str, str]) -> Markup:
    """The treemap; `ids` are those of the repositories in the page, by name."""
    groups = by_owner(repositories)
    drawn = {
        owner: [_tile(one, owner, ids[one.name]) for one in group]
        for owner, group in groups.items()
    }
    label = f"Treemap: the bytes of {count(len(repositories), 'repository', 'repositories')}"

    def words(group: Sequence[Tile]) -> str:
        return human_size(round(sum(tile.value for tile in group)))

    steps = [100 * step // SHADES for step in range(SHADES + 1)]
    shades = [(f"s{step}", f"{low}–{high} %") for step, (low, high) in enumerate(pairwise(steps))]
    if not all(one.is_managed for one in repositories):
        shades.append(("none", "no rule"))
    return section(
        "Where the bytes are",
        tag("p", "Area: bytes stored. Color: how much of them can be reclaimed.", class_="dim"),
        key(shades),
        tiles(drawn, words, _WIDE, label, "map wide"),
        tiles(drawn, words, _NARROW, label, "map narrow"),
        tag("p", tag("a", "The same as a table", href="#repositories"), class_="dim"),
        id_="map",
    )


def _tile(one: RepositoryFigures, owner: str, target: str) -> Tile:
    amounts = one.amounts
    words = (
        f"{one.name}: {human_size(amounts.stored)}, of which {percent(amounts.share)} reclaimable"
    )
    name = one.name.removeprefix(f"{owner}/")
    class_ = shade(amounts.share) if one.is_managed else "none"
    return Tile(name, amounts.stored, human_size(amounts.stored), class_, words, target)


def ages(repositories: Sequence[RepositoryFigures]) -> Markup:
    lows = (0, *(days + 1 for days in AGES[:-1]))
    names = [f"{low}–{high} d" for low, high in zip(lows, AGES, strict=True)] + ["> 1 year"]
    sizes = [
        {fate: sum(one.ages[number].get(fate, 0) for one in repositories) for fate in Fate}
        for number in range(len(names))
    ]
    classes = [
        (name, [(CLASSES[fate], size[fate]) for fate in Fate])
        for name, size in zip(names, sizes, strict=True)
    ]
    rows = (
        (name, *(human_size(size[fate]) for fate in Fate))
        for name, size in zip(names, sizes, strict=True)
    )
    return figure(
        "Age of what is stored",
        "Bytes by the time since the push",
        histogram(classes, size_tick, "Histogram: bytes stored by age; numbers below"),
        table(("Age", *(fate.capitalize() for fate in Fate)), rows, "Bytes by age"),
    )


def owners(report: Report, repositories: Sequence[RepositoryFigures]) -> Markup:
    rows = []
    known = trends(report, repositories)
    for owner, group in by_owner(repositories).items():
        changes = [known[one.name] for one in group if one.name in known]
        amounts = total(one.amounts for one in group)
        rows.append(
            (
                owner,
                f"{len(group):,}",
                human_size(amounts.stored),
                dollars(amounts.cost),
                human_size(amounts.reclaimable),
                dollars(amounts.saved),
                percent(amounts.share),
                *([change(sum(changes) if changes else None)] if known else []),
            )
        )
    head = ["Owner", "Repositories", "Stored", "$ a month", "Reclaimable", "$ a month", "Share"]
    head += ["30 days"] if known else []
    return section(
        "Owners", table(head, rows, "Bytes and dollars a month by owner", "lean"), id_="owners"
    )
