"""What may happen to an account between a plan and its deletions."""

from __future__ import annotations

from collections.abc import Callable

from tests.fake_aws import Image

from .account import Account, Key, key, with_all_that_belongs
from .driving import Desk

Change = Callable[[Account], list[Image]]
"""Changes the account; the images that must now be kept."""


def a_deployment(account: Account) -> list[Image]:
    image = account.repository("shop/batch").image("build-7")
    ecs = account.aws.ecs
    ecs.cluster("prod").service("web").deploy(ecs.task_definition("web", image))
    return [image]


def a_task_by_digest(account: Account) -> list[Image]:
    image = account.repository("shop/functions").image(
        next(iter(sorted(digest for name, digest in account.deletable if name == "shop/functions")))
    )
    ecs = account.aws.ecs
    ecs.cluster("empty").run(ecs.task_definition("by-digest", image.by_digest))
    return [image]


def a_function(account: Account) -> list[Image]:
    image = account.repository("shop/batch").image("build-9")
    account.aws.lambda_.function("new", image)
    return [image]


def an_alias(account: Account) -> list[Image]:
    many = account.aws.lambda_.functions["many"]
    many.alias("rolled-back", "8")
    digest = many.versions["8"].code.digest
    return [account.repository("shop/functions").image(str(digest))]


def a_tag_that_moves(account: Account) -> list[Image]:
    """From one deletable image onto another."""
    batch = account.repository("shop/batch")
    before, after = batch.image("build-1"), batch.image("build-2")
    batch.tag(after, "build-1")
    return [before, after]


def a_tag_that_is_kept(account: Account) -> list[Image]:
    batch = account.repository("shop/batch")
    image = batch.image("build-3")
    batch.tag(image, "latest")
    return [image]


def a_new_tag(account: Account) -> list[Image]:
    batch = account.repository("shop/batch")
    image = batch.image("build-4")
    batch.tag(image, "v4")
    return [image]


def a_tag_on_an_index(account: Account) -> list[Image]:
    """Its children are kept with it, and what refers to any of them."""
    api = account.repository("shop/api")
    index = api.image("v0")
    api.tag(index, "release")
    return [index]


def a_tag_on_a_nested_index(account: Account) -> list[Image]:
    """The index around it may be deleted; what is in it is kept."""
    api = account.repository("shop/api")
    [inner] = [image for image in map(api.image, api.image("nested").children) if image.is_index]
    api.tag(inner, "inner-release")
    return [inner]


def a_new_index_around_an_image(account: Account) -> list[Image]:
    batch = account.repository("shop/batch")
    image = batch.image("build-5")
    batch.push_index("multi", children=[image])
    return [image]


def an_image_to_archive(account: Account) -> list[Image]:
    cold = account.repository("cold/archive")
    image = cold.image("v1")
    account.aws.lambda_.function("cold", image)
    return [image]


CHANGES: list[Change] = [
    a_deployment,
    a_task_by_digest,
    a_function,
    an_alias,
    a_tag_that_moves,
    a_tag_that_is_kept,
    a_new_tag,
    a_tag_on_an_index,
    a_tag_on_a_nested_index,
    a_new_index_around_an_image,
    an_image_to_archive,
]


def skipped(desk: Desk, images: list[Image]) -> set[Key]:
    """They are no longer deletable, nor is what belongs to them."""
    assert {key(image) for image in images} <= desk.account.deletable
    keys = with_all_that_belongs(images) & desk.account.deletable
    assert keys
    desk.account.deletable -= keys
    desk.in_use |= keys
    return keys


def everything(account: Account) -> list[list[Image]]:
    """All changes at once; they are about different images."""
    return [change(account) for change in CHANGES]
