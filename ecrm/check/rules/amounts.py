"""The rules about how much: `overdue` and `budget`."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal

from ecrm.check.values import CheckInputs, Found, Violation, Where
from ecrm.config import Level
from ecrm.model.humanize import count, days, human_size
from ecrm.planning.plan import Plan, RepositoryPlan, Totals

_GB = 10**9


def overdue(evidence: CheckInputs, level: Level) -> Found:
    """What can be deleted is deleted in time."""
    limits = evidence.config.check.overdue
    managed = [it for it in _read(evidence.plan) if evidence.config.rule_for(it.repository)]
    for it in managed:
        deletable = _sum(it.deletable.values())
        for about, what in _above(deletable, limits.max_images, limits.max_bytes, "max"):
            yield _too_many(level, Where(it.registry, it.repository), what, about)
        if it.overdue and limits.longer_than is not None:
            yield _deletable_long(level, it, limits.longer_than)
    total = _sum(totals for it in managed for totals in it.deletable.values())
    if evidence.only is None:
        for about, what in _above(
            total, limits.max_total_images, limits.max_total_bytes, "max_total"
        ):
            yield _too_many(level, Where(key=f"check.overdue.{about}"), f"in all, {what}", about)


def _above(
    deletable: Totals, images: int | None, size: int | None, name: str
) -> Iterator[tuple[str, str]]:
    """The limits that are exceeded, and that in words."""
    if images is not None and deletable.images > images:
        verb = "image is" if deletable.images == 1 else "images are"
        about = f"{name}_images"
        yield about, f"{deletable.images:,} {verb} deletable, and {about} is {images:,}"
    if size is not None and deletable.size > size:
        sizes = (
            f"{human_size(deletable.size)} are deletable, and {name}_bytes is {human_size(size)}"
        )
        yield f"{name}_bytes", sizes


def _too_many(level: Level, where: Where, what: str, about: str) -> Violation:
    look = f"ecrm plan -r {where.repository}" if where.repository else "ecrm plan"
    why = "the clean-up does not run, or does not keep up"
    next_step = f"run `ecrm delete`; `{look}` shows what would go"
    return Violation("overdue", level, where, what, why, next_step, about)


def _deletable_long(level: Level, it: RepositoryPlan, limit: timedelta) -> Violation:
    long_gone = set(it.overdue)
    images = [each.image for each in it.deletions if each.image.digest in long_gone]
    oldest = min(image.pushed_at for image in images)
    number = count(len(images), "image")
    size = human_size(sum(image.size for image in images))
    return Violation(
        "overdue",
        level,
        Where(it.registry, it.repository),
        f"{number} ({size}) could have been deleted more than {days(limit)} ago",
        f"by the rule {it.rule}; the oldest was pushed {oldest:%Y-%m-%d}; the clean-up does not "
        "run, or the rule is newer than that",
        f"run `ecrm delete`; `ecrm plan -r {it.repository}` shows what would go",
        "longer_than",
    )


def budget(evidence: CheckInputs, level: Level) -> Found:
    """What is stored stays below its limits. ECR bills a layer that images share only once, so
    the sum of its images is the most that a repository can come to."""
    limits = evidence.config.check.budget
    repositories = _read(evidence.plan)
    for it in repositories:
        where = Where(it.registry, it.repository)
        size = _sum(it.total.values()).size
        asked = (limits.max_bytes, limits.max_monthly_cost)
        for about, what in _too_much(size, limits.price, *asked, "max"):
            yield _budget(
                evidence,
                level=level,
                where=where,
                what=what,
                about=about,
                deletable=_sum(it.deletable.values()),
            )
    if evidence.only is None:
        size = _sum(totals for it in repositories for totals in it.total.values()).size
        deletable = _sum(totals for it in repositories for totals in it.deletable.values())
        asked = (limits.max_total_bytes, limits.max_total_monthly_cost)
        for about, what in _too_much(size, limits.price, *asked, "max_total"):
            where = Where(key=f"check.budget.{about}")
            yield _budget(
                evidence,
                level=level,
                where=where,
                what=f"in all, {what}",
                about=about,
                deletable=deletable,
            )


def _too_much(
    size: int, price: Decimal, most: int | None, cost: Decimal | None, name: str
) -> Iterator[tuple[str, str]]:
    if most is not None and size > most:
        about = f"{name}_bytes"
        yield about, f"{human_size(size)} are stored, and {about} is {human_size(most)}"
    costs = Decimal(size) / _GB * price
    if cost is not None and costs > cost:
        about = f"{name}_monthly_cost"
        yield about, f"storage costs up to ${costs:,.2f} a month, and {about} is ${cost:,.2f}"


def _budget(
    evidence: CheckInputs, *, level: Level, where: Where, what: str, about: str, deletable: Totals
) -> Violation:
    price = evidence.config.check.budget.price
    size = f"{count(deletable.images, 'image')} ({human_size(deletable.size)})"
    return Violation(
        "budget",
        level,
        where,
        what,
        f"the sizes of all images as ECR reports them, at ${price} per GB a month",
        f"{size} of it can be deleted now; expire images sooner, or raise the limit",
        about,
    )


def _read(plan: Plan) -> list[RepositoryPlan]:
    return [it for it in plan.repositories if not it.unread]


def _sum(totals: Iterable[Totals]) -> Totals:
    return sum(totals, Totals())
