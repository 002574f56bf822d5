"""What a run reads and writes in S3, SSM and SNS."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ecrm.errors import UsageError
from ecrm.workflow.iam_policy.arns import PolicyScope, Statement, allow

_S3 = re.compile(r"s3://(?P<bucket>[^/*?]+)(?:/(?P<key>.*))?")
_SSM = re.compile(r"ssm://(?:(?P<arn>arn:[\w:./-]+)|(?P<name>[\w./-]+))")
_TOPIC = re.compile(r"arn:[\w-]+:sns:[\w-]+:\d{12}:[\w-]+(?:\.fifo)?")


@dataclass(frozen=True, slots=True)
class Besides:
    """Places that a run uses besides what runs and what ECR holds: `s3://bucket/key`, for the
    configuration also `ssm://parameter`, and the ARN of a topic."""

    config: str | None = None
    plan: str | None = None
    journal: str | None = None
    state: str | None = None
    report: str | None = None
    topic: str | None = None


def of_every_run(place: PolicyScope, besides: Besides) -> Iterator[Statement]:
    """Raises UsageError for a place that is not of the form that `Besides` says."""
    if besides.config and (named := _SSM.fullmatch(besides.config)):
        arn = named["arn"] or place.arn("ssm", f"parameter/{named['name'].strip('/')}")
        yield allow("ReadConfiguration", ["ssm:GetParameter"], [arn])
    elif besides.config:
        yield allow("ReadConfiguration", ["s3:GetObject"], [_object(place, besides.config)])
    if besides.report:
        yield allow("WriteReport", ["s3:PutObject"], [_folder(place, besides.report)])
    if besides.topic:
        if not _TOPIC.fullmatch(besides.topic):
            raise UsageError(f"{besides.topic} is no ARN of an SNS topic")
        yield allow("Notify", ["sns:Publish"], [besides.topic])


def of_planning(place: PolicyScope, besides: Besides) -> Iterator[Statement]:
    """What is kept for the next run: how much was in use in this one. Whoever may not list the
    bucket is denied what is not there, so that a first run looks like one that may not read."""
    if besides.state:
        kept = _folder(place, besides.state)
        yield allow("ListState", ["s3:ListBucket"], [kept.partition("/")[0]])
        yield allow("KeepState", ["s3:GetObject", "s3:PutObject"], [kept])


def of_writing_plans(place: PolicyScope, besides: Besides) -> Iterator[Statement]:
    if besides.plan:
        yield allow("WritePlan", ["s3:PutObject"], [_object(place, besides.plan)])


def of_deleting(place: PolicyScope, besides: Besides) -> Iterator[Statement]:
    if besides.plan:
        yield allow("ReadPlan", ["s3:GetObject"], [_object(place, besides.plan)])
    if besides.journal:
        yield allow("WriteJournal", ["s3:PutObject"], [_folder(place, besides.journal)])


def of_restoring(place: PolicyScope, besides: Besides) -> Iterator[Statement]:
    """The parts of a journal are listed by the prefix that they share."""
    if besides.journal:
        parts = _folder(place, besides.journal)
        bucket, _, prefix = parts.partition("/")
        listing = allow("ListJournal", ["s3:ListBucket"], [bucket])
        yield listing | {"Condition": {"StringLike": {"s3:prefix": [prefix]}}}
        yield allow("ReadJournal", ["s3:GetObject"], [parts])


def _object(place: PolicyScope, location: str) -> str:
    """Of a location that ends in a slash, all that is in it."""
    if location.endswith("/"):
        return _folder(place, location)
    found = _S3.fullmatch(location)
    if found is None or not found["key"]:
        raise UsageError(f"{location} names no object; write s3://bucket/key")
    return f"arn:{place.partition}:s3:::{found['bucket']}/{_literal(found['key'])}"


def _folder(place: PolicyScope, location: str) -> str:
    found = _S3.fullmatch(location)
    if found is None:
        raise UsageError(f"{location} is not a location in S3; write s3://bucket/prefix")
    key = _literal((found["key"] or "").strip("/"))
    return f"arn:{place.partition}:s3:::{found['bucket']}/{key}{'/' if key else ''}*"


def _literal(key: str) -> str:
    """IAM takes these characters for more than they are unless they are written so."""
    return re.sub(r"[*?$]", lambda match: f"${{{match[0]}}}", key)
