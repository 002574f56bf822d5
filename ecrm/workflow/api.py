"""The Python API: the commands that only read, as functions that return values.

`ecrm` exports these functions; docs/python.md describes them. Every expected failure raises an
`EcrmError` (see `ecrm.errors`), whose text is what the command line would print.
"""

from collections.abc import Sequence
from os import PathLike, fspath
from typing import Any

from ecrm.config import Config
from ecrm.model.pattern import Selection
from ecrm.model.scan import Scan
from ecrm.planning.plan import Plan
from ecrm.workflow import commands
from ecrm.workflow.configuration import load as read_config

Path = str | PathLike[str]


def load_config(path: Path = "ecrm.yaml") -> Config:
    """Read and validate a configuration file. Raises ConfigError."""
    return read_config(fspath(path))


def plan(
    config: Path | Config = "ecrm.yaml",
    *,
    repository: str | Sequence[str] = (),
    scanned_files: Sequence[Path] = (),
    list_kept: bool = False,
    external_commands: bool = True,
    profile: str | None = None,
    region: str | None = None,
) -> Plan:
    """What `ecrm plan` shows: which images can be deleted, and how many are kept for which reason.

    `config` is a file, `s3://bucket/key`, `ssm://parameter`, or a loaded Config. `repository`
    limits the plan to the repositories of this name or glob, or of one of these; everything that is
    in use is read all the same. With `list_kept` each `RepositoryPlan.kept` holds the decisions to
    keep as well.

    Without `external_commands` no program of the configuration runs, and the source reports say so.
    Where something could not be read, the plan is returned with `complete` false, and `unread`
    says what. Changes nothing on AWS and records nothing for the next run.
    """
    request = _request(
        config,
        only=Selection.of([repository] if isinstance(repository, str) else repository),
        scanned_files=tuple(map(fspath, scanned_files)),
        list_kept=list_kept,
        external_commands=external_commands,
        profile=profile,
        region=region,
    )
    with commands.start(request, _silent) as run:
        return commands.plan(run)


def scan(
    config: Path | Config = "ecrm.yaml",
    *,
    external_commands: bool = True,
    profile: str | None = None,
    region: str | None = None,
) -> Scan:
    """What `ecrm scan` writes: every use of an image, with its evidence.

    Raises IncompleteError where something could not be read.
    """
    request = _request(config, external_commands=external_commands, profile=profile, region=region)
    with commands.start(request, _silent) as run:
        return commands.complete_scan(run)


def _request(config: Path | Config, **options: Any) -> commands.Request:
    if isinstance(config, Config):
        return commands.Request(parsed=config, **options)
    return commands.Request(config=fspath(config), **options)


def _silent(_: str) -> None:
    """Progress is for people who wait at a terminal."""
