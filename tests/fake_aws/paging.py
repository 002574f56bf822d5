"""Pages whose tokens name the last item seen, not an offset.

So a token keeps working while items come and go between two pages: nothing is skipped and nothing
comes twice, as with AWS. Tokens are opaque, belong to one listing, and never repeat: botocore's
paginators stop with an error when the same token comes twice in a row.
"""

from __future__ import annotations

import base64
import itertools
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .errors import AwsError, invalid

T = TypeVar("T")
ANYWHERE = "*"
_serial = itertools.count(1)


def start_again(token: str | None) -> str:
    """A token, never seen before, for the very page that `token` (or no token) asked for."""
    if token is None:
        return issue(ANYWHERE, None)
    _, scope, position = json.loads(base64.urlsafe_b64decode(token))
    return issue(scope, position)


def issue(scope: str, position: tuple[Any, ...] | None) -> str:
    """A token for the page after `position`; None stands for the first page."""
    text = json.dumps([next(_serial), scope, position], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode()


def read(scope: str, token: str) -> tuple[Any, ...] | None:
    try:
        _, owner, position = json.loads(base64.urlsafe_b64decode(token))
    except ValueError as error:
        raise _bad_token() from error
    if owner not in (scope, ANYWHERE):
        raise _bad_token()
    return None if position is None else tuple(position)


def _bad_token() -> AwsError:
    return invalid("Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'")


@dataclass(frozen=True)
class Listing(Generic[T]):
    """Items in ascending order of `key`; `descending` hands them out from the end."""

    scope: str
    items: Sequence[T]
    key: Callable[[T], tuple[Any, ...]]
    descending: bool = False

    def page(self, token: str | None, size: int) -> tuple[list[T], str | None]:
        """One page, and the token of the next one if there is one."""
        position = read(self.scope, token) if token else None
        if self.descending:
            found, more = self._backward(position, size)
        else:
            found, more = self._forward(position, size)
        return found, issue(self.scope, self.key(found[-1])) if more else None

    def _forward(self, position: tuple[Any, ...] | None, size: int) -> tuple[list[T], bool]:
        start = 0 if position is None else bisect_right(self.items, position, key=self.key)
        return list(self.items[start : start + size]), start + size < len(self.items)

    def _backward(self, position: tuple[Any, ...] | None, size: int) -> tuple[list[T], bool]:
        end = len(self.items)
        if position is not None:
            end = bisect_left(self.items, position, key=self.key)
        start = max(end - size, 0)
        return list(reversed(self.items[start:end])), start > 0
