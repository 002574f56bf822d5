"""Whether programs of ecrm.yaml may run, for every command that would run them."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def external_commands_option(function: F) -> F:
    return click.option(
        "--external-commands/--no-external-commands",
        default=True,
        envvar="ECRM_EXTERNAL_COMMANDS",
        show_envvar=True,
        help="Run the programs under external_commands, or skip them.",
    )(function)
