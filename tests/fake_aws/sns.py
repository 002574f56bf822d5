"""SNS: topics that remember what was published."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import AwsError

if TYPE_CHECKING:
    from .account import Account

Json = dict[str, Any]
LONGEST_SUBJECT = 100
LARGEST_MESSAGE = 256 * 1024


@dataclass
class Topics:
    """ARN -> (subject, message), in the order in which they came; `topic` makes one."""

    messages: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def topic(self, arn: str) -> list[tuple[str, str]]:
        return self.messages.setdefault(arn, [])


def publish(account: Account, params: Json) -> Json:
    arn, subject, message = params["TopicArn"], params.get("Subject", ""), params["Message"]
    if arn not in account.sns.messages:
        raise AwsError("NotFound", "Topic does not exist", 404)
    bad = len(subject) > LONGEST_SUBJECT or not subject.isascii() or not subject.isprintable()
    if bad or subject.startswith(" "):
        raise AwsError("InvalidParameter", "Invalid parameter: Subject")
    if len(message.encode()) > LARGEST_MESSAGE:
        raise AwsError("InvalidParameter", "Invalid parameter: Message too long")
    if params.get("MessageStructure") == "json" and "default" not in json.loads(message):
        raise AwsError(
            "InvalidParameter", "Invalid parameter: Message Structure - No default entry"
        )
    account.sns.messages[arn].append((subject, message))
    return {"MessageId": str(uuid.uuid4())}


OPERATIONS: dict[str, Callable[[Account, Json], Json]] = {"Publish": publish}
