"""`ecrm version` and `ecrm --version`."""

from importlib import metadata

import click


def version_text() -> str:
    return f"ecrm {metadata.version('ecrm')}"


def print_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(version_text())
        ctx.exit()
