"""How much was in use in the last run, per target and source, so that a drop can be noticed."""

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ecrm.aws.ownership import make_own_folder
from ecrm.aws.storage import ClientFactory, is_remote, no_aws, read_text, write_text
from ecrm.errors import EcrmError, InputError, NotThereError
from ecrm.model.json_text import parse_json
from ecrm.model.reference import Registry
from ecrm.planning.guards import WHOLE, Usage
from ecrm.workflow.state import USAGE_HISTORY

log = logging.getLogger(__name__)


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
    place = f"{folder}/{name}"
    try:
        if not is_remote(folder):
            make_own_folder(Path(folder))
        text = json.dumps(kept | new, indent=2) + "\n"
        write_text(place, text, clients, "application/json", private=True)
    except OSError as error:
        log.warning("%s could not be written: %s", place, error.strerror)
    except EcrmError as error:
        log.warning("%s", error)


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
