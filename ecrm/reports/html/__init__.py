"""A plan as one page of HTML that needs nothing else: no network, no other file, and no JavaScript,
which only sorts and filters.

    values        what the page shows, and its sums
    markup        tags and escaping
    geometry      treemap, ticks
    pictures      from numbers to SVG
    text          numbers, tables
    overview      header, tiles, bar, treemap, ages, owners
    exact         ranges of bytes and dollars, where layers were read
    trends        forecast, history
    repositories  the table of repositories and their images
    evidence      what `check` found, what was read, how it was computed
"""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path

from ecrm.reports.html.evidence import findings, matrix, method
from ecrm.reports.html.markup import Markup, join, tag
from ecrm.reports.html.overview import (
    ages,
    header,
    owners,
    summary,
    where_bytes_are,
)
from ecrm.reports.html.repositories import ids, table_of_repositories
from ecrm.reports.html.trends import forecast, history
from ecrm.reports.html.values import Report, figures


def report_html(report: Report) -> str:
    """The whole file. What it may load and run is in it, by hash: nothing else."""
    repositories = figures(report)
    names = ids(repositories)
    main = tag(
        "main",
        header(report),
        summary(report, repositories),
        where_bytes_are(repositories, names),
        tag("div", ages(repositories), forecast(report), class_="pair"),
        history(report),
        owners(report, repositories),
        table_of_repositories(repositories, names),
        findings(report),
        matrix(report),
        method(report),
    )
    where = ", ".join(map(str, report.plan.targets))
    style, script = _file("page.css"), _file("page.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=Markup(policy)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"ECR storage: {where}"),
        tag("style", style),
    )
    body = tag("body", main, tag("script", script))
    return f"<!DOCTYPE html>\n{tag('html', join(head, body), lang='en')}"


@cache
def _file(name: str) -> Markup:
    return Markup((Path(__file__).parent / name).read_text(encoding="utf-8"))


def _hash(content: str) -> str:
    return f"sha256-{b64encode(sha256(content.encode()).digest()).decode()}"
