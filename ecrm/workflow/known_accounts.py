"""Which accounts the organization had in the last run, so that the log says who joined or left."""

import json
import logging
from collections.abc import Collection

from ecrm.aws.storage import ClientFactory, no_aws, read_text
from ecrm.errors import EcrmError, NotThereError
from ecrm.workflow.state import KNOWN_ACCOUNTS, write_state

log = logging.getLogger(__name__)


def note_accounts(folder: str, accounts: Collection[str], clients: ClientFactory = no_aws) -> None:
    """`folder` is a path or `s3://bucket/prefix`. What cannot be read or written is a warning: who
    joined is scanned, and who left is not, whether anybody knew them or not."""
    place = f"{folder}/{KNOWN_ACCOUNTS}"
    now = sorted(accounts)
    try:
        last = _accounts(read_text(place, clients))
    except NotThereError:
        last = now
    except (EcrmError, ValueError, RecursionError) as error:
        log.warning("%s cannot be read, so who joined is not known: %s", place, error)
        last = now
    if joined := sorted(set(now) - set(last)):
        log.warning("joined the organization since the last run: %s", ", ".join(joined))
    if left := sorted(set(last) - set(now)):
        what = "left the organization since the last run, and are not scanned any more"
        log.warning("%s: %s", what, ", ".join(left))
    write_state(folder, KNOWN_ACCOUNTS, json.dumps(now, indent=2), clients)


def _accounts(text: str) -> list[str]:
    accounts = json.loads(text)
    if not isinstance(accounts, list) or not all(type(account) is str for account in accounts):
        raise ValueError("it is not a list of accounts")
    return accounts
