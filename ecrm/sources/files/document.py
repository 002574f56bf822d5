"""YAML and JSON of a working tree as nodes that know their lines, with whatever tags they have."""

from collections.abc import Iterator, Mapping

import yaml

from ecrm.config.yaml_text import YamlError, documents, line_of
from ecrm.errors import InputError

Node = yaml.Node
_STR = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_NOWHERE = yaml.Mark("", 0, 0, 0, None, 0)


# A few lines of merge keys would never end; no real file comes near this.
_MOST_MERGED = 1_000_000


class TooMuchError(InputError):
    """`line: what is wrong`, of a file that means far more than it says."""


def roots_of(text: str) -> list[Node]:
    """One for each document. Raises InputError, `line: what is wrong`, for text that is no YAML."""
    try:
        roots = documents(text)
    except YamlError as error:
        raise InputError(f"{error.line}: {error}") from None
    if sum(map(_merged, roots)) > _MOST_MERGED:
        raise TooMuchError("1: its merge keys make too many entries")
    return roots


def _merged(root: Node) -> int:
    """How many entries its merge keys bring in."""
    return sum(
        len(source.value)
        for node in _all(root)
        if isinstance(node, yaml.MappingNode)
        for key, value in node.value
        if key.tag == _MERGE
        for source in (value, *items_of(value))
        if isinstance(source, yaml.MappingNode)
    )


def node_of(value: object) -> Node:
    """The node of what JSON was read into. Text of several lines counts as a literal block, as
    which tools show it. Raises RecursionError where it is nested too deeply."""
    if isinstance(value, Mapping):
        entries = [(node_of(name), node_of(member)) for name, member in value.items()]
        return yaml.MappingNode("tag:yaml.org,2002:map", entries, _NOWHERE)
    if isinstance(value, list):
        return yaml.SequenceNode("tag:yaml.org,2002:seq", list(map(node_of, value)), _NOWHERE)
    if isinstance(value, str):
        style = "|" if "\n" in value else '"'
        return yaml.ScalarNode(_STR, value, _NOWHERE, style=style)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    tag = _NUMBERS[isinstance(value, float)] if is_number else "tag:yaml.org,2002:null"
    return yaml.ScalarNode(tag, str(value) if is_number else "", _NOWHERE)


def text_of(node: Node | None) -> str:
    """Text, or a number as written; "" for everything else."""
    if isinstance(node, yaml.ScalarNode) and node.tag in (_STR, *_NUMBERS):
        return str(node.value)
    return ""


def raw_of(node: Node | None) -> str:
    """The text of whatever is neither a map nor a list, whatever its tag makes of it."""
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def is_block(node: Node) -> bool:
    """Whether the text was written as a literal block, whose lines are those of the file."""
    return isinstance(node, yaml.ScalarNode) and node.style == "|"


def items_of(node: Node | None) -> list[Node]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def entries_of(node: Node | None) -> Mapping[str, Node]:
    """Of a map, with what merge keys bring in; of everything else, none."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    merged: dict[str, Node] = {}
    own: dict[str, Node] = {}
    for key, value in node.value:
        if key.tag == _MERGE:
            for source in (value, *items_of(value)):
                if isinstance(source, yaml.MappingNode) and source is not node:
                    merged |= {name.value: v for name, v in source.value if _is_name(name)}
        elif _is_name(key):
            own[key.value] = value
    return merged | own


def names_of(node: Node) -> Iterator[tuple[str, int]]:
    """The keys of a map, each with its line."""
    if isinstance(node, yaml.MappingNode):
        yield from ((key.value, line_of(key)) for key, _ in node.value if _is_name(key))


def has_odd_keys(root: Node) -> bool:
    """Whether a key somewhere is a map or a list. `{{ name }}` of a template reads like that."""
    return any(
        not isinstance(key, yaml.ScalarNode)
        for node in _all(root)
        if isinstance(node, yaml.MappingNode)
        for key, _ in node.value
    )


def _is_name(key: Node) -> bool:
    return isinstance(key, yaml.ScalarNode) and key.tag != _MERGE


def _all(root: Node) -> Iterator[Node]:
    """Every node once, however many anchors lead there."""
    seen: set[int] = set()
    left = [root]
    while left:
        node = left.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            left.extend(child for pair in node.value for child in pair)
        elif isinstance(node, yaml.SequenceNode):
            left.extend(node.value)
