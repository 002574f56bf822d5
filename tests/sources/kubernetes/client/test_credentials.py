"""Who asks, and how long that holds."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ecrm.errors import AwsError
from ecrm.sources.kubernetes.client.credentials import (
    Identity,
    Issued,
    Renewed,
    basic,
    bearer,
    fixed,
    token_of_file,
)
from tests.sources.kubernetes.client.connecting import encoded


@pytest.mark.parametrize("token", ["", "a b", "a\n", "\x7f", "ä", " "])
def test_what_no_header_can_hold_is_not_sent(token: str):
    with pytest.raises(AwsError) as caught:
        bearer(token)
    assert str(caught.value) == "the token is empty or holds a character that cannot be sent"


def test_tokens_and_passwords_are_sent_as_http_has_it():
    assert bearer("!t.0-~") == "Bearer !t.0-~"
    assert basic("u", "p:ä") == f"Basic {encoded('u:p:ä')}"


def test_who_asks_is_nobody_by_default():
    assert (Identity(), Issued(Identity())) == (
        Identity(None, None, None),
        Issued(Identity(), None),
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a b", "the token is empty or holds a character that cannot be sent"),
        (b"\n", "the token is empty or holds a character that cannot be sent"),
        ("ä".encode(), "cannot be read: it is not ASCII text"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_file_without_a_token_is_named(tmp_path: Path, content: bytes | None, problem: str):
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AwsError) as caught:
        token_of_file(path)
    assert str(caught.value) == f"{path}: {problem}"
    path.write_bytes(b" t\n")
    assert token_of_file(path) == "Bearer t"


def test_no_secret_is_shown():
    assert "s3cret" not in repr(Identity("s3cret", b"s3cret", b"s3cret"))


def test_what_is_fixed_stays_when_it_is_refused():
    identity = Identity("one")
    assert fixed(identity)(None) is fixed(identity)(identity) is identity


def test_now_is_now_in_utc():
    soon = datetime.now(UTC) + timedelta(minutes=1)
    issued = [Issued(Identity("one"), soon), Issued(Identity("two"), soon)]
    credentials = Renewed(lambda: issued.pop(0))
    assert credentials(None) == credentials(None) == Identity("one")


def test_what_was_issued_is_kept_until_it_expires_or_is_refused():
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    issued = [
        Issued(Identity("one"), now + timedelta(minutes=10)),
        Issued(Identity("two")),
        Issued(Identity("three")),
    ]
    clock = iter([now, now + timedelta(minutes=9, seconds=59), now + timedelta(minutes=10)])
    credentials = Renewed(lambda: issued.pop(0), lambda: next(clock))
    first = credentials(None)
    assert credentials(None) == credentials(None) == first
    second = credentials(None)
    assert second == credentials(None) == credentials(first) == Identity("two")
    assert credentials(second) == credentials(second) == Identity("three")
