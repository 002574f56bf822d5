"""A plan of an account as large as real ones: 500 repositories, made by a generator."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from random import Random

from ecrm.model.decision import Decision, Reason
from ecrm.model.reference import RepositoryKey
from ecrm.model.rule import Action
from ecrm.planning.plan import Plan, RepositoryPlan
from tests.values import NOW, REPLICA, image, plan_of, read, repository_plan

REPOSITORIES = 500
_TEAMS = ("search", "payments", "data-eng", "platform-observability", "mobile/backend")
_PARTS = ("api", "web", "gateway", "worker", "batch-importer", "a-service-with-a-very-long-name")


@cache
def large_plan() -> Plan:
    """Always the same. A third of the repositories have nothing to delete."""
    random = Random(18)
    repositories = tuple(_repository(random, number) for number in range(REPOSITORIES))
    return plan_of(
        *repositories,
        source_reports=(read(REPLICA, "ecs", references=4321), read(REPLICA, "lambda")),
        unmanaged=tuple(RepositoryKey(REPLICA, f"legacy/{number}") for number in range(12)),
    )


def _repository(random: Random, number: int) -> RepositoryPlan:
    team, part = random.choice(_TEAMS), random.choice(_PARTS)
    size = int(random.paretovariate(1.1) * 40_000_000)
    kept = list(_kept(random, f"{number}", size))
    gone = random.randrange(60) if random.random() < 2 / 3 else 0
    deletions = [
        _pulled(
            random,
            Decision(
                image(f"{number}-{old}", *_tags(old), days=31 + 7 * old, size=size + old),
                Reason.EXPIRED if old % 4 else Reason.UNTAGGED,
                action=Action.DELETE,
            ),
        )
        for old in range(gone)
    ]
    return repository_plan(f"{team}/{part}-{number}", deletions, kept=kept)


def _tags(old: int) -> tuple[str, ...]:
    return (f"build-{old}",) if old % 4 else ()


def _pulled(random: Random, decision: Decision) -> Decision:
    if random.random() < 1 / 2:
        return decision
    pulled = NOW - timedelta(days=random.randrange(1, 30))
    return decision._replace(image=decision.image._replace(pulled_at=pulled))


def _kept(random: Random, name: str, size: int) -> Iterator[Decision]:
    for reason, most in ((Reason.IN_USE, 4), (Reason.PUSHED, 9), (Reason.KEEP_COUNT, 4)):
        for number in range(random.randrange(most)):
            yield Decision(image(f"{name}-{reason}-{number}", "v1", size=size), reason)


def cut_short(plan: Plan) -> Plan:
    """The same, of which two repositories could not be read."""
    first, second, *others = plan.repositories
    denied = "ecr:DescribeImages is denied; allow it"
    unread = (
        replace(where, total={}, deletable={}, kept_by_reason={}, stages=(), unread=denied)
        for where in (first, second)
    )
    return replace(plan, repositories=(*unread, *others))
