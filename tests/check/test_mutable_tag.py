"""The rule `mutable_tag`: a tag in use cannot be moved, and has not been."""

from typing import Any

from ecrm.check.rules.mutable_tag import moved_to
from ecrm.model.image import Image
from ecrm.model.reference import RepositoryKey
from ecrm.registry.tag_mutability import Mutability
from tests.check.inputs import inputs_of, repositories, violations, whats
from tests.values import HOME, digest, image, index, use

KEY = RepositoryKey(HOME, "app")
MUTABLE = {KEY: Mutability(mutable=True)}


def inventory_of(*images: Image) -> Any:
    return repositories(app=list(images))


def test_a_tag_in_use_of_a_repository_whose_tags_can_be_moved_is_reported():
    images = inventory_of(image("a", "v1"), image("b", "v2"), image("c", "v3"))
    found = inputs_of(images, use("app:v2"), use("app:v1"), mutability=MUTABLE)
    (violation,) = violations("mutable_tag", found)
    assert violation.what == "in use by tags that can be moved: v1, v2"
    assert str(violation.where) == f"{HOME}/app"
    assert "put-image-tag-mutability" in violation.next_step


def test_many_tags_are_shortened():
    images = [image(name, name) for name in "abcdefg"]
    uses = [use(f"app:{name}") for name in "abcdefg"]
    assert whats("mutable_tag", inputs_of(inventory_of(*images), *uses, mutability=MUTABLE)) == [
        "in use by tags that can be moved: a, b, c, d, e and 2 more"
    ]


def test_an_immutable_tag_and_one_that_is_excluded_are_no_violation():
    images = inventory_of(image("a", "v1"), image("b", "dev-1"))
    uses = use("app:v1"), use("app:dev-1")
    fixed = {KEY: Mutability(mutable=False)}
    assert not whats("mutable_tag", inputs_of(images, *uses, mutability=fixed))
    but_dev = {KEY: Mutability(mutable=False, excluded=("dev-*",))}
    assert whats("mutable_tag", inputs_of(images, *uses, mutability=but_dev)) == [
        "in use by tags that can be moved: dev-1"
    ]


def test_a_use_by_digest_is_no_violation():
    found = inputs_of(inventory_of(image("a", "v1")), use(f"app@{digest('a')}"), mutability=MUTABLE)
    assert not whats("mutable_tag", found)


def test_where_the_setting_is_not_known_nothing_is_said_of_it():
    assert not whats("mutable_tag", inputs_of(inventory_of(image("a", "v1")), use("app:v1")))


def test_a_tag_that_has_moved_since_is_reported_with_both_images():
    found = inputs_of(inventory_of(image("a"), image("b", "v1")), use(f"app:v1@{digest('a')}"))
    (violation,) = violations("mutable_tag", found)
    assert violation.what == (
        f"the tag v1 was moved: what runs is {digest('a')[:19]}, and the tag now means "
        f"{digest('b')[:19]}"
    )
    assert str(violation.where) == f"{HOME}/app:v1"
    assert violation.next_step == "deploy again to run what the tag means, or deploy by digest"


def test_a_tag_that_means_what_runs_has_not_moved():
    assert not whats(
        "mutable_tag", inputs_of(inventory_of(image("a", "v1")), use(f"app:v1@{digest('a')}"))
    )


def test_the_platform_image_of_the_index_that_the_tag_means_has_not_moved():
    images = inventory_of(index("multi", "v1"), index("inner"), image("arm"))
    found = inputs_of(
        images,
        use(f"app:v1@{digest('arm')}"),
        children={KEY: {digest("multi"): (digest("inner"),), digest("inner"): (digest("arm"),)}},
    )
    assert not whats("mutable_tag", found)
    assert [image.digest for image in moved_to(found)[KEY]] == [digest("multi")]


def test_the_platform_image_of_another_index_has_moved():
    images = inventory_of(index("multi", "v1"), image("arm"), image("old"))
    children = {KEY: {digest("multi"): (digest("arm"),)}}
    found = inputs_of(images, use(f"app:v1@{digest('old')}"), children=children)
    assert len(whats("mutable_tag", found)) == 1


def test_only_where_a_tag_seems_to_have_moved_are_children_asked_for():
    assert not moved_to(inputs_of(inventory_of(index("multi", "v1")), use("app:v1")))
