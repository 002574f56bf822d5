"""The keys of ecrm.yaml: one table for each section, from which everything is read and checked.

To add a key, declare it in its table and name it in the section's `build`. A section that is one
map and no list of maps is read by `read_map` alone.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ecrm.config.document import MapNode, Node
from ecrm.config.settings import DEFAULT_HISTORY, Config, ExternalCommand, History
from ecrm.config.values import (
    BOOLEAN,
    COMMAND,
    COUNT,
    DURATION,
    ENVIRONMENT,
    GLOB,
    NAME,
    TEXT,
    Reader,
    items,
    list_of,
)
from ecrm.model import Rule
from ecrm.pattern import NamePattern


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
    """A list of maps with these keys; `build` makes one value of the values of one map.

    Every map has exactly one key of `exactly_one_of`, where that names any.
    """

    description: str
    keys: Mapping[str, Key]
    build: Callable[[Mapping[str, Any]], object]
    exactly_one_of: tuple[str, ...] = ()


_NAMES = ("name", "name_pattern")


def _name_keys(noun: str) -> dict[str, Key]:
    def warning(name: NamePattern) -> str:
        if "*" in name.text or "?" in name.text:
            return (
                f"{name.text!r} matches only a {noun} literally named so; "
                "did you mean name_pattern?"
            )
        return ""

    return {
        "name": Key(NAME, f"the {noun} of exactly this name", warning=warning),
        "name_pattern": Key(
            GLOB, f"every {noun} whose name this covers; * is any text, ? one character"
        ),
    }


def _exclude(noun: str) -> dict[str, Key]:
    text = f"true: do not read what this {noun} uses; what only it uses is not protected"
    return {"exclude": Key(BOOLEAN, text, default=False)}


def _history_keys(noun: str, versions: str) -> dict[str, Key]:
    return {
        **_name_keys(noun),
        "keep_count": Key(
            COUNT,
            f"how many {versions} count as in use, newest first",
            default=DEFAULT_HISTORY,
            zero_is_default=True,
        ),
        **_exclude(noun),
    }


def _history(values: Mapping[str, Any]) -> History:
    name = values["name"] or values["name_pattern"]
    keep_count = values.get("keep_count", DEFAULT_HISTORY)
    return History(name, keep_count=keep_count, exclude=values["exclude"])


def _command(values: Mapping[str, Any]) -> ExternalCommand:
    # fujiwara/ecrm takes a timeout of 0 for none.
    return ExternalCommand(**{**values, "timeout": values["timeout"] or None})


def _rule(values: Mapping[str, Any]) -> Rule:
    rest = {key: value for key, value in values.items() if key not in _NAMES}
    return Rule(name=values["name"] or values["name_pattern"], **rest)


SECTIONS: Mapping[str, Section] = {
    "clusters": Section(
        "ECS clusters; all are read, this is for leaving one out",
        {**_name_keys("cluster"), **_exclude("cluster")},
        _history,
        _NAMES,
    ),
    "task_definitions": Section(
        "ECS task definitions; all are read, this says how far back",
        _history_keys("task definition", "revisions of the family"),
        _history,
        _NAMES,
    ),
    "lambda_functions": Section(
        "Lambda functions; all are read, this says how far back",
        {
            **_history_keys("Lambda function", "versions of the function"),
            "keep_aliase": Key(
                BOOLEAN,
                "obsolete: what an alias points to is always kept",
                obsolete=True,
                warning=lambda _: "is obsolete, aliases are always kept; remove it",
            ),
        },
        _history,
        _NAMES,
    ),
    "external_commands": Section(
        "programs that print a JSON array of the image URIs they know to be in use",
        {
            "command": Key(COMMAND, "the program and its arguments; no shell", required=True),
            "env": Key(ENVIRONMENT, "variables added to its environment", default={}),
            "dir": Key(TEXT, "the directory it runs in"),
            "timeout": Key(DURATION, "how long it may run; 0s or none: without limit"),
        },
        _command,
    ),
    "repositories": Section(
        "what stays in each repository; the first entry that matches applies",
        {
            **_name_keys("repository"),
            "expires": Key(
                DURATION, "an image pushed within this time stays", required=True
            ),
            "keep_count": Key(
                COUNT, "this many of the newest tagged images stay, besides those", default=0
            ),
            "keep_tag_patterns": Key(
                list_of(TEXT),
                "an image with a tag that one of these globs covers stays",
                default=("latest",),
                zero_is_default=True,
            ),
            "keep_pulled_within": Key(DURATION, "an image pulled within this time stays, too"),
            "delete_artifacts": Key(
                BOOLEAN,
                "true: what is no container image (a Helm chart, say) may go as well",
                default=False,
            ),
        },
        _rule,
        _NAMES,
    ),
}  # fmt: skip


def read_config(root: MapNode) -> Config:
    """Everything but the fingerprint; raises ConfigError for the first problem in the file."""
    warnings: list[str] = []
    values: dict[str, Any] = {}
    for name, node in root.entries.items():
        _refuse_unknown(name, SECTIONS, node, root)
        section = SECTIONS[name]
        entries = items(node, "a list")
        values[name] = tuple(section.build(read_map(e, section, warnings)) for e in entries)
    if not values.get("repositories"):
        place = root.entries["repositories"].place if "repositories" in values else root.place
        warnings.append(place.says("no repository rule: nothing will ever be deleted"))
    return Config(**values, warnings=tuple(warnings))


def read_map(node: Node, section: Section, warnings: list[str]) -> dict[str, Any]:
    """The value of every declared key that has an effect; what is odd is added to `warnings`."""
    if not isinstance(node, MapNode):
        known = ", ".join(_current(section.keys))
        raise node.place.error(f"is {node.meaning} here, not a map; its keys are {known}")
    values = {name: section.keys[name].default for name in _current(section.keys)}
    for name, child in node.entries.items():
        _refuse_unknown(name, section.keys, child, node)
        value = _value(section.keys[name], child, warnings)
        if name in values:
            values[name] = value
    _check_presence(node, section)
    return values


def _value(key: Key, node: Node, warnings: list[str]) -> Any:
    value = key.reader.read(node)
    if key.zero_is_default and not value:
        default = f"[{', '.join(key.default)}]" if value == () else key.default
        empty = "an empty list" if value == () else "0"
        text = f"{empty} means the default here; write {default}, or remove it"
        warnings.append(node.place.says(text))
        return key.default
    if warning := key.warning(value):
        warnings.append(node.place.says(warning))
    return value


def _check_presence(node: MapNode, section: Section) -> None:
    for name, key in section.keys.items():
        if key.required and name not in node.entries:
            raise node.place.error(f"needs {name!r}, {key.reader.what}")
    given = [name for name in section.exactly_one_of if name in node.entries]
    if section.exactly_one_of and not given:
        raise node.place.error(f"needs one of {' and '.join(section.exactly_one_of)}")
    if len(given) > 1:
        raise node.place.error(f"has both {' and '.join(given)}; remove one of the two")


def _refuse_unknown(name: str, known: Mapping[str, object], node: Node, parent: MapNode) -> None:
    if name not in known:
        near = get_close_matches(name, _current(known), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(_current(known))}"
        raise parent.place.at(node.place.line).error(f"unknown key {name!r}; {hint}")


def _current(keys: Mapping[str, object]) -> Collection[str]:
    return [name for name, key in keys.items() if not (isinstance(key, Key) and key.obsolete)]
