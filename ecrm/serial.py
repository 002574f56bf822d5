"""Values as JSON and back, for the files that ecrm writes for itself: plans and snapshots.

`*_from` raises KeyError, TypeError, ValueError or EcrmError for anything that `*_json` did not
write; who reads a file turns that into a message with the file's name.
"""

from datetime import datetime
from typing import Any

from ecrm.model import (
    Action,
    Decision,
    Image,
    Note,
    ReadStatus,
    Reason,
    SourceRead,
    Status,
    Use,
)
from ecrm.reference import Reference, Registry

Json = dict[str, Any]

_TIMES = ("pulled_at", "archived_at", "activated_at")
_TEXTS = ("media_type", "artifact_type", "subject")


def registry_from(text: str) -> Registry:
    account, region = text.split("/")
    return Registry(account, region)


def image_json(image: Image) -> Json:
    """Without what is not set, so that a file is read easily."""
    facts: Json = {
        "digest": image.digest,
        "tags": list(image.tags),
        "pushed_at": image.pushed_at.isoformat(),
        "size": image.size,
    }
    facts |= {key: value for key in _TEXTS if (value := getattr(image, key)) is not None}
    facts |= {key: at.isoformat() for key in _TIMES if (at := getattr(image, key)) is not None}
    return facts | ({} if image.status is Status.ACTIVE else {"status": image.status.value})


def image_from(facts: Json) -> Image:
    times: Json = {key: datetime.fromisoformat(facts[key]) for key in _TIMES if key in facts}
    return Image(
        digest=facts["digest"],
        tags=tuple(facts["tags"]),
        pushed_at=datetime.fromisoformat(facts["pushed_at"]),
        size=int(facts["size"]),
        status=Status(facts.get("status", Status.ACTIVE)),
        **{key: facts[key] for key in _TEXTS if key in facts},
        **times,
    )


def use_json(use: Use) -> Json:
    return {
        "reference": str(use.reference),
        "source": use.source,
        "user": use.user,
        "why": use.why,
        "path": list(use.path),
    }


def use_from(facts: Json) -> Use:
    return Use(
        Reference.parse(facts["reference"]),
        facts["source"],
        facts["user"],
        facts["why"],
        tuple(facts["path"]),
    )


def decision_json(decision: Decision) -> Json:
    facts: Json = {"reason": decision.reason.value, "action": decision.action.value}
    if decision.detail:
        facts["detail"] = decision.detail
    if decision.related:
        facts["related"] = decision.related
    if decision.uses:
        facts["uses"] = [use_json(use) for use in decision.uses]
    return image_json(decision.image) | facts


def decision_from(facts: Json) -> Decision:
    return Decision(
        image_from(facts),
        Reason(facts["reason"]),
        facts.get("detail", ""),
        facts.get("related"),
        tuple(use_from(use) for use in facts.get("uses", ())),
        Action(facts["action"]),
    )


def source_json(read: SourceRead) -> Json:
    return {
        "target": str(read.registry) if read.registry else None,
        "source": read.source,
        "status": read.status.value,
        "references": read.references,
        "notes": [{"status": note.status.value, "text": note.text} for note in read.notes],
    }


def source_from(facts: Json) -> SourceRead:
    return SourceRead(
        registry_from(facts["target"]) if facts["target"] else None,
        facts["source"],
        int(facts["references"]),
        tuple(Note(ReadStatus(note["status"]), note["text"]) for note in facts["notes"]),
    )
