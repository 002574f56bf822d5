"""A baseline accepts what it names, whatever the order and the digests behind tags."""

import json

import pytest

from ecrm.check import check
from ecrm.check.baseline import baseline_text, read_baseline, without_accepted
from ecrm.check.values import Findings
from ecrm.errors import InputError
from ecrm.model.use import SourceLocation
from tests.check.inputs import in_file, inputs_of, repositories
from tests.values import HOME, digest, image, use


def found(*tags: str) -> Findings:
    return check(inputs_of(repositories(app=[]), *(use(f"app:{tag}") for tag in tags)))


def accepting(old: Findings, new: Findings, *, is_whole: bool = True) -> Findings:
    accepted = read_baseline(baseline_text(old), "baseline.json")
    return without_accepted(new, accepted, is_whole=is_whole)


def test_a_baseline_has_a_readable_line_for_each_fingerprint():
    body = json.loads(baseline_text(found("v2", "v1")))
    assert body["ecrm_baseline"] == 2
    assert list(body["accepted"].values()) == [
        f"missing_image: {HOME}/app:v1",
        f"missing_image: {HOME}/app:v2",
    ]


def test_the_fingerprints_are_the_same_for_ever():
    (violation,) = found("v1").violations
    assert violation.fingerprint == "55759a70e7200642"


def test_what_is_accepted_is_set_apart_and_what_is_new_is_not():
    now = accepting(found("v1", "v2"), found("v1", "v3"))
    assert [violation.where.image for violation in now.violations] == [":v3"]
    assert [violation.where.image for violation in now.accepted] == [":v1"]
    assert now.resolved == (f"missing_image: {HOME}/app:v2",)


def test_writing_again_takes_what_was_accepted_and_drops_what_is_resolved():
    now = accepting(found("v1", "v2"), found("v1", "v3"))
    assert baseline_text(now) == baseline_text(found("v3", "v1"))


def test_another_line_and_another_digest_are_the_same_violation():
    def moved(line: int, name: str) -> Findings:
        inventory = repositories(app=[image("old"), image(name, "v1")])
        runs = use(f"app:v1@{digest('old')}")
        return check(inputs_of(inventory, runs, file_uses=(in_file("app:v9", line=line),)))

    now = accepting(moved(3, "one"), moved(30, "two"))
    assert not now.violations
    assert {violation.rule for violation in now.accepted} == {"missing_image", "mutable_tag"}
    assert SourceLocation("k8s/web.yaml", 30) in [violation.location for violation in now.accepted]


def test_another_file_is_another_violation():
    def named(file: str) -> Findings:
        return check(inputs_of(repositories(app=[]), file_uses=(in_file("app:v9", file),)))

    assert len(accepting(named("a.yaml"), named("b.yaml")).violations) == 1


def test_what_a_run_did_not_look_at_is_not_resolved():
    assert accepting(found("v1"), found("v2"), is_whole=False).resolved == ()
    incomplete = Findings(unread=(object(),))  # type: ignore[arg-type]
    assert accepting(found("v1"), incomplete).resolved == ()


NO_BASELINE = "is not a baseline that ecrm wrote"
WRITE_ONE = "write one with --write-baseline"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", f"{NO_BASELINE} (Expecting value: line 1 column 1 (char 0)); {WRITE_ONE}"),
        ("[]", f"{NO_BASELINE} (it is not an object); {WRITE_ONE}"),
        ("{}", f"{NO_BASELINE} (None is not a whole number); {WRITE_ONE}"),
        ('{"ecrm_baseline": true}', f"{NO_BASELINE} (True is not a whole number); {WRITE_ONE}"),
        (
            '{"ecrm_baseline": 1}',
            "is a baseline of format 1; write a new one with --write-baseline",
        ),
        (
            '{"ecrm_baseline": 2, "accepted": []}',
            f"{NO_BASELINE} (a list is not an object); {WRITE_ONE}",
        ),
        (
            '{"ecrm_baseline": 2, "accepted": {"a": 7}}',
            f"{NO_BASELINE} ([a]: 7 is not a text); {WRITE_ONE}",
        ),
    ],
)
def test_a_file_that_is_no_baseline_is_refused(text: str, message: str):
    with pytest.raises(InputError) as error:
        read_baseline(text, "b.json")
    assert str(error.value) == f"b.json: {message}"
