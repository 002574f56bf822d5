"""`ecrm config`: the configuration itself, without AWS."""

from typing import TYPE_CHECKING

import click

from ecrm.cli.help import CONTEXT, group
from ecrm.cli.options import command_options, format_option, output_option
from ecrm.cli.terminal import show
from ecrm.errors import ConfigError
from ecrm.model.printable import printable, printable_json

if TYPE_CHECKING:
    from ecrm.config import Config


@group("config")
@command_options
def config() -> None:
    """Validate ecrm.yaml, or print its schema; no AWS needed."""


@config.command(context_settings=CONTEXT)
@click.argument("files", nargs=-1, metavar="[FILE]...")
@format_option(("text", "json"), "Format of the result.")
@output_option()
@command_options
@click.pass_context
def check(ctx: click.Context, /, *, files: tuple[str, ...], format_name: str, output: str) -> None:
    """Validate the configuration.

    FILE is a configuration file; the default is the one that every command reads. Errors are
    reported as by every command, with exit code 2.
    """
    import json
    import logging

    from ecrm.workflow.configuration import load

    problems: list[str] = []
    lines: list[str] = []
    results: list[dict[str, object]] = []
    for path in files or (ctx.obj.get("config", "ecrm.yaml"),):
        try:
            read = load(path)
        except ConfigError as error:
            problems.append(str(error))
            results.append({"file": path, "problems": str(error).splitlines(), "warnings": []})
            continue
        for warning in read.warnings:
            logging.getLogger(__name__).warning("%s", warning)
        lines.append(printable(f"{path} is valid{_contents(read)}"))
        results.append({"file": path, "problems": [], "warnings": list(read.warnings)})
    if format_name == "json":
        body = {"ecrm_config_check": 1, "complete": True, "files": results}
        lines = [printable_json(json.dumps(body, indent=2, ensure_ascii=False))]
    if lines:
        show("\n".join(lines), output)
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
