"""`ecrm version`."""

import click

from ecrm.cli.help import command
from ecrm.cli.options import command_options
from ecrm.model.version import version as running_version


@command()
@command_options
def version() -> None:
    """Show version, and how to get help."""
    click.echo(f"{version_line()}\nRun with --help for usage.")


def version_line() -> str:
    """As fujiwara/ecrm prints it, whose third word is the version; the command adds a line."""
    return f"ecrm version {running_version()}"
