"""Plans as files: written to be read, compared and approved, and then carried out by `delete`.

A file has the members `ecrm_plan` (its format), `version` (of ecrm), `complete` and `missing` (what
could not be read), then the fields of a Plan, then `checksum`.
The checksum is over all the rest. It shows that a file was damaged or edited by hand; it is not a
signature, so a file only narrows a plan of now (`narrowed`): of what it says, nothing is believed
but which images it wants deleted, and when ecrm itself read the indexes among them
(`believable_readings`): ECR may have recorded that as a pull, and pulls of an index by others show
on its images as well.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from ecrm.errors import InputError
from ecrm.model.codec import Json, decode, encode
from ecrm.model.decision import Decision
from ecrm.model.humanize import days
from ecrm.model.image import OwnReadings
from ecrm.model.json_text import canonical_json, parse_json
from ecrm.model.printable import printable_json
from ecrm.model.reference import RepositoryKey, display_name
from ecrm.planning.holes import applicable, only_in_one, unread_by_repository
from ecrm.planning.narrowing import still_deletable
from ecrm.planning.plan import Plan, RepositoryPlan

_FORMAT = 1
_LONGEST = timedelta(hours=1)
"""Of reading the manifests of a repository, and of a run that plans."""
_BESIDES = ("ecrm_plan", "version", "complete", "missing", "checksum")


def plan_text(plan: Plan, version: str) -> str:
    """The whole plan, in an order that depends on nothing but its contents."""
    repositories = sorted(plan.repositories, key=lambda planned: planned.key)
    ordered = replace(plan, repositories=tuple(repositories))
    body: Json = {"ecrm_plan": _FORMAT, "version": version, "complete": plan.complete}
    body |= {"missing": list(ordered.unread)} | encode(ordered)
    whole = body | {"checksum": _checksum(body)}
    return printable_json(json.dumps(whole, indent=2, ensure_ascii=False))


def read_plan(text: str, path: str) -> Plan:
    """Raises InputError for a file that is not a plan, is of another format, or was changed."""
    try:
        body = parse_json(text)
        _check_header(body, path)
        plan = decode(Plan, {key: body[key] for key in body if key not in _BESIDES})
        _check_rest(body, plan)
    except ValueError as error:
        why = f"is not a plan that ecrm wrote ({error}); make one with --out"
        raise InputError(f"{path}: {why}") from error
    return plan


def _check_header(body: Any, path: str) -> None:
    if not isinstance(body, dict) or not {"checksum", "ecrm_plan"} <= body.keys():
        raise ValueError("it has no checksum or no format")
    if decode(int, body["ecrm_plan"]) != _FORMAT:
        raise InputError(f"{path}: is a plan of format {body['ecrm_plan']}; make a new one")
    if body["checksum"] != _checksum({key: body[key] for key in body if key != "checksum"}):
        raise InputError(f"{path}: was changed after it was written; make a new plan")


def _check_rest(body: Json, plan: Plan) -> None:
    decode(str, body.get("version"))
    agrees = decode(tuple[str, ...], body.get("missing")) == plan.unread
    if decode(bool, body.get("complete")) is not plan.complete or not agrees:
        raise ValueError("complete or missing: does not agree with what could not be read")


def refuse_unfit(plan: Plan, path: str, current: Plan, now: datetime, max_age: timedelta) -> None:
    """Raises InputError where a plan file must not be carried out; `current` is made now. Both are
    of the same targets, in whatever order."""
    age = now - plan.created_at
    if not plan.complete and not applicable(plan).deletable.images:
        raise InputError(f"{path}: is incomplete: {plan.unread[0]}")
    if age > max_age:
        raise InputError(f"{path}: is older than {days(max_age)}; make a new plan")
    if age < timedelta(0):
        raise InputError(f"{path}: is from the future ({plan.created_at}); check the clocks")
    if set(plan.targets) != set(current.targets):
        made_for, here = (", ".join(map(str, sorted(one.targets))) for one in (plan, current))
        raise InputError(f"{path}: was made for {made_for}, and this is {here}")
    if others := ", ".join(map(str, only_in_one(plan, current))):
        what = "was made from a scan of other accounts and regions than this"
        raise InputError(f"{path}: {what} (one of them alone has {others}); make a new plan")
    if plan.config != current.config:
        raise InputError(f"{path}: was made with another configuration; make a new plan")


def believable_readings(plan: Plan) -> dict[RepositoryKey, OwnReadings]:
    """ecrm's own readings by a plan file, without those that its run cannot have made: so no file
    makes pulls of days look like ecrm's own, nor pulls that came after it was written."""
    latest = plan.created_at + _LONGEST
    return {
        planned.key: {
            digest: reading
            for digest, reading in planned.own_readings.items()
            if reading.began <= reading.ended <= latest
            and reading.ended - reading.began <= _LONGEST
        }
        for planned in plan.repositories
    }


@dataclass(frozen=True, slots=True)
class Dropped:
    """A deletion of an approved plan that is not carried out any more."""

    key: RepositoryKey
    decision: Decision
    why: str


def narrowed(current: Plan, approved: Plan) -> tuple[Plan, tuple[Dropped, ...]]:
    """`current`, made with `kept` filled, without the deletions that `approved` does not have; and
    the deletions of `approved` that are not in `current`, or not in the same way."""
    by_key = {planned.key: planned for planned in approved.repositories}
    repositories: list[RepositoryPlan] = []
    dropped: list[Dropped] = []
    missed = unread_by_repository(approved)
    for planned in current.repositories:
        wanted: frozenset[str] = frozenset()
        old = by_key.pop(planned.key, None)
        if old and (why := _why_none(planned, missed.get(planned.key, ()))):
            dropped += (Dropped(old.key, decision, why) for decision in old.deletions)
        elif old:
            # What belongs together is for the plan of now to say.
            left, skipped_here = still_deletable(replace(old, held_by={}), planned)
            wanted = frozenset(decision.image.digest for decision in left.deletions)
            dropped += (Dropped(old.key, one.decision, one.why) for one in skipped_here)
        repositories.append(replace(planned.narrowed_to(wanted), kept=()))
    for key, old in by_key.items():
        why = f"{display_name(key, current.targets)} is not planned any more"
        dropped += (Dropped(key, decision, why) for decision in old.deletions)
    return replace(current, repositories=tuple(repositories)), tuple(dropped)


def _why_none(planned: RepositoryPlan, missed: Sequence[str]) -> str:
    """Why nothing of the repository is deleted, whatever its plans say; `missed` is what the
    approved one could not read."""
    if planned.unread:
        return "could not be read"
    return f"the approved plan left it alone: {missed[0]}" if missed else ""


def _checksum(body: Json) -> str:
    return sha256(canonical_json(body).encode()).hexdigest()
