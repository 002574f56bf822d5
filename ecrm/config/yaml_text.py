"""YAML text as PyYAML's nodes, which know where they were written. JSON is read as the YAML that it
nearly is.

PyYAML composes and constructs no value, so a tag that it does not know does no harm. Its loader in
C is no choice: a file that is nested deeply ends the process there.
"""

from typing import Any

import yaml


class YamlError(ValueError):
    """Text that is no YAML; `line` counts from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


class _Loader(yaml.SafeLoader):
    """YAML lets a name be given to another node later on; PyYAML does not."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        anchor = getattr(self.peek_event(), "anchor", None)  # type: ignore[no-untyped-call]
        if not self.check_event(yaml.AliasEvent):
            self.anchors.pop(anchor, None)
        return super().compose_node(parent, index)


def documents(text: str) -> list[yaml.Node]:
    """The root of each document that is not empty. Raises YamlError."""
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        character = f"U+{ord(text[error.position]):04X}"
        raise YamlError(line, f"the character {character} is not allowed") from None
    roots = []
    try:
        while loader.check_node():
            roots.append(loader.get_node())
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else loader.line
        problem = ", ".join(filter(None, (error.context, error.problem)))
        if "alias" in problem:
            problem += "; quote a text that begins with *, such as '*'"
        raise YamlError(line + 1, problem) from None
    except (ValueError, OverflowError) as error:  # numbers in escapes and directives: "\UFFFFFFFF"
        raise YamlError(loader.line + 1, str(error)) from None
    except RecursionError:
        raise YamlError(1, "it is nested too deeply") from None
    return [root for root in roots if root is not None]


def line_of(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
