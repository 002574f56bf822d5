"""A plan as the table and as the JSON that fujiwara/ecrm prints, with more below the table."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from ecrm.model.decision import WORDS
from ecrm.model.image import Kind
from ecrm.model.printable import printable_json, printable_lines
from ecrm.model.reference import display_name
from ecrm.model.repeated import once
from ecrm.model.rule import Action
from ecrm.model.scan import SourceReport
from ecrm.planning.holes import applicable, is_partial, left_alone, unread_by_repository
from ecrm.planning.plan import Plan, RepositoryPlan, Totals
from ecrm.reports.text import blue, count, human_totals, page, table, unread_count, yellow

REASONS = WORDS
LEFT_ALONE = "Left alone"
_MOST_NAMES = 3  # of sources that name nothing; `ecrm sources` has them all


def plan_json(plan: Plan) -> str:
    """An array, since fujiwara/ecrm has one; so each object says whether the plan is complete for
    its repository, and a repository that could not be read has one, too."""
    return printable_json(json.dumps(plan_objects(plan), indent=2, ensure_ascii=False))


def plan_objects(plan: Plan) -> list[dict[str, Any]]:
    missing = unread_by_repository(plan)
    unread = [
        (where, Kind.IMAGE, Totals(), Totals()) for where in plan.repositories if where.unread
    ]
    return [
        {
            "repository": where.repository,
            "type": kind.value,
            "expired_images": deletable.images,
            "total_images": total.images,
            "expired_image_size": deletable.size,
            "total_image_size": total.size,
            "registry": str(where.registry),
            "complete": where.key not in missing,
            "missing": list(missing.get(where.key, ())),
        }
        for where, kind, total, deletable in (*rows(plan), *unread)
    ]


def plan_table(plan: Plan) -> str:
    """The table, and below it what the numbers mean. An incomplete plan says so first and last."""
    if plan.complete:
        return _table(plan)
    parts = [verdict(plan), _table(plan)]
    for heading, lines in (("Could not be read", plan.unread), (LEFT_ALONE, left_alone(plan))):
        if lines:
            parts.append(f"{heading}:\n{printable_lines(f'  {line}' for line in lines)}")
    return "\n\n".join((*parts, verdict(plan)))


def verdict(plan: Plan) -> str:
    """The first line and the last of an incomplete plan."""
    number = sum(bool(where.unread) for where in plan.repositories)
    number += sum(len(report.unread) for report in plan.source_reports)
    what = "this plan cannot be carried out"
    if is_partial(plan):
        spared = len(unread_by_repository(plan))
        all_of = count(len(plan.repositories), "repository", "repositories")
        what = f"nothing can be deleted from {spared} of {all_of}"
    return f"INCOMPLETE: {unread_count(number)}, so {what}."


def _table(plan: Plan) -> str:
    cells = [
        [
            name_in(plan, where),
            kind.value,
            human_totals(total),
            blue(human_totals(deletable, "-")) if deletable.images else "",
            _keep(total - deletable),
        ]
        for where, kind, total, deletable in rows(plan)
    ]
    shown = table(cells, ["REPOSITORY", "TYPE", "TOTAL", "EXPIRED", "KEEP"])
    return page(shown, _summary(plan))


def name_in(plan: Plan, where: RepositoryPlan) -> str:
    """The repository, with its registry if the plan has several."""
    return display_name(where.key, plan.targets)


def _keep(totals: Totals) -> str:
    text = human_totals(totals)
    return text if totals.images else yellow(text)


def rows(plan: Plan) -> Iterator[tuple[RepositoryPlan, Kind, Totals, Totals]]:
    """One row per repository and kind; `Image` is always there, others only where there are any.

    A repository that could not be read has no row: nothing is known about it.
    """
    for where in sorted(plan.repositories, key=lambda where: (where.repository, where.registry)):
        for kind in Kind:
            total = where.total.get(kind, Totals())
            if not where.unread and (total.images or kind is Kind.IMAGE):
                yield where, kind, total, where.deletable.get(kind, Totals())


def _summary(plan: Plan) -> Iterator[str]:
    yield from totals(plan)
    if plan.kept_by_reason:
        yield from ("", "Kept images:", *(f"  {line}" for line in kept_lines(plan)))
    yield from ("", "Sources:")
    yield from (f"  {line}" for line in sources(plan))
    if lines := list(notes(plan)):
        yield from ("", "Notes:")
        yield from (f"  {line}" for line in lines)


def kept_lines(plan: Plan) -> Iterator[str]:
    """How many images each reason keeps, one per line."""
    kept = plan.kept_by_reason
    width = len(f"{max(kept.values(), default=0):,}")
    for reason, number in kept.items():
        yield f"{number:{width},}  {REASONS[reason]}"


def totals(plan: Plan) -> Iterator[str]:
    """How much can be deleted or archived, one sentence per line; of an incomplete plan, how much
    could be as far as is known."""
    read = [where for where in plan.repositories if not where.unread]
    where = ", ".join(str(target) for target in plan.targets)
    actions = Counter(decision.action for where in read for decision in where.deletions)
    archived = actions[Action.ARCHIVE]
    what = "can be deleted" if not archived else "can be archived"
    if archived and actions[Action.DELETE]:
        what = f"can be removed ({archived} archived, {actions[Action.DELETE]} deleted)"
    spared = spared_totals(plan)
    if not is_partial(plan) and not plan.complete:
        if not plan.total.images:
            yield f"No image of {where} could be read."
            return
        what = f"{what.replace('can', 'could', 1)} by what is known"
    yield (
        f"{human_totals(plan.deletable - spared)} of {human_totals(plan.total)} images {what}, "
        f"in {count(len(read), 'repository', 'repositories')} of {where}."
    )
    if spared.images:
        yield f"{human_totals(spared)} more are in repositories that are left alone."
    yield from charges_for_archive(plan)


def spared_totals(plan: Plan) -> Totals:
    """What of the deletable images a partial plan leaves alone."""
    return plan.deletable - applicable(plan).deletable if is_partial(plan) else Totals()


def charges_for_archive(plan: Plan) -> Iterator[str]:
    decisions = (decision for where in plan.repositories for decision in where.deletions)
    if any(decision.action is Action.ARCHIVE for decision in decisions):
        yield "ECR charges archived images for at least 90 days."


def notes(plan: Plan) -> Iterator[str]:
    """What somebody should look at, one per line."""
    for where in plan.repositories:
        for missing in where.missing:
            yield f"{name_in(plan, where)}{missing} is in use but missing from ECR"
    yield from once(
        (name_in(plan, where), f"{consumer}, and a scan of this account does not see who does")
        for where in plan.repositories
        for consumer in where.consumers
    )
    for where in plan.repositories:
        name = name_in(plan, where)
        if where.doubtful_pulls:
            indexes = count(where.doubtful_pulls, "index is", "indexes are")
            yield (
                f"{name}: {indexes} kept because of pulls that may be ecrm's own readings; "
                "exclude its role (register-pull-time-update-exclusion)"
            )
        if where.broken_indexes:
            indexes = count(where.broken_indexes, "index refers", "indexes refer")
            yield f"{name}: {indexes} to an image that is missing from ECR"


def sources(plan: Plan) -> Iterator[str]:
    """What was read to make the plan, and what no rule matches, one per line."""
    yield from source_lines(plan)
    if plan.unmanaged:
        names = ", ".join(display_name(key, plan.targets) for key in plan.unmanaged)
        yield f"no rule matches, so nothing is touched: {names}"


def source_lines(plan: Plan) -> Iterator[str]:
    """Sources of which the same is said share a line; of those that name nothing, only the
    number."""
    alike: dict[object, list[SourceReport]] = {}
    for number, report in enumerate(plan.source_reports):
        said = number if report.references else (report.registry, report.status, report.notes)
        alike.setdefault(said, []).append(report)
    yield from map(_source_line, sorted(alike.values(), key=len))


def _source_line(reports: Sequence[SourceReport]) -> str:
    """Of reports that differ in their sources alone."""
    report = reports[0]
    is_quiet = len(reports) > _MOST_NAMES and not report.notes
    names = f"{len(reports)} sources" if is_quiet else ", ".join(each.source for each in reports)
    where = f" of {report.registry}" if report.registry else ""
    notes = "".join(f"; {note.text}" for note in report.notes)
    return f"{names}{where}: {report.status}, {count(report.references, 'reference')}{notes}"
