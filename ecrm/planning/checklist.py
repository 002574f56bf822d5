"""Why nothing keeps an image: what each reason to keep was compared with. Pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ecrm.config.settings import Guards
from ecrm.model.decision import Decision, Reason
from ecrm.model.humanize import count, days
from ecrm.model.image import Image
from ecrm.model.rule import Rule
from ecrm.model.scan import ReadStatus
from ecrm.planning.guards import stops
from ecrm.planning.plan import Plan, RepositoryPlan


class Check(NamedTuple):
    """One reason to keep an image, or what else would stop its deletion, and why that does not."""

    name: str
    answer: str


def checklist(
    plan: Plan, planned: RepositoryPlan, decision: Decision, rule: Rule, guards: Guards
) -> tuple[Check, ...]:
    """In the order in which the reasons are asked; empty for an image that is kept, and for one
    whose deletion its archiving decides. `planned` is its repository in the plan."""
    if not decision.deletable or decision.reason is Reason.ARCHIVED_LONG:
        return ()
    return (
        Check("in use", _in_use(plan, planned)),
        *_by_rule(planned, decision, rule, plan.created_at, guards.min_age),
        Check("guards", _guards(plan, guards)),
    )


def _in_use(plan: Plan, planned: RepositoryPlan) -> str:
    """The scan of a run begins when its plan does."""
    named = {
        report.source: bool(report.references)
        for report in plan.source_reports
        if report.registry in (None, planned.registry)
        if report.was_read and report.status is ReadStatus.READ
    }
    sources = [source for source, is_naming in named.items() if is_naming]
    if silent := len(named) - len(sources):
        sources.append(count(silent, "source that names nothing", "sources that name nothing"))
    at = f"{plan.created_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"no, by what was read at {at}: {', '.join(sources) or 'nothing'}"


def _by_rule(
    planned: RepositoryPlan, decision: Decision, rule: Rule, now: datetime, min_age: timedelta
) -> Iterator[Check]:
    image = decision.image
    patterns = " ".join(rule.keep_tag_patterns) or "none"
    tags = f"none of {', '.join(image.tags)} matches" if image.tags else "it has none to match"
    yield Check("keep_tag_patterns", f"{tags}: {patterns}")
    since = max(image.pushed_at, image.activated_at or image.pushed_at)
    pushed = "pushed" if since == image.pushed_at else "restored"
    yield Check("expires", f"{pushed} {days(now - since)} ago, limit {days(rule.expires)}")
    yield Check("keep_pulled_within", _pulled(image, rule, now))
    yield Check("min_age", f"{days(now - since)} old, limit {days(min_age)}")
    yield Check("keep_count", _counted(planned, decision, rule))
    if decision.reason in (Reason.EXPIRED, Reason.UNTAGGED):
        ends = [since + rule.expires, since + min_age]
        if rule.keep_pulled_within and image.pulled_at:
            ends.append(image.pulled_at + rule.keep_pulled_within)
        yield Check("by age alone", f"it could be deleted since {max(ends):%Y-%m-%d}")


def _pulled(image: Image, rule: Rule, now: datetime) -> str:
    pulled = f"last pulled {days(now - image.pulled_at)} ago" if image.pulled_at else "never pulled"
    window = rule.keep_pulled_within
    return f"{pulled}, limit {days(window)}" if window else f"not set; {pulled}"


def _counted(planned: RepositoryPlan, decision: Decision, rule: Rule) -> str:
    """The place of an image among those that compete for the same slots, newest first."""
    if decision.reason is not Reason.EXPIRED:
        return "only images with a tag count"
    rivals = sorted(
        (
            other.image
            for other in (*planned.deletions, *planned.kept)
            if other.reason in (Reason.KEEP_COUNT, Reason.EXPIRED)
            and _slots(other.image) == _slots(decision.image)
        ),
        key=lambda image: (-image.pushed_at.timestamp(), image.digest),
    )
    place = rivals.index(decision.image) + 1
    return f"{ordinal(place)} of {rule.keep_count}, newest first, without those kept otherwise"


def _slots(image: Image) -> tuple[object, ...]:
    return image.kind, image.artifact_type is not None


def ordinal(number: int) -> str:
    """1st, 2nd, 11th."""
    is_teen = number // 10 % 10 == 1
    return f"{number}{'th' if is_teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _guards(plan: Plan, guards: Guards) -> str:
    """Those that need no other run to compare with."""
    found: Sequence[str] = [stop.guard for stop in stops(plan, guards, {})]
    return f"{', '.join(found)} would stop `delete`" if found else "none would stop `delete`"
