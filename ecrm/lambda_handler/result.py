"""What came of an invocation, and the summary of it that Lambda returns."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ecrm.aws import Target
from ecrm.check import Findings
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.model.scan import Scan
from ecrm.planning.guards import Stop
from ecrm.planning.plan import Plan, RepositoryPlan, Totals

Json = dict[str, Any]
MOST_REPOSITORIES = 1000
"""How many of them Lambda is handed back, since it takes at most 6 MB; a report has all."""
MOST_DETAILS = 20
"""How many images that were not deleted are told one by one; the journal and the log have all."""

_KEYS = {
    OutcomeStatus.DELETED: "deleted",
    OutcomeStatus.ARCHIVED: "archived",
    OutcomeStatus.ALREADY_GONE: "gone_already",
    OutcomeStatus.SKIPPED: "spared",
    OutcomeStatus.DEFERRED: "left",
    OutcomeStatus.FAILED: "failed",
}


@dataclass
class Result:
    """Filled while the invocation goes on, so that it is true also of one that ends early."""

    command: str
    name: str = ""
    targets: tuple[Target, ...] = ()
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
    untold: list[str] = field(default_factory=list)

    @property
    def where(self) -> list[str]:
        """The accounts and regions, as far as they are known."""
        registries = self.plan.targets if self.plan else [it.registry for it in self.targets]
        return [str(it) for it in registries]

    @property
    def unread(self) -> tuple[str, ...]:
        """What could not be read, one line each."""
        if self.findings:
            return tuple(it.text for it in self.findings.unread)
        read = self.plan or self.scan
        return read.unread if read else ()

    @property
    def met(self) -> Mapping[OutcomeStatus, Totals]:
        """How many images met which answer, in the order of the answers. Where the time was over
        before the first deletion, all that would have gone is left."""
        if self.out_of_time and self.plan and self.command == "delete" and not self.outcomes:
            return {OutcomeStatus.DEFERRED: self.plan.deletable}
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
        every.sort(key=lambda it: -int(it["goes"]["images"]))
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
        "untold": list(result.untold),
    }


def _of_plan(result: Result, plan: Plan) -> Json:
    by_repository: dict[tuple[str, str], list[Outcome]] = {}
    for it in result.outcomes:
        by_repository.setdefault((str(it.registry), it.repository), []).append(it)
    return {
        "images": numbers(result),
        "repositories": [
            _repository(it, by_repository.get((str(it.registry), it.repository), ()))
            for it in sorted(plan.repositories, key=lambda it: (it.registry, it.repository))
        ],
        "unmanaged": list(plan.unmanaged),
        "not_done": [_detail(it) for it in failed(result)[:MOST_DETAILS]],
    }


def _of_check(found: Findings) -> Json:
    """The most urgent violations come first."""
    return {
        "errors": found.errors,
        "warnings": found.warnings,
        "violations": [
            {
                "rule": it.rule,
                "level": it.level.value,
                "where": str(it.where),
                "what": it.what,
                "why": it.why,
                "next": it.next_step,
            }
            for it in found.violations[:MOST_REPOSITORIES]
        ],
    }


def numbers(result: Result) -> dict[str, Json]:
    """Images and bytes: total, in use, deletable, and of every answer."""
    plan, met = result.plan, result.met
    if plan is None:
        return {}
    known = {"total": plan.total, "in_use": plan.used, "deletable": plan.deletable}
    answers = {key: met.get(answer, Totals()) for answer, key in _KEYS.items()}
    return {key: _tally(it) for key, it in (known | answers).items()}


def failed(result: Result) -> list[Outcome]:
    return [it for it in result.outcomes if it.answer is OutcomeStatus.FAILED]


def _repository(it: RepositoryPlan, outcomes: Iterable[Outcome]) -> Json:
    total, goes = (sum(totals.values(), Totals()) for totals in (it.total, it.deletable))
    told: Json = {
        "repository": it.repository,
        "target": str(it.registry),
        "total": _tally(total),
        "goes": _tally(goes),
        "stays": {reason.value: number for reason, number in sorted(it.kept_by_reason.items())},
        "outcomes": {_KEYS[answer]: _tally(totals) for answer, totals in _met(outcomes).items()},
    }
    return told | ({"problem": it.unread} if it.unread else {})


def _met(outcomes: Iterable[Outcome]) -> dict[OutcomeStatus, Totals]:
    met: dict[OutcomeStatus, Totals] = {}
    for it in outcomes:
        met[it.answer] = met.get(it.answer, Totals()) + Totals(1, it.decision.image.size)
    return {answer: met[answer] for answer in OutcomeStatus if answer in met}


def _detail(it: Outcome) -> Json:
    image = it.decision.image
    return {"image": f"{it.repository}@{image.digest}", "tags": list(image.tags), "why": it.detail}


def _tally(it: Totals) -> Json:
    return {"images": it.images, "bytes": it.size}
