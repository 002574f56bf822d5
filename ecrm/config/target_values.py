"""How the values under `targets` in ecrm.yaml are read: ids, roles and regions."""

import re

from ecrm.config.document import ListNode, Node, Scalar
from ecrm.config.values import COUNT, TEXT, Reader, list_of, scalar

SELF = "self"
"""The account of the run's own credentials."""
_ENABLED = "enabled"
_ALL_REGIONS = ("*",)
_ACCOUNT_ID = r"[0-9]{12}"
_REGION = r"[a-z]{2,}(?:-[a-z]+)+-[0-9]+"
_GLOB = r"[a-z0-9*?-]+"
_NAME = r"[\w+=,.@/-]{1,512}"
_ROLE = rf"(?:arn:aws[a-z-]*:iam::{_ACCOUNT_ID}:role/)?{_NAME}"
_MEMBER = rf"{_ACCOUNT_ID}|r-[0-9a-z]{{4,32}}|ou-[0-9a-z]{{4,32}}-[0-9a-z]{{1,32}}"


def _matching(pattern: str, what: str) -> Reader[str]:
    fits = re.compile(pattern, re.ASCII).fullmatch

    def read(node: Node) -> str:
        text = TEXT.read(node)
        if not fits(text):
            raise node.location.error(f"{text!r} is not {what}")
        return text

    return Reader(what, read, schema={"type": "string", "pattern": f"^(?:{pattern})$"})


def _quoted(reader: Reader[str]) -> Reader[str]:
    """An account id may begin with 0, and YAML makes a number of it."""

    def read(node: Node) -> str:
        if isinstance(node, Scalar) and node.tag in ("int", "float"):
            raise node.location.error(f'is a number here; quote an account id: "{node.text}"')
        return reader.read(node)

    return Reader(reader.what, read, schema=reader.schema)


def _one_or_more(reader: Reader[str]) -> Reader[tuple[str, ...]]:
    several = list_of(reader)

    def read(node: Node) -> tuple[str, ...]:
        return several.read(node) if isinstance(node, ListNode) else (reader.read(node),)

    schema = {**reader.schema, "type": ["string", "array"], "items": reader.schema}
    return Reader(f"{reader.what}, or a list of them", read, schema=schema)


def _regions(node: Node) -> tuple[str, ...]:
    if isinstance(node, Scalar):
        text = scalar(node, _REGIONS_WHAT, "str")
        if text != _ENABLED:
            raise node.location.error(f"{text!r} is not {_REGIONS_WHAT}")
        return _ALL_REGIONS
    return _not_empty(list_of(_matching(_GLOB, "the name of a region, or a glob"))).read(node)


def _not_empty(reader: Reader[tuple[str, ...]]) -> Reader[tuple[str, ...]]:
    def read(node: Node) -> tuple[str, ...]:
        values = reader.read(node)
        if not values:
            raise node.location.error(f"is empty; write {reader.what}")
        return values

    schema = {**reader.schema, "type": "array", "minItems": 1}
    return Reader(reader.what, read, schema=schema)


def _positive(node: Node) -> int:
    number = COUNT.read(node)
    if not number:
        raise node.location.error("0 accounts would never end; write 1 or more")
    return number


_REGIONS_WHAT = f"{_ENABLED}, or a list of names and globs such as [us-east-1, eu-*]"
_MEMBER_WHAT = "the id of a root, an organizational unit or an account"
ACCOUNT_ID = _quoted(_matching(_ACCOUNT_ID, "an account id of 12 digits"))
ACCOUNT_OR_SELF = _quoted(_matching(rf"{SELF}|{_ACCOUNT_ID}", f"{SELF} or an account id"))
MEMBERS = list_of(_quoted(_matching(_MEMBER, _MEMBER_WHAT)))
ROLE = _one_or_more(_matching(_ROLE, "the name, path/name or ARN of a role"))
EXTERNAL_ID = _matching(r"[\w+=,.@:/-]{2,1224}", "an external id of 2 to 1224 characters")
SESSION_NAME = _matching(r"[\w+=,.@-]{2,64}", "a session name of 2 to 64 characters")
REGION = _matching(_REGION, "the name of a region")
REGION_NAMES = _not_empty(list_of(REGION))
REGIONS = Reader(
    _REGIONS_WHAT,
    _regions,
    schema={
        "type": ["string", "array"],
        "pattern": f"^{_ENABLED}$",
        "minItems": 1,
        "items": {"type": "string", "pattern": f"^{_GLOB}$"},
    },
)
AT_ONCE = Reader("a whole number", _positive, schema={**COUNT.schema, "minimum": 1})
