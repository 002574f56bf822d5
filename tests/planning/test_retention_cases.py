"""The stories of the specification, one file each: what is there, who uses it, and what is kept.

A file names images by short names; its first key is the sentence that it shows. Times are before
now ("40 days ago"). Within a tag, {name} stands for the hex digits of that image's digest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Image, Status
from ecrm.model.pattern import NamePattern
from ecrm.model.reference import Reference
from ecrm.model.rule import Action, Rule
from ecrm.model.use import Use
from ecrm.planning.retention import decide, needs_manifests
from ecrm.planning.uses import UsesByRepository
from tests.strategies import REGISTRY
from tests.values import (
    DOCKER_CONFIG,
    DOCKER_LIST,
    DOCKER_MANIFEST,
    HELM,
    NOTATION,
    NOW,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
    SOCI_V1,
    SOCI_V2,
    digest,
)

STORIES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))

KEYS = ["sentence", "incident", "rule", "min_age", "images", "uses", "decisions"]
TYPES = {
    "image": (OCI_MANIFEST, OCI_CONFIG),
    "docker image": (DOCKER_MANIFEST, DOCKER_CONFIG),
    "untyped image": (DOCKER_MANIFEST, None),
    "index": (OCI_INDEX, None),
    "docker list": (DOCKER_LIST, None),
    "helm index": (OCI_INDEX, HELM),
    "helm chart": (OCI_MANIFEST, HELM),
    "notation signature": (OCI_MANIFEST, NOTATION),
    "soci v1": (OCI_MANIFEST, SOCI_V1),
    "soci v2": (OCI_MANIFEST, SOCI_V2),
}
UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


@dataclass(frozen=True)
class Story:
    images: Mapping[str, Image]
    manifests: Mapping[str, tuple[str, ...]]
    uses: tuple[Use, ...]
    rule: Rule
    min_age: timedelta
    decisions: Mapping[str, Any]

    def decide(self) -> list[Decision]:
        images, uses = self.images.values(), UsesByRepository(self.uses).of([REGISTRY], "app")
        needed = needs_manifests(images, uses, self.rule, NOW)
        manifests = self.manifests if needed else {}
        return decide(images, manifests, uses, self.rule, NOW, min_age=self.min_age)


# -- reading a file -------------------------------------------------------------------------------


def read(path: Path) -> Story:
    text = yaml.safe_load(path.read_text())
    assert set(text) <= set(KEYS), f"{path.name} has keys that nothing reads"
    named = text["images"]
    images = {name: image(name, named, **values) for name, values in named.items()}
    manifests = {
        digest(name): tuple(map(digest, values["children"]))
        for name, values in named.items()
        if "children" in values
    }
    uses = tuple(map(use, text.get("uses", ())))
    min_age = span(text.get("min_age", "0 days"))
    return Story(images, manifests, uses, rule(**text["rule"]), min_age, text["decisions"])


def image(
    name: str,
    others: Mapping[str, Any],
    *,
    pushed: str,
    type: str = "image",  # noqa: A002 - the key in the files
    tags: tuple[str, ...] = (),
    status: str = "ACTIVE",
    subject: str | None = None,
    children: tuple[str, ...] = (),
    pulled: str | None = None,
    archived: str | None = None,
    restored: str | None = None,
) -> Image:
    media_type, artifact_type = TYPES[type]
    hexes = {other: digest(other).removeprefix("sha256:") for other in [*others, "gone"]}
    assert not children or media_type in (OCI_INDEX, DOCKER_LIST), f"{name} can have no children"
    return Image(
        digest=digest(name),
        tags=tuple(sorted(tag.format(**hexes) for tag in tags)),
        pushed_at=ago(pushed),
        media_type=media_type,
        artifact_type=artifact_type,
        subject=digest(subject) if subject else None,
        pulled_at=ago(pulled) if pulled else None,
        status=Status(status),
        archived_at=ago(archived) if archived else None,
        activated_at=ago(restored) if restored else None,
    )


def use(text: str) -> Use:
    """`:tag`, `@image` or `:tag@image` of this repository, or a whole reference."""
    if text[0] not in ":@":
        return Use(Reference.parse(text), "file", text, "listed")
    tag, _, name = text.removeprefix(":").partition("@")
    found = Reference(REGISTRY.host, REGISTRY, "app", tag or None, digest(name) if name else None)
    return Use(found, "file", text, "listed")


def rule(**values: Any) -> Rule:
    for key in ("expires", "keep_pulled_within", "delete_archived_after"):
        if key in values:
            values[key] = span(values[key])
    if "action" in values:
        values["action"] = Action(values["action"])
    if "keep_tag_patterns" in values:
        values["keep_tag_patterns"] = tuple(values["keep_tag_patterns"])
    return Rule(NamePattern("app", is_glob=False), **values)


def ago(text: str) -> datetime:
    return NOW - span(text.removesuffix(" ago"))


def span(text: str) -> timedelta:
    number, unit = text.split()
    return timedelta(seconds=int(number) * UNITS[unit.removesuffix("s")])


# -- the tests ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_a_story_of_the_specification(path):
    story = read(path)
    names = {digest(name): name for name in [*story.images, "gone"]}
    made = {names[decision.image.digest]: decision for decision in story.decide()}
    expected = {name: as_mapping(value) for name, value in story.decisions.items()}
    assert {
        name: compared(decision, names, expected.get(name, {})) for name, decision in made.items()
    } == expected


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_order_of_a_story_changes_nothing(path):
    story = read(path)
    backwards = replace(
        story,
        images=dict(reversed(list(story.images.items()))),
        manifests=dict(reversed(list(story.manifests.items()))),
        uses=story.uses[::-1],
    )
    assert backwards.decide() == story.decide()


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_a_file_begins_with_a_sentence_and_expects_something_of_each_image(path):
    text = yaml.safe_load(path.read_text())
    assert next(iter(text)) == "sentence"
    assert text["sentence"][0].isupper()
    assert text["sentence"].endswith(".")
    assert list(text["decisions"]) == list(text["images"])


def test_every_reason_has_a_story():
    expected = {
        Reason(as_mapping(value)["reason"])
        for path in STORIES
        for value in yaml.safe_load(path.read_text())["decisions"].values()
    }
    assert expected == set(Reason) - {Reason.UNSCANNED}, "and that one is decided by `planning`"


def as_mapping(value: Any) -> dict[str, Any]:
    return {"reason": value} if isinstance(value, str) else value


def compared(
    decision: Decision, names: Mapping[str, str], asked: Mapping[str, Any]
) -> dict[str, Any]:
    """Of a decision what the story expects something of; the reason is always expected."""
    everything = {
        "reason": decision.reason.value,
        "related": names.get(decision.related or ""),
        "detail": decision.detail,
        "uses": [use.user for use in decision.uses],
        "action": decision.action.value,
    }
    return {key: value for key, value in everything.items() if key in {"reason", *asked}}
