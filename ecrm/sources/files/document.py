"""YAML and JSON as nodes that know their lines. JSON is read as the YAML that it nearly is.

PyYAML composes and constructs nothing, so a tag that only CloudFormation knows does no harm. Its
loader in C is no choice: a file that is nested deeply ends the process there.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from ecrm.errors import InputError

Node = yaml.Node
_STR = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


# A few lines of merge keys would never end; no real file comes near this.
_MOST_MERGED = 1_000_000


class TooMuchError(InputError):
    """`line: what is wrong`, of a file that means far more than it says."""


class _Loader(yaml.SafeLoader):
    """YAML lets a name be given to another node later on; PyYAML does not."""

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        anchor = getattr(self.peek_event(), "anchor", None)  # type: ignore[no-untyped-call]
        if not self.check_event(yaml.AliasEvent):
            self.anchors.pop(anchor, None)
        return super().compose_node(parent, index)


def documents(text: str) -> list[Node]:
    """Raises InputError, `line: what is wrong`, for text that is no YAML."""
    try:
        roots = [
            document for document in yaml.compose_all(text, Loader=_Loader) if document is not None
        ]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        raise InputError(f"{line}: {problem}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise InputError(f"{line}: the character #x{ord(text[error.position]):04x}") from None
    except (ValueError, OverflowError) as error:  # of numbers in escapes and directives
        raise InputError(f"1: {error}") from None
    except RecursionError:
        raise InputError("1: it is nested too deeply") from None
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


def line_of(node: Node) -> int:
    return int(node.start_mark.line) + 1


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
