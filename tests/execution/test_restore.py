"""Restoring: what is chosen, in which order it is restored, and every way in which it cannot be."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import boto3
import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from ecrm.errors import AccessDenied, AwsError, Gone, UsageError
from ecrm.execution.journal.records import Contents, Entry, Header
from ecrm.execution.restore import Restored, Result, chosen, refuse_foreign, restored
from ecrm.execution.restore.manifest import Needs, needs
from ecrm.execution.restore.selection import in_order
from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Image, Status
from ecrm.model.outcome import OutcomeStatus
from ecrm.model.reference import Registry
from ecrm.model.rule import Action
from ecrm.registry.restorer import Restorer, RestoreRehearsal
from ecrm.reports.restored import RestoreReport, restored_table
from tests.values import OCI_INDEX, OCI_MANIFEST, digest

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HERE = Registry("123456789012", "us-east-1")
THERE = Registry("123456789012", "eu-west-1")


def image(
    name: str, *tags: str, layers: Sequence[str] = ("base",), subject: str | None = None, **more
) -> Entry:
    """An image that was deleted; its layers are the digests of these names."""
    blobs = [{"mediaType": "layer", "digest": digest(layer)} for layer in layers]
    config = {"mediaType": "config", "digest": digest(f"config of {name}")}
    manifest = json.dumps({"name": name, "config": config, "layers": blobs})
    return entry(manifest, OCI_MANIFEST, tags, subject=subject, **more)


def index(*children: Entry, tags: Sequence[str] = (), **more) -> Entry:
    named = [{"digest": child.image.digest} for child in children]
    return entry(json.dumps({"manifests": named}), OCI_INDEX, tags, **more)


def entry(
    manifest: str,
    media_type: str,
    tags: Sequence[str],
    *,
    subject: str | None = None,
    answer: OutcomeStatus | None = OutcomeStatus.DELETED,
    action: Action = Action.DELETE,
    repository: str = "app",
    registry: Registry = HERE,
) -> Entry:
    facts = Image(digest(manifest), tuple(tags), NOW, 1, media_type, subject=subject)
    decision = Decision(facts, Reason.EXPIRED, action=action)
    text = None if action is Action.ARCHIVE else manifest
    return Entry(NOW, registry, repository, decision, text, answer)


def contents(*entries: Entry) -> Contents:
    return Contents(Header(NOW, "1", (HERE,), "c"), entries, None)


def digests(*entries: Entry) -> list[str]:
    return [entry.image.digest for entry in entries]


class Ecr:
    """A Restorer that remembers; what is in `fails` raises when that digest is asked for."""

    def __init__(self, *there: Image, gone: Sequence[str] = ()) -> None:
        self.there = list(there)
        self.states = {digest(name): "UNAVAILABLE" for name in gone}
        self.fails: dict[str, AwsError] = {}
        self.holders: dict[str, str] = {}
        self.calls: list[tuple[str | None, ...]] = []
        self.asked: list[str] = []

    def images(self, repository: str) -> list[Image]:
        if repository in self.fails:
            raise self.fails[repository]
        return self.there

    def layers(self, repository: str, digests: Sequence[str]) -> dict[str, str]:
        self.asked += digests
        return {digest: self.states.get(digest, "AVAILABLE") for digest in digests}

    def put(
        self, repository: str, image: Image, manifest: str, tag: str | None = None
    ) -> str | None:
        self.calls.append((image.digest, tag))
        if error := self.fails.get(tag or "") or self.fails.get(image.digest):
            raise error
        assert digest(manifest) == image.digest
        return self.holders.get(tag or "")

    def activate(self, repository: str, digest: str) -> None:
        self.calls.append(("activate", digest))
        if digest in self.fails:
            raise self.fails[digest]


def put_back(ecr: Ecr, *entries: Entry) -> list[Restored]:
    return list(restored(entries, lambda _: ecr))  # type: ignore[arg-type, return-value]


def results(outcomes: Sequence[Restored]) -> list[tuple[Result, str]]:
    return [(outcome.result, outcome.detail) for outcome in outcomes]


# -- what is chosen -------------------------------------------------------------------------------


def test_what_was_deleted_or_archived_or_never_answered_comes_back():
    there = [image(f"{answer}", answer=answer) for answer in (*OutcomeStatus, None)]
    found = chosen(contents(*there))
    assert {entry.status for entry in found} == {
        OutcomeStatus.DELETED,
        OutcomeStatus.ARCHIVED,
        None,
    }


@pytest.mark.parametrize(
    "name",
    [
        "app",
        "app:v1",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/app",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1",
        "app@{}",
        "app:v1@{}",
        "cname.example.com/app:v1",
        "{}",
        "{:.13}",
    ],
)
def test_an_image_can_be_named_in_every_usual_way(name):
    v1, other = image("1", "v1"), image("2", "v1", repository="other")
    text = name.format(v1.image.digest)
    assert chosen(contents(v1, other), [text]) == (v1,)
    assert chosen(contents(v1, other), [text.removeprefix("sha256:")]) == (v1,)


@pytest.mark.parametrize(
    "name",
    [
        "ap",
        "app:v2",
        "app:latest",
        "app:v2@{}",
        "app@sha256:" + "0" * 64,
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app",
        "ghcr.io/app:v1",
        "{:.12}",
        "abcdef",
    ],
)
def test_a_name_that_selects_nothing_is_an_error(name):
    v1 = image("1", "v1")
    text = name.format(v1.image.digest)
    with pytest.raises(UsageError) as error:
        chosen(contents(v1), ["app", text])
    assert str(error.value) == f"{text}: the journal has no such image"


def test_what_cannot_name_an_image_is_an_error():
    with pytest.raises(UsageError, match="'A!' is not an image reference, nor the beginning of a"):
        chosen(contents(image("1")), ["A!"])


def test_the_beginning_of_several_digests_is_an_error():
    a, b = (
        Entry(NOW, HERE, "app", Decision(Image(digest, (), NOW), Reason.EXPIRED), None)
        for digest in ("sha256:" + "abcdef" + c * 58 for c in "12")
    )
    with pytest.raises(UsageError, match="abcdef: several digests begin like that"):
        chosen(contents(a, b), ["abcdef"])
    assert chosen(contents(a, b), ["abcdef2"]) == (b,)


def test_a_repository_may_be_called_like_a_digest():
    facade, other = image("1", repository="facade"), image("2")
    assert chosen(contents(facade, other), ["facade"]) == (facade,)


def test_what_is_named_comes_back_whatever_the_answer_was():
    lost = image("1", "v1", answer=OutcomeStatus.ALREADY_GONE)
    assert chosen(contents(lost)) == ()
    assert chosen(contents(lost), ["app:v1"]) == (lost,)


def test_children_and_referrers_come_with_what_is_named():
    child = image("1", answer=OutcomeStatus.ALREADY_GONE)
    nested = index(child)
    outer = index(nested, tags=["v1"])
    signature = image("2", subject=outer.image.digest)
    cosign = image("3", child.image.digest.replace(":", "-") + ".sig")
    bystander = image("4", "v2")
    journal = contents(outer, nested, child, signature, cosign, bystander)
    assert chosen(journal, ["app:v1"]) == (outer, nested, child, signature, cosign)
    assert chosen(journal, [nested.image.digest]) == (nested, child, cosign)


# -- the order ------------------------------------------------------------------------------------


def test_children_are_restored_before_indexes_and_subjects_before_referrers():
    child = image("1")
    nested = index(child)
    outer = index(nested, tags=["v1"])
    signature = image("2", subject=outer.image.digest)
    of_signature = image("3", subject=signature.image.digest)
    everything = [of_signature, signature, outer, nested, child]
    assert list(in_order(everything)) == everything[::-1]


def test_tags_in_a_circle_do_not_keep_children_from_going_first():
    a, b = (image(name) for name in "ab")
    both = index(a, b)
    tag = both.image.digest.replace(":", "-")
    circular = image("a", tag)
    assert [entry.image.digest for entry in in_order([both, circular, b])][-1] == both.image.digest


@given(st.permutations(range(6)), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5))))
def test_every_entry_has_its_turn_once_and_after_what_it_needs(order, links):
    made: list[Entry] = []
    for place in range(6):
        children = [made[child] for parent, child in links if parent == place and child < place]
        made.append(index(*children) if children else image(f"{place}"))
    distinct = list(
        {entry.image.digest: entry for entry in (made[place] for place in order)}.values()
    )
    found = list(in_order(distinct))
    assert sorted(digests(*found)) == sorted(digests(*distinct))
    for place, entry in enumerate(found):
        named = json.loads(entry.manifest or "").get("manifests", ())
        assert {child["digest"] for child in named} <= set(digests(*found[:place]))


# -- one image ------------------------------------------------------------------------------------


def test_an_image_is_restored_with_each_of_its_tags():
    ecr, deleted = Ecr(), image("1", "v1", "v2")
    assert put_back(ecr, deleted) == [
        Restored(HERE, "app", deleted.image.digest, ("v1", "v2"), Result.RESTORED, changed=True)
    ]
    assert ecr.calls == [(deleted.image.digest, "v1"), (deleted.image.digest, "v2")]


def test_an_untagged_image_is_restored_in_one_call():
    ecr, deleted = Ecr(), image("1")
    assert results(put_back(ecr, deleted)) == [(Result.RESTORED, "")]
    assert ecr.calls == [(deleted.image.digest, None)]


def test_a_tag_is_left_to_the_image_that_has_it_now():
    ecr = Ecr(Image("sha256:new", ("v1",), NOW))
    ecr.holders["v2"] = "sha256:newer"  # pushed after the repository was read
    deleted = image("1", "v1", "v2")
    (outcome,) = put_back(ecr, deleted)
    assert outcome.result is Result.RESTORED
    assert outcome.detail == (
        "the tag v1 stays with sha256:new, which has it now; "
        "the tag v2 stays with sha256:newer, which has it now"
    )
    assert ecr.calls == [(deleted.image.digest, "v2"), (deleted.image.digest, None)]


def test_what_is_there_already_only_gets_the_tags_that_nobody_has():
    deleted = image("1", "v1", "v2", "v3")
    ecr = Ecr(Image(deleted.image.digest, ("v1",), NOW), Image("sha256:new", ("v2",), NOW))
    assert results(put_back(ecr, deleted)) == [
        (
            Result.THERE,
            "the tag v3 is put back; the tag v2 stays with sha256:new, which has it now",
        )
    ]
    assert ecr.calls == [(deleted.image.digest, "v3")]


def test_what_is_there_with_all_its_tags_costs_no_call():
    deleted = image("1", "v1")
    ecr = Ecr(Image(deleted.image.digest, ("v1", "more"), NOW))
    assert results(put_back(ecr, deleted)) == [(Result.THERE, "")]
    assert not ecr.calls
    assert not ecr.asked


def test_without_all_layers_an_image_cannot_be_restored():
    ecr = Ecr(gone=("a", "b"))
    two, one = image("1", "v1", layers=("a", "b", "c", "d")), image("2", layers="a")
    assert results(put_back(ecr, two, one)) == [
        (Result.FAILED, "2 of 5 layers are gone"),
        (Result.FAILED, "1 of 2 layers is gone"),
    ]
    assert ecr.calls == []


def test_a_layer_that_is_archived_is_not_called_gone():
    ecr = Ecr()
    ecr.states[digest("base")] = "ARCHIVED"
    assert results(put_back(ecr, image("1"))) == [
        (Result.FAILED, "1 of 2 layers is not to be had (ARCHIVED)")
    ]


def test_no_layer_is_asked_for_twice():
    ecr = Ecr()
    put_back(ecr, image("1"), image("2"))
    assert len(ecr.asked) == len(set(ecr.asked)) == 3


def test_layers_that_live_elsewhere_are_not_asked_for():
    blobs = [
        {"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "digest": "f"},
        {"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar", "digest": "n"},
        {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": "l"},
    ]
    ecr = Ecr()
    put_back(ecr, entry(json.dumps({"layers": blobs}), OCI_MANIFEST, ()))
    assert ecr.asked == ["l"]


ELSEWHERE = "https://example.com/layer"


@pytest.mark.parametrize(
    "manifest",
    [
        {"layers": [{"mediaType": "foreign", "digest": "f", "urls": [ELSEWHERE]}]},
        {"layers": [{"mediaType": "tar", "digest": "f", "urls": [ELSEWHERE, "https://b"]}]},
        {"layers": [], "config": {"digest": "f", "urls": [ELSEWHERE]}},
    ],
    ids=["foreign", "layer", "configuration"],
)
def test_b38_an_image_with_parts_from_elsewhere_is_restored_only_if_it_is_named(manifest):
    """Whoever forges a journal needs no layer in ECR, and no digest of an image that was there."""
    forged, ecr = entry(json.dumps(manifest), OCI_MANIFEST, ("v1",)), Ecr()
    (outcome,) = put_back(ecr, forged)
    assert (outcome.result, ecr.calls) == (Result.FAILED, [])
    assert outcome.detail == (
        f"whoever pulls it would fetch parts of it from {ELSEWHERE}; name the image to restore it "
        "all the same"
    )
    restorers = lambda _: ecr  # noqa: E731
    (outcome,) = restored([forged], restorers, urls_allowed=True)  # type: ignore[arg-type]
    assert outcome.result is Result.RESTORED


def test_an_index_says_which_of_its_images_cannot_be_restored():
    child = image("1", layers=["lost"])
    nested, ecr = index(child), Ecr(gone=["lost"])
    outer = index(nested)
    lost = "1 of 2 layers is gone"
    because = f"its image {child.image.digest} cannot be put back: {lost}"
    assert results(put_back(ecr, outer, nested, child)) == [
        (Result.FAILED, lost),
        (Result.FAILED, because),
        (Result.FAILED, f"its image {nested.image.digest} cannot be put back: {because}"),
    ]
    assert ecr.calls == []


def test_an_index_whose_child_was_never_there_cannot_be_restored():
    child = image("1")
    (outcome,) = put_back(Ecr(), index(child))
    assert outcome.result is Result.FAILED
    assert outcome.detail == (
        f"its image {child.image.digest} cannot be put back: it is neither there nor in the journal"
    )


def test_an_index_is_restored_over_children_that_are_there():
    child = image("1")
    ecr, parent = Ecr(child.image), index(child, tags=["v1"])
    assert results(put_back(ecr, parent)) == [(Result.RESTORED, "")]
    assert ecr.asked == []


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        (None, "the journal has no manifest of it; ECR returns none of an archived image"),
        ('{"altered": 1}', "its manifest in the journal does not have this digest"),
    ],
)
def test_a_manifest_that_is_not_the_one_is_never_put(manifest, why):
    good = image("1", "v1")
    bad = Entry(NOW, HERE, "app", good.decision, manifest)
    ecr = Ecr()
    assert results(put_back(ecr, bad)) == [(Result.FAILED, why)]
    there = Ecr(Image(good.image.digest, (), NOW))
    assert results(put_back(there, bad)) == [(Result.THERE, "")]
    assert ecr.calls == there.calls == []


DEEP = '{"layers": ' + "[" * 100_000


@pytest.mark.parametrize(
    "manifest",
    [
        *("no json", "[]", '{"layers": [1]}', '{"manifests": [{}]}', DEEP, "9" * 5000),
        *('{"manifests": [{"digest": ["a"]}]}', '{"layers": {"a": 1}}', '{"config": 7}'),
        '{"layers": [{"digest": "a", "mediaType": 7}]}',
        '{"layers": [{"digest": "a", "urls": 7}]}',
    ],
    ids=lambda manifest: manifest[:40],
)
def test_what_is_no_manifest_is_never_put(manifest):
    ecr = Ecr()
    (outcome,) = put_back(ecr, entry(manifest, OCI_MANIFEST, ()))
    assert outcome.result is Result.FAILED
    assert outcome.detail.startswith("its manifest in the journal cannot be read: ")
    assert ecr.calls == []


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["digest", "urls", "mediaType", "layers", "config", "manifests"]), inner
        )
    ),
)


@given(JSON)
def test_whatever_a_manifest_says_is_understood_or_one_value_error(content):
    with suppress(ValueError):
        assert isinstance(needs(json.dumps(content)), Needs)


# -- archived images ------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [OutcomeStatus.ARCHIVED, None])
def test_an_archived_image_is_brought_back(answer):
    archived = image("1", "v1", action=Action.ARCHIVE, answer=answer)
    ecr = Ecr(Image(archived.image.digest, ("v1",), NOW, status=Status.ARCHIVED))
    assert results(put_back(ecr, archived)) == [(Result.RESTORING, "")]
    assert ecr.calls == [("activate", archived.image.digest)]


@pytest.mark.parametrize(
    ("action", "status", "result", "detail"),
    [
        (Action.ARCHIVE, Status.ACTIVE, Result.THERE, ""),
        (Action.ARCHIVE, Status.ACTIVATING, Result.RESTORING, ""),
        (Action.DELETE, Status.ARCHIVED, Result.THERE, "archived, as it was"),
    ],
)
def test_an_image_that_needs_no_activation_gets_none(action, status, result, detail):
    deleted = image("1", "v1", action=action)
    ecr = Ecr(Image(deleted.image.digest, ("v1",), NOW, status=status))
    assert results(put_back(ecr, deleted)) == [(result, detail)]
    assert ecr.calls == []


def test_an_archived_index_brings_its_children_although_no_manifest_names_them():
    child, other = image("1", action=Action.ARCHIVE), image("2", action=Action.ARCHIVE)
    nested, outer = (index(inner, action=Action.ARCHIVE) for inner in (child, other))
    child = replace(child, held_by=(nested.image.digest,))
    nested = replace(nested, held_by=(outer.image.digest,))
    bystander = image("3", action=Action.ARCHIVE)
    journal = contents(outer, nested, child, bystander)
    assert chosen(journal, [outer.image.digest]) == (outer, nested, child)
    assert chosen(journal, [nested.image.digest]) == (nested, child)
    assert list(in_order([outer, nested, child])) == [child, nested, outer]


def test_what_refers_to_an_archived_image_comes_after_it():
    subject = image("1", action=Action.ARCHIVE)
    held_by = (subject.image.digest,)
    signature = replace(image("2", subject=held_by[0], action=Action.ARCHIVE), held_by=held_by)
    assert list(in_order([signature, subject])) == [subject, signature]


# -- what AWS refuses -----------------------------------------------------------------------------


def test_one_image_that_fails_does_not_stop_the_others():
    first, second, third = (image(name) for name in "123")
    ecr = Ecr()
    ecr.fails[second.image.digest] = AwsError("ecr:PutImage: LimitExceededException: too many")
    assert [outcome.result for outcome in put_back(ecr, first, second, third)] == [
        Result.RESTORED,
        Result.FAILED,
        Result.RESTORED,
    ]


def test_an_image_that_could_not_be_put_keeps_its_index_from_going_back():
    child = image("1")
    ecr = Ecr()
    ecr.fails[child.image.digest] = AwsError("no")
    assert results(put_back(ecr, index(child), child)) == [
        (Result.FAILED, "no"),
        (Result.FAILED, f"its image {child.image.digest} cannot be put back: no"),
    ]


def test_an_image_without_all_its_tags_is_back_but_not_done():
    child = image("1", "v1", "v2")
    ecr = Ecr()
    ecr.fails["v2"] = AwsError("no")
    assert results(put_back(ecr, child, index(child))) == [
        (Result.FAILED, "it is there, but not with all tags: no"),
        (Result.RESTORED, ""),
    ]


def test_what_fails_twice_in_the_same_way_ends_the_work_of_its_registry():
    entries = [image(name) for name in "123"] + [image("4", repository="other")]
    ecr = Ecr()
    for entry in entries:
        ecr.fails[entry.image.digest] = AwsError("the credentials have expired")
    not_tried = "not tried after an earlier error: the credentials have expired"
    assert results(put_back(ecr, *entries)) == [
        (Result.FAILED, "the credentials have expired"),
        (Result.FAILED, "the credentials have expired"),
        (Result.FAILED, not_tried),
        (Result.FAILED, not_tried),
    ]
    assert len(ecr.calls) == 2


@pytest.mark.parametrize("error", [AccessDenied("denied", "ecr:PutImage"), Gone("repository")])
def test_what_concerns_one_repository_does_not_stop_the_next(error):
    here = [image(name) for name in "123"]
    ecr = Ecr()
    for entry in here:
        ecr.fails[entry.image.digest] = error
    outcomes = put_back(ecr, *here, image("4", repository="other"))
    assert [outcome.result for outcome in outcomes] == [Result.FAILED] * 3 + [Result.RESTORED]
    assert outcomes[2].detail == f"not tried after an earlier error: {error}"


@pytest.mark.parametrize(
    ("error", "next_one"),
    [
        (Gone("no repository"), Result.RESTORED),
        (AccessDenied("denied", "ecr:DescribeImages"), Result.RESTORED),
        (AwsError("no network"), Result.FAILED),
    ],
)
def test_a_repository_that_cannot_be_read_gets_nothing_back(error, next_one):
    ecr = Ecr()
    ecr.fails["app"] = error
    outcomes = put_back(ecr, image("1"), image("2"), image("3", repository="other"))
    assert results(outcomes[:2]) == [(Result.FAILED, str(error))] * 2
    assert outcomes[2].result is next_one


def test_each_registry_has_a_restorer_of_its_own():
    asked: list[Registry] = []

    def restorer_for(registry: Registry):
        asked.append(registry)
        return Ecr()

    entries = [
        image("1"),
        image("2", repository="other"),
        image("3", registry=THERE),
    ]
    assert len(list(restored(entries, restorer_for))) == 3
    assert asked == [HERE, THERE]


def of_two_registries() -> tuple[Entry, Entry]:
    """Of repositories that have the same name."""
    return image("here", "v1", registry=HERE), image("there", "v1", registry=THERE)


def test_each_image_is_put_into_the_registry_that_its_entry_names():
    here, there = of_two_registries()
    registries = {HERE: Ecr(), THERE: Ecr()}
    outcomes = list(restored([here, there], registries.__getitem__))  # type: ignore[arg-type]
    assert [(outcome.registry, outcome.digest, outcome.result) for outcome in outcomes] == [
        (HERE, here.image.digest, Result.RESTORED),
        (THERE, there.image.digest, Result.RESTORED),
    ]
    assert registries[HERE].calls == [(here.image.digest, "v1")]
    assert registries[THERE].calls == [(there.image.digest, "v1")]


def test_an_error_in_one_registry_ends_the_work_of_that_registry_only():
    here, there = of_two_registries()
    registries = {HERE: Ecr(), THERE: Ecr()}
    registries[HERE].fails["app"] = AwsError("no network")
    entries = [here, image("more", registry=HERE, repository="other"), there]
    outcomes = list(restored(entries, registries.__getitem__))  # type: ignore[arg-type]
    assert results(outcomes) == [
        (Result.FAILED, "no network"),
        (Result.FAILED, "not tried after an earlier error: no network"),
        (Result.RESTORED, ""),
    ]


def test_images_of_a_registry_that_the_run_does_not_have_are_refused_by_its_name():
    here, there = of_two_registries()
    refuse_foreign([here, there], (THERE, HERE), "journal.jsonl")
    with pytest.raises(UsageError) as refused:
        refuse_foreign([here, there], (HERE,), "journal.jsonl")
    assert str(refused.value) == (
        "journal.jsonl has images of 123456789012/eu-west-1, and this is 123456789012/us-east-1"
    )


# -- the calls themselves -------------------------------------------------------------------------


@pytest.fixture
def ecr():
    made = boto3.client(
        "ecr", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(made) as stub:
        yield made, stub
        stub.assert_no_pending_responses()


def test_a_rehearsal_reads_as_a_restorer_does_and_has_no_client_that_writes(ecr):
    client, stub = ecr
    target = SimpleNamespace(registry=HERE, ecr=client, writing_ecr=pytest.fail)
    blobs = [digest("config of 1"), digest("base")]
    layers = [{"layerDigest": blob, "layerAvailability": "AVAILABLE"} for blob in blobs]
    archived = image("2", action=Action.ARCHIVE)
    row = {"imageDigest": archived.image.digest, "imagePushedAt": NOW, "imageStatus": "ARCHIVED"}
    stub.add_response("describe_images", {"imageDetails": [row]})
    stub.add_response("batch_check_layer_availability", {"layers": layers})
    outcomes = list(restored([ONE, archived], lambda _: RestoreRehearsal(target)))  # type: ignore[arg-type]
    assert results(outcomes) == [(Result.RESTORED, ""), (Result.RESTORING, "")]
    assert [outcome.changed for outcome in outcomes] == [True, True]


@pytest.fixture
def restorer(ecr) -> Restorer:
    client, _ = ecr
    target = SimpleNamespace(registry=HERE, ecr=client, writing_ecr=lambda: client)
    return Restorer(target)  # type: ignore[arg-type]


AT = {"registryId": "123456789012", "repositoryName": "app"}
ONE = image("1", "v1")
PUT = {
    **AT,
    "imageManifest": ONE.manifest,
    "imageManifestMediaType": OCI_MANIFEST,
    "imageDigest": ONE.image.digest,
}
ANSWER = {"image": {"imageId": {"imageDigest": ONE.image.digest}}}


def put(restorer: Restorer, tag: str | None = None) -> str | None:
    return restorer.put("app", ONE.image, ONE.manifest or "", tag)


def test_the_manifest_is_put_word_for_word(ecr, restorer):
    ecr[1].add_response("put_image", ANSWER, PUT)
    assert put(restorer) is None


def test_a_tag_is_put_only_if_nobody_has_it_at_that_moment(ecr, restorer):
    asked = {**AT, "imageIds": [{"imageTag": "v1"}]}
    ecr[1].add_client_error(
        "describe_images", "ImageNotFoundException", expected_params=asked, http_status_code=400
    )
    ecr[1].add_response("put_image", ANSWER, PUT | {"imageTag": "v1"})
    assert put(restorer, "v1") is None
    held = {"imageDetails": [{"imageDigest": digest("new"), "imagePushedAt": NOW}]}
    ecr[1].add_response("describe_images", held, asked)
    assert put(restorer, "v1") == digest("new")


def test_not_knowing_who_has_a_tag_leaves_it(ecr, restorer):
    ecr[1].add_client_error("describe_images", "RepositoryNotFoundException", "gone")
    with pytest.raises(Gone):
        put(restorer, "v1")


def test_an_image_that_exists_by_now_is_back(ecr, restorer):
    ecr[1].add_client_error("put_image", "ImageAlreadyExistsException", "there")
    assert put(restorer) is None


def test_a_digest_that_aws_does_not_confirm_is_an_error(ecr, restorer):
    other = {"image": {"imageId": {"imageDigest": digest("other")}}}
    ecr[1].add_response("put_image", other, PUT)
    with pytest.raises(AwsError, match=f"AWS stored it as {digest('other')}"):
        put(restorer)


def test_what_aws_refuses_to_take_is_reported(ecr, restorer):
    ecr[1].add_client_error("put_image", "LayersNotFoundException", "no layers")
    with pytest.raises(AwsError, match="ecr:PutImage: LayersNotFoundException: no layers"):
        put(restorer)


def test_a_refusal_of_one_image_never_ends_the_run(ecr, restorer):
    ecr[1].add_response("describe_images", {"imageDetails": []})
    for deleted in (image("1"), image("2"), image("3")):
        states = json.loads(deleted.manifest or "")
        named = [states["config"], *states["layers"]]
        layers = [{"layerDigest": b["digest"], "layerAvailability": "AVAILABLE"} for b in named]
        ecr[1].add_response("batch_check_layer_availability", {"layers": layers})
        ecr[1].add_client_error("put_image", "InvalidParameterException", "not this type")
    outcomes = list(restored([image(name) for name in "123"], lambda _: restorer))
    why = "ecr:PutImage: InvalidParameterException: not this type"
    assert results(outcomes) == [(Result.FAILED, why)] * 3


def test_layers_are_asked_for_a_hundred_at_a_time(ecr, restorer):
    names = [digest(f"{number}") for number in range(130)]
    states = {names[0]: "UNAVAILABLE", names[129]: "ARCHIVED"}
    for chunk in (names[:100], names[100:]):
        layers = [
            {"layerDigest": layer, "layerAvailability": states.get(layer, "AVAILABLE")}
            for layer in chunk
            if layer not in (names[5], names[6])
        ]
        failures = [{"layerDigest": names[5], "failureCode": "InvalidLayerDigest"}]
        ecr[1].add_response(
            "batch_check_layer_availability",
            {"layers": layers, "failures": failures if names[5] in chunk else []},
            {**AT, "layerDigests": chunk},
        )
    found = restorer.layers("app", names)
    assert {layer: state for layer, state in found.items() if state != "AVAILABLE"} == states | {
        names[5]: "InvalidLayerDigest",
        names[6]: "not answered",
    }


def test_an_archived_image_is_moved_to_the_standard_class(ecr, restorer):
    ecr[1].add_response(
        "update_image_storage_class",
        {"imageStatus": "ACTIVATING"},
        {**AT, "imageId": {"imageDigest": "sha256:a"}, "targetStorageClass": "STANDARD"},
    )
    restorer.activate("app", "sha256:a")


# -- how it looks ---------------------------------------------------------------------------------


def test_results_are_counted_and_what_is_not_back_is_named():
    def one(repository: str, name: str, result: Result, detail: str = "", *tags: str) -> Restored:
        return Restored(HERE, repository, f"sha256:{name}", tags, result, detail)

    outcomes = [
        one("web", "1", Result.RESTORED),
        one("web", "2", Result.RESTORED, "the tag v2 stays with sha256:9, which has it now", "v2"),
        one("web", "3", Result.RESTORING),
        one("api", "4", Result.THERE),
        one("api", "5", Result.FAILED, "2 of 5 layers are gone", "v1", "v1.0"),
    ]
    assert restored_table(RestoreReport(outcomes, 5)).splitlines() == [
        " REPOSITORY   | RESTORED   | RESTORING   | THERE ALREADY   | NOT RESTORED",
        "--------------+------------+-------------+-----------------+----------------",
        " api          |            |             | 1               | 1",
        " web          | 2          | 1           |                 |",
        "",
        "Restored 2 of 5 images.",
        "1 archived image is being restored, which takes up to 20 minutes.",
        "Restored: web@sha256:2 (v2): the tag v2 stays with sha256:9, which has it now",
        "Failed: api@sha256:5 (v1, v1.0): 2 of 5 layers are gone",
    ]


def test_nothing_to_restore_is_reported():
    assert restored_table(RestoreReport([], 0)).endswith("Restored 0 of 0 images.")
    there = [Restored(HERE, "web", f"sha256:{n}", (), Result.THERE) for n in range(19)]
    for planned in (False, True):
        report = RestoreReport(there, 19, planned=planned)
        assert restored_table(report).endswith("\nAll 19 images are there already.")
    assert restored_table(RestoreReport(there, 20)).endswith("\nRestored 0 of 20 images; 1 left.")


def test_what_would_be_restored_is_said_in_other_words():
    outcomes = [
        Restored(HERE, "web", "sha256:1", (), Result.RESTORED),
        Restored(HERE, "web", "sha256:2", (), Result.RESTORING),
        Restored(HERE, "web", "sha256:3", (), Result.FAILED, "2 of 5 layers are gone"),
    ]
    assert restored_table(RestoreReport(outcomes, 3, planned=True)).splitlines() == [
        " REPOSITORY   | TO RESTORE   | TO UNARCHIVE   | THERE ALREADY   | NOT RESTORABLE",
        "--------------+--------------+----------------+-----------------+------------------",
        " web          | 1            | 1              |                 | 1",
        "",
        "1 of 3 images can be restored.",
        "1 archived image is to be restored, which takes up to 20 minutes.",
        "Failed: web@sha256:3: 2 of 5 layers are gone",
    ]
