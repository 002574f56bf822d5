"""What the fake does when it does not answer what was asked.

`AwsError` is a well-formed AWS error; the other two are what only a network can do.
"""

from __future__ import annotations

from typing import Any


class AwsError(Exception):
    """An error answer. `code` is the name boto3 shows in `response["Error"]["Code"]`; `service` is
    given where the error comes before the operation."""

    def __init__(self, code: str, message: str, status: int = 400, service: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.service = service
        self.code = code
        self.message = message
        self.status = status


class NoAnswerError(Exception):
    """The client sees a connection that was closed before any answer."""


class HalfAnswerError(Exception):
    """The client sees the first half, or another `part`, of the body that `content` would be.

    `announced` is whether the headers promise the whole of it, so that the client can tell.
    """

    def __init__(self, content: dict[str, Any], *, announced: bool, part: float = 0.5) -> None:
        super().__init__("half an answer")
        self.content = content
        self.part = part
        self.announced = announced


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


def too_long(member: str, limit: int) -> AwsError:
    """ECR's and ECS's own wording for a list that has too many members."""
    return invalid(
        f"Invalid parameter at '{member}' failed to satisfy constraint: "
        f"'Member must have length less than or equal to {limit}'"
    )
