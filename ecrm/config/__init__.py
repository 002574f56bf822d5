"""ecrm.yaml, read once into a frozen Config. Every problem is one line: file, line, key, cure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from ecrm.config.check import RULES_OF_CHECK, Checks, Level
from ecrm.config.document import ConfigLocation, MapNode, Node, read_document
from ecrm.config.history import HistorySection
from ecrm.config.kubernetes import Kubernetes
from ecrm.config.problems import Problems, read_each
from ecrm.config.schema import MISSPELLED, Section, is_extension, read_map, refuse_unknown
from ecrm.config.sections import sections
from ecrm.config.settings import (
    DEFAULT_HISTORY,
    Config,
    ExternalCommand,
    Guards,
    History,
    SourceChoice,
)
from ecrm.config.values import is_null, items, list_of
from ecrm.errors import ConfigError
from ecrm.model.units import parse_bytes, parse_duration

__all__ = [
    "DEFAULT_HISTORY",
    "RULES_OF_CHECK",
    "Checks",
    "Config",
    "ExternalCommand",
    "Guards",
    "History",
    "HistorySection",
    "Kubernetes",
    "Level",
    "SourceChoice",
    "from_bytes",
    "load",
    "parse",
    "parse_bytes",
    "parse_duration",
    "sections",
]


_NO_EFFECT = "is misspelled and has no effect; write lambda_functions, or remove it"
_UNREADABLE: Mapping[type[OSError], str] = {
    FileNotFoundError: ("no such file; `ecrm generate` writes one, or name another with --config"),
    IsADirectoryError: "is a directory; name a file with --config",
    PermissionError: "no permission to read it; make it readable, or name another with --config",
}


def load(path: str, sections: Mapping[str, Section]) -> Config:
    """Read the file by these sections; raises ConfigError, which names it as given."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        other = f"{error.strerror}; name another file with --config"
        raise ConfigError(f"{path}: {_UNREADABLE.get(type(error), other)}") from None
    except ValueError as error:  # of a name that no file can have
        raise ConfigError(f"{path!r}: {error}; name another file with --config") from None
    return from_bytes(content, path, sections)


def from_bytes(
    content: bytes, path: str, sections: Mapping[str, Section], *, quotes: bool = True
) -> Config:
    """Read what a file holds, wherever that was kept; as `parse`."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = f"byte 0x{content[error.start]:02x}"
        raise ConfigError(f"{path}:{line}: not UTF-8: {byte}; save the file as UTF-8") from None
    return parse(text, path, sections, quotes=quotes)


def parse(text: str, path: str, sections: Mapping[str, Section], *, quotes: bool = True) -> Config:
    """Read the text of a file; `path` is only named in messages, which quote the text only with
    `quotes`, unless it is a map. Raises ConfigError."""
    problems = Problems()
    root = read_document(text, path, problems, quotes=quotes)
    if root is None:
        raise ConfigError(f"{path}: is empty; `ecrm generate` writes one that is not")
    with problems.collected():
        config = _config(root, sections)
    problems.raise_all()
    return replace(config, fingerprint=_fingerprint(config))


def _config(root: MapNode, sections: Mapping[str, Section]) -> Config:
    """Everything but the fingerprint; raises ConfigError with a line for each problem."""
    warnings: list[str] = []
    values: dict[str, Any] = {}
    places: dict[str, ConfigLocation] = {}
    problems = Problems()
    for name, node in root.entries.items():
        if is_extension(name):
            continue
        if name == MISSPELLED:
            warnings.append(node.location.says(_NO_EFFECT))
            continue
        places[node.location.path] = node.location
        with problems.collected():
            refuse_unknown(name, sections, node, root)
            if sections[name].is_list and not sections[name].item:
                entries = items(node, "a list")
                places |= {entry.location.path: entry.location for entry in entries}
                values[name] = _entries(entries, sections[name], warnings)
            elif sections[name].item or not is_null(node):
                values[name] = _value(node, sections[name], warnings)
    problems.raise_all()
    if not values.get("repositories"):
        place = root.entries["repositories"].location if "repositories" in values else root.location
        warnings.append(place.says("no repository rule: nothing will ever be deleted"))
    history = {
        name: values.pop(name, ()) for name, section in sections.items() if section.is_history
    }
    return Config(**values, history=history, warnings=tuple(warnings), locations=places)


def _value(node: Node, section: Section, warnings: list[str]) -> Any:
    if section.item:
        return list_of(section.item).read(node)
    return section.build(read_map(node, section, warnings))


def _entries(entries: Sequence[Node], section: Section, warnings: list[str]) -> tuple[Any, ...]:
    """A later one that can never apply, since an earlier one covers it, is a warning."""
    values = read_each(lambda entry: _value(entry, section, warnings), entries)
    if section.exactly_one_of:
        for number, (node, value) in enumerate(zip(entries, values, strict=True)):
            for first, earlier in zip(entries, values[:number], strict=False):
                if earlier.name.covers(value.name):
                    what = f"{first.location.path} ({earlier.name}) covers all that it names"
                    warnings.append(
                        node.location.says(f"never applies: {what}; move it up, or remove it")
                    )
                    break
    return values


def _fingerprint(config: Config) -> str:
    """Of the values, not of the text: comments, order of keys and spelling do not change it; nor
    do `check`, `owners` and `pricing`, which decide about no image, nor `targets`, since a plan
    holds what they are."""
    values = _plain(config)
    values |= values.pop("history")
    of_no_image = ("check", "rate_limits", "owners", "pricing", "targets")
    for name in ("fingerprint", "warnings", "locations", *of_no_image):
        del values[name]
    return sha256(json.dumps(values, default=_plain, sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    return {field.name: getattr(value, field.name) for field in fields(value)}
