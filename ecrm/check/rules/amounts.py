"""The rules about how much: `overdue` and `budget`."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from ecrm.check.values import CheckInputs, RuleResults, Violation, Where
from ecrm.config import Level
from ecrm.model.humanize import count, days, human_size
from ecrm.planning.plan import Plan, RepositoryPlan, Totals, summed

_GB = 10**9


def overdue(inputs: CheckInputs, level: Level) -> RuleResults:
    """Deletable images are deleted in time. Where a source could not be read, nothing is known to
    be deletable."""
    if not _knows_uses(inputs.plan):
        return
    limits = inputs.config.check.overdue
    managed = [
        repository for repository in _read(inputs.plan) if inputs.config.rule_for(repository.key)
    ]
    for repository in managed:
        deletable = summed(repository.deletable.values())
        where = Where(repository.key)
        for about, what in _above(deletable, limits.max_images, limits.max_bytes, "max"):
            yield _too_many(level, where, what, about)
        if repository.overdue and limits.longer_than is not None:
            yield _deletable_long(level, repository, limits.longer_than)
    total = summed(totals for repository in managed for totals in repository.deletable.values())
    if not inputs.only:
        most = (limits.max_total_images, limits.max_total_bytes)
        for about, what in _above(total, *most, "max_total"):
            where = Where(key=f"check.overdue.{about}")
            yield _too_many(level, where, f"in all, {what}", about)


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
    only = f" -r {where.repository.repository}" if where.repository else ""
    look = f"ecrm plan --images{only}"
    why = "the cleanup does not run, or does not keep up"
    next_step = f"run `ecrm delete`; `{look}` lists the images"
    return Violation("overdue", level, where, what, why, next_step, about)


def _deletable_long(level: Level, repository: RepositoryPlan, limit: timedelta) -> Violation:
    long_deletable = set(repository.overdue)
    images = [
        decision.image
        for decision in repository.deletions
        if decision.image.digest in long_deletable
    ]
    oldest = min(image.pushed_at for image in images)
    number = count(len(images), "image")
    size = human_size(sum(image.size for image in images))
    return Violation(
        "overdue",
        level,
        Where(repository.key),
        f"{number} ({size}) could have been deleted more than {days(limit)} ago",
        f"by the rule {repository.rule}; the oldest was pushed {oldest:%Y-%m-%d}; the cleanup does "
        "not run, or the rule is newer than that",
        f"run `ecrm delete`; `ecrm plan --images -r {repository.repository}` lists the images",
        "longer_than",
    )


def budget(inputs: CheckInputs, level: Level) -> RuleResults:
    """Stored images stay below the limits. ECR bills a layer that images share only once, so the
    sum of the images is the most that a repository can cost."""
    limits = inputs.config.check.budget
    repositories = _read(inputs.plan)
    for repository in repositories:
        where = Where(repository.key)
        size = summed(repository.total.values()).size
        deletable = summed(repository.deletable.values())
        most = (limits.max_bytes, limits.max_monthly_cost)
        for about, what in _too_much(size, limits.price, *most, "max"):
            cleanup = _cleanup(deletable, inputs.plan)
            yield _over_budget(limits.price, level, where, (about, what), cleanup)
    if not inputs.only:
        size = summed(totals for plan in repositories for totals in plan.total.values()).size
        deletable = summed(totals for plan in repositories for totals in plan.deletable.values())
        most = (limits.max_total_bytes, limits.max_total_monthly_cost)
        for about, what in _too_much(size, limits.price, *most, "max_total"):
            where = Where(key=f"check.budget.{about}")
            cleanup = _cleanup(deletable, inputs.plan)
            yield _over_budget(limits.price, level, where, (about, f"in all, {what}"), cleanup)


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


def _over_budget(
    price: Decimal, level: Level, where: Where, exceeded: tuple[str, str], cleanup: str
) -> Violation:
    """`exceeded` is a limit and a line that says so; `cleanup` is what deleting would help."""
    about, what = exceeded
    return Violation(
        "budget",
        level,
        where,
        what,
        f"the sizes of all images as ECR reports them, at ${price} per GB a month",
        f"{cleanup}expire images sooner, or raise the limit",
        about,
    )


def _cleanup(deletable: Totals, plan: Plan) -> str:
    if not _knows_uses(plan):
        return ""
    size = f"{count(deletable.images, 'image')} ({human_size(deletable.size)})"
    return f"{size} of it can be deleted now; "


def _knows_uses(plan: Plan) -> bool:
    return not any(report.unread for report in plan.source_reports)


def _read(plan: Plan) -> list[RepositoryPlan]:
    return [repository for repository in plan.repositories if not repository.unread]
