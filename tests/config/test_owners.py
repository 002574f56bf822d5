"""Who owns a repository."""

import pytest

from ecrm.config.owners import Owners

TAGGED = {"team": "search", "cost": "x"}
PATTERNS = {"ml-*/*": "ml", "ml-gpu/*": "gpu", "exact": "me"}


@pytest.mark.parametrize(
    ("owners", "repository", "tags", "expected"),
    [
        (Owners("team", PATTERNS), "ml-a/b", TAGGED, "search"),
        (Owners("owner", PATTERNS), "ml-a/b", TAGGED, "ml"),
        (Owners("team", PATTERNS), "ml-a/b", {"team": ""}, "ml"),
        (Owners(None, PATTERNS), "ml-a/b", TAGGED, "ml"),
        (Owners(None, PATTERNS), "ml-gpu/b", {}, "ml"),
        (Owners(None, PATTERNS), "exact", {}, "me"),
        (Owners(None, PATTERNS), "shop/api", {}, "shop"),
        (Owners(), "shop/api/v1", TAGGED, "shop"),
        (Owners(), "api", TAGGED, "(no prefix)"),
    ],
)
def test_the_first_that_says_something_counts(owners, repository, tags, expected):
    assert owners.of(repository, tags) == expected
