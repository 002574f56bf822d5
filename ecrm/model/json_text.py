"""JSON texts, read strictly."""

import json
from typing import Any


def parse_json(text: str) -> Any:
    """Raises ValueError for all that is not JSON, that names a member twice, or is nested deeper
    than Python can follow."""
    try:
        return json.loads(text, object_pairs_hook=_members, parse_constant=_refused_constant)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def canonical_json(data: Any) -> str:
    """The same text for the same data, whatever the order of its members."""
    try:
        return json.dumps(data, sort_keys=True, ensure_ascii=False)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the member {twice!r:.60} is there twice")
    return members


def _refused_constant(text: str) -> None:
    raise ValueError(f"{text} is not a JSON number")
