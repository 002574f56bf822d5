"""Where state is kept between runs: a folder that is the user's own, or a prefix in S3."""

import logging
from collections.abc import Mapping
from pathlib import Path

from ecrm.aws.ownership import (
    distrust_of_file,
    distrust_of_folder,
    make_own_folder,
    users_folder,
)
from ecrm.aws.storage import ClientFactory, is_remote, write_text
from ecrm.errors import EcrmError, UsageError

log = logging.getLogger(__name__)

USAGE_HISTORY = "in-use.json"
USAGE_HISTORY_OF_FILES = "in-use-no-scan.json"
"""What scanned files alone name is compared with that, and with no scan of an account."""
TOTALS_HISTORY = "totals.json"
KNOWN_ACCOUNTS = "accounts.json"
JOURNALS = "journals"
_FILES = (USAGE_HISTORY, USAGE_HISTORY_OF_FILES, TOTALS_HISTORY, KNOWN_ACCOUNTS)


def state_folder(environ: Mapping[str, str]) -> str:
    """`$ECRM_STATE_DIR`, a path or `s3://bucket/prefix`; else `$XDG_STATE_HOME/ecrm`, else
    `~/.local/state/ecrm`. It has no trailing slash."""
    if chosen := environ.get("ECRM_STATE_DIR"):
        return chosen.rstrip("/") or chosen
    folder = users_folder(environ, "XDG_STATE_HOME", ".local/state")
    if not folder:
        raise UsageError("no home folder for state; set ECRM_STATE_DIR")
    return str(folder)


def distrust_of_state(folder: str) -> str:
    """Why others may have written what the folder holds; empty where it is the user's own, in S3,
    or not there yet."""
    if is_remote(folder):
        return ""
    state = Path(folder)
    for path, why in (
        *((path, distrust_of_folder(path)) for path in (state, state / JOURNALS)),
        *((path, distrust_of_file(path)) for path in (state / name for name in _FILES)),
    ):
        if why:
            return f"{path}: is not trusted: {why}"
    return ""


def write_state(folder: str, name: str, text: str, clients: ClientFactory) -> None:
    """A file of the folder, which is made where it is missing. A failure is a warning."""
    place = f"{folder}/{name}"
    try:
        if not is_remote(folder):
            make_own_folder(Path(folder))
        write_text(place, text + "\n", clients, "application/json", private=True)
    except OSError as error:
        log.warning("%s could not be written: %s", place, error.strerror)
    except EcrmError as error:
        log.warning("%s", error)
