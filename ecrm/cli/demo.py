"""`ecrm demo`: every command, against a sample account in this process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click
from click.core import ParameterSource

from ecrm.cli.help import CONTEXT, Command
from ecrm.cli.options import COLOR_NAMES, command_options
from ecrm.cli.terminal import progress, say


@click.command(
    cls=Command,
    context_settings=CONTEXT | {"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@command_options
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def demo(ctx: click.Context, command: tuple[str, ...]) -> object:
    """Run a command against a sample account; no AWS needed.

    COMMAND is any command of ecrm with its options, `plan` unless given. The sample
    account is recreated on every run, so you can try `ecrm demo delete` as often as you like.

    \b
      ecrm demo
      ecrm demo scan --format table
      ecrm demo delete --yes
    """
    import tempfile
    from pathlib import Path

    from ecrm.demo import SAMPLE_CONFIG, sample_account

    command = command or ("plan",)
    progress("creating the sample account")
    with (
        tempfile.TemporaryDirectory() as folder,
        sample_account(datetime.now(UTC)),
        _apart(folder),
    ):
        generated = Path(folder, "ecrm.yaml")
        config = generated if "generate" in command else SAMPLE_CONFIG
        settings = {
            "config": _given_config(ctx) or str(config),
            "log_level": ctx.obj.get("log_level", "info"),
            "log_format": ctx.obj.get("log_format", "text"),
            "color": COLOR_NAMES[ctx.color],
            "concurrency": 1,  # moto is not made for threads
            "cache": False,
        }
        say("This is a sample account; nothing here is real.")
        root = ctx.find_root().command
        return root.main(list(command), prog_name="ecrm demo", standalone_mode=False, obj=settings)


def _given_config(ctx: click.Context) -> str | None:
    """What the command line names; the file that ECRM_CONFIG names is for a real account."""
    source = ctx.find_root().get_parameter_source("config")
    if ctx.params["config"] is None and source is ParameterSource.ENVIRONMENT:
        return None
    given: str | None = ctx.obj.get("config")
    return given


@contextmanager
def _apart(folder: str) -> Iterator[None]:
    """What the user's variables say is about a real account, and what the demo remembers must not
    be taken for what happened there."""
    before = {name: text for name, text in os.environ.items() if name.startswith("ECRM_")}
    for name in before:
        del os.environ[name]
    os.environ["ECRM_STATE_DIR"] = folder
    try:
        yield
    finally:
        del os.environ["ECRM_STATE_DIR"]
        os.environ.update(before)
