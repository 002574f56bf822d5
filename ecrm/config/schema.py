"""Reads and checks maps against tables of keys; the tables themselves are in `sections`."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from typing import Any

from ecrm.config.document import MapNode, Node
from ecrm.config.problems import Problems, read_each
from ecrm.config.values import Reader, is_null, items
from ecrm.errors import ConfigError

MISSPELLED = "lambda_funcions"
"""As the README of fujiwara/ecrm up to 0.4 had it, which ignores it like every unknown key."""
_OF_FORKS = {
    "eks_clusters": "EKS clusters are read unless kubernetes.exclude_clusters names them",
    "exclude_files": "name the files under files",
}
"""What to write instead of sections that branches of fujiwara/ecrm have."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a map.

    `warning` says of a value what is odd about it, or "". `zero_is_default` is for the keys whose
    0 or empty list fujiwara/ecrm takes for "not given". An obsolete key is read and has no effect.
    """

    reader: Reader[Any]
    description: str
    required: bool = False
    default: Any = None
    zero_is_default: bool = False
    obsolete: bool = False
    warning: Callable[[Any], str] = lambda _: ""


@dataclass(frozen=True, slots=True)
class Section:
    """A list of maps with these keys, or one map; `build` makes one value of those of one map.

    Every map has exactly one key of `exactly_one_of`, where that names any. A key may hold a map or
    a list of maps in turn, which is a section of its own; where it is not given, that of an empty
    map or list counts, or None where the section `is_optional`. In a list, no two maps have the
    same value of the key `unique`. With `item` it is a list of such values, and no map has a place
    in it. What `is_history` is in `Config.history`; any other section has a field of its own.
    """

    description: str
    keys: Mapping[str, "Key | Section"]
    build: Callable[[Mapping[str, Any]], object]
    exactly_one_of: tuple[str, ...] = ()
    at_most_one_of: tuple[str, ...] = ()
    unique: str = ""
    is_optional: bool = False
    is_list: bool = True
    item: Reader[Any] | None = None
    is_history: bool = False


def key(reader: Reader[Any], description: str, default: Any = None) -> Any:
    """A field of a dataclass that is a key of a map; see `one_map`."""
    return field(default=default, metadata={"key": Key(reader, description, default=default)})


def one_map(description: str, default: Any) -> Section:
    """A map with the keys that the fields of `default` declare, which has a value for each."""
    keys: dict[str, Key | Section] = {}
    for member in fields(default):
        declared = member.metadata["key"]
        value = getattr(default, member.name)
        keys[member.name] = (
            replace(declared, default=value) if isinstance(declared, Key) else declared
        )
    return Section(description, keys, lambda values: replace(default, **values), is_list=False)


def is_extension(name: str) -> bool:
    """Whether a key of any map holds what is the user's own, such as an anchor to merge."""
    return name.startswith("x-")


def refuse_unknown(name: str, known: Mapping[str, object], node: Node, parent: MapNode) -> None:
    if name not in known:
        near = get_close_matches(name, _current(known), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(_current(known))}"
        hint = _OF_FORKS.get(name, hint)
        raise parent.location.at(node.location.line).error(f"unknown key {name!r}; {hint}")


def read_map(node: Node, section: Section, warnings: list[str]) -> dict[str, Any]:
    """The value of every declared key that has an effect; what is odd is added to `warnings`."""
    if not isinstance(node, MapNode):
        known = ", ".join(_current(section.keys))
        raise node.location.error(f"is {node.meaning} here, not a map; its keys are {known}")
    values, problems = _defaults(section), Problems()
    for name, child in node.entries.items():
        if is_extension(name):
            continue
        with problems.collected():
            refuse_unknown(name, section.keys, child, node)
            value = _value(section.keys[name], child, warnings)
            if name in values:
                values[name] = value
    problems.raise_all()
    _check_presence(node, section)
    return values


def _defaults(section: Section) -> dict[str, Any]:
    return {name: _default(section.keys[name]) for name in _current(section.keys)}


def _default(key: Key | Section) -> Any:
    if isinstance(key, Key):
        return key.default
    if key.is_optional:
        return None
    return () if key.is_list else key.build(_defaults(key))


def _value(key: Key | Section, node: Node, warnings: list[str]) -> Any:
    if isinstance(key, Section):
        if key.is_list:
            return _entries(node, key, warnings)
        return key.build(_defaults(key) if is_null(node) else read_map(node, key, warnings))
    value = key.reader.read(node)
    if key.zero_is_default and not value:
        default = f"[{', '.join(key.default)}]" if value == () else key.default
        empty = "an empty list" if value == () else "0"
        text = f"{empty} means the default here; write {default}, or remove it"
        warnings.append(node.location.says(text))
        return key.default
    if warning := key.warning(value):
        warnings.append(node.location.says(warning))
    return value


def _entries(node: Node, section: Section, warnings: list[str]) -> tuple[object, ...]:
    nodes = items(node, "a list")
    maps = read_each(lambda entry: read_map(entry, section, warnings), nodes)
    problems, first = Problems(), dict[object, Node]()
    for entry, values in zip(nodes, maps, strict=True):
        value = values[section.unique]
        with problems.collected():
            if value in first:
                where = first[value].location.path
                raise entry.location.error(f"{value} is in {where} already; remove one of the two")
        first[value] = entry
    problems.raise_all()
    return tuple(section.build(values) for values in maps)


def _check_presence(node: MapNode, section: Section) -> None:
    problems = [
        f"needs {name!r}, {key.reader.what}"
        for name, key in section.keys.items()
        if isinstance(key, Key) and key.required and name not in node.entries
    ]
    given = [name for name in section.exactly_one_of if name in node.entries]
    if section.exactly_one_of and not given:
        problems.append(f"needs one of {' and '.join(section.exactly_one_of)}")
    both = [name for name in section.at_most_one_of if name in node.entries]
    problems += [
        f"has both {' and '.join(names)}; remove one of the two"
        for names in (given, both)
        if len(names) > 1
    ]
    if problems:
        raise ConfigError("\n".join(map(node.location.says, problems)))


def _current(keys: Mapping[str, object]) -> Collection[str]:
    return [name for name, key in keys.items() if not (isinstance(key, Key) and key.obsolete)]
