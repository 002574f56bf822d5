"""Safety limits that stop a run before its first deletion when the plan looks wrong. Pure.

Two guards are not here, since they keep single images instead of stopping the run: `min_age` is a
reason to keep (`retention`), and `in_use_max_age` narrows a plan (`revalidation`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ecrm.config.settings import Guards
from ecrm.model.humanize import count
from ecrm.model.reference import Registry, display_name
from ecrm.planning.plan import Plan

Usage = Mapping[str, int]
"""How much of a target is in use: all of its images under `WHOLE`, and the references of each
source."""
WHOLE = "all"
_FEWEST = 10
"""A target that is only scanned and named fewer images in the last run is too small to judge."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A guard that stops the run: what it saw, and how to continue if that is intended."""

    guard: str
    saw: str
    go_on: str

    def __str__(self) -> str:
        return f"guard {self.guard}: {self.saw}; {self.go_on}"


def stops(plan: Plan, guards: Guards, last_usage: Mapping[Registry, Usage]) -> tuple[Stop, ...]:
    """All guards that stop this plan; nothing stops a plan that deletes nothing."""
    if not plan.deletable.images:
        return ()
    return (
        *drops(plan, guards, last_usage),
        *(_missing_in_use(plan) if guards.missing_in_use else ()),
        *(_nothing_in_use(plan) if guards.nothing_in_use else ()),
        *_too_much(plan, guards),
        *_too_large_a_part(plan, guards.max_percent),
    )


def usage(plan: Plan) -> dict[Registry, Usage]:
    """How much is in use of each target, as far as it was read. Sources that belong to no target
    (files, commands) count for all. While anything could not be read, how much of a registry is in
    use is not known as a whole; of a target that is only scanned, the whole is what it names."""
    holes = {report.registry for report in plan.source_reports if report.unread}
    numbers: dict[Registry, Usage] = {
        target: ({WHOLE: number} if plan.complete else {}) | dict(_references(plan, target))
        for target, number in plan.in_use.items()
    }
    for target in sorted(plan.scanned - plan.in_use.keys() - holes):
        numbers[target] = {WHOLE: _named_by(plan, target)}
    return numbers


def _references(plan: Plan, target: Registry) -> Iterator[tuple[str, int]]:
    for report in plan.source_reports:
        if report.registry in (target, None) and report.was_read and not report.unread:
            yield report.source, report.references


def _named_by(plan: Plan, target: Registry) -> int:
    reports = (report for report in plan.source_reports if report.registry == target)
    return sum(report.references for report in reports if report.was_read)


def drops(plan: Plan, guards: Guards, last_usage: Mapping[Registry, Usage]) -> Iterator[Stop]:
    """The targets of which less is in use than in the last run, by more than the limit: as a whole,
    or else by one of the sources, which others may outweigh; whether the plan deletes anything or
    not."""
    limit = guards.max_in_use_drop
    if limit is None:
        return
    for target, used in usage(plan).items():
        last = last_usage.get(target, {})
        dropped = [
            source
            for source, now in used.items()
            if (before := last.get(source, 0)) >= (1 if target in plan.in_use else _FEWEST)
            and (before - now) * 100 > before * limit
        ]
        for source in dropped[:1] if WHOLE in dropped else dropped:
            yield Stop(
                "max_in_use_drop",
                _drop(plan, target, source, used[source], last[source]),
                "check that nothing was left out of the scan, then go on once with --no-guards",
            )


def _drop(plan: Plan, target: Registry, source: str, now: int, before: int) -> str:
    if source != WHOLE or target not in plan.in_use:
        where = f"{source} of {target}" if source != WHOLE else target
        return f"{where} names {count(now, 'image')}, and named {before:,} in the last run"
    is_or_are = "is" if now == 1 else "are"
    return (
        f"{count(now, 'image')} of {target} {is_or_are} in use, and {before:,} were in the last run"
    )


def _nothing_in_use(plan: Plan) -> Iterator[Stop]:
    """A registry whose users are elsewhere looks so, and so does an account after a scan that was
    fooled."""
    for target, in_use in plan.in_use.items():
        own = [planned for planned in plan.repositories if planned.registry == target]
        deletable = sum(len(planned.deletions) for planned in own)
        if deletable and not in_use and not any(planned.used.images for planned in own):
            yield Stop(
                "nothing_in_use",
                f"no image of {target} is in use by anything that was read, and "
                f"{count(deletable, 'image')} would be deleted",
                "scan the accounts and services that use them, see --scanned-files; if nothing "
                "does, set guards.nothing_in_use: false or give --no-nothing-in-use",
            )


def _missing_in_use(plan: Plan) -> Iterator[Stop]:
    for planned in plan.repositories:
        if planned.missing_in_use:
            name = display_name(planned.key, plan.targets)
            yield Stop(
                "missing_in_use",
                f"{name} would be emptied, while {name}{planned.missing[0]} is in use and is not "
                "there",
                "check what was deleted or renamed, then set guards.missing_in_use: false or give "
                "--no-missing-in-use",
            )


def _too_much(plan: Plan, guards: Guards) -> Iterator[Stop]:
    for guard, limit, deletable, unit in (
        ("max_images", guards.max_images, plan.deletable.images, "image"),
        ("max_bytes", guards.max_bytes, plan.deletable.size, "byte"),
    ):
        if limit is not None and deletable > limit:
            yield Stop(
                guard,
                f"{count(deletable, unit)} would be deleted, and the limit is {limit:,}",
                f"look at the plan, then raise guards.{guard} or {_option(guard)}",
            )


def _too_large_a_part(plan: Plan, limit: int | None) -> Iterator[Stop]:
    for planned in plan.repositories:
        deletable = len(planned.deletions)
        if limit is not None and deletable * 100 > planned.images * limit:
            yield Stop(
                "max_percent",
                f"{deletable} of {planned.images} images of "
                f"{display_name(planned.key, plan.targets)} would be deleted, and the limit is "
                f"{limit} %",
                f"look at the plan, then raise guards.max_percent or {_option('max_percent')}",
            )


def _option(guard: str) -> str:
    return f"--{guard.replace('_', '-')}"
