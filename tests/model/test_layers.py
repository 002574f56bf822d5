"""True bytes: golden numbers of an account that was computed by hand.

app   a = L1 100 + L2 20 + config 1, b = L1 100 + L3 30 + config 1, both manifests of 10
      old = L1 100 + L2 20 + L4 40 + config 1, to be deleted
web   c = L1 100 (mounted from app) + config 1
cold  an archived image of 500, whose manifest ECR does not return
"""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrm.model import layers
from ecrm.model.layers import Range, Stored, TrueBytes, blobs_of, freed_in, stored_in, true_bytes

L1, L2, L3, L4 = (1, 100), (2, 20), (3, 30), (4, 40)
A = Stored("a", 131, ((11, 10), (21, 1), L1, L2))
B = Stored("b", 141, ((12, 10), (22, 1), L1, L3))
OLD = Stored("old", 171, ((13, 10), (23, 1), L1, L2, L4), is_deleted=True)
C = Stored("c", 111, ((14, 10), (24, 1), L1))
COLD = Stored("cold", 500, None)


def exactly(size: int) -> Range:
    return Range(size, size)


def test_a_blob_that_images_share_is_stored_once_and_freed_with_its_last_image():
    app = true_bytes([A, B, OLD])
    assert app.stored == exactly(223)  # 100 + 20 + 30 + 40, three times 10 + 1
    assert app.freed == exactly(51)  # L4, and what is the image's own
    assert app.alone == {"a": 11, "b": 41, "old": 51}
    assert app.unknown == 0


def test_layers_of_which_every_owner_is_deleted_are_freed_together():
    both = true_bytes([A._replace(is_deleted=True), OLD, B])
    assert both.freed == exactly(82)  # L2 is of both, and L1 of B too
    assert sum(both.alone[name] for name in ("a", "old")) == 62


def test_nothing_is_freed_of_what_is_kept_and_everything_of_what_is_not():
    assert true_bytes([A, B]).freed == exactly(0)
    all_deleted = true_bytes([one._replace(is_deleted=True) for one in (A, B, OLD)])
    assert all_deleted.freed == all_deleted.stored == exactly(223)


def test_an_image_that_is_not_known_makes_ranges():
    kept = true_bytes([A, OLD, COLD])
    assert (kept.stored, kept.freed, kept.unknown) == (Range(182, 682), Range(0, 51), 1)
    deleted = true_bytes([A, OLD, COLD._replace(is_deleted=True)])
    assert (deleted.stored, deleted.freed) == (Range(182, 682), Range(51, 551))
    small = true_bytes([A, OLD, COLD._replace(size=5)])
    assert small.freed == Range(46, 51)


def test_blobs_may_be_stored_once_in_a_registry() -> None:
    repositories = [true_bytes([A, B, OLD]), true_bytes([C]), true_bytes([COLD])]
    assert stored_in(repositories) == Range(223 + 11, 223 + 111 + 500)
    assert stored_in([]) == freed_in([]) == Range()
    assert not Range(1, 2).is_exact
    assert exactly(3).is_exact


def test_many_blobs_are_compared_part_by_part(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(layers, "_AT_A_TIME", 2)
    test_blobs_may_be_stored_once_in_a_registry()
    test_a_blob_that_another_repository_keeps_may_not_be_freed()


def test_a_blob_that_another_repository_keeps_may_not_be_freed() -> None:
    gone = [one._replace(is_deleted=True) for one in (A, B, OLD)]
    app, web = true_bytes(gone), true_bytes([C])
    assert freed_in([app, web]) == Range(123, 223)
    also_gone = true_bytes([C._replace(is_deleted=True)])
    assert freed_in([app, also_gone]) == Range(223 + 11, 223 + 111)
    assert freed_in([true_bytes([*gone, COLD]), web]) == Range(0, 223)
    assert freed_in([true_bytes([*gone, COLD._replace(size=5)]), web]) == Range(118, 223)


IMAGES = st.lists(
    st.builds(
        lambda name, blobs, deleted: Stored(
            str(name), sum(blobs), tuple((blob, blob) for blob in sorted(blobs)), deleted
        ),
        st.integers(0, 99),
        st.sets(st.integers(1, 30), max_size=6),
        st.booleans(),
    ),
    max_size=12,
    unique_by=lambda image: image.digest,
)


@given(IMAGES)
def test_it_is_what_counting_the_blobs_before_and_after_says(images: list[Stored]):
    found = true_bytes(images)
    before = {blob for image in images for blob, _ in image.blobs or ()}
    after = {blob for image in images if not image.is_deleted for blob, _ in image.blobs or ()}
    assert found.stored == exactly(sum(before))
    assert found.freed == exactly(sum(before - after))
    assert sum(found.alone.values()) <= found.stored.high <= sum(image.size for image in images)
    assert stored_in([found, found]) == Range(sum(before), 2 * sum(before))
    assert freed_in([found]) == found.freed


def digest(number: int) -> str:
    return f"sha256:{number:016x}{'0' * 48}"


def manifest(**members: Any) -> str:
    return json.dumps({"schemaVersion": 2} | members)


def part(number: int, size: int, **more: Any) -> dict[str, Any]:
    return {"digest": digest(number), "size": size} | more


def test_an_image_stores_its_layers_its_configuration_and_its_manifest():
    text = manifest(config=part(7, 70), layers=[part(1, 100), part(2, 20), part(1, 100)])
    assert blobs_of(digest(9), text) == ((9, len(text)), (1, 100), (2, 20), (7, 70))


def test_layers_that_are_fetched_from_elsewhere_take_nothing():
    text = manifest(layers=[part(1, 100, urls=["https://example.com/layer"]), part(2, 20)])
    assert blobs_of(digest(9), text) == ((9, len(text)), (2, 20))


def test_an_index_stores_itself_and_an_artifact_its_blobs():
    index = manifest(manifests=[part(1, 100)])
    assert blobs_of(digest(9), index) == ((9, len(index)),)
    artifact = manifest(blobs=[part(1, 100)])
    assert blobs_of(digest(9), artifact) == ((9, len(artifact)), (1, 100))


@pytest.mark.parametrize(
    "text",
    [
        "{", "[]", "{}", '{"schemaVersion": 1, "fsLayers": []}',
        manifest(fsLayers=[]), manifest(layers=[{"digest": digest(1)}]),
        manifest(layers=[{"size": 1}]), manifest(layers=[{"digest": "sha256:x", "size": 1}]),
        manifest(layers=[1]), manifest(layers=3), manifest(config={"size": 1}),
        manifest(layers=[part(1, -1)]), manifest(layers=[{"digest": digest(1), "size": "1"}]),
        manifest(layers=[{"digest": "sha256:-0000000000000012", "size": 1}]), "[" * 100_000,
    ],
)  # fmt: skip
def test_a_manifest_that_says_no_sizes_is_not_known(text: str):
    assert blobs_of(digest(9), text) is None


def test_an_empty_repository_stores_nothing():
    assert true_bytes([]) == TrueBytes()
