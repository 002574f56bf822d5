"""CloudFormation's functions, as far as literals of the template settle them.

What stays open is written as `${Name}`, as Fn::Sub writes it, and a parameter with a default as
`${Name:-default}`; from there on it is a template like any other.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from ecrm.config.yaml_text import line_of
from ecrm.sources.files.document import (
    Node,
    TooMuchError,
    entries_of,
    items_of,
    raw_of,
    text_of,
)

_VARIABLE = re.compile(r"\$\{([^{}!]+)\}")
_FUNCTIONS = frozenset(
    {
        *("Ref", "Sub", "Join", "GetAtt", "ImportValue", "FindInMap", "Select", "Split"),
        *("Base64", "Transform", "If"),
    }
)
# Text made of text made of text, by way of anchors, has no end; no real file comes near this.
_MOST_CHARACTERS = 10_000_000
_ECR = "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com"


class Stack:
    """The names of one template that stand for text."""

    def __init__(self, root: Node) -> None:
        self._known: dict[str, str] = {"AWS::URLSuffix": "amazonaws.com"}
        self._texts: dict[int, str | None] = {}
        self._left = _MOST_CHARACTERS
        for name, parameter in entries_of(entries_of(root).get("Parameters")).items():
            facts = entries_of(parameter)
            default = text_of(facts.get("Default"))
            # The default of an SSM parameter is the name of one.
            if re.fullmatch(r"[^{}]+", default) and "SSM" not in text_of(facts.get("Type")):
                self._known[name] = f"${{{name}:-{default}}}"
        for name, resource in entries_of(entries_of(root).get("Resources")).items():
            facts = entries_of(resource)
            literal = text_of(entries_of(facts.get("Properties")).get("RepositoryName"))
            if literal and text_of(facts.get("Type")) == "AWS::ECR::Repository":
                self._known |= {name: literal, f"{name}.RepositoryUri": f"{_ECR}/{literal}"}

    def text(self, node: Node) -> str | None:
        """What a function gives; None for what is no function, and for Fn::If (`branches`). Raises
        TooMuchError."""
        if id(node) not in self._texts:
            self._texts[id(node)] = self._evaluated(node)
        return self._texts[id(node)]

    def _evaluated(self, node: Node) -> str | None:
        name, argument = _function(node)
        match name:
            case None | "If":
                return None
            case "Sub":
                return self._sub(argument)
            case "Join":
                return self._join(argument)
            case "Ref" | "GetAtt":
                parts = list(map(raw_of, items_of(argument))) or [raw_of(argument)]
                return self._named(".".join(parts), {})
            case _:
                return f"${{{name}}}"

    def branches(self, node: Node) -> list[Node]:
        """What Fn::If chooses from."""
        name, argument = _function(node)
        return items_of(argument)[1:] if name == "If" else []

    def _sub(self, argument: Node) -> str:
        template, variables = (*items_of(argument), None, None)[:2]
        own = {name: self._value(value) for name, value in entries_of(variables).items()}
        text = raw_of(template or argument)
        return self._made(self._substituted(text, own), argument)

    def _substituted(self, text: str, own: Mapping[str, str]) -> Iterator[str]:
        end = 0
        for found in _VARIABLE.finditer(text):
            yield text[end : found.start()]
            yield self._named(found[1].strip(), own)
            end = found.end()
        yield text[end:]

    def _join(self, argument: Node) -> str:
        separator, parts = (*items_of(argument), None, None)[:2]
        if not items_of(parts):
            return "${Join}"
        between = text_of(separator)
        texts = (piece for part in items_of(parts) for piece in (between, self._value(part)))
        next(texts)  # before the first there is nothing
        return self._made(texts, argument)

    def _made(self, pieces: Iterable[str], argument: Node) -> str:
        """The pieces together; counted before they are, over the whole template."""
        made = []
        for piece in pieces:
            self._left -= len(piece)
            if self._left < 0:
                raise TooMuchError(f"{line_of(argument)}: its functions make too much text")
            made.append(piece)
        return "".join(made)

    def _value(self, node: Node) -> str:
        text = self.text(node)
        return text if text is not None else text_of(node) or "${value}"

    def _named(self, name: str, own: Mapping[str, str]) -> str:
        return own.get(name) or self._known.get(name) or f"${{{name}}}"


def _function(node: Node) -> tuple[str | None, Node]:
    """The short form `!Sub x` and the long one `Fn::Sub: x`."""
    if node.tag.startswith("!"):
        name = node.tag.removeprefix("!")
        return (name if name in _FUNCTIONS else None), node
    entries = entries_of(node)
    if len(entries) == 1:
        [(key, argument)] = entries.items()
        name = key.removeprefix("Fn::")
        if name in _FUNCTIONS and (key != name or key == "Ref"):
            return name, argument
    return None, node
