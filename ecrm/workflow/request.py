"""What the command line or an event asks for, and the configuration that it names."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ecrm.aws import WORKERS
from ecrm.aws.storage import ClientFactory, is_remote, read
from ecrm.config import Config
from ecrm.errors import ConfigError, InputError
from ecrm.model.deadline import NO_DEADLINE, Deadline
from ecrm.model.pattern import ALL, Selection
from ecrm.model.rule import Action
from ecrm.workflow.configuration import from_bytes, load, parse
from ecrm.workflow.connections import EVERYTHING, Narrowing

CONFIG_TEXT = "ECRM_CONFIG_YAML"
"""The variable that holds the configuration itself, where no place of one is given."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line or an event asks for.

    `only` are the repositories to plan.
    `config`, `scanned_files`, `snapshot` and `journal` are locations (see aws.storage);
    `config_text` is a configuration itself, and overrides `config`; `parsed` overrides both.
    Without `external_commands` no program of the configuration runs, and nothing is deleted where
    it has any. `guards` override those of ecrm.yaml; `snapshot` is read instead of AWS; `now` moves
    the clock, to a time or by a span; `action` overrides that of every rule; with `list_kept` a
    plan lists kept images, too. `state` is where the last run left its state; the default is
    ECRM_STATE_DIR's. `name` tells this run from others of the same second, in the name of its
    journal. `in_hand` is entered around each batch of deletions, so that nothing breaks one off.
    `workers` is the maximum number of concurrent calls per API; without `cache` nothing
    is cached between runs. `narrowing` is of what is planned. With `stats`, the log has the number
    of calls of each API.
    """

    config: str = "ecrm.yaml"
    config_text: str | None = None
    parsed: Config | None = None
    profile: str | None = None
    region: str | None = None
    only: Selection = ALL
    scan: bool = True
    external_commands: bool = True
    scanned_files: tuple[str, ...] = ()
    guards: tuple[tuple[str, object], ...] = ()
    no_guards: bool = False
    action: Action | None = None
    list_kept: bool = False
    snapshot: str | None = None
    now: datetime | timedelta | None = None
    journal: str | None = None
    state: str | None = None
    name: str = ""
    deadline: Deadline = NO_DEADLINE
    in_hand: Callable[[], AbstractContextManager[object]] = nullcontext
    workers: int = WORKERS
    cache: bool = True
    narrowing: Narrowing = EVERYTHING
    stats: bool = False


def read_config(request: Request, clients: ClientFactory) -> Config:
    """With the guards of the request. Raises ConfigError."""
    return _guarded(read_configuration(request, clients), request)


def config_if_any(request: Request, clients: ClientFactory) -> Config | None:
    """None where the request names no configuration and there is no ecrm.yaml."""
    named = request.parsed or request.config_text or is_remote(request.config)
    return read_config(request, clients) if named or Path(request.config).exists() else None


def read_configuration(request: Request, clients: ClientFactory) -> Config:
    """As it is written; `clients` connects only for one in S3 or SSM."""
    if request.parsed is not None:
        return request.parsed
    if request.config_text is not None:
        return parse(request.config_text, CONFIG_TEXT)
    if not is_remote(request.config):
        return load(request.config)
    try:
        content = read(request.config, clients).content
    except InputError as error:
        raise ConfigError(f"{error}; name another with --config") from error
    return from_bytes(content, request.config, quotes=False)  # a parameter may be any secret


def _guarded(config: Config, request: Request) -> Config:
    """The guards of ecrm.yaml, with those of the request put first."""
    guards = config.guards.off() if request.no_guards else config.guards
    given: dict[str, Any] = dict(request.guards)
    return replace(config, guards=replace(guards, **given))
