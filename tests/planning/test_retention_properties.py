"""What holds for every repository, whatever is in it."""

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import Phase, assume, find, given, settings
from hypothesis import strategies as st

from ecrm.model.decision import Reason
from ecrm.model.image import Image, Status
from ecrm.model.rule import Action
from ecrm.planning.graph import deletion_stages, image_graph
from ecrm.planning.retention import decide, needs_manifests
from tests.planning.naive_model import kept
from tests.strategies import Case, Named, cases, examples, names
from tests.values import NOW

OFTEN = settings(max_examples=examples(300))

_NAMES_SUBJECT = re.compile(r"sha256-([0-9a-f]{64})(?:\.(?:sig|att|sbom))?")


def named_subjects(image: Image) -> set[str]:
    named = {f"sha256:{match[1]}" for tag in image.tags if (match := _NAMES_SUBJECT.fullmatch(tag))}
    return (named | {image.subject or image.digest}) - {image.digest}


def children_of(case: Case, digest: str) -> set[str]:
    return set(case.manifests.get(digest, ())) - {digest}


@OFTEN
@given(cases())
def test_every_image_gets_exactly_one_decision(case):
    decided = Counter(decision.image.digest for decision in case.decide())
    assert decided == Counter(image.digest for image in case.images)


@OFTEN
@given(cases())
def test_nothing_in_use_is_deleted(case):
    by_tag = {tag: image.digest for image in case.images for tag in image.tags}
    used = {by_tag.get(named.tag or "") for named in case.named}
    used |= {named.digest for named in case.named}
    assert not case.gone() & used


@OFTEN
@given(cases())
def test_no_index_of_an_image_in_use_is_deleted(case):
    used = {decision.image.digest for decision in case.decide() if decision.reason is Reason.IN_USE}
    gone = case.gone()
    assert not [index for index in gone if children_of(case, index) & used]


@OFTEN
@given(cases())
def test_no_child_of_a_kept_image_is_deleted(case):
    gone = case.gone()
    for image in case.images:
        if image.digest not in gone:
            assert not children_of(case, image.digest) & gone


@OFTEN
@given(cases())
def test_no_referrer_of_a_kept_image_is_deleted(case):
    gone = case.gone()
    remaining = {image.digest for image in case.images} - gone
    for image in case.images:
        if image.digest in gone:
            assert not named_subjects(image) & remaining


@OFTEN
@given(cases())
def test_planning_again_what_is_left_deletes_nothing(case):
    assert not case.applied().gone()


@OFTEN
@given(cases(), names())
def test_one_more_use_never_adds_a_deletion(case, named):
    assert replace(case, named=(*case.named, named)).gone() <= case.gone()


@OFTEN
@given(cases(), st.sampled_from(range(9)))
def test_one_more_use_of_an_image_that_is_there_never_adds_a_deletion(case, place):
    if case.images:
        named = Named(digest=case.images[place % len(case.images)].digest)
        assert replace(case, named=(*case.named, named)).gone() <= case.gone()


@OFTEN
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_inputs_does_not_matter(case, random):
    images, named = list(case.images), list(case.named)
    random.shuffle(images)
    random.shuffle(named)
    manifests = dict(random.sample(sorted(case.manifests.items()), len(case.manifests)))
    shuffled = replace(case, images=tuple(images), named=tuple(named), manifests=manifests)
    assert [
        (decision.image, decision.reason, decision.detail, decision.related)
        for decision in shuffled.decide()
    ] == [
        (decision.image, decision.reason, decision.detail, decision.related)
        for decision in case.decide()
    ]


@OFTEN
@given(cases())
def test_one_more_slot_never_adds_a_deletion(case):
    more = case.with_rule(keep_count=case.rule.keep_count + 1)
    assert more.gone() <= case.gone()


@OFTEN
@given(cases(), st.sampled_from([timedelta(seconds=1), timedelta(days=1), timedelta(days=15)]))
def test_a_longer_expires_never_adds_a_deletion(case, longer):
    assert case.with_rule(expires=case.rule.expires + longer).gone() <= case.gone()


@OFTEN
@given(cases(), st.sampled_from([timedelta(days=1), timedelta(days=31), timedelta(days=90)]))
def test_a_longer_keep_pulled_within_never_adds_a_deletion(case, window):
    within = max(window, case.rule.keep_pulled_within or window)
    assert case.with_rule(keep_pulled_within=within).gone() <= case.gone()


@OFTEN
@given(cases(), st.sampled_from(["latest", "v?", "*", "*.sig"]))
def test_one_more_pattern_never_adds_a_deletion(case, pattern):
    patterns = (*case.rule.keep_tag_patterns, pattern)
    assert case.with_rule(keep_tag_patterns=patterns).gone() <= case.gone()


@OFTEN
@given(cases())
def test_nothing_younger_than_the_guard_is_deleted(case):
    for decision in case.decide():
        if decision.deletable:
            assert decision.image.pushed_at <= NOW - case.min_age


@OFTEN
@given(cases(), st.sampled_from([timedelta(days=1), timedelta(days=32)]))
def test_a_longer_min_age_never_adds_a_deletion(case, longer):
    assert replace(case, min_age=case.min_age + longer).gone() <= case.gone()


@OFTEN
@given(cases())
def test_what_is_archived_is_deleted_only_after_delete_after(case):
    after = case.rule.delete_archived_after
    for decision in case.decide():
        if decision.deletable and decision.image.status is not Status.ACTIVE:
            assert decision.image.archived_at
            assert after
            assert decision.image.archived_at <= NOW - after
            assert decision.action is Action.DELETE
        elif decision.deletable:
            assert decision.action is case.rule.action


@OFTEN
@given(cases())
def test_artifacts_are_deleted_only_where_the_rule_asks(case):
    deleted_by_default = case.with_rule(delete_artifacts=False).gone()
    assert deleted_by_default <= case.with_rule(delete_artifacts=True).gone()


@OFTEN
@given(cases())
def test_manifests_are_read_wherever_they_could_change_a_deletion(case):
    if not needs_manifests(case.images, case.uses, case.rule, NOW):
        alone = decide(case.images, {}, case.uses, case.rule, NOW, min_age=case.min_age)
        assert {decision.image.digest for decision in alone if decision.deletable} == case.gone()


@OFTEN
@given(cases())
def test_deletion_stages_hold_each_deletion_once_and_indexes_before_their_children(case):
    graph = image_graph({image.digest: image for image in case.images}, case.manifests)
    gone = case.gone()
    stages = list(deletion_stages(gone, graph))
    assert Counter(gone_digest for stage in stages for gone_digest in stage) == Counter(gone)
    place = {digest: number for number, stage in enumerate(stages) for digest in stage}
    for index in gone:
        for child in children_of(case, index) & gone:
            assert place[index] < place[child]


@OFTEN
@given(cases())
def test_deletion_stages_hold_subjects_before_their_referrers(case):
    """Wherever no tag makes a circle of the links."""
    case = replace(case, manifests={})
    graph = image_graph({image.digest: image for image in case.images}, {})
    gone = case.gone()
    stages = list(deletion_stages(gone, graph))
    place = {digest: number for number, stage in enumerate(stages) for digest in stage}
    pairs = [
        (subject, at)
        for image in case.images
        for subject in named_subjects(image)
        for at in [image.digest]
    ]
    assume(is_acyclic(pairs))
    for subject, referrer in pairs:
        if subject in gone and referrer in gone:
            assert place[subject] < place[referrer]


def is_acyclic(pairs: list[tuple[str, str]]) -> bool:
    while pairs:
        starts = {subject for subject, _ in pairs} - {referrer for _, referrer in pairs}
        if not starts:
            return False
        pairs = [pair for pair in pairs if pair[0] not in starts]
    return True


@OFTEN
@given(cases())
def test_two_ways_to_write_the_rules_down_agree(case):
    expected = kept(
        case.images,
        case.manifests,
        used_digests=[named.digest for named in case.named if named.digest],
        used_tags=[named.tag for named in case.named if named.tag],
        rule=case.rule,
        now=NOW,
        min_age=case.min_age,
    )
    assert expected == {image.digest for image in case.images} - case.gone()


@pytest.mark.slow
@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.UNSCANNED])
def test_random_repositories_show_every_reason(reason):
    """A property says nothing about what its examples never show."""
    find(
        cases(),
        lambda case: any(decision.reason is reason for decision in case.decide()),
        settings=settings(max_examples=3000, database=None, phases=[Phase.generate]),
    )
