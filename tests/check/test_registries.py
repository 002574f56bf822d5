"""Two registries may have a repository of the same name; check never mixes them up."""

import json
from typing import Any

from ecrm.check.lifecycle.conflict import conflicts
from ecrm.check.lifecycle.evaluation import evaluate
from ecrm.check.lifecycle.reading import parse_policy
from ecrm.check.repositories import repository_indexes
from ecrm.check.values import CheckInputs, LifecycleConflicts
from ecrm.model.image import Image
from ecrm.model.reference import Registry, RepositoryKey, display_name
from ecrm.registry.tag_mutability import Mutability
from tests.check.inputs import config, in_file, inputs_of, violations, whats
from tests.check.test_lifecycle_rule import POLICY
from tests.values import HOME, NOW, RepositoryIndex, Shelf, image, use

AWAY = Registry("210987654321", "us-east-1")


def inputs(home: list[Image], away: list[Image], *uses: Any, **more: Any) -> CheckInputs:
    """With a repository `app` in each of the two registries."""
    held = {HOME: home, AWAY: away}
    shelf = Shelf(
        {key: {"app": RepositoryIndex(tuple(images), {})} for key, images in held.items()}
    )
    return inputs_of(shelf, *uses, **more)


def places(rule: str, found: CheckInputs) -> list[str]:
    return [str(violation.where) for violation in violations(rule, found)]


def test_the_name_alone_is_enough_while_there_is_one_registry():
    key = RepositoryKey(HOME, "app")
    assert display_name(key, [HOME, HOME]) == "app"
    assert display_name(key, [HOME, AWAY]) == f"{HOME}/app"


def test_an_image_is_missing_only_from_the_registry_that_the_use_names():
    found = inputs([], [image("a", "v1")], use("app:v1"), use("app:v1", where=AWAY))
    assert whats("missing_image", found) == [f"{HOME}/app:v1 is needed, and is not in ECR"]
    assert places("missing_image", found) == [f"{HOME}/app:v1"]


def test_a_similar_name_of_another_registry_is_not_meant():
    shelf = Shelf(
        {HOME: {"other": RepositoryIndex((), {})}, AWAY: {"app": RepositoryIndex((), {})}}
    )
    found = inputs_of(shelf, file_uses=(in_file("ap:v1"),))
    assert whats("missing_image", found) == [
        f"{HOME}/ap:v1 is needed, and {HOME} has no repository ap"
    ]


def test_an_image_that_a_file_names_is_deleted_from_its_own_registry():
    home, away = [image("a", "v1", days=1)], [image("b", "v1", days=90)]
    files = (in_file("app:v1"), in_file(f"{AWAY.host}/app:v1"))
    found = inputs(home, away, file_uses=files)
    assert places("pending_deletion", found) == [f"{AWAY}/app:v1"]
    (what,) = whats("pending_deletion", found)
    assert what.startswith(f"{AWAY}/app:v1 is named in a file")


def test_deletable_and_stored_images_of_two_registries_are_not_added_up():
    limits = "overdue: {max_images: 1}, budget: {max_bytes: 19}"
    images = [image("a", "v1", days=40), image("b", "v2", days=40)]
    assert not places("overdue", inputs(images[:1], images[1:], settings=config(limits)))
    found = inputs(images, [image("c", "v1", days=1)], settings=config(limits))
    assert places("overdue", found) == [f"{HOME}/app"]
    assert places("budget", found) == [f"{HOME}/app"]


def test_a_tag_is_mutable_only_where_the_setting_says_so():
    images = [image("a", "v1")]
    setting = {
        RepositoryKey(HOME, "app"): Mutability(mutable=False),
        RepositoryKey(AWAY, "app"): Mutability(mutable=True),
    }
    uses = use("app:v1"), use("app:v1", where=AWAY)
    assert places("mutable_tag", inputs(images, images, *uses, mutability=setting)) == [
        f"{AWAY}/app"
    ]


def test_a_lifecycle_policy_is_about_its_own_registry():
    uses = (use("app:v1", where=AWAY),)
    found = inputs([image("a", "v1")], [image("b", "v1")], *uses)
    key = RepositoryKey(AWAY, "app")
    decisions = tuple(repository_indexes(found.plan)[key].images.values())
    preview = evaluate(
        parse_policy(json.dumps(POLICY), "policy.json"),
        [decision.image for decision in decisions],
        NOW,
    )
    taken = {key: LifecycleConflicts(conflicts(decisions, preview), "ecrm")}
    again = inputs([image("a", "v1")], [image("b", "v1")], *uses, lifecycle_conflicts=taken)
    assert whats("lifecycle", again) == [
        f"ECR's lifecycle policy deletes {AWAY}/app:v1, which is in use"
    ]


def test_each_registry_has_its_unmanaged_repositories():
    rules = "repositories: [{name: other, expires: 30d}]\n"
    found = inputs([], [], settings=config("", rules))
    assert [place for place in places("unmanaged", found) if "app" in place] == [
        f"{HOME}/app",
        f"{AWAY}/app",
    ]
