"""Reads and checks maps against tables of keys; the tables themselves are in `sections`."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from typing import Any

from ecrm.config.document import MapNode, Node
from ecrm.config.problems import Problems
from ecrm.config.values import Reader, is_null
from ecrm.errors import ConfigError

MISSPELLED = "lambda_funcions"
"""As the README of fujiwara/ecrm up to 0.4 had it, which ignores it like every unknown key."""
_OF_FORKS = {
    "eks_clusters": "EKS is not read; name its images by files or external_commands, or use "
    "keep_pulled_within",
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
    problems = [
        f"needs {name!r}, {key.reader.what}"
        for name, key in section.keys.items()
        if isinstance(key, Key) and key.required and name not in node.entries
    ]
    given = [name for name in section.exactly_one_of if name in node.entries]
    if section.exactly_one_of and not given:
        problems.append(f"needs one of {' and '.join(section.exactly_one_of)}")
    if len(given) > 1:
        problems.append(f"has both {' and '.join(given)}; remove one of the two")
    if problems:
        raise ConfigError("\n".join(map(node.location.says, problems)))


def _current(keys: Mapping[str, object]) -> Collection[str]:
    return [name for name, key in keys.items() if not (isinstance(key, Key) and key.obsolete)]
