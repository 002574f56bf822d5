"""Pulls that ecrm itself made by reading manifests, and what is left without them."""

from datetime import timedelta

from ecrm.model.image import OwnReading
from ecrm.model.reference import RepositoryKey
from ecrm.planning.repository import RepositoryState, as_others_pulled
from tests.values import HOME, NOW, digest, image, index

SECOND = timedelta(seconds=1)
BEFORE = NOW - timedelta(days=40)
READ = OwnReading(NOW - SECOND, NOW, BEFORE)


def pulls(*, children: tuple[str, ...], reading: OwnReading = READ) -> list[object]:
    """When others pulled an index with these children, and its child `amd64`; both were pulled now,
    by what ECR recorded."""
    held, child = index("multi", "v1", pulled_at=NOW), image("amd64", pulled_at=NOW)
    readings = {held.digest: reading, child.digest: reading}
    state = RepositoryState(
        RepositoryKey(HOME, "app"),
        (held, child),
        {held.digest: tuple(map(digest, children))},
        (readings,),
    )
    return [one.pulled_at for one in as_others_pulled(state).images]


def test_b45_the_own_pull_of_an_index_is_none_and_the_one_before_it_counts():
    assert pulls(children=("amd64", "gone")) == [BEFORE, NOW]


def test_b45_a_pull_of_an_index_none_of_whose_images_is_there_counts():
    assert pulls(children=("gone",)) == [NOW, NOW]


def test_b45_a_pull_at_another_time_counts():
    earlier = OwnReading(BEFORE, BEFORE, None)
    assert pulls(children=("amd64",), reading=earlier) == [NOW, NOW]
