"""Every way in which such a tool is known to have failed has a test that names it."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

NAME = re.compile(r"\bB\d+\b|(?<=def test_)b\d+(?=_)")
INCIDENTS = {
    "B1": "an index is kept and its images are deleted",
    "B2": "ECR refuses to delete an image of an index",
    "B3": "what AWS refused is counted as deleted",
    "B4": "more than 100 images in one call",
    "B5": "one tag of many decides about the image",
    "B6": "a tag has moved, and the digest that runs is untagged",
    "B7": "a reference with a digest is misread",
    "B8": "a deployment is under way, or a service is scaled to zero",
    "B9": "versions, aliases and weights of a function",
    "B10": "what the configuration does not name is not protected",
    "B11": "what cannot be read counts as unused",
    "B12": "one source's answer hides another's",
    "B13": "a dry run deletes",
    "B14": "the deletion is another than the plan",
    "B15": "something changes between plan and deletion",
    "B16": "an image that was never pulled counts as old",
    "B17": "reading a manifest counts as a pull",
    "B18": "a pull is recorded on the index or on its image alone",
    "B19": "signatures, attestations, SBOMs and SOCI indexes",
    "B20": "two indexes share an image",
    "B21": "an index names an image that is not there",
    "B22": "the newest images are counted wrongly",
    "B23": "AWS throttles",
    "B24": "a run is killed half-way",
    "B25": "a deletion in another registry",
    "B26": "another account or region uses the image",
    "B27": "a region or service does not exist",
    "B28": "the date of creation in an image is 1970",
    "B29": "a pattern is slow, or matches what nobody meant",
    "B30": "a deregistered task definition still runs",
    "B31": "a page is empty",
    "B32": "archived images count as those to keep",
    "B33": "others use the repository too",
    "B34": "a build begins to make indexes with attestations",
    "B35": "an answer without its member reads as an empty listing",
    "B36": "something is believed to be gone that was just named",
    "B37": "a plan file decides by itself",
    "B38": "others can write the cache or the state",
    "B39": "the SDK is older than the member that decides",
    "B40": "an empty option widens what is deleted",
    "B41": "nothing runs in the account of the registry",
    "B42": "an account that cannot be read is dropped in silence",
    "B44": "an image is used through a cache, under another name",
    "B45": "the tool's own reading counts as a pull",
    "B46": "files of a pull request run or decide in a job that holds credentials",
    "B47": "an event replaces the configuration of a function",
}


@pytest.fixture(scope="module")
def named() -> set[str]:
    """All incidents that tests and case files name, as B6 or as test_b6_..., besides this one."""
    files = [*TESTS.rglob("*.py"), *TESTS.rglob("*.yaml")]
    texts = (path.read_text() for path in files if path != Path(__file__))
    return {number.upper() for text in texts for number in NAME.findall(text)}


def test_every_incident_is_named_by_a_test(named):
    missing = [f"{number}: {what}" for number, what in INCIDENTS.items() if number not in named]
    assert not missing, "no test names\n" + "\n".join(missing)


def test_no_test_names_an_incident_that_is_not_in_the_list(named):
    assert named <= set(INCIDENTS)
