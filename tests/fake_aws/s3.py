"""S3: objects in buckets, over REST with XML, with the bucket in the path.

Buckets are made by tests, in any account, and belong to that account alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

from .errors import AwsError

if TYPE_CHECKING:
    from .account import Account

Json = dict[str, Any]
_PAGE = 1000
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


class Headers(Protocol):
    """Those of a request, by name in any case."""

    def get(self, name: str, default: Any = None, /) -> Any: ...


@dataclass
class Stored:
    body: bytes
    at: float
    content_type: str


@dataclass
class S3:
    """`buckets["name"]["key"]`; `bucket` makes one."""

    buckets: dict[str, dict[str, Stored]] = field(default_factory=dict)

    def bucket(self, name: str) -> dict[str, Stored]:
        return self.buckets.setdefault(name, {})

    def put(self, bucket: str, key: str, text: str, at: float | None = None) -> None:
        stored = Stored(text.encode(), time.time() if at is None else at, "text/plain")
        self.bucket(bucket)[key] = stored

    def texts(self, bucket: str) -> dict[str, str]:
        """Everything in a bucket, by key, as text."""
        return {key: stored.body.decode() for key, stored in sorted(self.bucket(bucket).items())}

    def existing(self, name: str) -> dict[str, Stored]:
        if name not in self.buckets:
            raise AwsError("NoSuchBucket", "The specified bucket does not exist", 404)
        return self.buckets[name]


def route(method: str, path: str, headers: Headers, body: bytes) -> tuple[str, Json]:
    """The operation behind a request, and its parameters by their names in botocore."""
    url = urlsplit(path)
    bucket, _, key = unquote(url.path).lstrip("/").partition("/")
    params: Json = {"Bucket": bucket} | dict(parse_qsl(url.query))
    if not key:
        return ("ListObjectsV2" if method == "GET" else "Unknown"), params
    params |= {"Key": key, "IfNoneMatch": headers.get("If-None-Match")}
    if method == "PUT":
        kind = headers.get("Content-Type", "binary/octet-stream")
        return "PutObject", params | {"Body": body, "ContentType": kind}
    return ("GetObject" if method == "GET" else "Unknown"), params


def put_object(account: Account, params: Json) -> Json:
    bucket, key = account.s3.existing(params["Bucket"]), params["Key"]
    if params["IfNoneMatch"] == "*" and key in bucket:
        message = "At least one of the pre-conditions you specified did not hold"
        raise AwsError("PreconditionFailed", message, 412)
    bucket[key] = Stored(params["Body"], account.world.clock(), params["ContentType"])
    return {"body": b"", "headers": {"ETag": '"etag"'}}


def get_object(account: Account, params: Json) -> Json:
    found = account.s3.existing(params["Bucket"]).get(params["Key"])
    if found is None:
        raise AwsError("NoSuchKey", "The specified key does not exist.", 404)
    at = formatdate(found.at, usegmt=True)
    return {
        "body": found.body,
        "headers": {"Last-Modified": at, "Content-Type": found.content_type},
    }


def list_objects(account: Account, params: Json) -> Json:
    """At most 1,000 keys; the token is the last key of the page before."""
    bucket = account.s3.existing(params["Bucket"])
    after, prefix = params.get("continuation-token", ""), params.get("prefix", "")
    keys = [key for key in sorted(bucket) if key.startswith(prefix) and key > after]
    page = keys[:_PAGE]
    items = "".join(
        f"<Contents><Key>{escape(key)}</Key><Size>{len(bucket[key].body)}</Size>"
        f"<LastModified>{_iso(bucket[key].at)}</LastModified></Contents>"
        for key in page
    )
    more = len(keys) > _PAGE
    token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
    xml = (
        f'<ListBucketResult xmlns="{NAMESPACE}"><IsTruncated>{str(more).lower()}</IsTruncated>'
        f"{items}{token}</ListBucketResult>"
    )
    return {"body": xml.encode(), "headers": {"Content-Type": "application/xml"}}


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


OPERATIONS: dict[str, Callable[[Account, Json], Json]] = {
    "GetObject": get_object,
    "ListObjectsV2": list_objects,
    "PutObject": put_object,
}
