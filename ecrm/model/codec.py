"""Values as JSON and back, for the files that ecrm writes for itself: plans and snapshots.

`*_from` raises KeyError, TypeError, ValueError or EcrmError for anything that `*_json` did not
write; who reads a file turns that into a message with the file's name.
"""

from datetime import datetime
from typing import Any

from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Image, Status
from ecrm.model.reference import Reference, Registry
from ecrm.model.rule import Action
from ecrm.model.scan import Diagnostic, ReadStatus, SourceReport
from ecrm.model.use import SourceLocation, Use

Json = dict[str, Any]

_TIMES = ("pulled_at", "archived_at", "activated_at")
_TEXTS = ("media_type", "artifact_type", "subject")


def text_from(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def texts_from(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError(f"{values!r} is no list")
    return tuple(map(text_from, values))


def moment_from(text: Any) -> datetime:
    """A time with its offset: one without could not be compared."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment


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
    present: Json = {key: text_from(facts[key]) for key in _TEXTS if key in facts}
    present |= {key: moment_from(facts[key]) for key in _TIMES if key in facts}
    return Image(
        digest=text_from(facts["digest"]),
        tags=texts_from(facts["tags"]),
        pushed_at=moment_from(facts["pushed_at"]),
        size=int(facts["size"]),
        status=Status(facts.get("status", Status.ACTIVE)),
        **present,
    )


def use_json(use: Use) -> Json:
    facts = {
        "reference": str(use.reference),
        "source": use.source,
        "user": use.user,
        "why": use.why,
        "path": list(use.path),
    }
    return facts | place_json(use)


def place_json(use: Use) -> Json:
    """`file` and `line`, for what is written in a file of the working tree."""
    return use.location._asdict() if use.location else {}


def use_from(facts: Json) -> Use:
    return Use(
        Reference.parse(text_from(facts["reference"])),
        text_from(facts["source"]),
        text_from(facts["user"]),
        text_from(facts["why"]),
        texts_from(facts["path"]),
        SourceLocation(text_from(facts["file"]), int(facts["line"])) if "file" in facts else None,
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
        text_from(facts.get("detail", "")),
        text_from(facts["related"]) if "related" in facts else None,
        tuple(use_from(use) for use in facts.get("uses", ())),
        Action(facts["action"]),
    )


def source_json(read: SourceReport) -> Json:
    names = {section: list(found) for section, found in (read.names or {}).items()}
    return {
        "target": str(read.registry) if read.registry else None,
        "source": read.source,
        "status": read.status.value,
        "references": read.references,
        "notes": [{"status": note.status.value, "text": note.text} for note in read.notes],
    } | ({} if read.names is None else {"names": names})


def source_from(facts: Json) -> SourceReport:
    return SourceReport(
        registry_from(facts["target"]) if facts["target"] else None,
        text_from(facts["source"]),
        int(facts["references"]),
        tuple(Diagnostic(ReadStatus(it["status"]), text_from(it["text"])) for it in facts["notes"]),
        {section: texts_from(names) for section, names in facts["names"].items()}
        if "names" in facts
        else None,
    )
