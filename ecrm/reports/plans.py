"""A plan as the table and as the JSON that fujiwara/ecrm prints, with more below the table."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping

from ecrm.model.decision import Reason
from ecrm.model.image import Kind
from ecrm.model.reference import display_name
from ecrm.model.rule import Action
from ecrm.model.scan import SourceReport
from ecrm.planning.plan import Plan, RepositoryPlan, Totals
from ecrm.reports.text import blue, count, human_totals, table, yellow

REASONS: Mapping[Reason, str] = {
    Reason.IN_USE: "in use",
    Reason.KEEP_TAG: "with a tag of keep_tag_patterns",
    Reason.PUSHED: "pushed within expires",
    Reason.PULLED: "pulled within keep_pulled_within",
    Reason.MIN_AGE: "younger than guards.min_age",
    Reason.KEEP_COUNT: "within keep_count",
    Reason.CHILD: "of an index that stays",
    Reason.REFERRER: "referring to an image that stays",
    Reason.ARTIFACT: "no container image",
    Reason.ARCHIVED: "archived",
    Reason.UNSCANNED: "in a repository whose deletions ECR repeats elsewhere",
    Reason.EXPIRED: "expired",
    Reason.UNTAGGED: "untagged",
    Reason.INDEX_DELETABLE: "of an index that goes",
    Reason.SUBJECT_DELETABLE: "referring to an image that goes",
    Reason.SUBJECT_MISSING: "referring to an image that is gone",
    Reason.ARCHIVED_LONG: "archived for longer than delete_archived_after",
}


def plan_json(plan: Plan) -> str:
    shown = [
        {
            "repository": it.repository,
            "type": kind.value,
            "expired_images": goes.images,
            "total_images": total.images,
            "expired_image_size": goes.size,
            "total_image_size": total.size,
            "registry": str(it.registry),
        }
        for it, kind, total, goes in rows(plan)
    ]
    return json.dumps(shown, indent=2)


def plan_table(plan: Plan) -> str:
    """The table, and below it what the numbers mean."""
    cells = [
        [
            it.repository,
            kind.value,
            human_totals(total),
            blue(human_totals(goes, "-")) if goes.images else "",
            _keep(total - goes),
        ]
        for it, kind, total, goes in rows(plan)
    ]
    shown = table(cells, ["REPOSITORY", "TYPE", "TOTAL", "EXPIRED", "KEEP"])
    return "\n".join([shown, "", *_summary(plan)])


def _keep(totals: Totals) -> str:
    text = human_totals(totals)
    return text if totals.images else yellow(text)


def rows(plan: Plan) -> Iterator[tuple[RepositoryPlan, Kind, Totals, Totals]]:
    """One row per repository and kind; `Image` is always there, others only where there are any.

    A repository that could not be read has no row: nothing is known about it.
    """
    for it in sorted(plan.repositories, key=lambda it: (it.repository, it.registry)):
        for kind in Kind:
            total = it.total.get(kind, Totals())
            if not it.unread and (total.images or kind is Kind.IMAGE):
                yield it, kind, total, it.deletable.get(kind, Totals())


def _summary(plan: Plan) -> Iterator[str]:
    yield from totals(plan)
    if plan.kept_by_reason:
        yield "\nWhy the others stay:"
        width = len(str(max(plan.kept_by_reason.values())))
        for reason, number in plan.kept_by_reason.items():
            yield f"  {number:{width}}  {REASONS[reason]}"
    yield "\nWhat this rests on:"
    yield from (f"  {line}" for line in grounds(plan))
    if worth_knowing := list(notes(plan)):
        yield "\nWorth knowing:"
        yield from (f"  {line}" for line in worth_knowing)


def totals(plan: Plan) -> Iterator[str]:
    """What it comes to, one sentence a line."""
    read = [it for it in plan.repositories if not it.unread]
    where = ", ".join(str(target) for target in plan.targets)
    actions = Counter(decision.action for it in read for decision in it.deletions)
    archived = actions[Action.ARCHIVE]
    what = "can be deleted" if not archived else "can be archived"
    if archived and actions[Action.DELETE]:
        what = f"can go ({archived} be archived, {actions[Action.DELETE]} be deleted)"
    yield (
        f"{human_totals(plan.deletable)} of {human_totals(plan.total)} images {what}, "
        f"in {count(len(read), 'repository', 'repositories')} of {where}."
    )
    if archived:
        yield "ECR charges archived images for at least 90 days."


def notes(plan: Plan) -> Iterator[str]:
    """What somebody should look at, one line each."""
    for it in plan.repositories:
        for absent in it.missing:
            yield f"{it.repository}{absent} is in use, and is not there"
        for consumer in it.consumers:
            yield f"{it.repository}: {consumer}, and a scan of this account does not see who does"
        if it.broken_indexes:
            names = count(it.broken_indexes, "index names", "indexes name")
            yield f"{it.repository}: {names} an image that is not there"
        if it.unread:
            yield f"{it.repository} could not be read"


def grounds(plan: Plan) -> Iterator[str]:
    """What the plan rests on, one line each."""
    yield from map(_ledger_line, plan.source_reports)
    if plan.unmanaged:
        names = ", ".join(display_name(key, plan.targets) for key in plan.unmanaged)
        yield f"no rule matches, so nothing is touched: {names}"


def _ledger_line(read: SourceReport) -> str:
    where = f" of {read.registry}" if read.registry else ""
    notes = "".join(f"; {note.text}" for note in read.notes)
    return f"{read.source}{where}: {read.status}, {count(read.references, 'reference')}{notes}"
