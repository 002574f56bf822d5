"""Plans as files: written to be read, compared and approved, and then carried out by `delete`.

The file has a checksum over all the rest. It shows that a file was damaged or edited by hand; it
is no signature, so who may write the file decides what may be deleted, within what a new scan
still allows.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from ecrm.errors import InputError, NotAReferenceError
from ecrm.model.codec import (
    Json,
    decision_from,
    decision_json,
    moment_from,
    registry_from,
    source_from,
    source_json,
)
from ecrm.model.decision import Reason
from ecrm.model.image import Kind
from ecrm.planning.plan import Plan, RepositoryPlan, Totals

_FORMAT = 1


def plan_text(plan: Plan, version: str) -> str:
    """The whole plan, in an order that depends on nothing but its contents."""
    body: Json = {
        "ecrm_plan": _FORMAT,
        "version": version,
        "created_at": plan.created_at.isoformat(),
        "targets": [str(target) for target in plan.targets],
        "config": plan.config,
        "complete": plan.complete,
        "sources": [source_json(read) for read in plan.source_reports],
        "in_use": {str(target): number for target, number in plan.in_use.items()},
        "unmanaged": list(plan.unmanaged),
        "repositories": [
            _repository_json(it)
            for it in sorted(plan.repositories, key=lambda it: (it.registry, it.repository))
        ],
    }
    return json.dumps(body | {"checksum": _checksum(body)}, indent=2, ensure_ascii=False)


def read_plan(text: str, path: str) -> Plan:
    """Raises InputError for a file that is no plan, is of another format, or was changed."""
    try:
        body = json.loads(text)
        checksum = body.pop("checksum")
        if body["ecrm_plan"] != _FORMAT:
            raise InputError(f"{path}: is a plan of format {body['ecrm_plan']}; make a new one")
        if checksum != _checksum(body):
            raise InputError(f"{path}: was changed after it was written; make a new plan")
        return _plan_from(body)
    except (ValueError, KeyError, TypeError, AttributeError, NotAReferenceError) as error:
        raise InputError(f"{path}: is no plan that ecrm wrote; make one with --out") from error


def refuse_unfit(plan: Plan, path: str, current: Plan, now: datetime, max_age: timedelta) -> None:
    """Raises InputError where a plan file must not be carried out; `current` is made anew."""
    age = now - plan.created_at
    if not plan.complete:
        raise InputError(f"{path}: is incomplete: {plan.unread[0]}")
    if age > max_age:
        raise InputError(f"{path}: is {age} old, and at most {max_age} is allowed; make a new plan")
    if age < timedelta(0):
        raise InputError(f"{path}: is from the future ({plan.created_at}); check the clocks")
    if plan.targets != current.targets:
        made_for, here = (", ".join(map(str, it.targets)) for it in (plan, current))
        raise InputError(f"{path}: was made for {made_for}, and this is {here}")
    if plan.config != current.config:
        raise InputError(f"{path}: was made with another configuration; make a new plan")


def _checksum(body: Json) -> str:
    return sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _repository_json(it: RepositoryPlan) -> Json:
    return {
        "target": str(it.registry),
        "repository": it.repository,
        "rule": it.rule,
        "total": _tallies_json(it.total),
        "goes": _tallies_json(it.deletable),
        "stays": {
            reason.value: it.kept_by_reason[reason]
            for reason in Reason
            if reason in it.kept_by_reason
        },
        "broken_indexes": it.broken_indexes,
        "absent": list(it.missing),
        "consumers": list(it.consumers),
        "used": _tally_json(it.used),
        "problem": it.unread,
        "deletions": [
            decision_json(decision)
            | {"wave": number, "belongs_to": list(it.held_by.get(decision.image.digest, ()))}
            for number, stage in enumerate(it.stages)
            for decision in stage
        ],
        "kept": [decision_json(decision) for decision in it.kept],
    }


def _plan_from(body: Json) -> Plan:
    return Plan(
        created_at=moment_from(body["created_at"]),
        targets=tuple(map(registry_from, body["targets"])),
        config=body["config"],
        source_reports=tuple(map(source_from, body["sources"])),
        repositories=tuple(map(_repository_from, body["repositories"])),
        in_use={registry_from(target): int(number) for target, number in body["in_use"].items()},
        unmanaged=tuple(body["unmanaged"]),
    )


def _repository_from(facts: Json) -> RepositoryPlan:
    stages: dict[int, list[Any]] = {}
    for it in facts["deletions"]:
        stages.setdefault(it["wave"], []).append(decision_from(it))
    return RepositoryPlan(
        registry=registry_from(facts["target"]),
        repository=facts["repository"],
        rule=facts["rule"],
        total=_tallies_from(facts["total"]),
        deletable=_tallies_from(facts["goes"]),
        kept_by_reason={Reason(reason): int(number) for reason, number in facts["stays"].items()},
        stages=tuple(tuple(stages[number]) for number in sorted(stages)),
        held_by={
            it["digest"]: tuple(it["belongs_to"]) for it in facts["deletions"] if it["belongs_to"]
        },
        broken_indexes=int(facts["broken_indexes"]),
        missing=tuple(facts["absent"]),
        consumers=tuple(facts["consumers"]),
        used=_tally_from(facts["used"]) if "used" in facts else Totals(),
        kept=tuple(map(decision_from, facts["kept"])),
        unread=facts["problem"],
    )


def _tallies_json(totals: Mapping[Kind, Totals]) -> Json:
    present = {kind: totals[kind] for kind in Kind if kind in totals}
    return {kind.value: _tally_json(it) for kind, it in present.items()}


def _tally_json(it: Totals) -> Json:
    return {"images": it.images, "size": it.size}


def _tallies_from(facts: Json) -> dict[Kind, Totals]:
    return {Kind(kind): _tally_from(it) for kind, it in facts.items()}


def _tally_from(facts: Json) -> Totals:
    return Totals(facts["images"], facts["size"])
