"""What came of an invocation, and the summary of it that Lambda returns."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ecrm.check.values import Findings
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.model.reference import Registry, RepositoryKey, display_name
from ecrm.model.repeated import once
from ecrm.model.scan import Scan
from ecrm.planning.guards import Stop
from ecrm.planning.holes import applicable
from ecrm.planning.plan import Plan, RepositoryPlan, Totals, summed

Json = dict[str, Any]
MOST_REPOSITORIES = 1000
"""How many of them Lambda is handed back, since it takes at most 6 MB; a report has all."""
MOST_DETAILS = 20
"""How many images that were not deleted are told one by one; the journal and the log have all."""

_KEYS = {status: status.replace(" ", "_") for status in OutcomeStatus}


@dataclass
class Result:
    """Filled while the invocation goes on, so that it is true also of one that ends early."""

    command: str
    name: str = ""
    targets: Sequence[Registry] = ()
    scan: Scan | None = None
    plan: Plan | None = None
    findings: Findings | None = None
    stops: tuple[Stop, ...] = ()
    outcomes: list[Outcome] = field(default_factory=list)
    journal: str = ""
    reports: list[str] = field(default_factory=list)
    out_of_time: bool = False
    error: str = ""
    calls: Counter[str] = field(default_factory=Counter)
    throttled: int = 0
    seconds: float = 0.0
    unsent: list[str] = field(default_factory=list)

    @property
    def where(self) -> list[str]:
        """The accounts and regions, as far as they are known."""
        return [str(registry) for registry in self.registries]

    @property
    def registries(self) -> Sequence[Registry]:
        return self.plan.targets if self.plan else self.targets

    @property
    def unread(self) -> tuple[str, ...]:
        """What could not be read, one line each."""
        if self.findings:
            return once(("", unread.text) for unread in self.findings.unread)
        read = self.plan or self.scan
        return read.unread if read else ()

    @property
    def met(self) -> Mapping[OutcomeStatus, Totals]:
        """How many images met which answer, in the order of the answers. Where the time was over
        before the first deletion, all that would have gone is left."""
        if self.out_of_time and self.plan and self.command == "delete" and not self.outcomes:
            return {OutcomeStatus.DEFERRED: applicable(self.plan).deletable}
        return _met(self.outcomes)

    @property
    def complete(self) -> bool:
        """Whether everything was read, and nothing is left for the next run."""
        unfinished = {OutcomeStatus.DEFERRED, OutcomeStatus.FAILED} & self.met.keys()
        return not (self.error or self.unread or self.out_of_time or unfinished)


def returned(result: Result, version: str) -> Json:
    """The summary with the repositories from which most goes, and how many more there are."""
    whole = summary(result, version)
    every = whole.get("repositories", [])
    if len(every) > MOST_REPOSITORIES:
        every.sort(key=lambda where: -int(where["deletable"]["images"]))
        whole["more_repositories"] = len(every) - MOST_REPOSITORIES
        del every[MOST_REPOSITORIES:]
    return whole


def summary(result: Result, version: str) -> Json:
    """All of it; sizes are in bytes, and nothing in it needs another format than JSON."""
    whole: Json = {
        "command": result.command,
        "complete": result.complete,
        "out_of_time": result.out_of_time,
        "error": result.error or None,
        "run": result.name or None,
        "version": version,
        "targets": result.where,
        "missing": list(result.unread),
        "guards": [str(stop) for stop in result.stops],
    }
    if result.plan:
        whole |= _of_plan(result, result.plan)
    if result.findings:
        whole["check"] = _of_check(result.findings)
    if result.scan:
        whole["in_use"] = len({use.reference for use in result.scan.uses})
    return whole | {
        "calls": {"total": result.calls.total(), **dict(sorted(result.calls.items()))},
        "throttled": result.throttled,
        "seconds": round(result.seconds, 3),
        "journal": result.journal or None,
        "reports": list(result.reports),
        "unsent": list(result.unsent),
    }


def _of_plan(result: Result, plan: Plan) -> Json:
    by_key: dict[RepositoryKey, list[Outcome]] = {}
    for outcome in result.outcomes:
        by_key.setdefault(outcome.key, []).append(outcome)
    return {
        "images": numbers(result),
        "repositories": [
            _repository(where, by_key.get(where.key, ()))
            for where in sorted(plan.repositories, key=lambda where: where.key)
        ],
        "unmanaged": [display_name(key, plan.targets) for key in plan.unmanaged],
        "not_done": [_detail(result, outcome) for outcome in failed(result)[:MOST_DETAILS]],
    }


def _of_check(found: Findings) -> Json:
    """The most urgent violations come first."""
    return {
        "errors": found.errors,
        "warnings": found.warnings,
        "violations": [
            {
                "rule": violation.rule,
                "level": violation.level.value,
                "where": str(violation.where),
                "what": violation.what,
                "why": violation.why,
                "next": violation.next_step,
            }
            for violation in found.violations[:MOST_REPOSITORIES]
        ],
    }


def numbers(result: Result) -> dict[str, Json]:
    """Images and bytes: total, in use, deletable, and of every answer."""
    plan, met = result.plan, result.met
    if plan is None:
        return {}
    known = {"total": plan.total, "in_use": plan.used, "deletable": plan.deletable}
    answers = {key: met.get(answer, Totals()) for answer, key in _KEYS.items()}
    return {key: _totals(totals) for key, totals in (known | answers).items()}


def failed(result: Result) -> list[Outcome]:
    return [outcome for outcome in result.outcomes if outcome.status is OutcomeStatus.FAILED]


def image_name(result: Result, outcome: Outcome) -> str:
    return f"{display_name(outcome.key, result.registries)}@{outcome.decision.image.digest}"


def _repository(where: RepositoryPlan, outcomes: Iterable[Outcome]) -> Json:
    kept = {reason.value: number for reason, number in sorted(where.kept_by_reason.items())}
    summary: Json = {
        "repository": where.repository,
        "target": str(where.registry),
        "total": _totals(summed(where.total.values())),
        "deletable": _totals(summed(where.deletable.values())),
        "kept": kept,
        "outcomes": {_KEYS[status]: _totals(met) for status, met in _met(outcomes).items()},
    }
    return summary | ({"unread": where.unread} if where.unread else {})


def _met(outcomes: Iterable[Outcome]) -> dict[OutcomeStatus, Totals]:
    met: dict[OutcomeStatus, Totals] = {}
    for outcome in outcomes:
        size = outcome.decision.image.size
        met[outcome.status] = met.get(outcome.status, Totals()) + Totals(1, size)
    return {status: met[status] for status in OutcomeStatus if status in met}


def _detail(result: Result, outcome: Outcome) -> Json:
    return {
        "image": image_name(result, outcome),
        "tags": list(outcome.decision.image.tags),
        "why": outcome.detail,
    }


def _totals(totals: Totals) -> Json:
    return {"images": totals.images, "bytes": totals.size}
