"""Corners of retention that random repositories seldom reach."""

from datetime import timedelta
from itertools import pairwise

import pytest

from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Image, Kind
from ecrm.model.pattern import NamePattern
from ecrm.model.rule import Rule
from ecrm.planning.graph import deletion_stages, image_graph
from ecrm.planning.retention import decide, needs_manifests
from ecrm.planning.uses import RepositoryUses
from tests.strategies import Case, Named, referrer_tag
from tests.values import HELM, NOW, OCI_INDEX, SOCI_V1, digest, image, index, links

RULE = Rule(NamePattern("app", False), timedelta(days=30))
NO_USES = RepositoryUses()


def decisions(case: Case) -> dict[str, Decision]:
    """By digest."""
    return {decision.image.digest: decision for decision in case.decide()}


def by_digest(*names: str) -> list[str]:
    """These names, in the order of their digests."""
    return sorted(names, key=digest)


# Who depends on whom


@pytest.mark.parametrize("kept_by", ["tag", "use"])
def test_children_of_a_kept_index_are_kept_at_any_depth(kept_by):
    """Each level is a deletion that would break the one above it."""
    outermost = index("0", "latest" if kept_by == "tag" else "v1")
    inner = [index(str(depth)) for depth in range(1, 6)]
    case = Case(
        (outermost, *inner, image("6")),
        links(**{str(depth): [str(depth + 1)] for depth in range(6)}),
        (Named(tag="v1"),) if kept_by == "use" else (),
    )
    found = decisions(case)
    for depth in range(1, 7):
        decided = found[digest(str(depth))]
        assert (decided.reason, decided.related) == (Reason.CHILD, digest(str(depth - 1)))


def test_referrers_of_a_kept_image_are_kept_at_any_depth():
    names = [str(depth) for depth in range(6)]
    chain = [image(name, subject=digest(before)) for before, name in pairwise(names)]
    found = decisions(Case((image("0", "latest"), *chain), {}))
    assert {found[digest(name)].reason for name in names[1:]} == {Reason.REFERRER}


def test_of_two_indexes_that_keep_a_child_the_first_by_digest_is_named():
    first, second = by_digest("a", "b")
    older, newer = index(first, "latest", days=90), index(second, "latest-2", days=80)
    rule = Rule(NamePattern("app", False), timedelta(days=30), keep_tag_patterns=("latest*",))
    case = Case((older, newer, image("c")), links(a=["c"], b=["c"]), rule=rule)
    assert decisions(case)[digest("c")].related == digest(first)


def test_of_two_children_in_use_the_last_by_digest_is_named_for_their_index():
    first, last = by_digest("a", "b")
    images = (index("c"), image(first, "v1", days=80), image(last, "v2", days=90))
    case = Case(images, links(c=[first, last]), (Named(tag="v1"), Named(tag="v2")))
    decided = decisions(case)[digest("c")]
    assert (decided.reason, decided.related) == (Reason.IN_USE, digest(last))


def test_of_several_subjects_the_first_by_digest_is_named():
    subjects = [f"subject {number}" for number in range(8)]
    tags = [referrer_tag(digest(subject)) for subject in subjects]
    follower = image("f", *tags)
    graph = image_graph({member.digest: member for member in (follower, *map(image, subjects))}, {})
    assert graph.subjects[follower.digest] == tuple(sorted(map(digest, subjects)))


def test_an_index_without_a_type_wins_its_slot_before_one_with_a_type():
    """What it keeps takes no slot from the others."""
    outer = index("outer", "v1", days=40)
    inner = index("inner", "v2", days=50, artifact_type=HELM)
    other = index("other", "v3", days=60, artifact_type=HELM)
    rule = Rule(NamePattern("app", False), timedelta(days=30), keep_count=1, delete_artifacts=True)
    found = decisions(Case((outer, inner, other), links(outer=["inner"]), rule=rule))
    assert {name: found[digest(name)].reason for name in ("outer", "inner", "other")} == {
        "outer": Reason.KEEP_COUNT,
        "inner": Reason.CHILD,
        "other": Reason.KEEP_COUNT,
    }


# Whether manifests are needed


def test_without_an_index_no_manifest_is_needed():
    assert not needs_manifests([image("a", "v1")], NO_USES, RULE, NOW)
    assert not needs_manifests([], NO_USES, RULE, NOW)


def test_manifests_are_needed_where_there_is_an_index_and_a_deletion():
    assert needs_manifests([image("a", "v1"), index("b", days=1)], NO_USES, RULE, NOW)
    assert not needs_manifests([image("a", "latest"), index("b", days=1)], NO_USES, RULE, NOW)


def test_whether_manifests_are_needed_does_not_depend_on_a_guard():
    hours_old = image("a", "v1", days=0.1)
    rule = Rule(NamePattern("app", False), timedelta(hours=1), keep_count=0)
    assert needs_manifests([hours_old, index("b", days=0.01)], NO_USES, rule, NOW)


def test_any_iterable_of_images_does():
    assert needs_manifests(iter([image("a", "v1"), index("b")]), NO_USES, RULE, NOW)
    assert len(decide(iter([image("a", "v1")]), {}, NO_USES, RULE, NOW)) == 1


# Families


def broken(*images: Image, **indexes: list[str]) -> frozenset[str]:
    return image_graph({image.digest: image for image in images}, links(**indexes)).broken


def test_an_index_is_broken_where_any_of_its_children_is_missing():
    there = (index("i"), image("a"), image("b"))
    assert broken(*there, i=["a", "b"]) == frozenset()
    assert broken(*there, i=[]) == frozenset()
    assert broken(*there, i=["a", "lost"]) == {digest("i")}
    assert broken(*there, i=["lost"]) == {digest("i")}
    assert broken(image("a"), i=["lost"]) == frozenset()


def test_an_index_that_calls_itself_one_of_soci_is_an_index():
    soci = index("i", artifact_type=SOCI_V1)
    assert (soci.media_type, soci.kind) == (OCI_INDEX, Kind.INDEX)
    assert image_graph({soci.digest: soci}, {}).orphans == frozenset()


def test_even_indexes_in_a_circle_are_all_in_a_stage():
    """Digests make that impossible; a run that never ends would be the worse answer."""
    images = {member.digest: member for member in (index("a"), index("b"), image("c"))}
    graph = image_graph(images, links(a=["b"], b=["a", "c"]))
    assert sorted(sum(deletion_stages(images, graph), ())) == sorted(images)
