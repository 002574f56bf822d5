"""YAML text as a tree of nodes that know where they were written.

PyYAML composes the text but constructs no value: that `1.10` is a number to YAML 1.1 matters only
where text is wanted, and a message about it needs the text as written. Anchors and merge keys
are resolved here and no longer show in the tree.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias, cast

import yaml

from ecrm.config.problems import Problems
from ecrm.config.yaml_text import YamlError, documents, line_of
from ecrm.errors import ConfigError
from ecrm.model.printable import printable

_PREFIX = "tag:yaml.org,2002:"
_SCALAR_TAGS = frozenset({"str", "int", "float", "bool", "null", "timestamp", "merge", "value"})
_TRUE = frozenset({"yes", "true", "on"})
_MERGE = "<<"
_PLAIN_KEY = re.compile(r"[\w-]+")

# No real file comes near it, and a few lines of anchors within anchors would never end.
_MOST_NODES = 100_000
_SHOWN = 200
_OWN_TEXT = {
    "int": re.compile(r"0|-?[1-9][0-9]*"),
    "float": re.compile(r"-?(0|[1-9][0-9]{0,8})\.[0-9]{0,5}[1-9]"),
    "bool": re.compile("true|false"),
}


@dataclass(frozen=True, slots=True)
class ConfigLocation:
    """Where something is written; `path` is a key path such as `repositories[2].expires`."""

    file: str
    line: int
    path: str = ""

    def key(self, name: str, line: int) -> "ConfigLocation":
        step = name if _PLAIN_KEY.fullmatch(name) else f"[{name!r}]"
        dot = "." if self.path and step == name else ""
        return ConfigLocation(self.file, line, f"{self.path}{dot}{step}")

    def item(self, index: int, line: int) -> "ConfigLocation":
        return ConfigLocation(self.file, line, f"{self.path}[{index}]")

    def at(self, line: int) -> "ConfigLocation":
        return ConfigLocation(self.file, line, self.path)

    def says(self, text: str) -> str:
        """`file:line: path: text`, always one line, whatever the text holds."""
        path = f"{self.path}: " if self.path else ""
        line = f"{self.file}:{self.line}: {path}{text}"
        return printable(line)

    def error(self, problem: str) -> ConfigError:
        return ConfigError(self.says(problem))


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value as written. `tag` is what YAML 1.1 takes it for: `str`, `bool`, `int`, ..."""

    location: ConfigLocation
    text: str
    tag: str

    @property
    def may_lose_text(self) -> bool:
        """Whether it is a number or a boolean that some reader of YAML would write otherwise."""
        own_text = _OWN_TEXT.get(self.tag)
        return own_text is not None and not own_text.fullmatch(self.text)

    @property
    def meaning(self) -> str:
        text = self.text if len(self.text) <= _SHOWN else f"{self.text[:_SHOWN]}..."
        match self.tag:
            case "str":
                return f"the text {text!r}"
            case "bool":
                return f"the boolean {'true' if text.lower() in _TRUE else 'false'}"
            case "int" | "float":
                return f"the number {text}"
            case "null":
                return "null"
            case "timestamp":
                return f"the date {text}"
            case _:
                return f"YAML's special {text}"


@dataclass(frozen=True, slots=True)
class ListNode:
    location: ConfigLocation
    items: tuple["Node", ...]
    meaning = "a list"


@dataclass(frozen=True, slots=True)
class MapNode:
    """`entries` are in the order of the file, merged ones last; each is placed at its key's line.

    So a value that an anchor brings in is placed where its name is, not where it was written.
    """

    location: ConfigLocation
    entries: Mapping[str, "Node"]
    meaning = "a map"


Node: TypeAlias = Scalar | ListNode | MapNode


def read_document(
    text: str, file: str, problems: Problems, *, quotes: bool = True
) -> MapNode | None:
    """The map that is the only document in `text`, or None if there is none; raises ConfigError.

    A key that is there twice is one of the `problems`, and its first value counts.
    `file` is only named in messages. None quotes a text that is no map, which may be a secret that
    was taken for a configuration; without `quotes`, nor does one about YAML.
    """
    try:
        roots = documents(text)
    except YamlError as error:
        problem = str(error) if quotes else "it cannot be parsed"
        raise ConfigLocation(file, error.line).error(f"not YAML: {problem}") from None
    if not roots:
        return None
    if len(roots) > 1:
        problem = "a second document; write one document and no further ---"
        raise ConfigLocation(file, line_of(roots[1])).error(problem)
    location = ConfigLocation(file, line_of(roots[0]))
    if not isinstance(roots[0], yaml.MappingNode):
        raise location.error("is not a map; begin with 'repositories:'")
    try:
        return cast("MapNode", _Tree(problems).node(roots[0], location))
    except RecursionError:
        raise location.error("is nested too deeply") from None


class _Tree:
    """Turns PyYAML's nodes into ours; one for each document."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._open: set[int] = set()
        self._count = 0

    def node(self, source: yaml.Node, place: ConfigLocation) -> Node:
        with self._inside(source, place):
            tag = source.tag.removeprefix(_PREFIX)
            if isinstance(source, yaml.ScalarNode) and tag in _SCALAR_TAGS:
                return Scalar(place, source.value, tag)
            if isinstance(source, yaml.SequenceNode) and tag == "seq":
                items = enumerate(source.value)
                return ListNode(place, tuple([self._item(place, i, item) for i, item in items]))
            if isinstance(source, yaml.MappingNode) and tag == "map":
                pairs = self._pairs(source, place).items()
                return MapNode(place, {k: self.node(v, place.key(k, n)) for k, (n, v) in pairs})
        raise place.error(f"the tag {source.tag} is not understood; remove it")

    def _item(self, place: ConfigLocation, index: int, source: yaml.Node) -> Node:
        return self.node(source, place.item(index, line_of(source)))

    @contextmanager
    def _inside(self, source: yaml.Node, place: ConfigLocation) -> Iterator[None]:
        """Refuses what anchors can do to a tree: hold itself, and grow without end."""
        self._count += 1
        if self._count > _MOST_NODES:
            problem = "anchors make it too large to be read; write the values out"
            raise ConfigError(f"{place.file}: {problem}")
        if id(source) in self._open:
            raise place.error("an anchor that holds itself has no end; write the value out")
        self._open.add(id(source))
        yield
        self._open.discard(id(source))

    def _pairs(
        self, source: yaml.MappingNode, place: ConfigLocation
    ) -> dict[str, tuple[int, yaml.Node]]:
        """The line and the value of each key; an explicit key hides a merged one."""
        pairs: dict[str, tuple[int, yaml.Node]] = {}
        for key, value in source.value:
            name, line = _key(key, place), line_of(key)
            if name in pairs:
                first = f"given in line {pairs[name][0]} already; remove one of the two"
                self._problems.add(place.key(name, line).error(first))
                continue
            pairs[name] = line, value
        if _MERGE in pairs:
            line, merged = pairs.pop(_MERGE)
            for name, pair in self._merged(merged, place.key(_MERGE, line)):
                pairs.setdefault(name, pair)
        return pairs

    def _merged(
        self, source: yaml.Node, place: ConfigLocation
    ) -> Iterator[tuple[str, tuple[int, yaml.Node]]]:
        sources = source.value if isinstance(source, yaml.SequenceNode) else [source]
        for one in sources:
            if not isinstance(one, yaml.MappingNode):
                raise place.error("merges no map; write an alias of one, such as <<: *defaults")
            with self._inside(one, place):
                yield from self._pairs(one, place).items()


def _key(source: yaml.Node, place: ConfigLocation) -> str:
    if not isinstance(source, yaml.ScalarNode):
        raise place.at(line_of(source)).error("a key must be text, not a list or a map")
    key = Scalar(place.at(line_of(source)), source.value, source.tag.removeprefix(_PREFIX))
    if key.tag not in ("str", "merge"):
        raise key.location.error(f"a key is {key.meaning}, not text; quote it: {key.text!r}")
    return key.text
