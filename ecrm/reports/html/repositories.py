"""The table of repositories, each of which opens to its images, with reasons and evidence."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from ecrm.model.decision import WORDS, Decision, Reason
from ecrm.model.humanize import count, human_size
from ecrm.reports.html.exact import sizes_text
from ecrm.reports.html.markup import Content, Markup, join, tag, text
from ecrm.reports.html.text import dollars, percent, section
from ecrm.reports.html.values import Fate, RepositoryFigures

MOST_IMAGES = 50_000
"""Of more images than that, only the largest are listed."""
LARGEST = 20_000
_MOST_USES = 3
_DIGITS = 12
_ORDER = {reason: number for number, reason in enumerate(Reason)}
_HEX = re.compile(rf"([0-9a-f]{{{_DIGITS}}})[0-9a-f]{{{64 - _DIGITS}}}")
"""A digest within a tag."""
_HEAD: Sequence[tuple[str, str]] = (
    ("Repository", ""),
    ("Images", "more"),
    ("Stored", ""),
    ("In use", "more"),
    ("Reclaimable", ""),
    ("Share", "more"),
    ("$ a month", "more"),
    ("Saves", ""),
)


def ids(repositories: Sequence[RepositoryFigures]) -> Mapping[str, str]:
    """Of each repository in the page, by name."""
    return {one.name: f"r{number}" for number, one in enumerate(repositories)}


def table_of_repositories(
    repositories: Sequence[RepositoryFigures], names: Mapping[str, str]
) -> Markup:
    listed = _listed(repositories)
    head = (
        tag(
            "th",
            name,
            scope="col",
            class_=kind or None,
        )
        for name, kind in _HEAD
    )
    whole = tag(
        "table",
        tag("caption", "Repositories with their images"),
        tag("thead", tag("tr", head)),
        (_repository(one, names[one.name], listed) for one in repositories),
        id="repository-table",
        class_="repositories",
    )
    return section(
        "Repositories", _FILTER, _left_out(repositories, listed), whole, id_="repositories"
    )


_FILTER = tag(
    "form",
    tag("label", "Filter ", tag("input", type="search", id="filter")),
    tag("label", tag("input", type="checkbox", id="only"), " only with images to delete"),
    tag("output", id="shown", for_="filter only"),
    id="controls",
    hidden=True,
)


def _listed(repositories: Sequence[RepositoryFigures]) -> Collection[str] | None:
    """The digests of the images that are listed; None means all."""
    if sum(one.amounts.images for one in repositories) <= MOST_IMAGES:
        return None
    images = [decision.image for one in repositories for decision in one.decisions]
    images.sort(key=lambda image: (-image.size, image.digest))
    return {image.digest for image in images[:LARGEST]}


def _left_out(
    repositories: Sequence[RepositoryFigures], listed: Collection[str] | None
) -> Markup | None:
    if listed is None:
        return None
    number = count(sum(one.amounts.images for one in repositories), "image")
    return tag("p", f"Of {number}, the {LARGEST:,} largest are listed.", class_="dim")


def _repository(one: RepositoryFigures, id_: str, listed: Collection[str] | None) -> Markup:
    amounts = one.amounts
    numbers: Sequence[tuple[object, str]] = (
        (amounts.images, f"{amounts.images:,}"),
        (amounts.stored, human_size(amounts.stored)),
        (amounts.size(Fate.USED), human_size(amounts.size(Fate.USED))),
        (amounts.reclaimable, human_size(amounts.reclaimable)),
        (round(amounts.share * 100), percent(amounts.share)),
        (_cents(amounts.cost), dollars(amounts.cost)),
        (_cents(amounts.saved), dollars(amounts.saved)),
    )
    kinds = [kind for _, kind in _HEAD[1:]]
    cells = (
        tag("td", shown, data_v=value, class_=kind or None)
        for (value, shown), kind in zip(numbers, kinds, strict=True)
    )
    return tag(
        "tbody",
        tag("tr", tag("th", one.name, scope="row"), cells),
        tag("tr", tag("td", _opening(one, listed), colspan=len(_HEAD)), class_="open"),
        id=id_,
        data_n=amounts.deletable or None,
    )


def _cents(amount: object) -> int:
    return -1 if amount is None else round(100 * float(str(amount)))


def _opening(one: RepositoryFigures, listed: Collection[str] | None) -> Markup:
    if not one.decisions:
        return tag("p", "no images")
    return tag("details", tag("summary", _summary(one)), _images(one, listed))


def _summary(one: RepositoryFigures) -> str:
    if not one.is_managed:
        return f"{count(one.amounts.images, 'image')}; no rule matches, so nothing is deleted"
    kept = Counter(one.planned.kept_by_reason)
    reasons = ", ".join(f"{number} {WORDS[reason]}" for reason, number in kept.most_common(2))
    parts = [f"{one.amounts.deletable:,} of {count(one.amounts.images, 'image')} to delete"]
    kept_for = [f"kept: {reasons}"] if reasons else []
    frees = [f"frees {sizes_text([one.exact.freed])}"] if one.exact and one.exact.freed.high else []
    return "; ".join([*parts, *frees, *kept_for, f"rule {one.planned.rule}"])


def _images(one: RepositoryFigures, listed: Collection[str] | None) -> Markup:
    """By reason, what can be deleted first; the newest image first in each. Ends of rows and cells
    are left out, as HTML allows: there are many of them."""
    groups: dict[Reason, list[Decision]] = {}
    for decision in one.decisions:
        if listed is None or decision.image.digest in listed:
            groups.setdefault(decision.reason, []).append(decision)
    head = "<tr><th>Tags<th>Digest<th>Size<th>Pushed<th>Pulled<th>Why"
    ordered = sorted(groups, key=lambda reason: (not groups[reason][0].deletable, _ORDER[reason]))
    rows = "".join(part for reason in ordered for part in _group(reason, groups[reason], one))
    return Markup(f"<table class=im><thead>{head}<tbody>{rows}</table>")


def _group(reason: Reason, decisions: Sequence[Decision], of: RepositoryFigures) -> Iterator[str]:
    what = f"{decisions[0].action}: {WORDS[reason]}" if of.is_managed else "no rule matches"
    alone = of.exact.alone if of.exact else {}
    class_ = " class=gone" if decisions[0].deletable else ""
    yield f"<tr{class_}><th colspan=6>{text(what)} ({len(decisions):,})"
    for decision in sorted(
        decisions, key=lambda one: (-one.image.pushed_at.timestamp(), one.image.digest)
    ):
        yield _row(decision, alone.get(decision.image.digest))


def _row(decision: Decision, alone: int | None) -> str:
    """`alone` are the bytes that no other image of the repository has."""
    image = decision.image
    size = human_size(image.size)
    if alone is not None and (only := human_size(alone)) != size:
        size += f" ({only} alone)"
    pulled = f"{image.pulled_at:%Y-%m-%d}" if image.pulled_at else ""
    tags = text(_HEX.sub(r"\1…", ", ".join(image.tags)))
    digest = text(image.digest.removeprefix("sha256:")[:_DIGITS])
    return (
        f"<tr><td>{tags}<td>{digest}<td>{size}"
        f"<td>{image.pushed_at:%Y-%m-%d}<td>{pulled}<td>{join(*_why(decision))}"
    )


def _why(decision: Decision) -> Iterator[Content]:
    """The numbers or names that the rule compared, the image that decides, and who uses it."""
    parts = [decision.detail] if decision.detail else []
    if decision.related:
        parts.append(f"by {decision.related.removeprefix('sha256:')[:_DIGITS]}")
    parts += dict.fromkeys(str(use) for use in decision.uses[:_MOST_USES])
    if len(decision.uses) > _MOST_USES:
        parts.append(f"and {len(decision.uses) - _MOST_USES} more")
    for number, part in enumerate(parts):
        if number:
            yield tag("br")
        yield part
