"""The examples of AWS's own guide on lifecycle policies and more of the kind, one file each.

A file has a policy in ECR's own words, images by short names, and which of them the policy matches;
`gone`, where given, is what is deleted of and with these. `source` is where the guide says so.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from ecrm.check.lifecycle.evaluation import LifecycleMatch, carried_out, evaluate
from ecrm.check.lifecycle.policy import LifecyclePolicy
from ecrm.check.lifecycle.reading import parse_policy
from ecrm.model.image import Image
from tests.planning.test_retention_cases import image
from tests.values import NOW, digest

STORIES = sorted((Path(__file__).parent / "lifecycle_cases").glob("*.yaml"))
KEYS = ["sentence", "source", "policy", "images", "matched", "gone"]


@dataclass(frozen=True)
class Story:
    policy: LifecyclePolicy
    names: Mapping[str, str]
    images: list[Image]
    manifests: Mapping[str, tuple[str, ...]]
    matched: Mapping[str, str]
    gone: Mapping[str, str]


def read(path: Path) -> Story:
    text = yaml.safe_load(path.read_text())
    assert set(text) <= set(KEYS), f"{path.name} has keys that nothing reads"
    named = text["images"]
    return Story(
        parse_policy(json.dumps({"rules": text["policy"]}), path.name),
        {digest(name): name for name in named},
        [image(name, named, **facts) for name, facts in named.items()],
        {
            digest(name): tuple(map(digest, facts["children"]))
            for name, facts in named.items()
            if "children" in facts
        },
        text["matched"],
        text.get("gone", text["matched"]),
    )


def by_name(story: Story, matches: Iterable[LifecycleMatch]) -> dict[str, str]:
    return {
        story.names[match.image.digest]: f"{match.rule.action} by {match.rule.priority}"
        + (f" with {story.names[match.via]}" if match.via else "")
        for match in matches
    }


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_a_policy_matches_what_the_guide_says(path):
    story = read(path)
    assert by_name(story, evaluate(story.policy, story.images, NOW)) == story.matched


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_of_the_matches_those_that_nothing_holds_are_deleted(path):
    story = read(path)
    preview = evaluate(story.policy, story.images, NOW)
    assert by_name(story, carried_out(preview, story.images, story.manifests)) == story.gone


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_order_in_which_images_are_listed_changes_nothing(path):
    story = read(path)
    backwards = story.images[::-1]
    preview = evaluate(story.policy, backwards, NOW)
    assert preview == evaluate(story.policy, story.images, NOW)
    assert by_name(story, carried_out(preview[::-1], backwards, story.manifests)) == story.gone


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_a_file_begins_with_a_sentence_and_its_source(path):
    text = yaml.safe_load(path.read_text())
    assert list(text)[:2] == ["sentence", "source"]
    assert text["sentence"].endswith(".")
