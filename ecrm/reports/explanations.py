"""Why an image stays or goes, for people and for scripts."""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from ecrm.model.codec import encode
from ecrm.model.decision import Decision, Reason
from ecrm.model.rule import Action, Rule
from ecrm.model.use import Use
from ecrm.planning.explain import Explanation, MissingImage
from ecrm.reports.plans import REASONS
from ecrm.reports.text import human_size

_DIFFERENT = {
    Reason.IN_USE: "nothing of the above needs it any more",
    Reason.KEEP_TAG: "it has no tag any more that keep_tag_patterns match",
    Reason.PUSHED: "it is older than expires, or expires is shorter",
    Reason.PULLED: "nobody pulls it for keep_pulled_within",
    Reason.MIN_AGE: "it is older than guards.min_age",
    Reason.KEEP_COUNT: "enough newer tagged images are there, or keep_count is smaller",
    Reason.CHILD: "none of the indexes that hold it stays",
    Reason.REFERRER: "none of the images that it refers to stays",
    Reason.ARTIFACT: "the rule sets delete_artifacts: true",
    Reason.ARCHIVED: "the rule sets delete_archived_after, and that time has passed",
    Reason.UNSCANNED: "--scanned-files tell who uses the copies, or allow_unscanned is true",
}


def explanations_text(explanations: Sequence[Explanation | MissingImage]) -> str:
    blocks = [
        _absent(it) if isinstance(it, MissingImage) else _explanation(it) for it in explanations
    ]
    return "\n\n".join("\n".join(block) for block in blocks)


def explanations_json(explanations: Sequence[Explanation | MissingImage]) -> str:
    return json.dumps([_json(it) for it in explanations], indent=2, ensure_ascii=False)


def _absent(it: MissingImage) -> Iterator[str]:
    yield f"{it.text}: is in use, and ECR does not hold it"
    yield ""
    for use in it.uses:
        yield f"  {use} → {use.reference}"
    yield ""
    yield "  Whoever pulls it next will fail. Push it again, or deploy something else."


def _explanation(it: Explanation) -> Iterator[str]:
    decision = it.decision
    verdict = {
        Action.KEEP: "stays",
        Action.DELETE: "can be deleted",
        Action.ARCHIVE: "can be archived",
    }
    yield f"{it.registry.host}/{it.repository}@{decision.image.digest}"
    yield f"  {verdict[decision.action]}: {_reason(decision)}"
    yield ""
    yield from _facts(decision)
    yield f"  rule    {_rule(it.rule)}"
    yield ""
    yield from _path(it)
    yield f"  {_otherwise(decision)}"


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


def _path(it: Explanation) -> Iterator[str]:
    """Use by use, then image by image, down to the one that was asked about."""
    yield from dict.fromkeys(f"  {use}" for use in it.uses)
    for decision in it.chain:
        arrow = "→ " if it.uses or decision is not it.chain[0] else ""
        tags = f" ({', '.join(decision.image.tags)})" if decision.image.tags else ""
        kind = decision.image.kind.lower()
        yield f"    {arrow}{kind} {decision.image.digest}{tags}: {_reason(decision)}"
    yield ""


def _otherwise(decision: Decision) -> str:
    if not decision.deletable:
        return f"It could go once {_DIFFERENT[decision.reason]}, and no other reason keeps it."
    if decision.reason in (Reason.INDEX_DELETABLE, Reason.SUBJECT_DELETABLE):
        return "It would stay if that image stayed, or if something used it."
    return "It would stay if something used it, or if the rule kept more."


def _json(it: Explanation | MissingImage) -> dict[str, Any]:
    if isinstance(it, MissingImage):
        return {"image": it.text, "action": "absent", "uses": [_use_json(use) for use in it.uses]}
    return {
        "image": f"{it.registry.host}/{it.repository}@{it.decision.image.digest}",
        "action": it.decision.action.value,
        "reason": it.decision.reason.value,
        "rule": _rule(it.rule),
        "would_differ": _otherwise(it.decision),
        "uses": [_use_json(use) for use in it.uses],
        "chain": [_decision_json(decision) for decision in it.chain],
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
