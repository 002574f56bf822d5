"""Each image that a plan deletes or archives: where it is, what it is, and why. Pure."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

from ecrm.model.decision import WORDS, Decision, Reason
from ecrm.model.image import Image
from ecrm.model.printable import printable, printable_json
from ecrm.model.rule import Action
from ecrm.planning.holes import applicable, is_partial
from ecrm.planning.plan import Plan, RepositoryPlan
from ecrm.reports.columns import Cell, Column, grid
from ecrm.reports.plans import name_in
from ecrm.reports.text import CYAN, count, escaped, human_size

_FORMAT = 1
_DIGITS = 12
_LARGEST = 5
_COLUMNS = (
    Column("IMAGE"),
    Column("SIZE"),
    Column("PUSHED"),
    Column("LAST PULLED"),
)


def images_text(plan: Plan, width: int) -> str:
    """By repository and reason, the oldest first."""
    return "\n".join(grid(_COLUMNS, _lines(plan), width))


def _lines(plan: Plan) -> Iterator[Sequence[Cell]]:
    for where in _with_work(plan):
        deletions = sorted(where.deletions, key=_by_reason)
        size = sum(decision.image.size for decision in deletions)
        name = f"{name_in(plan, where)}: {count(len(deletions), 'image')}"
        yield Cell(name, CYAN), Cell(human_size(size), CYAN), Cell(""), Cell("")
        for why, of_reason in groupby(deletions, key=why_deleted):
            yield Cell(f"  {why}"), Cell(""), Cell(""), Cell("")
            for image in (decision.image for decision in of_reason):
                yield Cell(f"    {short_name(image)}"), *map(Cell, _facts(image))


def largest_line(plan: Plan) -> str:
    """The repositories of which most is deleted or archived."""
    wheres = _with_work(plan)
    names = [f"{name_in(plan, where)} {human_size(_size(where))}" for where in wheres[:_LARGEST]]
    more = f" and {len(wheres) - _LARGEST:,} more" if len(wheres) > _LARGEST else ""
    return printable(f"Largest: {', '.join(names)}{more}")


def images_markdown(plan: Plan) -> str:
    return "\n".join(_sections(plan))


def _sections(plan: Plan) -> Iterator[str]:
    yield "## Images to be removed"
    for where in _with_work(plan):
        yield from ("", f"### {escaped(name_in(plan, where))}", "")
        yield from ("| Image | Size | Pushed | Last pulled | Reason |", "|---|--:|---|---|---|")
        for decision in sorted(where.deletions, key=_by_reason):
            image = decision.image
            cells = (short_name(image), *_facts(image), why_deleted(decision))
            yield f"| {' | '.join(map(escaped, cells))} |"


def images_json(plan: Plan) -> str:
    """An object with `images`, in the order of the text."""
    images = [
        {
            "registry": str(where.registry),
            "repository": where.repository,
            "digest": decision.image.digest,
            "tags": list(decision.image.tags),
            "size": decision.image.size,
            "pushed_at": decision.image.pushed_at.isoformat(),
            "pulled_at": decision.image.pulled_at and decision.image.pulled_at.isoformat(),
            "action": str(decision.action),
            "reason": str(decision.reason),
            "detail": decision.detail,
        }
        for where in _with_work(plan)
        for decision in sorted(where.deletions, key=_by_reason)
    ]
    body = {
        "ecrm_images": _FORMAT,
        "complete": plan.complete,
        "missing": list(plan.unread),
        "images": images,
    }
    return printable_json(json.dumps(body, indent=2, ensure_ascii=False))


def short_name(image: Image) -> str:
    """Its tags, or else the first digits of its digest."""
    return ", ".join(image.tags) or image.digest.removeprefix("sha256:")[:_DIGITS]


def why_deleted(decision: Decision) -> str:
    archived = ", to be archived" if decision.action is Action.ARCHIVE else ""
    return WORDS[decision.reason] + archived


def _with_work(plan: Plan) -> list[RepositoryPlan]:
    """The largest first, as in the table of the plan; none that a partial plan leaves alone."""
    to_apply = applicable(plan) if is_partial(plan) else plan
    with_work = (where for where in to_apply.repositories if where.stages)
    return sorted(with_work, key=lambda where: (-_size(where), where.repository, where.registry))


def _size(where: RepositoryPlan) -> int:
    return sum(totals.size for totals in where.deletable.values())


def _by_reason(decision: Decision) -> tuple[int, Action, datetime, str]:
    image = decision.image
    return (_ORDER[decision.reason], decision.action, image.pushed_at, image.digest)


_ORDER = {reason: place for place, reason in enumerate(Reason)}


def _facts(image: Image) -> tuple[str, str, str]:
    pulled = image.pulled_at.date().isoformat() if image.pulled_at else "never"
    return human_size(image.size), image.pushed_at.date().isoformat(), pulled
