"""How much was in use in the last run, per target and source, so that a drop can be noticed."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ecrm.aws.storage import ClientFactory, no_aws, read_text
from ecrm.errors import EcrmError, InputError, NotThereError
from ecrm.model.json_text import parse_json
from ecrm.model.reference import Registry
from ecrm.planning.guards import WHOLE, Usage
from ecrm.workflow.state import USAGE_HISTORY, write_state


def last_usage(
    folder: str, clients: ClientFactory = no_aws, name: str = USAGE_HISTORY
) -> dict[Registry, Usage]:
    """How much was in use when that was last recorded; empty where nothing was.

    `folder` is a path or `s3://bucket/prefix`; `clients` connects only for the latter. Raises
    InputError for a record that is there and cannot be read.
    """
    place = f"{folder}/{name}"
    try:
        recorded = parse_json(read_text(place, clients))
        return {Registry(*target.split("/")): _usage(entry) for target, entry in recorded.items()}
    except NotThereError:
        return {}
    except (EcrmError, ValueError, TypeError, KeyError, AttributeError) as error:
        what = f"{place} cannot be read, so a drop cannot be noticed: {error}"
        raise InputError(what) from error


def record_usage(
    folder: str,
    usage: Mapping[Registry, Usage],
    now: datetime,
    clients: ClientFactory = no_aws,
    name: str = USAGE_HISTORY,
    *,
    last: Mapping[Registry, Usage],
) -> None:
    """Record this run's numbers, and those of other targets from `last`; also what `last` says of a
    target of which this run does not know the whole. A failure is a warning."""
    kept = {str(target): _entry(numbers) for target, numbers in last.items()}
    known = {
        target: numbers if WHOLE in numbers else {**last.get(target, {}), **numbers}
        for target, numbers in usage.items()
    }
    new = {
        str(target): _entry(numbers) | {"at": now.isoformat()}
        for target, numbers in known.items()
        if WHOLE in numbers
    }
    write_state(folder, name, json.dumps(kept | new, indent=2), clients)


def _entry(usage: Usage) -> dict[str, Any]:
    sources = {source: number for source, number in usage.items() if source != WHOLE}
    return {"in_use": usage[WHOLE], "sources": sources}


def _usage(entry: dict[str, Any]) -> Usage:
    """Raises ValueError, TypeError, KeyError or AttributeError for what is not as `_entry` has it.
    Older records have no `sources`."""
    usage = {WHOLE: entry["in_use"], **entry.get("sources", {})}
    if not all(type(number) is int and number >= 0 for number in usage.values()):
        raise ValueError("a number of images is none")
    return usage
