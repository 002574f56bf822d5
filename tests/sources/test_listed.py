"""A listing that several sources need is asked once."""

from collections.abc import Iterator

import pytest

from ecrm.errors import AwsError
from ecrm.sources.ecs.operations import LIST_CLUSTERS, LIST_SERVICES
from ecrm.sources.listed import Listed


def test_a_listing_is_asked_once_for_all():
    asked: list[str] = []

    def read() -> Iterator[str]:
        asked.append("clusters")
        yield from ("a", "b")

    listed = Listed()
    assert [[*listed.once(LIST_CLUSTERS, read)] for _ in range(2)] == [["a", "b"]] * 2
    assert asked == ["clusters"]
    assert [*listed.once(LIST_SERVICES, lambda: ["c"])] == ["c"]


def test_what_a_listing_named_before_it_failed_is_known_to_all_and_so_is_the_failure():
    asked: list[str] = []

    def read() -> Iterator[str]:
        asked.append("clusters")
        yield "a"
        raise AwsError("ecs:ListClusters: oops")

    listed = Listed()
    for found in (listed.once(LIST_CLUSTERS, read), listed.once(LIST_CLUSTERS, read)):
        assert next(found) == "a"
        with pytest.raises(AwsError, match="oops"):
            next(found)
    assert asked == ["clusters"]
