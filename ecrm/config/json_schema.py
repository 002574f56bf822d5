"""ecrm.yaml as JSON Schema, for editors: made of the tables that read it, so that both agree.

https://json-schema.org/draft/2020-12. What a schema cannot say (how a number or a boolean was
written, that a key stands twice, how long a duration is) the reader alone refuses.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ecrm.config.schema import MISSPELLED, Key, Section

Schema = dict[str, Any]
_EXTENSIONS = "^x-"


def json_schema(sections: Mapping[str, Section]) -> Schema:
    """The whole file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ecrm.yaml",
        "description": "What ecrm keeps and what it may delete",
        "type": "object",
        "additionalProperties": False,
        "patternProperties": {_EXTENSIONS: True},
        "properties": {
            **{name: _section(section) for name, section in sections.items()},
            MISSPELLED: {"deprecated": True},
        },
    }


def _section(section: Section) -> Schema:
    """A section may be null, since all that it holds may be commented out."""
    about = {"description": section.description}
    if section.item:
        return about | {"type": ["array", "null"], "items": dict(section.item.schema)}
    if section.is_list:
        return about | {"type": ["array", "null"], "items": _map(section, "object")}
    return about | _map(section, ["object", "null"])


def _map(section: Section, kind: str | list[str]) -> Schema:
    keys = section.keys.items()
    required = [name for name, key in keys if isinstance(key, Key) and key.required]
    either = [{"required": [name]} for name in section.exactly_one_of]
    return {
        "type": kind,
        "additionalProperties": False,
        "patternProperties": {_EXTENSIONS: True},
        "properties": {name: _key(key) for name, key in keys},
        **({"required": required} if required else {}),
        **({"oneOf": either} if either else {}),
        **({"not": {"required": list(section.at_most_one_of)}} if section.at_most_one_of else {}),
    }


def _key(key: Key | Section) -> Schema:
    if isinstance(key, Section):
        return _section(key)
    return {
        "description": key.description,
        **key.reader.schema,
        **({"deprecated": True} if key.obsolete else {}),
        **_default(key.default),
    }


def _default(value: Any) -> Schema:
    """As it would be written."""
    if value is None:
        return {}
    if isinstance(value, timedelta):
        whole_days = value == timedelta(days=value.days)
        return {"default": f"{value.days}d" if whole_days else f"{value.total_seconds():.0f}s"}
    if isinstance(value, Decimal):
        return {"default": float(value)}
    return {"default": list(value) if isinstance(value, tuple) else value}
