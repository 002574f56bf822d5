"""The last part of the page, for whoever must believe it: what was found and read, and how the
numbers were computed."""

from collections.abc import Iterator

from ecrm.check.values import Findings, Violation
from ecrm.config import RULES_OF_CHECK, Level
from ecrm.model.humanize import count
from ecrm.model.pricing import DATED
from ecrm.model.reference import Registry
from ecrm.model.scan import ReadStatus, SourceReport
from ecrm.reports.checks import headline, place_of
from ecrm.reports.html.markup import Content, Markup, tag
from ecrm.reports.html.text import badge, bullets, section, table
from ecrm.reports.html.values import Report
from ecrm.reports.plans import notes

_MOST_FINDINGS = 500
_MARKS = {
    ReadStatus.READ: ("good", "✓"),
    ReadStatus.EXCLUDED: ("off", "–"),
    ReadStatus.DENIED: ("bad", "✕"),
    ReadStatus.FAILED: ("bad", "✕"),
}


def findings(report: Report) -> Markup | None:
    """What `check` found without further calls; None where it did not look."""
    found = report.findings
    if found is None:
        return None
    left = len(found.violations) - _MOST_FINDINGS
    shown = tag("ul", map(_violation, found.violations[:_MOST_FINDINGS]), class_="findings")
    more = tag("p", f"And {left:,} more; see `ecrm check`.") if left > 0 else None
    return section(
        "What check found",
        tag("p", headline(found), ". ", _looked_at(found), class_="dim"),
        shown if found.violations else None,
        more,
        notes_of(report),
        id_="findings",
    )


def _violation(violation: Violation) -> Markup:
    class_ = "bad" if violation.level is Level.ERROR else "warn"
    return tag(
        "li",
        badge(class_, f"{violation.level} {violation.rule}"),
        " ",
        tag("strong", place_of(violation)),
        tag("p", violation.what),
        tag("p", violation.why, class_="dim"),
        tag("p", "Next: ", violation.next_step, class_="dim"),
    )


def _looked_at(found: Findings) -> str:
    on = [rule for rule in RULES_OF_CHECK if found.levels.get(rule, Level.OFF) is not Level.OFF]
    return f"Rules looked at: {', '.join(on) or 'none'}."


def notes_of(report: Report) -> Markup | None:
    lines = list(notes(report.plan))
    return tag("div", tag("h3", "Notes"), bullets(lines)) if lines else None


def matrix(report: Report) -> Markup:
    """A row for each source, a column for each registry, and one for what is of none."""
    cells = {(one.registry, one.source): one for one in report.plan.source_reports}
    registries = list(dict.fromkeys(registry for registry, _ in cells))
    sources = list(dict.fromkeys(source for _, source in cells))
    head = ("Source", *(_column(registry) for registry in registries))
    rows = (
        (source, *(_cell(cells.get((registry, source))) for registry in registries))
        for source in sources
    )
    return section(
        "What was read",
        tag(
            "div",
            table(head, rows, "Sources of images in use by account and region", "matrix"),
            class_="scroll",
            tabindex=0,
            role="region",
            aria_label="Sources",
        ),
        _unmanaged(report),
        id_="sources",
    )


def _column(registry: Registry | None) -> str:
    return str(registry) if registry else "files and commands"


def _cell(one: SourceReport | None) -> Content:
    if one is None:
        return ""
    class_, mark = _MARKS[one.status]
    words = f"{mark} {one.status}"
    if one.status is ReadStatus.READ:
        words += f", {count(one.references, 'reference')}"
    return [badge(class_, words), *(tag("small", note.text) for note in one.notes)]


def _unmanaged(report: Report) -> Markup | None:
    if not report.unmanaged:
        return None
    number = count(len(report.unmanaged), "repository", "repositories")
    return tag("p", f"No rule matches {number}, so nothing is deleted there.")


def method(report: Report) -> Markup:
    return section("How it was computed", bullets(_method(report)), id_="method")


def _exact(report: Report) -> Iterator[str]:
    yield (
        "Figures with shared layers once are from manifests: a repository stores each layer once, "
        "and deleting an image frees the layers that no other image of the repository has. Whether "
        "repositories share mounted layers is not known, so that the least counts a layer once in "
        "an account and region, and frees none that another repository keeps. "
        "AWS does not document what it bills."
    )
    if unknown := sum(one.unknown for one in report.exact.values()):
        yield (
            f"The layers of {count(unknown, 'image')} are not known (archived, in a repository "
            "with keep_pulled_within, or unreadable): all of their bytes may be shared, or none."
        )


def _method(report: Report) -> Iterator[str]:
    yield (
        "Sizes are those that ECR reports for each image. A layer that several images share is "
        "counted in each of them and billed once, so bytes and dollars are upper bounds, of what "
        "is stored and of what a cleanup saves."
    )
    if report.exact:
        yield from _exact(report)
    regions = dict.fromkeys(registry.region for registry in report.plan.targets)
    for region in regions:
        price = report.prices.of(region)
        if price is None:
            yield f"{region}: ecrm knows no price; give one under `pricing` in ecrm.yaml."
        else:
            yield f"{region}: ${price.standard} for 1 GB (10^9 bytes) a month."
    yield f"Prices that ecrm.yaml does not give are of {DATED}."
    yield (
        "In use means that a source names the image, or that it belongs to one that a source names."
    )
    if report.forecast:
        yield (
            "The forecast plans the same readings again with a later clock: what is in use, the "
            "rules and the images are those of now."
        )
    yield (
        f"ecrm {report.version}, configuration {report.plan.config[:12]}. `ecrm explain IMAGE` "
        "shows the decision about one image."
    )
