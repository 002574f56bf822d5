"""Which uses are those of an image, and which of them name an image that is not there."""

from ecrm.model.image import Image
from ecrm.model.reference import Registry
from ecrm.planning.uses import RepositoryUses, UsesByRepository
from tests.stubs import HOST, REGISTRY
from tests.values import digest, numbered, use_of

OTHER = Registry("999999999999", "us-east-1")


def by_digest(number: int, tag: str = "") -> str:
    """A reference to an image of the repository `app`."""
    return f"{HOST}/app{tag}@{digest(number)}"


def by_tag(tag: str) -> str:
    return f"{HOST}/app:{tag}"


def uses_of_app(*texts: str) -> RepositoryUses:
    found = [use_of(text, f"user {place}") for place, text in enumerate(texts)]
    return UsesByRepository(found).of([REGISTRY], "app")


def missing(images: list[Image], *texts: str) -> tuple[str, ...]:
    return uses_of_app(*texts).missing_from(images)


# What is not there


def test_without_uses_nothing_is_missing():
    assert missing([numbered(1)]) == ()
    assert missing([]) == ()


def test_a_digest_or_a_tag_that_no_image_has_is_missing():
    assert missing([numbered(1, "v1")], by_digest(2)) == (f"@{digest(2)}",)
    assert missing([numbered(1, "v1")], by_tag("v2")) == (":v2",)
    assert missing([], by_tag("v2"), by_digest(1)) == (":v2", f"@{digest(1)}")


def test_a_digest_or_a_tag_that_an_image_has_is_there():
    assert missing([numbered(1, "v1"), numbered(2)], by_digest(2), by_tag("v1")) == ()


def test_a_use_with_both_is_met_by_its_digest_where_its_tag_was_deleted():
    assert missing([numbered(1)], by_digest(1, ":v1")) == ()


def test_a_use_with_both_of_which_neither_is_there_is_missing_by_both():
    assert missing([numbered(2)], by_digest(1, ":v1")) == (":v1", f"@{digest(1)}")


def test_a_tag_is_missing_where_one_of_its_uses_has_nothing_else():
    """The digest of one use does not help another, which will pull the tag."""
    assert missing([numbered(1)], by_digest(1, ":v1"), by_tag("v1")) == (":v1",)
    assert missing([numbered(1)], by_tag("v1"), by_digest(1, ":v1")) == (":v1",)


def test_a_tag_whose_uses_all_have_their_digest_is_not_missing():
    assert missing([numbered(1), numbered(2)], by_digest(1, ":v1"), by_digest(2, ":v1")) == ()


def test_a_tag_is_missing_where_the_digest_of_one_of_its_uses_is():
    found = missing([numbered(1)], by_digest(1, ":v1"), by_digest(2, ":v1"))
    assert found == (":v1", f"@{digest(2)}")


# Whose an image is


def test_an_image_is_used_by_its_digest_and_by_each_of_its_tags_once():
    uses = uses_of_app(by_digest(1, ":v1"), by_digest(1), by_tag("v2"), by_tag("v3"))
    found = uses.of(numbered(1, "v1", "v2"))
    assert [use.user for use in found] == ["user 0", "user 1", "user 2"]
    assert uses.of(numbered(2)) == ()


def test_uses_come_in_the_order_of_their_text():
    index = UsesByRepository([use_of(by_tag("v1"), "b"), use_of(by_tag("v1"), "a")])
    assert [use.user for use in index.of([REGISTRY], "app").of(numbered(1, "v1"))] == ["a", "b"]


def test_uses_are_of_their_own_registry_and_repository():
    there = f"{OTHER.host}/app:v1"
    index = UsesByRepository(map(use_of, (there, f"{HOST}/web:v1", "public.ecr.aws/app:v1")))
    assert not index.of([REGISTRY], "app").by_tag
    assert [str(use.reference) for use in index.of([OTHER], "app").by_tag["v1"]] == [there]
    assert len(index.of([REGISTRY, OTHER], "app").by_tag["v1"]) == 1


def test_more_uses_are_added_to_those_of_the_same_and_of_other_repositories():
    first = UsesByRepository([use_of(by_tag("v1"), "a"), use_of(f"{HOST}/web:v1")])
    both = first.plus([use_of(by_tag("v1"), "b"), use_of(f"{HOST}/tools:v1")])
    assert [use.user for use in both.of([REGISTRY], "app").by_tag["v1"]] == ["a", "b"]
    assert "v1" in both.of([REGISTRY], "web").by_tag
    assert "v1" in both.of([REGISTRY], "tools").by_tag
    assert [use.user for use in first.of([REGISTRY], "app").by_tag["v1"]] == ["a"]


def test_a_host_that_may_stand_for_any_registry_counts_for_each():
    index = UsesByRepository([use_of("registry.example.com/app:v1")])
    assert "v1" in index.of([REGISTRY], "app").by_tag
    assert "v1" in index.of([OTHER], "app").by_tag


# How many are in use


def in_use(*texts: str) -> int:
    return UsesByRepository([use_of(text, str(place)) for place, text in enumerate(texts)]).count(
        REGISTRY
    )


def test_images_in_use_are_counted_once_and_by_digest_where_there_is_one():
    assert in_use(by_digest(1, ":v1"), by_digest(1, ":v2"), by_digest(1)) == 1
    assert in_use(by_digest(1, ":v1"), by_digest(2, ":v1")) == 2
    assert in_use(by_tag("v1"), by_tag("v1"), by_tag("v2")) == 2
    assert in_use(f"{OTHER.host}/app:v1") == 0


def test_the_same_tag_in_another_repository_is_another_image_in_use():
    index = UsesByRepository(map(use_of, (by_tag("v1"), f"{HOST}/web:v1", f"{OTHER.host}/app:v1")))
    assert index.count(REGISTRY) == 2
    assert index.count(OTHER) == 1


def test_a_repository_that_nothing_names_has_no_uses():
    assert RepositoryUses().of(numbered(1, "v1")) == ()
    assert RepositoryUses().missing_from([numbered(1, "v1")]) == ()
