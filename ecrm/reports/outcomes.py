"""What AWS answered, per repository."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from shlex import quote
from typing import Any

from ecrm.model.decision import WORDS
from ecrm.model.image import Image
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.model.printable import printable, printable_json
from ecrm.model.reference import Registry, RepositoryKey, display_name
from ecrm.model.repeated import once
from ecrm.planning.plan import Plan, Totals
from ecrm.planning.plan_file import Dropped
from ecrm.reports.plans import plan_objects
from ecrm.reports.text import count, human_size, human_totals, page, table

_EACH = 20
"""How many images of a repository that are dropped for one reason, and how many that are skipped,
are named one by one."""


def outcomes_table(
    outcomes: Iterable[Outcome], registries: Collection[Registry], planned: int
) -> str:
    """How many images have which status, and one line for each that is still there and should not
    be. `registries` are all that the run plans, and `planned` is how many images its plan deletes
    or archives."""
    everything = list(outcomes)
    by_key: dict[RepositoryKey, dict[OutcomeStatus, Totals]] = defaultdict(
        lambda: defaultdict(Totals)
    )
    for outcome in everything:
        by_key[outcome.key][outcome.status] += Totals(1, outcome.decision.image.size)
    seen = {outcome.status for outcome in everything}
    statuses = [status for status in OutcomeStatus if status in seen]
    rows = [
        [
            display_name(key, registries),
            *(human_totals(totals[status]) if status in totals else "" for status in statuses),
        ]
        for key, totals in sorted(by_key.items(), key=lambda item: (item[0].repository, item[0]))
    ]
    headers = ["REPOSITORY", *(status.upper() for status in statuses)]
    return page(table(rows, headers), _summary(everything, registries, planned))


def outcomes_json(plan: Plan, outcomes: Sequence[Outcome]) -> str:
    """The objects of the plan as JSON, each with `outcomes`: what became of its images. One is
    complete where the plan is, and nothing is left of it that was to be deleted or archived."""
    left = (OutcomeStatus.DEFERRED, OutcomeStatus.FAILED)
    by_row: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for outcome in outcomes:
        image = outcome.decision.image
        by_row[str(outcome.registry), outcome.repository, image.kind.value].append(
            {
                "digest": image.digest,
                "tags": list(image.tags),
                "size": image.size,
                "status": str(outcome.status),
                "detail": outcome.detail,
            }
        )
    rows = plan_objects(plan)
    for row in rows:
        row["outcomes"] = by_row[row["registry"], row["repository"], row["type"]]
        settled = sum(outcome["status"] not in left for outcome in row["outcomes"])
        row["complete"] = row["complete"] and settled == row["expired_images"]
    return printable_json(json.dumps(rows, indent=2, ensure_ascii=False))


def dropped_lines(dropped: Iterable[Dropped], registries: Collection[Registry]) -> Iterator[str]:
    """What of an approved plan is not deleted any more, and why: each image, or where many of a
    repository have the same reason, how many."""
    alike: dict[tuple[RepositoryKey, str], list[Dropped]] = defaultdict(list)
    for one in dropped:
        alike[one.key, one.why].append(one)
    for (key, why), group in alike.items():
        name = display_name(key, registries)
        names = [f"{name}@{_named(one.decision.image)}" for one in group]
        if len(names) > _EACH:
            names = [f"{len(names):,} images of {name}"]
        for what in names:
            yield printable(f"Not deleted any more: {what}: {why}")


def _named(image: Image) -> str:
    return image.digest + (f" ({', '.join(image.tags)})" if image.tags else "")


def _summary(
    outcomes: list[Outcome], registries: Collection[Registry], planned: int
) -> Iterator[str]:
    yield from _done(outcomes, planned)
    for status in (OutcomeStatus.FAILED, OutcomeStatus.SKIPPED):
        alike = [
            (f"{display_name(one.key, registries)}@{_named(one.decision.image)}", one.detail)
            for one in outcomes
            if one.status is status
        ]
        each = status is OutcomeStatus.SKIPPED and len(alike) <= _EACH
        for line in map(": ".join, alike) if each else once(alike):
            yield f"{status.capitalize()}: {line}"


def deleted_line(outcome: Outcome) -> str:
    """What became of an image that was deleted or archived, for the log."""
    image = outcome.decision.image
    name = f"{outcome.registry}/{outcome.repository}@{_named(image)}"
    pushed = image.pushed_at.date().isoformat()
    why = WORDS[outcome.decision.reason]
    return f"{outcome.status} {name}, {human_size(image.size)}, pushed {pushed}: {why}"


def undo_lines(outcomes: Iterable[Outcome], journal: str) -> Iterator[str]:
    """How to take back what was done; nothing where nothing was. To be copied into a shell."""
    changed = (OutcomeStatus.DELETED, OutcomeStatus.ARCHIVED)
    if any(outcome.status in changed for outcome in outcomes):
        yield printable(f"Undo: ecrm restore {quote(journal)}")


def _done(outcomes: list[Outcome], planned: int) -> Iterator[str]:
    """Such as `Deleted 3 (30 MB) of 67 images; 64 left.`"""
    settled = sum(outcome.status is not OutcomeStatus.DEFERRED for outcome in outcomes)
    left = f"; {planned - settled:,} left" if planned > settled else ""
    for status in (OutcomeStatus.DELETED, OutcomeStatus.ARCHIVED):
        sizes = [outcome.decision.image.size for outcome in outcomes if outcome.status is status]
        if sizes or status is OutcomeStatus.DELETED:
            done = human_totals(Totals(len(sizes), sum(sizes)))
            yield f"{status.capitalize()} {done} of {count(planned, 'image')}{left}."
