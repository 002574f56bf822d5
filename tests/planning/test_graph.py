"""Which images belong together, and in which order they are deleted."""

from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given, settings

from ecrm.model.image import Image
from ecrm.planning.graph import ImageGraph, deletion_stages, image_graph, is_artifact, own_tags
from tests import values
from tests.strategies import Case, cases, examples, referrer_tag
from tests.values import (
    DOCKER_CONFIG,
    DOCKER_LIST,
    HELM,
    NOW,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
    SOCI_V1,
    SOCI_V2,
    digest,
)

A, B, C, D, E = (digest(name) for name in "abcde")
ALREADY_GONE = digest("gone")


image = partial(values.image, days=0)


def graph(*images: Image, **children: list[str]) -> ImageGraph:
    manifests = {digest(name): tuple(named) for name, named in children.items()}
    return image_graph({image.digest: image for image in images}, manifests)


def stages(found: ImageGraph, *digests: str) -> list[set[str]]:
    return [set(stage) for stage in deletion_stages(digests, found)]


# -- links ----------------------------------------------------------------------------------------


def test_an_index_and_its_children_know_each_other_at_any_depth():
    found = graph(*map(image, "abcd"), a=[B, C], b=[C, D])
    assert found.children == {A: (B, C), B: (C, D)}
    assert set(found.indexes_of(C)) == {A, B}
    assert set(found.ancestors(D)) == {A, B}
    assert found.keep_closure([A]) == {A, B, C, D}
    assert found.keep_closure([B]) == {B, C, D}
    assert found.keep_closure([D]) == {D}
    assert not found.indexes_of(A)


def test_b21_a_child_that_is_missing_is_left_out_and_makes_the_index_broken():
    found = graph(*map(image, "ab"), a=[B, ALREADY_GONE], b=[])
    assert found.children == {A: (B,), B: ()}
    assert found.broken == {A}


def test_the_manifest_of_an_image_that_is_missing_says_nothing():
    found = graph(image("b"), a=[B, ALREADY_GONE])
    assert not found.children
    assert not found.indexes_of(B)
    assert not found.broken


def test_b20_a_child_that_is_named_twice_is_one_child():
    found = graph(*map(image, "ab"), a=[B, B])
    assert found.indexes_of(B) == (A,)
    assert stages(found, A, B) == [{A}, {B}]


def test_an_index_is_not_its_own_child():
    found = graph(image("a"), a=[A])
    assert not found.indexes_of(A)
    assert stages(found, A) == [{A}]


@pytest.mark.parametrize("suffix", ["", ".sig", ".att", ".sbom"])
def test_b19_a_tag_names_the_subject(suffix):
    found = graph(image("a"), image("b", referrer_tag(A, suffix)))
    assert found.subjects == {B: (A,)}
    assert found.referrers == {A: (B,)}
    assert found.followers == {B}
    assert found.held_by(B) == (A,)
    assert found.is_referrer(B)
    assert not found.is_referrer(A)
    assert not found.orphans


@pytest.mark.parametrize(
    "tag",
    [
        f"sha256-{'a' * 63}",
        f"sha256-{'a' * 65}.sig",
        f"sha256-{'A' * 64}.sig",
        f"sha256:{'a' * 64}",
        f"x-sha256-{'a' * 64}",
        f"sha256-{'a' * 64}.sig.bak",
        "sha256-",
    ],
)
def test_b19_a_tag_that_only_resembles_those_of_referrers_is_the_image_s_own(tag):
    lone = image("a", tag)
    assert own_tags(lone) == (tag,)
    assert not graph(lone).is_referrer(A)


def test_b19_a_subject_is_named_by_the_manifest_or_by_tags_or_by_both():
    referrer = image("c", referrer_tag(A, ".sig"), referrer_tag(ALREADY_GONE), subject=B)
    found = graph(image("a"), image("b"), referrer)
    assert set(found.subjects[C]) == {A, B}
    assert found.keep_closure([A]) == {A, C}
    assert found.keep_closure([B]) == {B, C}


def test_b19_a_referrer_all_of_whose_subjects_are_gone_is_an_orphan():
    found = graph(
        image("a", referrer_tag(ALREADY_GONE, ".sig")),
        image("b", "v1", subject=ALREADY_GONE),
        image("c", artifact_type=SOCI_V1),
        image("d", "v2", referrer_tag(ALREADY_GONE, ".sig")),
    )
    assert found.orphans == {A, B, C}
    assert not found.subjects
    assert not found.followers


def test_b19_a_soci_index_in_a_referrers_index_belongs_to_that():
    referrers = image("b", referrer_tag(A))
    found = graph(image("a"), referrers, image("c", artifact_type=SOCI_V1), b=[C])
    assert not found.orphans
    assert found.keep_closure([A]) == {A, B, C}


def test_b19_an_image_with_a_tag_of_its_own_is_kept_with_its_subject_but_not_deleted_with_it():
    found = graph(image("a"), image("b", "v1", referrer_tag(A, ".sig")))
    assert found.keep_closure([A]) == {A, B}
    assert not found.followers
    assert not found.orphans


def test_b19_an_image_that_is_tagged_with_its_own_digest_refers_to_nothing():
    lone = image("a", referrer_tag(A), referrer_tag(A, ".sig"))
    assert own_tags(lone) == lone.tags
    found = graph(lone)
    assert not found.subjects
    assert not found.is_referrer(A)


def test_b19_referrers_in_a_circle_depend_on_each_other_and_follow_nobody():
    found = graph(
        image("a", referrer_tag(B)),
        image("b", referrer_tag(C)),
        image("c", referrer_tag(A)),
        image("d", referrer_tag(A, ".sig")),
    )
    assert found.keep_closure([B]) == {A, B, C, D}
    assert found.followers == {D}
    assert found.orphans == {A, B, C}


@pytest.mark.parametrize(
    ("media_type", "artifact_type", "expected"),
    [
        (OCI_MANIFEST, OCI_CONFIG, False),
        (OCI_MANIFEST, DOCKER_CONFIG, False),
        (OCI_MANIFEST, None, False),
        (OCI_MANIFEST, SOCI_V1, False),
        (OCI_MANIFEST, SOCI_V2, True),
        (OCI_MANIFEST, HELM, True),
        (OCI_INDEX, None, False),
        (DOCKER_LIST, None, False),
        (OCI_INDEX, OCI_CONFIG, False),
        (OCI_INDEX, HELM, True),
        (None, None, False),
    ],
)
def test_an_artifact_is_what_says_that_it_is_no_container_image(
    media_type, artifact_type, expected
):
    found = Image(A, (), NOW, media_type=media_type, artifact_type=artifact_type)
    assert is_artifact(found) is expected


# -- deletion stages ------------------------------------------------------------------------------


def test_b2_indexes_are_deleted_before_their_children_outermost_first():
    found = graph(*map(image, "abcde"), a=[B], b=[C, D], e=[D])
    assert stages(found, A, B, C, D, E) == [{A, E}, {B}, {C, D}]


def test_b2_a_child_of_a_kept_index_waits_for_nobody():
    found = graph(*map(image, "ab"), a=[B])
    assert stages(found, B) == [{B}]


def test_b2_an_index_and_its_children_are_ordered_across_a_kept_one_between():
    found = graph(*map(image, "abc"), a=[B], b=[C])
    assert stages(found, A, C) == [{A, C}]


def test_b19_subjects_are_deleted_before_their_referrers():
    signature = image("b", referrer_tag(A, ".sig"))
    found = graph(image("a"), signature, image("c", subject=B))
    assert stages(found, A, B, C) == [{A}, {B}, {C}]


def test_b2_where_a_tag_makes_a_circle_indexes_are_still_deleted_before_their_children():
    """The index's only tag says that it refers to its own child."""
    found = graph(image("a", referrer_tag(B)), image("b"), image("c"), a=[B])
    assert stages(found, A, B, C) == [{C}, {A}, {B}]


def test_referrers_in_a_circle_are_deleted_together():
    found = graph(image("a", referrer_tag(B)), image("b", referrer_tag(A)))
    assert stages(found, A, B) == [{A, B}]


def test_nothing_makes_no_stage():
    assert stages(graph(image("a"))) == []


@settings(max_examples=examples(100))
@given(cases())
def test_a_stage_is_in_the_order_of_the_digests(case: Case):
    found = image_graph({image.digest: image for image in case.images}, case.manifests)
    for stage in deletion_stages([image.digest for image in case.images], found):
        assert list(stage) == sorted(stage)


@settings(max_examples=examples(100))
@given(cases())
def test_what_is_kept_with_an_image_brings_all_that_is_kept_with_it(case: Case):
    found = image_graph({image.digest: image for image in case.images}, case.manifests)
    for image in case.images:
        together = found.keep_closure([image.digest])
        assert image.digest in together
        assert found.keep_closure(together) == together


def test_a_long_chain_is_no_matter_of_recursion():
    names = [str(number) for number in range(3000)]
    images = {digest(name): image(name) for name in names}
    manifests = {digest(outer): (digest(inner),) for outer, inner in pairwise(names)}
    found = image_graph(images, manifests)
    assert len(found.keep_closure([digest("0")])) == len(names)
    assert set(found.ancestors(digest(names[-1]))) == {digest(name) for name in names[:-1]}
