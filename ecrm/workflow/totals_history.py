"""The history of totals in the state folder. Nothing is decided by it: what cannot be read or
written is a warning."""

import json
import logging
from collections import Counter
from collections.abc import Iterable

from ecrm.aws.storage import ClientFactory, read_text
from ecrm.errors import EcrmError, NotThereError
from ecrm.model.codec import decode, encode
from ecrm.model.json_text import parse_json
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.model.reference import Registry
from ecrm.planning.plan import Plan
from ecrm.planning.totals_history import TotalsHistory
from ecrm.workflow.run import Run, state_of
from ecrm.workflow.state import TOTALS_HISTORY, distrust_of_state, write_state

log = logging.getLogger(__name__)

_FORMAT = 1
_Formats = {_FORMAT: TotalsHistory}


def totals_history(folder: str, clients: ClientFactory) -> TotalsHistory | None:
    """Empty before the first run; None where there is one that cannot be read, which is a
    warning."""
    place = f"{folder}/{TOTALS_HISTORY}"
    try:
        body = parse_json(read_text(place, clients))
        return decode(_Formats[body.pop("ecrm_totals")], body)
    except NotThereError:
        return TotalsHistory()
    except (EcrmError, ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("%s cannot be read, so reports show no history: %s", place, error)
        return None


def history_with(run: Run, made: Plan) -> TotalsHistory:
    """What was recorded of earlier runs, and a plan of now of all repositories, which is recorded
    for reports to come."""
    folder = state_of(run)
    history = None if distrust_of_state(folder) else totals_history(folder, run.home)
    if history is None or not made.complete or not _records(run):
        return history or TotalsHistory()
    history = history.with_run(made)
    _write(folder, history, run.home)
    return history


def record_deletions(run: Run, outcomes: Iterable[Outcome]) -> None:
    """Of the plan that was recorded last."""
    deleted: Counter[Registry] = Counter()
    for outcome in outcomes:
        if outcome.status is OutcomeStatus.DELETED:
            deleted[outcome.registry] += outcome.decision.image.size
    if not deleted or not _records(run):
        return
    folder = state_of(run)
    history = totals_history(folder, run.home)
    if history is not None:
        _write(folder, history.with_deletions(deleted), run.home)


def _records(run: Run) -> bool:
    request = run.request
    is_whole = bool(run.targets) and not request.only and request.now is None
    return is_whole and not run.skips_commands and not distrust_of_state(state_of(run))


def _write(folder: str, history: TotalsHistory, clients: ClientFactory) -> None:
    text = json.dumps({"ecrm_totals": _FORMAT} | encode(history), separators=(",", ":"))
    write_state(folder, TOTALS_HISTORY, text, clients)
