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


@dataclass(frozen=True, slots=True)
class Stop:
    """A guard that stops the run: what it saw, and how to continue if that is intended."""

    guard: str
    saw: str
    go_on: str

    def __str__(self) -> str:
        return f"guard {self.guard}: {self.saw}; {self.go_on}"


def stops(plan: Plan, guards: Guards, last_in_use: Mapping[Registry, int]) -> tuple[Stop, ...]:
    """All guards that stop this plan; nothing stops a plan that deletes nothing."""
    if not plan.deletable.images:
        return ()
    return (
        *drops(plan, guards, last_in_use),
        *(_missing_in_use(plan) if guards.missing_in_use else ()),
        *_too_much(plan, guards),
        *_too_large_a_part(plan, guards.max_percent),
    )


def drops(plan: Plan, guards: Guards, last_in_use: Mapping[Registry, int]) -> Iterator[Stop]:
    """The targets whose number of images in use has dropped by more than the limit since the last
    run, whether the plan deletes anything or not."""
    limit = guards.max_in_use_drop
    for target, now in plan.in_use.items():
        before = last_in_use.get(target, 0)
        if limit is not None and (before - now) * 100 > before * limit:
            yield Stop(
                "max_in_use_drop",
                f"{count(now, 'image')} of {target} {'is' if now == 1 else 'are'} in use, and "
                f"{before:,} were in the last run",
                "check that nothing was left out of the scan, then go on once with --no-guards",
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
