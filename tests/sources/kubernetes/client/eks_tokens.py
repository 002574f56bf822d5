"""Tokens of EKS, as the authenticator of a cluster checks them: by what it sends to STS.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, urlsplit

import botocore.auth
import pytest

_PATCHED = ("canonical_request", "signature", "headers_to_sign")
_REAL = {name: vars(botocore.auth.SigV4Auth)[name] for name in _PATCHED}
"""Taken when this is imported, before the tests stop to sign what nobody checks."""

_PREFIX = "k8s-aws-v1."
_GOOD_FOR = timedelta(minutes=15)


def sign_really(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, real in _REAL.items():
        monkeypatch.setattr(botocore.auth.SigV4Auth, name, real)


def problems(
    token: str, cluster: str, host: str, secret: str, now: datetime | None = None
) -> Iterator[str]:
    """Why the cluster does not accept the token, by the secret key of who signed it."""
    if not token.startswith(_PREFIX) or "=" in token:
        yield "is no token"
    encoded = token.removeprefix(_PREFIX)
    url = urlsplit(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
    query = dict(parse_qsl(url.query, strict_parsing=True))
    if (url.scheme, url.netloc, url.path) != ("https", host, "/"):
        yield f"is for {url.scheme}://{url.netloc}{url.path}"
    if (query["Action"], query["Version"]) != ("GetCallerIdentity", "2011-06-15"):
        yield "asks something else"
    if query["X-Amz-SignedHeaders"] != "host;x-k8s-aws-id":
        yield f"signs {query['X-Amz-SignedHeaders']}"
    if not 0 < int(query["X-Amz-Expires"]) <= 900:
        yield "is good for too long"
    signed_at = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if not timedelta(seconds=-60) < (now or datetime.now(UTC)) - signed_at < _GOOD_FOR:
        yield f"was signed at {signed_at}"
    if query.pop("X-Amz-Signature") != _signature(query, cluster, host, secret):
        yield "is not signed by the secret for this cluster"


def _signature(query: dict[str, str], cluster: str, host: str, secret: str) -> str:
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query.items()
    )
    canonical = "\n".join(
        (
            "GET",
            "/",
            "&".join(f"{name}={value}" for name, value in pairs),
            f"host:{host}",
            f"x-k8s-aws-id:{cluster}",
            "",
            "host;x-k8s-aws-id",
            hashlib.sha256(b"").hexdigest(),
        )
    )
    scope = query["X-Amz-Credential"].partition("/")[2]
    text = "\n".join(
        (
            query["X-Amz-Algorithm"],
            query["X-Amz-Date"],
            scope,
            hashlib.sha256(canonical.encode()).hexdigest(),
        )
    )
    key = f"AWS4{secret}".encode()
    for step in scope.split("/"):
        key = _hmac(key, step)
    return _hmac(key, text).hex()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
