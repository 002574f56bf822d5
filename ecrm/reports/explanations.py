"""Why an image is kept or deleted, for people and for scripts."""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from ecrm.model.codec import encode
from ecrm.model.decision import Decision, Reason
from ecrm.model.printable import printable_json, printable_lines
from ecrm.model.rule import Action, Rule
from ecrm.model.use import Use
from ecrm.planning.explain import Answer, Explanation, Listing, MissingImage
from ecrm.reports.plans import REASONS
from ecrm.reports.text import count, human_size, table, unread_count

_DIFFERENT = {
    Reason.IN_USE: "none of the above uses it",
    Reason.KEEP_TAG: "none of its tags matches keep_tag_patterns",
    Reason.PUSHED: "it is older than expires, or expires is shorter",
    Reason.PULLED: "it has not been pulled for keep_pulled_within",
    Reason.MIN_AGE: "it is older than guards.min_age",
    Reason.KEEP_COUNT: "there are enough newer tagged images, or keep_count is smaller",
    Reason.CHILD: "all indexes that hold it can be deleted",
    Reason.REFERRER: "all images that it refers to can be deleted",
    Reason.ARTIFACT: "the rule sets delete_artifacts: true",
    Reason.ARCHIVED: "the rule sets delete_archived_after, and that time has passed",
    Reason.UNSCANNED: "--scanned-files cover the copies, or allow_unscanned is true",
}


def explanations_text(explanations: Sequence[Answer], unread: Sequence[str] = ()) -> str:
    """Where something was `unread`, the first line and the last say so."""
    blocks = [_block(explanation, is_complete=not unread) for explanation in explanations]
    text = "\n\n".join(map(printable_lines, blocks))
    if not unread:
        return text
    verdict = f"INCOMPLETE: {unread_count(len(unread))}; this is by what is known."
    return f"{verdict}\n\n{text}\n\n{verdict}"


def explanations_json(explanations: Sequence[Answer], unread: Sequence[str] = ()) -> str:
    body = {
        "ecrm_explain": 1,
        "complete": not unread,
        "missing": list(unread),
        "explanations": [_json(explanation) for explanation in explanations],
    }
    return printable_json(json.dumps(body, indent=2, ensure_ascii=False))


def _block(answer: Answer, *, is_complete: bool) -> Iterator[str]:
    match answer:
        case MissingImage():
            return _missing(answer)
        case Listing():
            return _listing(answer, is_complete=is_complete)
        case _:
            return _explanation(answer, is_complete=is_complete)


def _listing(listing: Listing, *, is_complete: bool) -> Iterator[str]:
    yield f"{listing.name}: {count(len(listing.decisions), 'image')}"
    yield f"  rule    {_rule(listing.rule)}"
    yield ""
    rows = [
        [
            ", ".join(decision.image.tags) or decision.image.digest[:19],
            decision.image.kind,
            human_size(decision.image.size),
            f"{decision.image.pushed_at:%Y-%m-%d}",
            f"{_verdict(decision.action, is_complete=is_complete)}: {_reason(decision)}",
        ]
        for decision in listing.decisions
    ]
    yield from table(rows, ["IMAGE", "TYPE", "SIZE", "PUSHED", "DECISION"]).split("\n")


def _missing(missing: MissingImage) -> Iterator[str]:
    yield f"{missing.text}: is in use but missing from ECR"
    yield ""
    for use in missing.uses:
        yield f"  {use} → {use.reference}"
    yield ""
    yield "  The next pull of it will fail. Push it again, or deploy another image."


def _explanation(explanation: Explanation, *, is_complete: bool) -> Iterator[str]:
    decision = explanation.decision
    yield _uri(explanation)
    yield f"  {_verdict(decision.action, is_complete=is_complete)}: {_reason(decision)}"
    yield ""
    yield from _facts(decision)
    yield f"  rule    {_rule(explanation.rule)}"
    yield ""
    if explanation.checks:
        width = max(len(check.name) for check in explanation.checks)
        yield "  Nothing keeps it:"
        yield from (f"    {check.name:{width}}  {check.answer}" for check in explanation.checks)
        yield ""
    yield from _path(explanation)
    yield f"  {_otherwise(decision)}"


def _verdict(action: Action, *, is_complete: bool) -> str:
    if action is Action.KEEP:
        return "is kept"
    done = "deleted" if action is Action.DELETE else "archived"
    return f"can be {done}" if is_complete else f"could be {done} by what is known"


def _uri(explanation: Explanation) -> str:
    name = f"{explanation.registry.host}/{explanation.repository}"
    return f"{name}@{explanation.decision.image.digest}"


def _reason(decision: Decision) -> str:
    detail = f" ({decision.detail})" if decision.detail else ""
    return f"{REASONS[decision.reason]}{detail}"


def _facts(decision: Decision) -> Iterator[str]:
    image = decision.image
    pulled = f", pulled {image.pulled_at:%Y-%m-%d}" if image.pulled_at else ""
    yield f"  tags    {', '.join(image.tags) or 'none'}"
    pushed = f"pushed {image.pushed_at:%Y-%m-%d}{pulled}"
    yield f"  image   {image.kind}, {human_size(image.size)}, {pushed}"


def _rule(rule: Rule) -> str:
    pulled = rule.keep_pulled_within
    return ", ".join(
        [
            f"{rule.name}: expires {_days(rule.expires)}",
            f"keep_count {rule.keep_count}",
            f"keep_tag_patterns {' '.join(rule.keep_tag_patterns)}",
            *([f"keep_pulled_within {_days(pulled)}"] if pulled else []),
        ]
    )


def _path(explanation: Explanation) -> Iterator[str]:
    """Use by use, then image by image, down to the one that was asked about."""
    yield from dict.fromkeys(f"  {use}" for use in explanation.uses)
    for decision in explanation.chain:
        arrow = "→ " if explanation.uses or decision is not explanation.chain[0] else ""
        tags = f" ({', '.join(decision.image.tags)})" if decision.image.tags else ""
        kind = decision.image.kind.lower()
        yield f"    {arrow}{kind} {decision.image.digest}{tags}: {_reason(decision)}"
    yield ""


def _otherwise(decision: Decision) -> str:
    if not decision.deletable:
        return f"It can be deleted once {_DIFFERENT[decision.reason]}, if no other reason keeps it."
    if decision.reason in (Reason.INDEX_DELETABLE, Reason.SUBJECT_DELETABLE):
        return "It would be kept if that image were kept, or if something used it."
    return "It would be kept if something used it, or if the rule kept more."


def _json(explanation: Answer) -> dict[str, Any]:
    if isinstance(explanation, Listing):
        return {
            "repository": explanation.name,
            "rule": _rule(explanation.rule),
            "images": [_decision_json(decision) for decision in explanation.decisions],
        }
    if isinstance(explanation, MissingImage):
        return {
            "image": explanation.text,
            "action": "missing",
            "uses": [_use_json(use) for use in explanation.uses],
        }
    return {
        "image": _uri(explanation),
        "action": explanation.decision.action.value,
        "reason": explanation.decision.reason.value,
        "rule": _rule(explanation.rule),
        "would_differ": _otherwise(explanation.decision),
        "checks": [check._asdict() for check in explanation.checks],
        "uses": [_use_json(use) for use in explanation.uses],
        "chain": [_decision_json(decision) for decision in explanation.chain],
    }


def _decision_json(decision: Decision) -> dict[str, Any]:
    """The image's members and the decision's in one object; size and action are always there."""
    members: dict[str, Any] = encode(decision)
    image: dict[str, Any] = members.pop("image") | {"size": decision.image.size}
    reason = {"reason": members.pop("reason"), "action": decision.action.value}
    uses = {"uses": [_use_json(use) for use in decision.uses]} if decision.uses else {}
    return image | reason | members | uses


def _use_json(use: Use) -> dict[str, Any]:
    """`file` and `line` beside the rest, where a file of the working tree names the image."""
    members: dict[str, Any] = {"path": []} | encode(use)
    location: dict[str, Any] = members.pop("location", {})
    return members | location


def _days(span: timedelta) -> str:
    return f"{span / timedelta(days=1):g} days"
