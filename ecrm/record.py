"""How much was in use in the last run, per target, so that a sudden drop can be noticed."""

import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from ecrm.reference import Registry

log = logging.getLogger(__name__)

_FILE = "in-use.json"


def last_in_use(folder: Path) -> dict[Registry, int]:
    """How many images were in use when that was last recorded; empty where nothing was."""
    try:
        recorded = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        return {Registry(*target.split("/")): int(it["in_use"]) for target, it in recorded.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("%s cannot be read, so a drop cannot be noticed: %s", folder / _FILE, error)
        return {}


def record_in_use(folder: Path, in_use: Mapping[Registry, int], now: datetime) -> None:
    """Remember this run's numbers; those of other targets stay. A run that cannot is warned."""
    kept = {str(target): {"in_use": number} for target, number in last_in_use(folder).items()}
    new = {str(it): {"in_use": number, "at": now.isoformat()} for it, number in in_use.items()}
    path, draft = folder / _FILE, folder / f"{_FILE}.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(kept | new, indent=2) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        log.warning("%s cannot be written: %s", path, error.strerror)
        with suppress(OSError):
            draft.unlink()
