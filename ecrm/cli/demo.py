"""`ecrm demo`: every command, against a sample account that lives in this process."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from ecrm.cli.options import command_options
from ecrm.cli.terminal import progress, say


@click.command(
    context_settings={
        "help_option_names": ["-h", "--help"],
        "ignore_unknown_options": True,
        "allow_interspersed_args": False,
    }
)
@command_options
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def demo(ctx: click.Context, command: tuple[str, ...]) -> object:
    """Run a command against a sample account; no AWS needed.

    COMMAND is any command of ecrm with its options, `plan` unless given. The account is made anew
    for every run, so that `ecrm demo delete` can be tried as often as you like.

    \b
      ecrm demo
      ecrm demo scan --format table
      ecrm demo delete --force
    """
    from ecrm.demo import SAMPLE_CONFIG, sample_account

    command = command or ("plan",)
    progress("making the sample account")
    with (
        tempfile.TemporaryDirectory() as folder,
        sample_account(datetime.now(UTC)),
        _state_in(folder),
    ):
        generated = Path(folder, "ecrm.yaml")
        config = generated if "generate" in command else SAMPLE_CONFIG
        chosen = ctx.obj.get("config", str(config))
        say("This is a sample account; nothing here is real.")
        root = ctx.find_root().command
        return root.main(["-c", chosen, *command], prog_name="ecrm demo", standalone_mode=False)


@contextmanager
def _state_in(folder: str) -> Iterator[None]:
    """What the demo remembers must not be taken for what happened in a real account."""
    before = os.environ.get("ECRM_STATE_DIR")
    os.environ["ECRM_STATE_DIR"] = folder
    try:
        yield
    finally:
        if before is None:
            del os.environ["ECRM_STATE_DIR"]
        else:
            os.environ["ECRM_STATE_DIR"] = before
