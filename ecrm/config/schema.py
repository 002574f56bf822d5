"""Reads and checks maps against tables of keys; the tables themselves are in `sections`."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ecrm.config.document import ConfigLocation, MapNode, Node
from ecrm.config.settings import Config
from ecrm.config.values import Reader, is_null, items, list_of


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

    Every map has exactly one key of `exactly_one_of`, where that names any. A key may hold one map
    in turn, which is a section of its own; where it is not given, that of an empty map counts. With
    `item` it is a list of such values, and no map has a place in it. What `is_history` is in
    `Config.history`; any other section has a field of its own.
    """

    description: str
    keys: Mapping[str, "Key | Section"]
    build: Callable[[Mapping[str, Any]], object]
    exactly_one_of: tuple[str, ...] = ()
    is_list: bool = True
    item: Reader[Any] | None = None
    is_history: bool = False


def read_config(root: MapNode, sections: Mapping[str, Section]) -> Config:
    """Everything but the fingerprint; raises ConfigError for the first problem in the file."""
    warnings: list[str] = []
    values: dict[str, Any] = {}
    places: dict[str, ConfigLocation] = {}
    for name, node in root.entries.items():
        _refuse_unknown(name, sections, node, root)
        section = sections[name]
        places[node.location.path] = node.location
        if section.item:
            values[name] = list_of(section.item).read(node)
        elif section.is_list:
            entries = items(node, "a list")
            places |= {entry.location.path: entry.location for entry in entries}
            values[name] = tuple(section.build(read_map(e, section, warnings)) for e in entries)
        elif not is_null(node):
            values[name] = section.build(read_map(node, section, warnings))
    if not values.get("repositories"):
        place = root.entries["repositories"].location if "repositories" in values else root.location
        warnings.append(place.says("no repository rule: nothing will ever be deleted"))
    history = {
        name: values.pop(name, ()) for name, section in sections.items() if section.is_history
    }
    return Config(**values, history=history, warnings=tuple(warnings), locations=places)


def read_map(node: Node, section: Section, warnings: list[str]) -> dict[str, Any]:
    """The value of every declared key that has an effect; what is odd is added to `warnings`."""
    if not isinstance(node, MapNode):
        known = ", ".join(_current(section.keys))
        raise node.location.error(f"is {node.meaning} here, not a map; its keys are {known}")
    values = _defaults(section)
    for name, child in node.entries.items():
        _refuse_unknown(name, section.keys, child, node)
        value = _value(section.keys[name], child, warnings)
        if name in values:
            values[name] = value
    _check_presence(node, section)
    return values


def _defaults(section: Section) -> dict[str, Any]:
    named = ((name, section.keys[name]) for name in _current(section.keys))
    return {
        name: key.default if isinstance(key, Key) else key.build(_defaults(key))
        for name, key in named
    }


def _value(key: Key | Section, node: Node, warnings: list[str]) -> Any:
    if isinstance(key, Section):
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


def _check_presence(node: MapNode, section: Section) -> None:
    for name, key in section.keys.items():
        if isinstance(key, Key) and key.required and name not in node.entries:
            raise node.location.error(f"needs {name!r}, {key.reader.what}")
    given = [name for name in section.exactly_one_of if name in node.entries]
    if section.exactly_one_of and not given:
        raise node.location.error(f"needs one of {' and '.join(section.exactly_one_of)}")
    if len(given) > 1:
        raise node.location.error(f"has both {' and '.join(given)}; remove one of the two")


def _refuse_unknown(name: str, known: Mapping[str, object], node: Node, parent: MapNode) -> None:
    if name not in known:
        near = get_close_matches(name, _current(known), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(_current(known))}"
        raise parent.location.at(node.location.line).error(f"unknown key {name!r}; {hint}")


def _current(keys: Mapping[str, object]) -> Collection[str]:
    return [name for name, key in keys.items() if not (isinstance(key, Key) and key.obsolete)]
