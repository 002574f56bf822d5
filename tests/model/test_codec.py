"""Values written as JSON and read back are the same values, and nothing else is read."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrm.model.codec import decode, encode
from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Image, Status
from ecrm.model.json_text import canonical_json, parse_json
from ecrm.model.reference import Reference, Registry, RepositoryKey
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
REPOSITORIES = st.from_regex(r"[a-z0-9]{2,5}(?:[._/-][a-z0-9]{1,5}){0,2}", fullmatch=True)
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
    st.none() | st.dictionaries(TEXTS, st.lists(TEXTS, max_size=2).map(tuple), max_size=2),
)
KEYS = st.builds(RepositoryKey, REGISTRIES, REPOSITORIES)


@dataclass(frozen=True)
class Nested:
    """One field of every type that a format may have."""

    key: RepositoryKey
    flag: bool = False
    reasons: Mapping[Reason, int] = field(default_factory=dict)
    keyed: Mapping[RepositoryKey, Registry] = field(default_factory=dict)
    decision: Decision | None = None
    sources: tuple[SourceReport, ...] = ()


NESTED = st.builds(
    Nested,
    KEYS,
    st.booleans(),
    st.dictionaries(st.sampled_from(Reason), st.integers(0, 2**63 - 1), max_size=3),
    st.dictionaries(KEYS, REGISTRIES, max_size=2),
    st.none() | DECISIONS,
    st.lists(SOURCES, max_size=2).map(tuple),
)


# -- there and back -------------------------------------------------------------------------------


@given(NESTED)
def test_a_value_comes_back_as_it_was(value):
    assert decode(Nested, parse_json(canonical_json(encode(value)))) == value


@given(SOURCES)
def test_what_is_derived_from_the_fields_comes_back_too(source):
    back = decode(SourceReport, encode(source))
    assert (back.status, back.unread) == (source.status, source.unread)


@given(st.lists(USES, max_size=3).map(tuple))
def test_a_use_comes_back_as_it_was(uses):
    assert decode(tuple[Use, ...], parse_json(canonical_json(encode(uses)))) == uses


@given(NESTED)
def test_the_same_value_is_the_same_text_whatever_the_order_of_its_mappings(value):
    turned = replace(
        value,
        reasons=dict(reversed(value.reasons.items())),
        keyed=dict(reversed(value.keyed.items())),
    )
    assert str(encode(turned)) == str(encode(value))


# -- what is written ------------------------------------------------------------------------------

PLAIN = Image(digest("a"), (), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
FULL = PLAIN._replace(
    tags=("v1", "v2"),
    size=7,
    subject=digest("s"),
    pulled_at=datetime(2026, 1, 3, tzinfo=timezone(timedelta(hours=9))),
    status=Status.ARCHIVED,
)
USE = Use(
    Reference(REGISTRY.host, REGISTRY, "app", "v1"),
    "ecs",
    "service prod/web",
    "PRIMARY",
    ("task definition web:12", "container web"),
    SourceLocation("web.json", 3),
)
DENIED = Diagnostic(ReadStatus.DENIED, "access to ecs:ListTasks is denied")
VALUE = Nested(
    RepositoryKey(REGISTRY, "team/app"),
    flag=True,
    reasons={Reason.PUSHED: 2, Reason.IN_USE: 1},
    decision=Decision(FULL, Reason.IN_USE, "because", digest("b"), (USE,)),
    sources=(SourceReport(REGISTRY, "ecs", 3, (DENIED,), {"clusters": ("dev",)}),),
)
WRITTEN: dict[str, Any] = {
    "key": "123456789012/eu-west-1/team/app",
    "flag": True,
    "reasons": {"in_use": 1, "recently_pushed": 2},
    "decision": {
        "image": {
            "digest": digest("a"),
            "tags": ["v1", "v2"],
            "pushed_at": "2026-01-02T03:04:05+00:00",
            "size": 7,
            "subject": digest("s"),
            "pulled_at": "2026-01-03T00:00:00+09:00",
            "status": "ARCHIVED",
        },
        "reason": "in_use",
        "detail": "because",
        "related": digest("b"),
        "uses": [
            {
                "reference": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:v1",
                "source": "ecs",
                "user": "service prod/web",
                "why": "PRIMARY",
                "path": ["task definition web:12", "container web"],
                "location": {"file": "web.json", "line": 3},
            }
        ],
    },
    "sources": [
        {
            "registry": "123456789012/eu-west-1",
            "source": "ecs",
            "references": 3,
            "notes": [{"status": "denied", "text": "access to ecs:ListTasks is denied"}],
            "names": {"clusters": ["dev"]},
        }
    ],
}


def test_the_fields_of_a_value_are_its_format():
    assert encode(VALUE) == WRITTEN
    assert decode(Nested, WRITTEN) == VALUE


def test_what_is_not_set_is_not_written():
    assert encode(PLAIN) == {
        "digest": digest("a"),
        "tags": [],
        "pushed_at": "2026-01-02T03:04:05+00:00",
    }
    assert encode(Decision(PLAIN, Reason.UNTAGGED, action=Action.DELETE)) == {
        "image": encode(PLAIN),
        "reason": "untagged",
        "action": "delete",
    }


@pytest.mark.parametrize("names", [None, {}])
def test_no_names_is_not_the_same_as_names_that_are_not_known(names):
    report = SourceReport(REGISTRY, "ecs", names=names)
    assert decode(SourceReport, encode(report)) == report
    assert ("names" in encode(report)) is (names is not None)


# -- what is not read -----------------------------------------------------------------------------

PULLED, USED = ("decision", "image", "pulled_at"), ("decision", "uses", 0)


def changed(path: tuple[str | int, ...], value: Any) -> Any:
    """The written value with another member there, or with none where that is `...`."""
    body = inner = parse_json(canonical_json(WRITTEN))
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    if value is ...:
        del inner[path[-1]]
    return body


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("key",), ..., "key: is missing"),
        (("key",), None, "key: None is not a text"),
        (
            ("key",),
            "123456789012/app",
            "key: '123456789012/app' is not a repository, such as 123456789012/eu-west-1/app",
        ),
        (("kye",), 1, "kye: is not known here"),
        (("flag",), 1, "flag: 1 is neither true nor false"),
        (("flag",), None, "flag: None is neither true nor false"),
        (("reasons",), [], "reasons: a list is not an object"),
        (("reasons", "whim"), 1, "reasons[whim]: 'whim' is none of in_use, "),
        (("reasons", "in_use"), True, "reasons[in_use]: True is not a whole number"),
        (("reasons", "in_use"), 1.0, "reasons[in_use]: 1.0 is not a whole number"),
        (
            ("reasons", "in_use"),
            2**63,
            "reasons[in_use]: is larger than any number here can be",
        ),
        (("reasons", "in_use"), -1, "reasons[in_use]: is less than any number here can be"),
        (("key",), "123456789012/eu-west-1/App", "key: 'App' is not the name of a repository"),
        (("key",), "12345678901x/eu-west-1/app", "key: '12345678901x/eu-west-1' is not a reg"),
        (("a\nb",), 1, "'a\\nb': is not known here"),
        (("reasons", "a\nb"), 1, "reasons['a\\nb']: 'a\\nb' is none of in_use, "),
        (
            ("decision", "image", "digest"),
            "sha256:x",
            "decision.image.digest: 'sha256:x' is not a ",
        ),
        (
            ("decision", "image", "digest"),
            digest("a").upper(),
            f"decision.image.digest: '{digest('a').upper()[:59]}… is not a digest",
        ),
        (("decision", "image", "digest"), digest("a") + "\n", "decision.image.digest: 'sha256:"),
        (("decision", "image", "tags", 1), "a b", "decision.image.tags[1]: 'a b' is not a tag"),
        (("decision", "image", "tags", 1), "", "decision.image.tags[1]: '' is not a tag"),
        (("decision", "image", "subject"), "app:v1", "decision.image.subject: 'app:v1' is not a d"),
        (("decision", "related"), "", "decision.related: '' is not a digest"),
        (("decision", "detail"), "\ud800", "decision.detail: '\\ud800' has a character that no t"),
        (PULLED, "0001-01-02T00:00:00+00:00", "decision.image.pulled_at: '0001-01-02T00:00:00+00"),
        (PULLED, "9999-12-31T00:00:00-09:00", "decision.image.pulled_at: '9999-12-31T00:00:00-09"),
        (
            ("keyed",),
            {"123456789012/eu-west-1/app": "nowhere"},
            "keyed[123456789012/eu-west-1/app]: 'nowhere' is not a registry, such as 1234",
        ),
        (("decision",), [], "decision: a list is not an object"),
        (("decision", "action"), None, "decision.action: None is none of keep, archive, delete"),
        (("decision", "image"), ..., "decision.image: is missing"),
        (("decision", "image", "digest"), 5, "decision.image.digest: 5 is not a text"),
        (("decision", "image", "tags"), "v1", "decision.image.tags: 'v1' is not a list"),
        (("decision", "image", "tags", 1), None, "decision.image.tags[1]: None is not a text"),
        (PULLED, "yesterday", "decision.image.pulled_at: 'yesterday' is not a time"),
        (PULLED, 5, "decision.image.pulled_at: 5 is not a time"),
        (PULLED, "2026-01-02", "decision.image.pulled_at: '2026-01-02' has no time zone"),
        ((*USED, "reference"), "a:b:c", "decision.uses[0].reference: 'a:b:c' is not an image"),
        ((*USED, "location"), {"file": "x"}, "decision.uses[0].location.line: is missing"),
        (USED, {}, "decision.uses[0].reference: is missing"),
        (("sources", 0, "registry"), ..., "sources[0].registry: is missing"),
        (("sources", 0, "notes", 0, "status"), "lost", "sources[0].notes[0].status: 'lost' is"),
        (("sources", 0, "names"), {"clusters": [5]}, "sources[0].names[clusters][0]: 5 is not a"),
        (("sources", 0, "source"), "x" * 99 * 99, None),
        (("sources", 0, "source"), ["x" * 99], "sources[0].source: a list is not a text"),
    ],
    ids=str,
)
def test_the_refusal_names_the_member_and_what_is_wrong(path, value, message):
    if message is None:
        assert decode(Nested, changed(path, value)).sources[0].source == value
        return
    with pytest.raises(ValueError) as refused:
        decode(Nested, changed(path, value))
    assert str(refused.value).startswith(message)


def test_a_long_text_is_not_repeated_in_full():
    with pytest.raises(ValueError) as refused:
        decode(Nested, changed(PULLED, "9" * 1000))
    assert len(str(refused.value)) < 120


@pytest.mark.parametrize("data", [None, 5, "x", [], [5]])
def test_what_is_not_even_an_object_is_refused(data):
    with pytest.raises(ValueError, match="is not an object"):
        decode(Nested, data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


def paths(value: Any, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    listed = enumerate(value) if isinstance(value, list) else ()
    below = value.items() if isinstance(value, dict) else listed
    return [path for key, inner in below for path in [(*above, key), *paths(inner, (*above, key))]]


@given(st.data(), JSON)
def test_any_other_value_anywhere_is_one_value_error_or_is_read(data, value):
    path = data.draw(st.sampled_from(paths(WRITTEN)))
    with suppress(ValueError):
        assert isinstance(decode(Nested, changed(path, value)), Nested)


# -- JSON itself ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value"),
        ("[" * 100_000, "it is nested too deep"),
        ('{"a": 1, "b": 2, "a": 1}', "the member 'a' is there twice"),
        ("[NaN]", "NaN is not a JSON number"),
        ("-Infinity", "-Infinity is not a JSON number"),
        ("9" * 5000, "Exceeds the limit"),
    ],
    ids=["empty", "deep", "twice", "NaN", "infinite", "long"],
)
def test_what_is_not_json_is_a_value_error(text, message):
    with pytest.raises(ValueError, match=message):
        parse_json(text)


def test_nesting_that_can_be_read_but_not_written_is_a_value_error():
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="it is nested too deep"):
        canonical_json(deep)
