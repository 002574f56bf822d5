"""Values written as JSON and read back are the same values, and nothing else is read."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrm.errors import NotAReferenceError
from ecrm.model.codec import (
    decision_from,
    decision_json,
    image_from,
    image_json,
    moment_from,
    registry_from,
    source_from,
    source_json,
    text_from,
    texts_from,
    use_from,
    use_json,
)
from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Image, Status
from ecrm.model.reference import Reference, Registry
from ecrm.model.rule import Action
from ecrm.model.scan import Diagnostic, ReadStatus, SourceReport
from ecrm.model.use import SourceLocation, Use
from tests.strategies import REGISTRY
from tests.values import digest

ZONES = st.sampled_from([UTC, timezone(timedelta(hours=9)), timezone(timedelta(hours=-3.5))])
MOMENTS = st.datetimes(datetime(2015, 1, 1), datetime(2100, 1, 1), timezones=ZONES)
TEXTS = st.text(max_size=12)
DIGESTS = st.integers(0, 99).map(lambda number: digest(str(number)))
TAGS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
REPOSITORIES = st.from_regex(r"[a-z0-9]{1,5}(?:[._/-][a-z0-9]{1,5}){0,2}", fullmatch=True)
REGISTRIES = st.builds(
    Registry,
    st.from_regex(r"[0-9]{12}", fullmatch=True),
    st.sampled_from(
        ["eu-west-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1", "us-iso-east-1"]
    ),
)
HOSTS = st.sampled_from(["docker.io", "localhost:5000", "mirror.example.com", "ghcr.io"])

IMAGES = st.builds(
    Image,
    digest=DIGESTS,
    tags=st.lists(TAGS, max_size=3).map(tuple),
    pushed_at=MOMENTS,
    size=st.integers(0, 2**50),
    media_type=st.none() | TEXTS,
    artifact_type=st.none() | TEXTS,
    subject=st.none() | DIGESTS,
    pulled_at=st.none() | MOMENTS,
    status=st.sampled_from(Status),
    archived_at=st.none() | MOMENTS,
    activated_at=st.none() | MOMENTS,
)


@st.composite
def references(draw: st.DrawFn) -> Reference:
    """As they are parsed: with a tag, a digest, or both."""
    registry = draw(st.none() | REGISTRIES)
    host = registry.host if registry else draw(HOSTS)
    tag, named = draw(st.none() | TAGS), draw(st.none() | DIGESTS)
    repository = draw(REPOSITORIES)
    return Reference(host, registry, repository, tag if named else tag or "latest", named)


USES = st.builds(
    Use,
    references(),
    TEXTS,
    TEXTS,
    TEXTS,
    st.lists(TEXTS, max_size=3).map(tuple),
    st.none() | st.builds(SourceLocation, TEXTS, st.integers(1, 10**6)),
)
DECISIONS = st.builds(
    Decision,
    image=IMAGES,
    reason=st.sampled_from(Reason),
    detail=TEXTS,
    related=st.none() | DIGESTS,
    uses=st.lists(USES, max_size=2).map(tuple),
    action=st.sampled_from(Action),
)
SOURCES = st.builds(
    SourceReport,
    st.none() | REGISTRIES,
    TEXTS,
    st.integers(0, 10**6),
    st.lists(st.builds(Diagnostic, st.sampled_from(ReadStatus), TEXTS), max_size=3).map(tuple),
)


def through_a_file(facts: Any) -> Any:
    return json.loads(json.dumps(facts))


# -- there and back -------------------------------------------------------------------------------


@given(IMAGES)
def test_an_image_comes_back_as_it_was(image):
    assert image_from(through_a_file(image_json(image))) == image


@given(USES)
def test_a_use_comes_back_as_it_was(use):
    assert use_from(through_a_file(use_json(use))) == use


@given(DECISIONS)
def test_a_decision_comes_back_as_it_was(decision):
    assert decision_from(through_a_file(decision_json(decision))) == decision


@given(SOURCES)
def test_a_line_of_the_ledger_comes_back_as_it_was(source):
    back = source_from(through_a_file(source_json(source)))
    assert back == source
    assert (back.status, back.unread) == (source.status, source.unread)


@given(REGISTRIES)
def test_a_registry_comes_back_as_it_was(registry):
    assert registry_from(str(registry)) == registry


# -- what is written ------------------------------------------------------------------------------

PLAIN = Image(digest("a"), (), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
FULL = PLAIN._replace(
    tags=("v1", "v2"),
    size=7,
    media_type="m",
    artifact_type="a",
    subject=digest("s"),
    pulled_at=datetime(2026, 1, 3, tzinfo=UTC),
    status=Status.ARCHIVED,
    archived_at=datetime(2026, 1, 4, tzinfo=UTC),
    activated_at=datetime(2026, 1, 5, tzinfo=UTC),
)
USE = Use(
    Reference(REGISTRY.host, REGISTRY, "app", "v1"),
    "ecs",
    "service prod/web",
    "PRIMARY",
    ("task definition web:12", "container web"),
)


def test_what_is_not_set_is_not_written():
    assert image_json(PLAIN) == {
        "digest": digest("a"),
        "tags": [],
        "pushed_at": "2026-01-02T03:04:05+00:00",
        "size": 0,
    }
    assert decision_json(Decision(PLAIN, Reason.UNTAGGED, action=Action.DELETE)) == {
        **image_json(PLAIN),
        "reason": "untagged",
        "action": "delete",
    }


def test_what_is_set_is_written():
    assert image_json(FULL) == {
        "digest": digest("a"),
        "tags": ["v1", "v2"],
        "pushed_at": "2026-01-02T03:04:05+00:00",
        "size": 7,
        "media_type": "m",
        "artifact_type": "a",
        "subject": digest("s"),
        "pulled_at": "2026-01-03T00:00:00+00:00",
        "archived_at": "2026-01-04T00:00:00+00:00",
        "activated_at": "2026-01-05T00:00:00+00:00",
        "status": "ARCHIVED",
    }
    decision = Decision(FULL, Reason.IN_USE, "because", digest("b"), (USE,))
    assert decision_json(decision) == {
        **image_json(FULL),
        "reason": "in_use",
        "action": "keep",
        "detail": "because",
        "related": digest("b"),
        "uses": [
            {
                "reference": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:v1",
                "source": "ecs",
                "user": "service prod/web",
                "why": "PRIMARY",
                "path": ["task definition web:12", "container web"],
            }
        ],
    }


def test_a_use_in_a_file_tells_the_line():
    assert use_json(replace(USE, location=SourceLocation("web.json", 3))) == {
        **use_json(USE),
        "file": "web.json",
        "line": 3,
    }


@pytest.mark.parametrize("names", [None, {}, {"clusters": ("dev", "prod"), "task_definitions": ()}])
def test_the_names_that_a_source_met_are_kept_and_none_is_not_the_same_as_not_known(names):
    read = SourceReport(REGISTRY, "ecs", 3, names=names)
    assert source_from(source_json(read)) == read
    assert ("names" in source_json(read)) is (names is not None)


def test_a_line_of_the_ledger_tells_its_status_and_notes():
    denied = Diagnostic(ReadStatus.DENIED, "access to ecs:ListTasks is denied")
    assert source_json(SourceReport(REGISTRY, "ecs", 3, (denied,))) == {
        "target": "123456789012/eu-west-1",
        "source": "ecs",
        "status": "denied",
        "references": 3,
        "notes": [{"status": "denied", "text": "access to ecs:ListTasks is denied"}],
    }
    assert source_json(SourceReport(None, "file a.json")) == {
        "target": None,
        "source": "file a.json",
        "status": "read",
        "references": 0,
        "notes": [],
    }


# -- what is not read -----------------------------------------------------------------------------

REFUSALS = (KeyError, TypeError, ValueError, AttributeError, NotAReferenceError)


@pytest.mark.parametrize("key", ["digest", "tags", "pushed_at", "size"])
def test_an_image_without_what_every_image_has_is_refused(key):
    facts = image_json(FULL)
    del facts[key]
    with pytest.raises(KeyError):
        image_from(facts)


@pytest.mark.parametrize(
    "damage",
    [
        {"digest": 5},
        {"digest": None},
        {"tags": "v1"},
        {"tags": [1]},
        {"tags": None},
        {"pushed_at": "yesterday"},
        {"pushed_at": 5},
        {"pushed_at": "2026-01-02T03:04:05"},
        {"archived_at": "2026-01-02"},
        {"size": "large"},
        {"size": None},
        {"status": "LOST"},
        {"subject": 5},
        {"media_type": []},
    ],
    ids=str,
)
def test_an_image_of_other_facts_is_refused(damage):
    with pytest.raises(REFUSALS):
        image_from(image_json(FULL) | damage)


@pytest.mark.parametrize(
    "damage",
    [
        {"reference": "app:v1:v2"},
        {"reference": None},
        {"path": "container web"},
        {"path": [5]},
        {"user": 5},
        {"why": None},
        {"source": []},
        {"file": "web.json"},
        {"file": None, "line": 1},
        {"file": "web.json", "line": "one"},
    ],
    ids=str,
)
def test_a_use_of_other_facts_is_refused(damage):
    with pytest.raises(REFUSALS):
        use_from(use_json(USE) | damage)


@pytest.mark.parametrize(
    "damage",
    [
        {"reason": "because"},
        {"action": "destroy"},
        {"action": None},
        {"related": 5},
        {"detail": 5},
        {"uses": [5]},
        {"uses": 5},
    ],
    ids=str,
)
def test_a_decision_of_other_facts_is_refused(damage):
    with pytest.raises(REFUSALS):
        decision_from(decision_json(Decision(FULL, Reason.IN_USE)) | damage)


@pytest.mark.parametrize(
    "damage",
    [
        {"target": "123456789012"},
        {"target": "a/b/c"},
        {"target": 5},
        {"source": 5},
        {"references": "many"},
        {"notes": [{"status": "lost", "text": ""}]},
        {"notes": [{"status": "read"}]},
        {"notes": [{"status": "read", "text": 5}]},
        {"notes": 5},
        {"names": 5},
        {"names": {"clusters": "prod"}},
        {"names": {"clusters": [5]}},
    ],
    ids=str,
)
def test_a_line_of_the_ledger_of_other_facts_is_refused(damage):
    with pytest.raises(REFUSALS):
        source_from(source_json(SourceReport(REGISTRY, "ecs")) | damage)


def test_a_refusal_says_what_it_saw():
    for read, value, message in (
        (text_from, 5, "5 is no text"),
        (texts_from, "v1", "'v1' is no list"),
        (texts_from, ["v1", None], "None is no text"),
        (moment_from, "2026-01-02T03:04:05", "2026-01-02T03:04:05 has no time zone"),
    ):
        with pytest.raises((TypeError, ValueError)) as refused:
            read(value)
        assert str(refused.value) == message
