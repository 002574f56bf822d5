"""How much of the rollback history of a controller counts."""

import pytest

from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.sources.kubernetes.history import Revision, RevisionHistory


def revision(number: int | None, owner: str = "a", **more: bool) -> Revision:
    place = (owner, number) if number is not None else None
    return Revision((note(f"{owner}{number}"),), place, **more)


def note(text: str) -> Diagnostic:
    return Diagnostic(ReadStatus.READ, text)


def counting(count: int | None, *revisions: Revision) -> set[str]:
    history = RevisionHistory(count)
    found = [item for each in revisions for item in history.add(each)]
    found += history.kept()
    return {item.text for item in found if isinstance(item, Diagnostic)}


A, B, C = revision(9), revision(10), revision(11)


@pytest.mark.parametrize("order", [(A, B, C), (C, B, A), (B, C, A)])
@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (None, {"a9", "a10", "a11"}),
        (4, {"a9", "a10", "a11"}),
        (2, {"a10", "a11"}),
        (1, {"a11"}),
        (0, set()),
    ],
)
def test_the_newest_of_each_owner_count(count, expected, order):
    assert counting(count, *order, revision(1, "b")) - {"b1"} == expected
    assert counting(count, *order, revision(1, "b")) & {"b1"} == ({"b1"} if count != 0 else set())


def test_one_that_has_pods_counts_and_takes_the_place_of_none_that_is_older():
    assert counting(1, revision(9, runs=True), B, C) == {"a9", "a11"}
    assert counting(1, A, revision(10), revision(11, runs=True)) == {"a11"}


def test_one_without_a_place_counts():
    assert counting(0, revision(None)) == {"aNone"}


def test_a_list_that_began_again_names_revisions_twice():
    """Which pushes none of the others out."""
    assert counting(2, A, B, C, B, C) == {"a10", "a11"}


def test_two_of_the_same_number_count_both():
    same = Revision((note("twin"),), ("a", 11))
    assert counting(1, B, C, same) == {"a11", "twin"}


def test_without_a_count_nothing_is_held():
    history = RevisionHistory(None)
    assert list(history.add(A)) == [note("a9")]
    assert list(history.kept()) == []
