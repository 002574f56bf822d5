"""What a shell completes: profiles of the AWS CLI, and the repositories that the last plan had."""

import os
from configparser import ConfigParser, Error
from pathlib import Path

import click


def profiles(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """As the AWS CLI names them in its two files."""
    names: set[str] = set()
    for variable, default in (
        ("AWS_CONFIG_FILE", "~/.aws/config"),
        ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
    ):
        parser = ConfigParser(default_section="", interpolation=None, strict=False)
        try:
            parser.read(Path(os.environ.get(variable) or default).expanduser(), encoding="utf-8")
        except (Error, ValueError, OSError, RuntimeError):  # a shell has no use for a message
            continue
        kinds = ("sso-session ", "services ")
        names |= {
            section.removeprefix("profile ").strip()
            for section in parser.sections()
            if not section.startswith(kinds)
        }
    return sorted(name for name in names if name.startswith(incomplete))


def repositories(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    from ecrm.errors import EcrmError
    from ecrm.workflow.repository_names import known_names
    from ecrm.workflow.state import state_folder

    try:
        names = known_names(state_folder(os.environ))
    except EcrmError:  # a shell has no use for a message
        return []
    return [name for name in names if name.startswith(incomplete)]
