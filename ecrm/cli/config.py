"""`ecrm config`: the configuration itself, without AWS."""

from typing import TYPE_CHECKING

import click

from ecrm.cli.help import CONTEXT, group
from ecrm.cli.options import command_options, output_option
from ecrm.cli.terminal import show
from ecrm.errors import ConfigError
from ecrm.model.printable import printable

if TYPE_CHECKING:
    from ecrm.config import Config


@group("config")
@command_options
def config() -> None:
    """Validate ecrm.yaml, or print its schema; no AWS needed."""


@config.command(context_settings=CONTEXT)
@click.argument("files", nargs=-1, metavar="[FILE]...")
@command_options
@click.pass_context
def check(ctx: click.Context, /, files: tuple[str, ...]) -> None:
    """Validate the configuration.

    FILE is a configuration file; the default is the one that every command reads. Errors are
    reported as by every command, with exit code 2.
    """
    import logging

    from ecrm.workflow.configuration import load

    problems = []
    for path in files or (ctx.obj.get("config", "ecrm.yaml"),):
        try:
            read = load(path)
        except ConfigError as error:
            problems.append(str(error))
            continue
        for warning in read.warnings:
            logging.getLogger(__name__).warning("%s", warning)
        show(printable(f"{path} is valid{_contents(read)}"))
    if problems:
        raise ConfigError("\n".join(problems))


@config.command(context_settings=CONTEXT)
@output_option()
@command_options
def schema(output: str) -> None:
    """Print a JSON Schema of ecrm.yaml, for editors.

    \b
      ecrm config schema -o ecrm.schema.json
    """
    import json

    from ecrm.config.json_schema import json_schema
    from ecrm.workflow.configuration import SECTIONS

    show(json.dumps(json_schema(SECTIONS), indent=2, ensure_ascii=False), output)


def _contents(read: "Config") -> str:
    """The length of each list, which reveals entries written in the wrong place."""
    from ecrm.workflow.configuration import SECTIONS

    sizes = {
        name: len(read.entries(name) if section.is_history else getattr(read, name))
        for name, section in SECTIONS.items()
        if section.is_list
    }
    lengths = ", ".join(f"{name}: {size}" for name, size in sizes.items() if size)
    return f" ({lengths})" if lengths else ""
