"""What has changed between two plans, for people and as JSON."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence

from ecrm.model.humanize import count
from ecrm.model.printable import printable_json
from ecrm.model.reference import display_name
from ecrm.planning.plan import Totals
from ecrm.planning.plan_diff import Change, ChangedImage, PlanDiff, PlanFacts
from ecrm.reports.columns import Cell, Column, grid, wrapped
from ecrm.reports.text import CYAN, RED, human_size

_FORMAT = 1
_LARGEST = 10
_TITLES = {
    Change.NEW: "Can be deleted since then",
    Change.KEPT: "Kept since then",
    Change.GONE: "Gone since then",
    Change.KEPT_OR_GONE: "Kept or gone since then (write the new plan with --all to know which)",
}


def diff_text(diff: PlanDiff, width: int = 80) -> str:
    return "\n".join(_lines(diff, width))


def _lines(diff: PlanDiff, width: int) -> Iterator[str]:
    targets = ", ".join(map(str, diff.targets))
    old, new = (f"{facts.created_at:%Y-%m-%d %H:%M}" for facts in (diff.old, diff.new))
    yield wrapped(f"Plans of {targets}, {old} and {new}", width)
    for name, facts in (("old", diff.old), ("new", diff.new)):
        if not facts.complete:
            yield wrapped(
                f"INCOMPLETE: the {name} plan lacks what could not be read.", width, color=RED
            )
    if not diff.same_rules:
        yield wrapped("They were made with different configurations.", width)
    yield ""
    yield from grid(_NUMBERS, _numbers(diff), width)
    for change, title in _TITLES.items():
        changed = [one for one in diff.changes if one.change is change]
        if changed:
            yield from ("", wrapped(f"{title}: {_amount(changed)}", width))
            yield from grid(_COLUMNS, _by_repository(diff, changed), width)
    yield from ("", f"Can be deleted by both: {count(diff.unchanged, 'image')}")


_NUMBERS = tuple(map(Column, ("", "OLD", "NEW", "CHANGE")))
_COLUMNS = tuple(map(Column, ("  REPOSITORY", "IMAGES", "SIZE")))


def _numbers(diff: PlanDiff) -> Iterator[Sequence[Cell]]:
    for name, old, new in (
        ("stored", diff.old.stored, diff.new.stored),
        ("reclaimable", diff.old.deletable, diff.new.deletable),
    ):
        number, size = new.images - old.images, new.size - old.size
        images = f"{old.images:,}", f"{new.images:,}", f"{number:+,}"
        yield tuple(map(Cell, (f"  {name}, images", *images)))
        sizes = (
            human_size(old.size),
            human_size(new.size),
            f"{'-+'[size >= 0]}{human_size(abs(size))}",
        )
        yield tuple(map(Cell, (f"  {name}, size", *sizes)))


def _amount(changed: Sequence[ChangedImage]) -> str:
    size = sum(one.decision.image.size for one in changed)
    reasons: dict[str, int] = defaultdict(int)
    for one in changed:
        reasons[one.why] += 1
    known = [f"{number:,} {why}" for why, number in reasons.items() if why]
    why = f" ({', '.join(known)})" if known else ""
    return f"{count(len(changed), 'image')}, {human_size(size)}{why}"


def _by_repository(diff: PlanDiff, changed: Sequence[ChangedImage]) -> Iterator[Sequence[Cell]]:
    totals: dict[str, Totals] = defaultdict(Totals)
    for one in changed:
        totals[display_name(one.key, diff.targets)] += Totals(1, one.decision.image.size)
    ordered = sorted(totals.items(), key=lambda item: (-item[1].size, item[0]))
    for name, total in ordered[:_LARGEST]:
        yield Cell(f"  {name}"), Cell(f"{total.images:,}"), Cell(human_size(total.size), CYAN)
    if rest := ordered[_LARGEST:]:
        yield Cell(f"  {len(rest):,} more"), Cell(""), Cell("")


def diff_json(diff: PlanDiff) -> str:
    body = {
        "ecrm_diff": _FORMAT,
        "complete": diff.old.complete and diff.new.complete,
        "targets": list(map(str, diff.targets)),
        "same_rules": diff.same_rules,
        "old": _facts(diff.old),
        "new": _facts(diff.new),
        "unchanged": diff.unchanged,
        "changes": [
            {
                "change": str(one.change),
                "registry": str(one.key.registry),
                "repository": one.key.repository,
                "digest": one.decision.image.digest,
                "tags": list(one.decision.image.tags),
                "size": one.decision.image.size,
                "why": one.why,
            }
            for one in diff.changes
        ],
    }
    return printable_json(json.dumps(body, indent=2, ensure_ascii=False))


def _facts(facts: PlanFacts) -> dict[str, object]:
    return {
        "created_at": facts.created_at.isoformat(),
        "complete": facts.complete,
        "images": facts.stored.images,
        "size": facts.stored.size,
        "reclaimable_images": facts.deletable.images,
        "reclaimable_size": facts.deletable.size,
    }
