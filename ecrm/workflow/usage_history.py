"""How much was in use in the last run, per target, so that a sudden drop can be noticed."""

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from ecrm.aws.ownership import make_own_folder
from ecrm.aws.storage import ClientFactory, is_remote, no_aws, read_text, write_text
from ecrm.errors import EcrmError, NotThereError
from ecrm.model.reference import Registry
from ecrm.workflow.state import USAGE_HISTORY

log = logging.getLogger(__name__)


def last_in_use(folder: str, clients: ClientFactory = no_aws) -> dict[Registry, int]:
    """How many images were in use when that was last recorded; empty where nothing was.

    `folder` is a path or `s3://bucket/prefix`; `clients` connects only for the latter.
    """
    place = f"{folder}/{USAGE_HISTORY}"
    try:
        recorded = json.loads(read_text(place, clients))
        return {
            Registry(*target.split("/")): int(entry["in_use"]) for target, entry in recorded.items()
        }
    except NotThereError:
        return {}
    except (EcrmError, ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("%s cannot be read, so a drop cannot be noticed: %s", place, error)
        return {}


def record_in_use(
    folder: str, in_use: Mapping[Registry, int], now: datetime, clients: ClientFactory = no_aws
) -> None:
    """Record this run's numbers; those of other targets are kept. A failure is a warning."""
    last = last_in_use(folder, clients)
    kept = {str(target): {"in_use": number} for target, number in last.items()}
    new = {
        str(target): {"in_use": number, "at": now.isoformat()} for target, number in in_use.items()
    }
    place = f"{folder}/{USAGE_HISTORY}"
    try:
        if not is_remote(folder):
            make_own_folder(Path(folder))
        text = json.dumps(kept | new, indent=2) + "\n"
        write_text(place, text, clients, "application/json", private=True)
    except OSError as error:
        log.warning("%s could not be written: %s", place, error.strerror)
    except EcrmError as error:
        log.warning("%s", error)
