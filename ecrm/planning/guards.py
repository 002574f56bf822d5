"""What stops a run before its first deletion. Pure: a plan, limits and the last run in, stops out.

Two guards are not here, since they spare single images instead of stopping the run: `min_age` is
a reason to keep (`retention`), `in_use_max_age` makes a plan shrink (`apply`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ecrm.config.settings import Guards
from ecrm.model.humanize import count
from ecrm.model.reference import Registry
from ecrm.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class Stop:
    """A guard that stops the run: what it saw, and how to go on where that is right."""

    guard: str
    saw: str
    go_on: str

    def __str__(self) -> str:
        return f"guard {self.guard}: {self.saw}; {self.go_on}"


def stops(plan: Plan, guards: Guards, last_in_use: Mapping[Registry, int]) -> tuple[Stop, ...]:
    """Every guard that this plan meets; a plan by which nothing goes meets none."""
    if not plan.deletable.images:
        return ()
    return (
        *drops(plan, guards, last_in_use),
        *(_missing_in_use(plan) if guards.missing_in_use else ()),
        *_too_much(plan, guards),
        *_too_large_a_part(plan, guards.max_percent),
    )


def drops(plan: Plan, guards: Guards, last_in_use: Mapping[Registry, int]) -> Iterator[Stop]:
    """The targets of which much less is in use than in the last run, whether anything goes or not.

    `last_in_use` is from the last run on record.
    """
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
    for it in plan.repositories:
        if it.missing_in_use:
            yield Stop(
                "missing_in_use",
                f"{it.repository} would be emptied, while {it.repository}{it.missing[0]} is in use "
                "and is not there",
                "check what was deleted or renamed, then set guards.missing_in_use: false or give "
                "--no-missing-in-use",
            )


def _too_much(plan: Plan, guards: Guards) -> Iterator[Stop]:
    for guard, limit, would_go, what in (
        ("max_images", guards.max_images, plan.deletable.images, "image"),
        ("max_bytes", guards.max_bytes, plan.deletable.size, "byte"),
    ):
        if limit is not None and would_go > limit:
            yield Stop(
                guard,
                f"{count(would_go, what)} would go, and at most {limit:,} may",
                f"look at the plan, then raise guards.{guard} or {_option(guard)}",
            )


def _too_large_a_part(plan: Plan, limit: int | None) -> Iterator[Stop]:
    for it in plan.repositories:
        going = len(it.deletions)
        if limit is not None and going * 100 > it.images * limit:
            yield Stop(
                "max_percent",
                f"{going} of {it.images} images of {it.repository} would go, and at most "
                f"{limit} % may",
                f"look at the plan, then raise guards.max_percent or {_option('max_percent')}",
            )


def _option(guard: str) -> str:
    return f"--{guard.replace('_', '-')}"
