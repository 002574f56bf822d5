"""The names of the repositories that the last plan had, for completion in a shell."""

import json
import logging
from collections.abc import Iterable
from pathlib import Path

from ecrm.aws.ownership import make_own_folder, read_own
from ecrm.aws.storage import is_remote, no_aws, write_text
from ecrm.errors import EcrmError
from ecrm.model.json_text import parse_json
from ecrm.workflow.state import distrust_of_state

log = logging.getLogger(__name__)

_FILE = "repositories.json"


def record_names(folder: str, names: Iterable[str]) -> None:
    """Replaces those of the last plan, in a folder of the user's own. No run depends on it, so a
    failure is no more than a line for debugging."""
    if is_remote(folder) or distrust_of_state(folder):
        return
    try:
        make_own_folder(Path(folder))
        text = json.dumps(sorted(set(names))) + "\n"
        write_text(f"{folder}/{_FILE}", text, no_aws, "application/json", private=True)
    except (OSError, EcrmError) as error:
        log.debug("%s/%s could not be written: %s", folder, _FILE, error)


def known_names(folder: str) -> list[str]:
    """Sorted; empty where nothing was recorded that can be read."""
    if is_remote(folder) or distrust_of_state(folder):
        return []
    try:
        names = parse_json(read_own(Path(folder, _FILE)).decode())
    except (OSError, EcrmError, ValueError):
        return []
    is_list = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return sorted(names) if is_list else []
